"""Minnesota's rules by decision point and custodian, every cell, from ICE's real sheets and the pack that ships.

The table says what `custody rules coverage` answers in the ordinary case: a status, the rules that stand, and after a
question mark those that stand or not by what is open (two readings of a statute, an approval, an end not found).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from adapters.cli.main import main
from adapters.rules.packs import minnesota_rules
from domain.envelope import compose
from domain.events.fields import DecisionPoint
from domain.events.instrument import BoardApprovalRecorded
from domain.identifiers import derived_uuid7
from domain.instants import MINNESOTA, Instant, instant_from_text
from domain.rules.decide import decide
from domain.rules.trace import Standing

SHEETS = Path(__file__).parents[2] / "adapters" / "importers" / "data" / "mn_287g_sheet_observations.csv"
DATES = ("2026-01-20", "2026-05-01")

PRISON, NO_POLICY = "mn-doc-st-cloud", "mn-aitkin-jail"
HENNEPIN, RAMSEY, NOBLES = "mn-hennepin-jail", "mn-ramsey-jail", "mn-nobles-jail"
FREEBORN, KANDIYOHI, CROW_WING, SHERBURNE = (
    f"mn-{c}-jail" for c in ("freeborn", "kandiyohi", "crow-wing", "sherburne")
)
CASS, ITASCA, MILLE_LACS = (f"mn-{county}-jail" for county in ("cass", "itasca", "mille-lacs"))

WSO_OR_JEM = {
    FREEBORN: "MN-287G-FREEBORN-WSO",
    KANDIYOHI: "MN-287G-KANDIYOHI-WSO",
    CROW_WING: "MN-287G-CROWWING-WSO",
    SHERBURNE: "MN-287G-SHERBURNE-JEM",
}
TFM_ONLY = {CASS: "MN-287G-CASS-TFM", ITASCA: "MN-287G-ITASCA-TFM", MILLE_LACS: "MN-287G-MILLELACS-TFM"}
BEDS = {
    FREEBORN: "MN-IGSA-FREEBORN",
    KANDIYOHI: "MN-IGSA-KANDIYOHI",
    CROW_WING: "MN-BEDS-CROWWING",
    SHERBURNE: "MN-IGA-SHERBURNE",
}
COUNTY_JAILS = (HENNEPIN, RAMSEY, *WSO_OR_JEM, *TFM_ONLY, NOBLES, NO_POLICY)

NOBODY = ("no_rule", "")
NONE = ("no_rule", "MN-NONE")
DISPUTED = ("undetermined", "? MN-631.50")
ICE_ONLY = ("prohibited", "MN-ICE-SERVES")
LAW_AND_OPINION = "MN-629.30-34 MN-AG-2025-02-06 US-I247A-2"

TABLE: dict[str, dict[str, tuple[str, str]]] = {
    "ask_status": {
        PRISON: ("required", "MN-631.50"),
        **dict.fromkeys(COUNTY_JAILS, DISPUTED),
        HENNEPIN: ("undetermined", "MN-HENNEPIN-2021 ? MN-631.50"),
        SHERBURNE: ("undetermined", "MN-287G-SHERBURNE-JEM ? MN-631.50"),
    },
    "commitment_notice": {
        PRISON: ("required", "MN-631.50 MN-DOC-PRACTICE"),
        **dict.fromkeys(COUNTY_JAILS, DISPUTED),
    },
    "release_notice": {
        PRISON: ("required", "MN-DOC-PRACTICE US-I247A-1"),
        HENNEPIN: ("prohibited", "MN-HENNEPIN-2021 US-I247A-1"),
        RAMSEY: NONE,
        **{jail: ("permitted", f"{rule} US-I247A-1") for jail, rule in {**WSO_OR_JEM, **TFM_ONLY}.items()},
        NOBLES: ("permitted", "MN-ESPARZA-INJ US-I247A-1"),
        NO_POLICY: ("no_rule", "MN-NONE US-I247A-1"),
    },
    "allow_interview": {
        PRISON: ("permitted", "MN-DOC-PRACTICE"),
        **dict.fromkeys(COUNTY_JAILS, NONE),
        HENNEPIN: ("permitted", "MN-HENNEPIN-2021"),
        **{jail: ("permitted", rule) for jail, rule in WSO_OR_JEM.items()},
    },
    "hold_past_release": {
        PRISON: ("conflict", f"{LAW_AND_OPINION} MN-DOC-PRACTICE"),
        HENNEPIN: ("prohibited", f"{LAW_AND_OPINION} MN-HENNEPIN-2021"),
        RAMSEY: ("prohibited", f"{LAW_AND_OPINION} MN-RAMSEY-2014"),
        **{
            jail: ("conflict", f"{LAW_AND_OPINION} MN-AG-2025-12-12b US-287G-POST48 {rule}")
            for jail, rule in WSO_OR_JEM.items()
        },
        **dict.fromkeys(TFM_ONLY, ("prohibited", f"{LAW_AND_OPINION} MN-AG-2025-12-12b")),
        NOBLES: ("prohibited", f"{LAW_AND_OPINION} MN-ESPARZA-APP MN-ESPARZA-INJ"),
        NO_POLICY: ("prohibited", f"{LAW_AND_OPINION} MN-NONE"),
    },
    "serve_admin_warrant": {
        PRISON: ICE_ONLY,
        **dict.fromkeys(COUNTY_JAILS, ICE_ONLY),
        **{jail: ("permitted", f"US-287G-WSO-SOP {rule}") for jail, rule in WSO_OR_JEM.items()},
    },
    "hand_over": {
        PRISON: ("required", "MN-DOC-PRACTICE"),
        HENNEPIN: ("prohibited", "MN-HENNEPIN-2021"),
        RAMSEY: NONE,
        **{jail: ("permitted", rule) for jail, rule in {**WSO_OR_JEM, **TFM_ONLY}.items()},
        NOBLES: ("permitted", "MN-ESPARZA-INJ"),
        NO_POLICY: NONE,
    },
    "house_for_ice": {
        PRISON: NOBODY,
        **dict.fromkeys(COUNTY_JAILS, NONE),
        **{jail: ("permitted", rule) for jail, rule in BEDS.items()},
        NOBLES: ("undetermined", "? MN-BEDS-NOBLES"),
    },
    "publish_handoff": {
        PRISON: NOBODY,
        **dict.fromkeys(COUNTY_JAILS, ("required", "MN-13.82-2")),
        **dict.fromkeys((*WSO_OR_JEM, *TFM_ONLY), ("conflict", "MN-13.82-2 US-287G-INFO")),
    },
    "enter_agreement": {
        PRISON: ("permitted", "US-8USC-1357g"),
        **dict.fromkeys(COUNTY_JAILS, ("undetermined", "US-8USC-1357g ? MN-AG-2025-12-12a")),
        FREEBORN: ("permitted", "US-8USC-1357g"),
        CROW_WING: ("conflict", "MN-287G-CROWWING-TFM MN-AG-2025-12-12a"),
        CASS: ("conflict", "MN-287G-CASS-TFM MN-AG-2025-12-12a"),
    },
}

# Cells that depend on the person's case, not on the custodian alone: what is supposed otherwise, and then.
OTHERWISE: dict[tuple[str, str], tuple[dict[str, Any], tuple[str, str]]] = {
    ("ask_status", NO_POLICY): (
        {"referral_by_foreign_birth_alone": True, "conviction_level": "none", "committed_recorded": False},
        ("prohibited", "MN-PARADA"),
    ),
    ("publish_handoff", PRISON): ({"discloses_protected_details": True}, ("prohibited", "MN-13.85")),
    ("publish_handoff", KANDIYOHI): (
        {"held_for_ice_under_contract": True, "from_agreement_work": False},
        ("conflict", "MN-13.82-2 US-8CFR-236.6"),
    ),
    # A task force works on the street: what the jail knows of a hand-off does not come from the agreement.
    **{("publish_handoff", jail): ({"from_agreement_work": False}, ("required", "MN-13.82-2")) for jail in TFM_ONLY},
    ("hand_over", HENNEPIN): ({"judicial_warrant_recorded": True}, NONE),
}

APPROVALS = [
    ("mn-cass-sheriff", "TFM", False),
    ("mn-crow-wing-sheriff", "TFM", False),
    ("mn-freeborn-sheriff", "WSO", True),
]
CUSTODIANS = {PRISON, *COUNTY_JAILS}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a ledger with ICE's sheets, and after them what three county boards said by Dec. 15, 2025."""
    folder = tmp_path_factory.mktemp("table")
    told = [board_said(*approval, at=instant_from_text("2025-12-15", MINNESOTA)) for approval in APPROVALS]
    (folder / "boards.jsonl").write_bytes(b"\n".join(told) + b"\n")
    run(folder / "custody.db", "import", "ice-287g", SHEETS)
    run(folder / "custody.db", "import", "events", folder / "boards.jsonl")
    return folder / "custody.db"


