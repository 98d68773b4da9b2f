"""Real and made-up 287(g) sheets through the importer."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from adapters.importers.ice_287g import FLAG_WORDS, Ice287gImporter
from adapters.importers.ice_sheet_names import read_name, sheet_ref
from adapters.importers.port import ImportContext, RowOutcome
from adapters.places.register import minnesota_register
from domain.agreements import NOT_A_COUNTY, POSSIBLE_CORRECTION
from domain.envelope import admit
from domain.errors import InputRefused
from projections.recorded import Recorded

DATA = Path(__file__).parents[3] / "adapters" / "importers" / "data"
OBSERVATIONS = DATA / "mn_287g_sheet_observations.csv"
NATIONAL = DATA / "ice_participatingAgencies_2026-05-18am.csv"
HEADER = ["STATE", "LAW ENFORCEMENT AGENCY", "TYPE", "COUNTY", "SUPPORT TYPE", "SIGNED", "MOA", "ADDENDUM"]
CASS = [
    "MINNESOTA",
    "Cass County Sheriff's Office",
    "County",
    "Cass County ",
    "Task Force Model",
    "2025-02-28",
    "link",
    "",
]
TWIN = [
    "WYOMING ",
    "Teton County Sheriff\u2019s Office",
    "County",
    "Teton",
    "Warrant Service Officer ",
    "3/19/2016",
    "",
    "",
]


class Log:
    """The recorded events of a test, one (source, id) once, as the store keeps them."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self._known: dict[str, bytes] = {}

    def history(self, type_name: str) -> Iterator[Recorded]:
        return (event for event in self.events if event.type == type_name)

    def record(self, bodies: Iterable[bytes]) -> int:
        stored = 0
        for body in bodies:
            envelope = admit(body).envelope
            if self._known.setdefault(envelope.id, body) != body:
                raise AssertionError(f"id {envelope.id} came with other bytes")
            if len(self._known) > len(self.events):
                position = len(self.events) + 1
                now = datetime(2026, 6, 1, tzinfo=UTC)
                self.events.append(Recorded(position, now, envelope, envelope.data, envelope.occurred))
                stored += 1
        return stored

    def run(self, path: Path) -> list[RowOutcome]:
        outcomes = list(Ice287gImporter().propose(path, ImportContext(minnesota_register(), self.history)))
        self.record(body for outcome in outcomes for body in outcome.bodies)
        return outcomes

    def told(self, *types: str) -> list[Any]:
        return [event.data for event in self.events if event.type in types]


def sheet(folder: Path, name: str, *rows: list[str]) -> Path:
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def refused(outcomes: list[RowOutcome]) -> list[tuple[int, str, str]]:
    return [(r.row, r.field, r.code) for outcome in outcomes for r in outcome.refusals]


def flags(outcomes: list[RowOutcome]) -> Counter[str]:
    return Counter(flag.code for outcome in outcomes for flag in outcome.flags)


@pytest.mark.parametrize(("path", "rows"), [(OBSERVATIONS, 2358), (NATIONAL, 1843)])
def test_every_row_of_the_real_files_is_counted_once_and_kept_as_printed(path: Path, rows: int) -> None:
    log = Log()

    outcomes = log.run(path)

    assert sum(outcome.rows for outcome in outcomes) == rows
    assert refused(outcomes) == []
    kept = Counter(row.agency_as_printed for data in log.told("rule.source_observed") for row in data.rows)
    with path.open(newline="", encoding="utf-8") as file:
        column = "agency_as_printed" if path == OBSERVATIONS else "LAW ENFORCEMENT AGENCY"
        assert kept == Counter(row[column] for row in csv.DictReader(file))


def test_the_real_observations_tell_the_known_changes_and_flag_what_is_odd() -> None:
    log = Log()

    outcomes = log.run(OBSERVATIONS)

    assert flags(outcomes) == {
        "filename_year_a_year_early": 3,
        "invalid_filename_date": 1,
        "name_correction_inferred": 1,
    }
    corrected = [(d.field, d.before, d.after, d.basis) for d in log.told("agreement.corrected")]
    assert corrected == [
        ("as_printed", "Freedom County Sheriff's Office", "Freeborn County Sheriff's Office", "not_a_county"),
        ("signed", "2025-03-27", "2025-03-26", None),
        ("signed", "2025-03-27", "2025-03-26", None),
    ]
    ends = [(d.agency, d.model.value, d.last_sheet, d.sheet) for d in log.told("agreement.delisted")][-2:]
    assert ends == [
        ("mn-jackson-sheriff", "JEM", "2025-07-09pm", "2025-07-11am"),
        ("mn-jackson-sheriff", "WSO", "2025-12-12pm", "2025-12-29am"),
    ]


