"""`custody rules coverage`: a cell for every facility and decision point, and a table for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.places.register import minnesota_register
from domain.events.fields import DecisionPoint
from tests.adapters.cli.packs import small_pack

AT = ("--at", "2026-01-20")
KEYS = {"facility", "kind", "custodian", "decision_point", "status", "rules", "unknown", "missing"}


@pytest.fixture(autouse=True)
def ledger(custody) -> None:
    custody("init")


def test_every_facility_has_a_cell_at_every_decision_point(custody) -> None:
    cells = custody("rules", "coverage", *AT, "--json").json
    housed = [(cell["facility"], cell["decision_point"]) for cell in cells if cell["facility"]]
    assert all(set(cell) == KEYS for cell in cells)
    assert len(housed) == len(set(housed)) == len(minnesota_register().facilities) * len(DecisionPoint)


def test_an_agency_without_a_facility_is_there_where_a_rule_names_it(custody) -> None:
    cells = custody("rules", "coverage", *AT, "--json").json
    police = [cell for cell in cells if cell["custodian"] == "mn-minneapolis-police"]
    assert [(cell["facility"], cell["kind"], cell["decision_point"], cell["status"]) for cell in police] == [
        (None, "police", "ask_status", "prohibited")
    ]
    assert {cell["kind"] for cell in cells if cell["custodian"] == "mn-courts"} == {None}


def test_without_a_list_of_agreements_what_hangs_on_them_is_not_known(custody) -> None:
    cells = custody("rules", "coverage", *AT, "--facility", "mn-freeborn-jail", "--json").json
    served = next(cell for cell in cells if cell["decision_point"] == "serve_admin_warrant")
    assert (served["status"], served["missing"]) == ("undetermined", ["agreement_wso", "agreement_jem"])
    assert "No list of agreements has been imported" in custody("rules", "coverage", *AT).out


def test_the_table_for_people_groups_names_and_explains(custody) -> None:
    table = custody("rules", "coverage", *AT).out
    assert "county jails without a rule of their own" in table
    assert "Hennepin County Jail" in table
    assert "hold = hold past release" in table
    assert "no rule for anybody: share booking" in table
    assert "hold past release: admin_warrant_attached = I-200" in table


def test_one_facility_or_one_point_is_shown_with_its_rules(custody) -> None:
    facility = custody("rules", "coverage", *AT, "--facility", "mn-hennepin-jail").out
    point = custody("rules", "coverage", *AT, "--decision-point", "hold_past_release").out
    assert "MN-HENNEPIN-2021" in facility
    assert "perhaps MN-631.50 (missing reading:MN-631.50)" in facility
    assert "MN-RAMSEY-2014" in point
    assert "commitment notice" not in point


def test_a_pack_is_taken_from_a_file_or_as_published_and_known(custody, tmp_path: Path) -> None:
    pack = small_pack(tmp_path, "1", suppose={"hold_past_release": {"detainer_form": "I-247A"}})
    ask = ("rules", "coverage", *AT, "--facility", "mn-cass-jail", "--decision-point", "hold_past_release")
    assert custody(*ask, "--pack", pack, "--json").json[0]["rules"] == ["MN-A"]
    custody("rules", "publish", pack)
    assert custody(*ask, "--json").json[0]["rules"] == ["MN-A"]
    assert "MN-A" not in custody(*ask, "--known", 0, "--json").json[0]["rules"]


def test_an_unknown_facility_is_refused(custody) -> None:
    ran = custody("rules", "coverage", "--facility", "mn-cas-jail", "--json")
    assert (2, "unknown_facility") == (ran.status, ran.json["error"]["code"])