def board_said(agency: str, model: str, approved: bool, *, at: Instant) -> bytes:
    data = {"agency": agency, "model": model, "state": "MN", "approved": approved}
    event_id = derived_uuid7(at.earliest, agency)
    stream = f"{agency}.{model}"
    source = f"agency:{agency}"
    return compose(BoardApprovalRecorded, event_id=event_id, source=source, stream=stream, occurred=at, data=data)


def run(ledger: Path, *arguments: object) -> Any:
    result = CliRunner().invoke(main, ["--ledger", str(ledger), *map(str, arguments), "--json"], catch_exceptions=False)
    return orjson.loads(result.stdout)


@pytest.fixture(scope="module", params=DATES)
def cells(request: pytest.FixtureRequest, ledger: Path) -> dict[tuple[str, str], dict[str, Any]]:
    found = run(ledger, "rules", "coverage", "--at", request.param)
    return {(cell["decision_point"], cell["facility"]): cell for cell in found}


def named(rules: str) -> tuple[set[str], set[str]]:
    """Return which rules stand and which may."""
    stand, _, may = rules.partition("?")
    return set(stand.split()), set(may.split())


def test_the_table_has_a_cell_for_every_point_and_custodian() -> None:
    assert all(set(row) == CUSTODIANS for row in TABLE.values())
    assert len(TABLE) == 10