def test_a_sheet_whose_date_nobody_knows_is_evidence_and_changes_nothing() -> None:
    log = Log()
    log.run(OBSERVATIONS)

    unknown = [d for d in log.told("rule.source_observed") if d.published.latest is None]

    assert [(d.file, len(d.rows), d.flags) for d in unknown] == [
        ("participatingAgencies090022025am.xlsx", 8, ("invalid_filename_date",))
    ]
    changes = log.told("agreement.listed", "agreement.corrected", "agreement.delisted")
    assert unknown[0].sheet not in {data.sheet for data in changes}


@pytest.mark.parametrize("path", [OBSERVATIONS, NATIONAL])
def test_importing_the_same_file_again_proposes_the_same_bytes_in_the_same_order(path: Path) -> None:
    log = Log()
    first = [outcome.bodies for outcome in log.run(path)]

    again = [outcome.bodies for outcome in log.run(path)]

    assert again == first
    assert log.record(body for bodies in again for body in bodies) == 0


def test_publication_goes_into_the_envelope_with_its_precision_and_the_importer_is_named() -> None:
    log = Log()
    log.run(NATIONAL)

    envelope = log.events[0].envelope

    assert (envelope.source, envelope.via) == ("agency:us-ice", "import/ice-287g")
    assert envelope.recorded.as_json() == {
        "earliest": "2026-05-18T00:00:00-04:00",
        "latest": "2026-05-18T11:59:59-04:00",
        "precision": "interval",
    }


def test_large_states_come_in_parts_of_at_most_150_rows() -> None:
    log = Log()
    log.run(NATIONAL)

    texas = [d for d in log.told("rule.source_observed") if d.state == "TX"]

    assert [(d.part, d.parts, len(d.rows)) for d in texas] == [(1, 3, 150), (2, 3, 150), (3, 3, 87)]


