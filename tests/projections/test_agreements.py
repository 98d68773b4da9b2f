"""The read model of agreements on ICE's real sheets, and its independence of the order they come in."""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.importers.ice_287g import Ice287gImporter
from adapters.importers.port import ImportContext
from adapters.places.register import minnesota_register
from domain.envelope import admit
from projections.agreements import Agreements
from projections.recorded import Recorded

DATA = Path(__file__).parents[2] / "adapters" / "importers" / "data"
OBSERVATIONS = DATA / "mn_287g_sheet_observations.csv"
NATIONAL = DATA / "ice_participatingAgencies_2026-05-18am.csv"
WINDOWS = Path(__file__).parent / "data" / "mn_287g_agreement_windows.csv"
COLUMNS = ["sheet_date", "slot", "date_flag", "agency_as_printed", "support_type", "signed_printed", "file"]
FREEBORN, FREEDOM = "Freeborn County Sheriff's Office", "Freedom County Sheriff's Office"


class Log:
    """A log and its read model, fed by the importer; an event that is already there is not recorded again."""

    def __init__(self) -> None:
        self.events: list[Recorded] = []
        self.model = Agreements()
        self._ids: set[str] = set()

    def run(self, path: Path) -> None:
        context = ImportContext(minnesota_register(), self._history)
        for outcome in list(Ice287gImporter().propose(path, context)):
            for body in outcome.bodies:
                self._record(body)

    def _history(self, type_name: str) -> Iterator[Recorded]:
        return (event for event in self.events if event.type == type_name)

    def _record(self, body: bytes) -> None:
        envelope = admit(body).envelope
        if envelope.id not in self._ids:
            self._ids.add(envelope.id)
            now = datetime(2026, 6, 1, tzinfo=UTC)
            event = Recorded(len(self.events) + 1, now, envelope, envelope.data, envelope.occurred)
            self.events.append(event)
            self.model.apply(event)


@cache
def imported(*paths: Path) -> Log:
    log = Log()
    for path in paths:
        log.run(path)
    return log


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def one(rows: list[dict[str, Any]]) -> dict[str, Any]:
    assert len(rows) == 1
    return rows[0]


def test_as_published_by_28_march_freeborn_stands_under_the_name_ice_printed_then() -> None:
    model = imported(OBSERVATIONS).model

    row = one(model.rows(county="Freeborn", published=moment("2025-03-28T23:59:59-05:00")))

    assert (row["as_printed"], row["agency"], row["county"]) == (FREEDOM, FREEBORN, "Freeborn")
    assert "from sheet 2025-03-31T231039Z on" in row["agency_basis"]
    assert row["signed"]["earliest"].startswith("2025-03-27")
    assert (row["corrections"], row["ended"]) == ([], None)


def test_all_sheets_together_show_freeborn_with_both_corrections() -> None:
    row = one(imported(OBSERVATIONS).model.rows(county="freeborn"))

    assert (row["agency"], row["as_printed"], row["agency_basis"]) == (FREEBORN, FREEBORN, "as printed")
    assert row["signed"] == {
        "earliest": "2025-03-26T00:00:00-04:00",
        "latest": "2025-03-26T23:59:59-04:00",
        "precision": "day",
    }
    name, signed = row["corrections"]
    assert (name["field"], name["before"], name["after"]) == ("as_printed", FREEDOM, FREEBORN)
    assert (signed["field"], signed["before"], signed["after"]) == ("signed", "2025-03-27", "2025-03-26")
    assert signed["between"]["earliest"].startswith("2025-07-25")
    assert signed["between"]["latest"].startswith("2025-07-28")
    assert row["listed_from"] == "2025-03-27T14:00:09Z"


@pytest.mark.parametrize("county", ["Freedom", "FREEDOM county", "Freeborn County"])
def test_an_agreement_is_found_under_every_county_ice_printed_for_it(county: str) -> None:
    assert one(imported(OBSERVATIONS).model.rows(county=county))["agency_id"] == "mn-freeborn-sheriff"


@pytest.mark.parametrize(
    ("model", "last", "first_without"),
    [("JEM", "2025-07-09", "2025-07-11"), ("WSO", "2025-12-12", "2025-12-29")],
)
def test_jacksons_agreements_ended_somewhere_between_two_sheets(model: str, last: str, first_without: str) -> None:
    rows = imported(OBSERVATIONS).model.rows(county="Jackson")

    row = one([row for row in rows if row["model"] == model])

    assert row["ended"]["precision"] == "interval"
    assert row["ended"]["earliest"].startswith(last)
    assert row["ended"]["latest"].startswith(first_without)