@pytest.mark.parametrize(("point", "custodian"), [(point, who) for point, row in TABLE.items() for who in row])
def test_a_cell_has_the_status_and_names_the_rules_of_the_table(cells, point: str, custodian: str) -> None:
    status, rules = TABLE[point][custodian]
    cell = cells[point, custodian]
    stand, may = named(rules)
    assert cell["status"] == status
    assert set(cell["rules"]) >= stand
    assert set(cell["unknown"]) >= may
    assert bool(cell["missing"]) == bool(may)


@pytest.mark.parametrize(("point", "custodian"), OTHERWISE)
def test_a_cell_that_depends_on_the_case_changes_with_it(ledger: Path, point: str, custodian: str) -> None:
    rulebook, otherwise = minnesota_rules(), OTHERWISE[point, custodian]
    cell = next(c for c in run(ledger, "facilities") if c["id"] == custodian)
    facts = {
        **rulebook.pack.suppose.get(DecisionPoint(point), {}),
        "facility_kind": cell["kind"],
        "county": cell["county"],
        "agency": cell["agency"],
        "agreement_wso": custodian in WSO_OR_JEM and custodian != SHERBURNE,
        "agreement_jem": custodian == SHERBURNE,
        "agreement_tfm": custodian in TFM_ONLY,
        **otherwise[0],
    }
    found = decide(facts, DecisionPoint(point), instant_from_text("2026-01-20", MINNESOTA), rulebook)
    standing = {trace.rule.id for trace in found.rules if trace.standing is Standing.STANDS}
    assert found.status == otherwise[1][0]
    assert standing >= named(otherwise[1][1])[0]


def test_what_the_boards_said_counts_from_where_it_is_known(ledger: Path) -> None:
    sheets_end = run(ledger, "init")["position"] - len(APPROVALS)
    before = run(ledger, "rules", "coverage", "--at", DATES[0], "--known", sheets_end, "--facility", CASS)
    cell = next(cell for cell in before if cell["decision_point"] == "enter_agreement")
    assert (cell["status"], cell["missing"]) == ("undetermined", ["board_approved"])


def test_before_the_opinion_of_december_2025_the_sheriff_alone_may_agree(ledger: Path) -> None:
    earlier = run(ledger, "rules", "coverage", "--at", "2025-12-01", "--facility", CASS)
    cell = next(cell for cell in earlier if cell["decision_point"] == "enter_agreement")
    assert (cell["status"], cell["missing"]) == ("permitted", [])