def test_ices_workbook_is_the_same_sheet_as_the_saved_table(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for cells in ([*HEADER], CASS):
        page.append(cells)
    book.save(tmp_path / "participatingAgencies05182026am.xlsx")
    log = Log()

    log.run(tmp_path / "participatingAgencies05182026am.xlsx")
    log.run(sheet(tmp_path, "ice_participatingAgencies_2026-05-18am.csv", CASS))

    assert {d.sheet for d in log.told("rule.source_observed")} == {"2026-05-18am"}
    assert len(log.told("agreement.listed")) == 1


def test_a_state_that_is_missing_from_a_national_sheet_has_lost_its_agreements(tmp_path: Path) -> None:
    log = Log()
    log.run(sheet(tmp_path, "participatingAgencies01052026am.csv", CASS, TWIN))

    log.run(sheet(tmp_path, "participatingAgencies01062026am.csv", CASS))

    assert [(d.agency, d.last_sheet, d.sheet) for d in log.told("agreement.delisted")] == [
        ("wy-teton-county-sheriffs-office", "2026-01-05am", "2026-01-06am")
    ]


def test_the_minnesota_table_says_nothing_about_other_states(tmp_path: Path) -> None:
    log = Log()
    log.run(sheet(tmp_path, "participatingAgencies01052025am.csv", TWIN))
    before = len(log.told("agreement.delisted"))

    log.run(OBSERVATIONS)

    assert before == 0
    assert {d.state for d in log.told("agreement.delisted")} == {"MN"}


def test_a_sheet_between_two_known_ones_is_compared_with_both(tmp_path: Path) -> None:
    log = Log()
    log.run(sheet(tmp_path, "participatingAgencies01052026am.csv", CASS, TWIN))
    log.run(sheet(tmp_path, "participatingAgencies01092026am.csv", CASS))

    log.run(sheet(tmp_path, "participatingAgencies01072026pm.csv", TWIN))

    ends = [(d.agency, d.last_sheet, d.sheet) for d in log.told("agreement.delisted")]
    assert ends == [
        ("wy-teton-county-sheriffs-office", "2026-01-05am", "2026-01-09am"),
        ("mn-cass-sheriff", "2026-01-05am", "2026-01-07pm"),
        ("wy-teton-county-sheriffs-office", "2026-01-07pm", "2026-01-09am"),
    ]
    assert [(d.agency, d.sheet) for d in log.told("agreement.listed")][2:] == [("mn-cass-sheriff", "2026-01-09am")]


@pytest.mark.parametrize(
    ("column", "text", "field", "code"),
    [
        (0, "ATLANTIS", "state", "unknown_state"),
        (1, "  ", "law_enforcement_agency", "blank_agency"),
        (4, "Prison Model", "support_type", "unknown_model"),
        (5, "2025-02-30", "signed", "impossible_signing_date"),
        (5, "", "signed", "impossible_signing_date"),
        (5, "1925-02-28", "signed", "impossible_signing_date"),
        (5, "9999-12-31", "signed", "impossible_signing_date"),
        (6, "x" * 501, "moa", "text_too_long"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_by_name_and_the_others_go_on(
    tmp_path: Path, column: int, text: str, field: str, code: str
) -> None:
    bad = [*CASS[:column], text, *CASS[column + 1 :]]
    log = Log()

    outcomes = log.run(sheet(tmp_path, "participatingAgencies01052026am.csv", bad, TWIN))

    assert refused(outcomes) == [(1, field, code)]
    assert sum(outcome.rows for outcome in outcomes) == 2
    assert [d.agency for d in log.told("agreement.listed")] == ["wy-teton-county-sheriffs-office"]


def test_no_agreement_ends_because_its_row_could_not_be_read(tmp_path: Path) -> None:
    log = Log()
    log.run(sheet(tmp_path, "participatingAgencies01052026am.csv", CASS, TWIN))
    unread = [*CASS[:5], "2025-02-30", *CASS[6:]]

    log.run(sheet(tmp_path, "participatingAgencies01062026am.csv", unread))

    assert [d.state for d in log.told("agreement.delisted")] == ["WY"]
    log.run(sheet(tmp_path, "participatingAgencies01072026am.csv", TWIN))
    ends = [(d.agency, d.last_sheet, d.sheet) for d in log.told("agreement.delisted")][1:]
    assert ends == [("mn-cass-sheriff", "2026-01-05am", "2026-01-07am")]


def test_a_file_cut_short_ends_nothing_and_the_whole_file_makes_up_for_it(tmp_path: Path) -> None:
    log = Log()
    log.run(sheet(tmp_path, "participatingAgencies01052026am.csv", CASS, TWIN))
    whole = sheet(tmp_path, "participatingAgencies01062026am.csv", CASS, TWIN)
    raw = whole.read_bytes()
    whole.write_bytes(raw[: raw.index(b"Teton") + 3])

    outcomes = log.run(whole)
    assert [code for _, _, code in refused(outcomes)] == ["truncated_row"]
    assert log.told("agreement.delisted") == []

    whole.write_bytes(raw)
    assert refused(log.run(whole)) == []
    assert [(d.agency, d.sheet) for d in log.told("agreement.listed")][-1] == (
        "wy-teton-county-sheriffs-office",
        "2026-01-06am",
    )


def test_a_national_sheet_whose_name_gives_no_date_is_refused_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as refusal:
        Log().run(sheet(tmp_path, "participants.csv", CASS))

    assert refusal.value.code == "no_publication_date"
    assert "participatingAgencies05182026am.xlsx" in refusal.value.mend


def test_a_table_that_is_neither_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "2026-01-05.csv"
    path.write_text("a,b\n1,2\n")

    with pytest.raises(InputRefused) as refusal:
        Log().run(path)

    assert refusal.value.code == "missing_column"


def test_a_sheet_dated_before_most_of_its_signatures_is_not_believed(tmp_path: Path) -> None:
    log = Log()

    outcomes = log.run(sheet(tmp_path, "participatingAgencies01052025pm.csv", CASS))

    assert flags(outcomes) == {"invalid_filename_date": 1}
    assert log.told("agreement.listed") == []
    assert [d.published.latest for d in log.told("rule.source_observed")] == [None]


def test_one_signature_after_publication_is_recorded_and_flagged(tmp_path: Path) -> None:
    log = Log()
    late = [*CASS[:5], "2027-01-01", *CASS[6:]]

    outcomes = log.run(sheet(tmp_path, "participatingAgencies01052026pm.csv", TWIN, late))

    assert flags(outcomes) == {"signed_after_publication": 1}
    assert len(log.told("agreement.listed")) == 2


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [("slot", "noon", "unknown_slot"), ("sheet_date", "0001-01-01", "impossible_sheet_date")],
)
def test_a_row_of_the_table_that_names_no_sheet_leaves_the_sheets_beside_it_open(
    tmp_path: Path, column: str, text: str, code: str
) -> None:
    with OBSERVATIONS.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["sheet_date"] in ("2025-07-09", "2025-07-11")]
    jackson = next(i for i, r in enumerate(rows) if "Jackson" in r["agency"] and r["slot"] == "pm")
    for row in rows[jackson : jackson + 2]:
        row[column] = text
    path = tmp_path / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    log = Log()

    outcomes = log.run(path)

    assert [refusal[2] for refusal in refused(outcomes)] == [code, code]
    assert sum(outcome.rows for outcome in outcomes) == len(rows)
    ends = [(d.agency, d.last_sheet, d.sheet) for d in log.told("agreement.delisted")]
    assert ends == [("mn-jackson-sheriff", "2025-07-09am", "2025-07-11am")]


@pytest.mark.parametrize(
    ("file", "code", "earliest", "latest"),
    [
        (
            "participatingAgencies05182026am.xlsx",
            "2026-05-18am",
            "05-18T00:00:00-04:00",
            "05-18T11:59:59-04:00",
        ),
        (
            "ice_participatingAgencies_2026-05-18am.csv",
            "2026-05-18am",
            "05-18T00:00:00-04:00",
            "05-18T11:59:59-04:00",
        ),
        (
            "participatingAgencies01062026pm.xlsx",
            "2026-01-06pm",
            "01-06T12:00:00-05:00",
            "01-06T23:59:59-05:00",
        ),
        (
            "participatingAgencies06112025pm copy.xlsx",
            "2025-06-11pm-copy",
            "06-11T12:00:00-04:00",
            "06-11T23:59:59-04:00",
        ),
        (
            "participatingAgencies07242025pm_b.xlsx",
            "2025-07-24pm-b",
            "07-24T12:00:00-04:00",
            "07-24T23:59:59-04:00",
        ),
        ("participatingAgencies11122025.xlsx", "2025-11-12", "11-12T00:00:00-05:00", "11-12T23:59:59-05:00"),
        (
            "participatingAgencies-20250327140009.xlsx",
            "2025-03-27T140009Z",
            "03-27T14:00:09+00:00",
            "03-27T14:00:09+00:00",
        ),
    ],
)
def test_a_file_name_says_which_sheet_it_is_and_when_it_was_public(
    file: str, code: str, earliest: str, latest: str
) -> None:
    ref = sheet_ref(read_name(file))

    assert ref is not None
    assert ref.published.earliest is not None
    assert ref.published.latest is not None
    assert ref.code == code
    assert ref.published.earliest.isoformat() == f"{code[:5]}{earliest}"
    assert ref.published.latest.isoformat() == f"{code[:5]}{latest}"


@pytest.mark.parametrize(
    "file",
    [
        "participatingAgencies090022025am.xlsx",
        "participatingAgencies13452025am.xlsx",
        "sheet.csv",
        "20259999999999.csv",
    ],
)
def test_a_file_name_without_a_possible_date_names_no_sheet(file: str) -> None:
    assert sheet_ref(read_name(file)) is None


def test_every_reason_and_flag_is_documented() -> None:
    page = (DATA.parents[2] / "docs" / "importers" / "ice-287g.md").read_text(encoding="utf-8")
    modules = ("ice_287g.py", "ice_sheets.py", "ice_sheet_names.py", "ice_known_sheets.py")
    sources = "".join((DATA.parent / module).read_text(encoding="utf-8") for module in modules)
    code = r'"((?:unknown|impossible|blank|text|no|too|name)_[a-z_]+|signed_after_[a-z]+)"'
    codes = {*FLAG_WORDS, POSSIBLE_CORRECTION, NOT_A_COUNTY, *re.findall(code, sources)}

    assert len(codes) > 12
    assert {code for code in codes if f"`{code}`" not in page} == set()


def test_a_swap_in_a_state_whose_counties_are_unknown_is_left_as_an_end_and_a_listing(tmp_path: Path) -> None:
    log = Log()
    other = [TWIN[0], "Tetonn County Sheriff's Office", *TWIN[2:]]
    log.run(sheet(tmp_path, "participatingAgencies01052026am.csv", other))

    outcomes = log.run(sheet(tmp_path, "participatingAgencies01062026am.csv", TWIN))

    assert flags(outcomes) == {"possible_correction": 1}
    assert len(log.told("agreement.delisted")) == 1
    assert len(log.told("agreement.corrected")) == 0