def test_on_22_january_2026_seven_sheriffs_hold_eight_agreements() -> None:
    rows = imported(OBSERVATIONS).model.rows(at=moment("2026-01-22T12:00:00-06:00"))

    assert {row["in_force"] for row in rows} == {"yes"}
    assert len(rows) == 8
    assert len({row["agency"] for row in rows if "Sheriff" in row["agency"]}) == 7


def test_every_known_window_of_listing_is_reproduced() -> None:
    found = {window for row in imported(OBSERVATIONS).model.rows() for window in windows_of(row)}

    with WINDOWS.open(newline="", encoding="utf-8") as file:
        expected = {
            (w["spellings"], w["support_type"], w["signed_printed"], w["first_listed"], w["last_listed"])
            for w in csv.DictReader(file)
        }
    assert len(expected) == 15
    assert found == expected


def windows_of(row: dict[str, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    """Cut a row at its corrections, from the last backwards: (printed, model, signed, first, last listed)."""
    printed, signed = row["as_printed"], row["signed"]["earliest"][:10]
    last = row["sheets"]["last_listed"][:10]
    for correction in reversed(row["corrections"]):
        between = correction["between"]
        yield printed, row["model_name"], signed, between["latest"][:10], last
        last = between["earliest"][:10]
        printed = correction["before"] if correction["field"] == "as_printed" else printed
        signed = correction["before"] if correction["field"] == "signed" else signed
    yield printed, row["model_name"], signed, row["sheets"]["first"][:10], last


def test_a_gap_in_the_list_is_shown_and_is_no_end() -> None:
    row = one(imported(OBSERVATIONS).model.rows(county="Cass"))

    assert [gap["latest"] for gap in row["gaps"]] == ["2025-04-29T23:59:59-04:00"]
    assert row["ended"] is None


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2025-03-25T12:00:00-05:00", ()),
        ("2025-03-26T12:00:00-05:00", (("WSO", "unknown"),)),
        ("2025-03-30T12:00:00-05:00", (("WSO", "yes"),)),
        ("2025-04-22T12:00:00-05:00", (("WSO", "unknown"),)),
        ("2025-05-01T12:00:00-05:00", (("WSO", "yes"),)),
        ("2026-05-19T12:00:00-05:00", (("WSO", "unknown"),)),
    ],
    ids=[
        "before it was signed",
        "on that day",
        "listed",
        "off the list",
        "listed again",
        "after the last sheet",
    ],
)
def test_whether_freeborns_agreement_was_in_force_is_as_sure_as_the_sheets(
    at: str, expected: tuple[tuple[str, str], ...]
) -> None:
    model = imported(OBSERVATIONS).model

    assert model.in_force("mn-freeborn-sheriff", moment(at)) == expected
    assert model.in_force("mn-freedom-county-sheriffs-office", moment(at)) == expected


def test_jacksons_warrant_agreement_is_unknown_between_the_sheets_and_over_after_them() -> None:
    model = imported(OBSERVATIONS).model

    assert model.in_force("mn-jackson-sheriff", moment("2025-12-20T12:00:00-06:00")) == (("WSO", "unknown"),)
    assert model.in_force("mn-jackson-sheriff", moment("2025-12-29T12:00:00-06:00")) == ()
    assert model.in_force("mn-no-such-agency", moment("2025-12-20T12:00:00-06:00")) == ()


def test_both_files_in_either_order_give_the_same_state() -> None:
    one_way, other_way = imported(OBSERVATIONS, NATIONAL), imported(NATIONAL, OBSERVATIONS)

    assert one_way.model.snapshot() == other_way.model.snapshot()
    assert len(one_way.model.rows()) == 1845
    assert (
        one([row for row in one_way.model.rows() if row["agency"] == "Isle Police Department"])["county"]
        == "Mille Lacs"
    )


def test_the_model_does_not_depend_on_the_order_of_events() -> None:
    log = imported(OBSERVATIONS)
    events = list(log.events)
    random.Random(7).shuffle(events)

    assert Agreements.from_events(events).snapshot() == log.model.snapshot()


@cache
def telling_sheets() -> tuple[tuple[dict[str, str], ...], ...]:
    """The real sheets on both sides of every change, and every fortieth beside them."""
    sheets: dict[tuple[str, str, str], list[dict[str, str]]] = defaultdict(list)
    with OBSERVATIONS.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sheets[row["sheet_date"], row["slot"].replace("capture", "b"), row["file"]].append(row)
    ordered = [sheets[key] for key in sorted(sheets)]
    said = [{(r["agency_as_printed"], r["support_type"], r["signed_printed"]) for r in rows} for rows in ordered]
    wanted = set(range(0, len(ordered), 40))
    for index in range(1, len(ordered)):
        if said[index] != said[index - 1]:
            wanted |= {index - 1, index}
    return tuple(tuple(ordered[index]) for index in sorted(wanted))


def run_in_batches(batches: Iterable[Iterable[Iterable[dict[str, str]]]]) -> Log:
    log = Log()
    with TemporaryDirectory() as folder:
        for number, batch in enumerate(batches):
            path = Path(folder) / f"batch{number}.csv"
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
                writer.writeheader()
                for sheet in batch:
                    writer.writerows(sheet)
            log.run(path)
    return log


@settings(max_examples=10, deadline=None)
@given(st.data())
def test_the_real_sheets_one_by_one_in_any_order_give_the_same_rows(data: st.DataObject) -> None:
    sheets = telling_sheets()
    shuffled = data.draw(st.permutations(sheets))

    assert run_in_batches([sheet] for sheet in shuffled).model.rows() == run_in_batches([sheets]).model.rows()


NAMES = [FREEBORN, FREEDOM, f" {FREEBORN}", "Cass County Sheriff's Office", "Isle Police Department"]
LISTED = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(["Task Force Model", "Warrant Service Officer"]),
    st.sampled_from([26, 27]),
)


def made_up_sheet(day: int, rows: Iterable[tuple[str, str, int]]) -> list[dict[str, str]]:
    common = {
        "sheet_date": f"2025-06-{day:02}",
        "slot": "am",
        "file": f"participatingAgencies06{day:02}2025am.xlsx",
    }
    return [
        {**common, "agency_as_printed": name, "support_type": model, "signed_printed": f"2025-03-{signed}"}
        for name, model, signed in rows
    ]


def test_a_correction_inferred_without_the_sheet_between_is_dropped_once_that_sheet_is_known() -> None:
    first, between, last = (
        made_up_sheet(day, [(name, "Task Force Model", signed)])
        for day, (name, signed) in enumerate([(FREEDOM, 26), (FREEDOM, 27), (FREEBORN, 26)], 1)
    )

    at_once = run_in_batches([[first, between, last]]).model
    between_last = run_in_batches([[first, last], [between]]).model

    assert between_last.snapshot() == at_once.snapshot()
    assert [row["agency"] for row in at_once.rows()] == [FREEBORN, FREEDOM]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(LISTED, min_size=1, max_size=4), min_size=2, max_size=6), st.data())
def test_made_up_sheets_in_any_order_and_any_batches_give_the_same_rows(
    contents: list[list[tuple[str, str, int]]], data: st.DataObject
) -> None:
    sheets = [made_up_sheet(day, rows) for day, rows in enumerate(contents, 1)]
    shuffled = data.draw(st.permutations(sheets))
    cut = data.draw(st.integers(0, len(sheets)))

    at_once = run_in_batches([sheets])
    in_parts = run_in_batches([shuffled[:cut], *([sheet] for sheet in shuffled[cut:])])

    assert in_parts.model.snapshot() == at_once.model.snapshot()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(LISTED, min_size=1, max_size=4), min_size=2, max_size=6))
def test_every_row_printed_lies_within_an_agreement_that_is_listed_then(
    contents: list[list[tuple[str, str, int]]],
) -> None:
    model = run_in_batches([[made_up_sheet(day, rows) for day, rows in enumerate(contents, 1)]]).model

    for day, rows in enumerate(contents, 1):
        code = f"2025-06-{day:02}am"
        listed = [
            row["model_name"] for row in model.rows() if row["sheets"]["first"] <= code <= row["sheets"]["last_listed"]
        ]
        assert {name for _, name, _ in rows} <= set(listed)
