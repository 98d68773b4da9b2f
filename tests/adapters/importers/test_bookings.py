"""Bookings exports: what a charge row becomes, what is flagged, what is refused, how mappings fail."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.importers.bookings import BookingsImporter
from adapters.importers.bookings_mapping import load_mapping, shipped_mappings
from domain.errors import InputRefused
from domain.events.episode import HoldKind
from domain.instants import Precision

from .proposals import SAMPLES, Proposals, context, csv_file, proposed

COLUMNS = (
    "booking_id",
    "booked_at",
    "released_at",
    "charge_id",
    "charge_text",
    "charge_placed_at",
    "charge_released_at",
    "disposition",
    "jurisdiction",
    "subject_id",
    "facility",
)
THEFT = {"booking_id": "B1", "booked_at": "2026-01-16 17:00", "charge_id": "1", "charge_text": "THEFT 5"}
HOLD = {**THEFT, "charge_id": "2", "charge_text": "HOLD IMMIGRAT"}
LEFT = {"released_at": "2026-01-20 09:00"}
CASS = context("mn-cass-jail")


def imported(tmp_path: Path, *rows: dict[str, str], facility: str | None = "mn-cass-jail") -> Proposals:
    path = csv_file(tmp_path / "bookings.csv", COLUMNS, rows)
    return proposed(BookingsImporter(), path, context(facility))


def told(result: Proposals) -> list[tuple[str, str | None]]:
    return [(event.type.removeprefix("custody."), event.time) for event in result.events]


def mapping_file(tmp_path: Path, change: str, to: str) -> Path:
    text = (SAMPLES.parent / "mappings" / "default.yaml").read_text(encoding="utf-8")
    assert change in text
    path = tmp_path / "mapping.yaml"
    path.write_text(text.replace(change, to), encoding="utf-8")
    return path


def test_a_charge_row_becomes_the_booking_its_charge_and_its_release(tmp_path: Path) -> None:
    row = {**THEFT, **LEFT, "charge_released_at": "2026-01-19 16:30", "disposition": "Bail Bond"}

    result = imported(tmp_path, {**row, "jurisdiction": "Cass County"})

    assert told(result) == [
        ("subject_booked", "2026-01-16T17:00:00-06:00"),
        ("charge_filed", "2026-01-16T17:00:00-06:00"),
        ("charge_disposed", "2026-01-19T16:30:00-06:00"),
        ("released_to_community", "2026-01-20T09:00:00-06:00"),
    ]
    booked, filed, disposed, _ = result.events
    assert {event.subject for event in result.events} == {"episode/mn-cass-jail.B1"}
    assert {(event.agency, event.via) for event in result.events} == {("mn-cass-sheriff", "import/bookings")}
    assert (booked.data.booking_number, booked.data.jurisdiction) == ("B1", "Cass County")
    assert (filed.data.charge, filed.data.charge_text) == ("1", "THEFT 5")
    assert filed.occurred.latest is None
    assert (disposed.data.disposition, disposed.data.charge_released_at) == ("Bail Bond", disposed.occurred)
    assert not result.flags


def test_a_hold_that_ends_after_the_release_is_recorded_and_flagged(tmp_path: Path) -> None:
    result = imported(tmp_path, {**HOLD, **LEFT, "charge_released_at": "2026-01-21 10:30"})

    (placed,), (ended,) = result.of("custody.hold_placed"), result.of("custody.hold_ended")
    assert placed.data.kind is ended.data.kind is HoldKind.IMMIGRATION
    assert placed.data.hold == ended.data.hold == "2"
    assert placed.occurred.precision is Precision.INTERVAL
    assert ended.time == "2026-01-21T10:30:00-06:00"
    assert result.of("custody.released_to_community")[0].time == "2026-01-20T09:00:00-06:00"
    assert result.flags == [(1, "hold_ends_after_release")]
    assert not result.of("custody.charge_filed")


def test_a_release_before_the_booking_is_recorded_and_flagged(tmp_path: Path) -> None:
    result = imported(tmp_path, {**THEFT, "released_at": "2026-01-16 16:00"})

    assert told(result)[-1] == ("released_to_community", "2026-01-16T16:00:00-06:00")
    assert result.flags == [(1, "release_before_booking")]


def test_a_blank_release_leaves_the_person_in_custody_and_is_flagged_once(tmp_path: Path) -> None:
    result = imported(tmp_path, THEFT, {**THEFT, "charge_id": "2"})

    assert Counter(name for name, _ in told(result)) == {"subject_booked": 1, "charge_filed": 2}
    assert result.flags == [(1, "blank_release")]


def test_a_hold_without_its_own_release_time_is_not_given_one(tmp_path: Path) -> None:
    result = imported(tmp_path, {**HOLD, **LEFT})

    assert not result.of("custody.hold_ended")
    assert result.flags == [(1, "hold_without_end")]


def test_any_row_may_say_that_the_person_left_with_ice_wherever_it_stands(tmp_path: Path) -> None:
    other = {**THEFT, **LEFT, "booking_id": "B2"}
    result = imported(tmp_path, {**THEFT, **LEFT}, other, {**HOLD, **LEFT, "disposition": "immigration "})

    (to_ice,) = result.of("custody.released_to_agency")
    (out,) = result.of("custody.released_to_community")
    assert (to_ice.subject, to_ice.data.to_agency) == ("episode/mn-cass-jail.B1", "us-ice")
    assert out.subject == "episode/mn-cass-jail.B2"


def test_two_agencies_that_a_booking_left_with_are_both_recorded_and_flagged(tmp_path: Path) -> None:
    rows = [{**THEFT, **LEFT, "disposition": "US Marshal"}, {**HOLD, **LEFT, "disposition": "Immigration"}]

    result = imported(tmp_path, *rows)

    assert {event.data.to_agency for event in result.of("custody.released_to_agency")} == {
        "us-ice",
        "us-usms",
    }
    assert (1, "booking_disagrees") in result.flags


def test_a_cancelled_detainer_is_told_on_its_own_stream_and_names_its_episode(tmp_path: Path) -> None:
    row = {**HOLD, **LEFT, "charge_released_at": "2026-01-19 07:50", "disposition": "Cancel Detainer"}

    (cancelled,) = imported(tmp_path, row).of("detainer.cancelled")

    assert cancelled.subject == "detainer/mn-cass-jail.B1.2"
    assert cancelled.data.episode == "mn-cass-jail.B1"
    assert (cancelled.data.reason, cancelled.time) == ("Cancel Detainer", "2026-01-19T07:50:00-06:00")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("HOLD US MARSHAL", HoldKind.US_MARSHALS),
        ("Probat Hld", HoldKind.PROBATION),
        ("FUGITIVE FROM JUSTICE - WI", HoldKind.OTHER_STATE),
        ("WRIT AD PROSEQUENDUM", HoldKind.WRIT),
        ("ICE DETAINER I-247A", HoldKind.IMMIGRATION),
    ],
)
def test_different_holds_are_not_conflated(tmp_path: Path, text: str, kind: HoldKind) -> None:
    (placed,) = imported(tmp_path, {**HOLD, "charge_text": text}).of("custody.hold_placed")
    assert (placed.data.kind, placed.data.hold_text) == (kind, text)


def test_words_that_only_resemble_a_hold_are_a_charge(tmp_path: Path) -> None:
    result = imported(tmp_path, {**THEFT, "charge_text": "PRACTICE HOLDING; THEFT OF SERVICE DETAINER"})
    assert len(result.of("custody.charge_filed")) == 1
    assert not result.of("custody.hold_placed")


def test_two_booking_times_of_one_booking_are_both_recorded_and_flagged(tmp_path: Path) -> None:
    result = imported(tmp_path, {**THEFT, **LEFT}, {**HOLD, **LEFT, "booked_at": "2026-01-16 18:00"})

    assert [event.time for event in result.of("custody.subject_booked")] == [
        "2026-01-16T17:00:00-06:00",
        "2026-01-16T18:00:00-06:00",
    ]
    assert (2, "booking_disagrees") in result.flags


def test_a_repeated_row_proposes_the_same_bytes_and_is_flagged(tmp_path: Path) -> None:
    result = imported(tmp_path, {**THEFT, **LEFT}, {**THEFT, **LEFT})

    assert result.outcomes[1].bodies
    assert set(result.outcomes[1].bodies) < set(result.outcomes[0].bodies)
    assert result.flags == [(2, "repeated_row")]


def test_a_second_jurisdiction_does_not_make_a_second_booking(tmp_path: Path) -> None:
    rows = [{**THEFT, "jurisdiction": "Cass County"}, {**HOLD, "jurisdiction": "Walker PD"}]

    result = imported(tmp_path, *rows)

    assert [event.data.jurisdiction for event in result.of("custody.subject_booked")] == ["Cass County"]
    assert (2, "jurisdiction_differs") in result.flags


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"booking_id": " "}, "booking_id", "blank_booking_id"),
        ({"booked_at": ""}, "booked_at", "blank_date"),
        ({"booked_at": "NULL"}, "booked_at", "blank_date"),
        ({"booked_at": "2026-02-30 10:00"}, "booked_at", "impossible_date"),
        ({"released_at": "13/45/2025"}, "released_at", "impossible_date"),
        ({"charge_released_at": "next week"}, "charge_released_at", "unreadable_time"),
        ({"facility": "mn-nowhere-jail"}, "facility", "unknown_facility"),
    ],
)
def test_a_row_that_belongs_nowhere_is_refused_and_the_rest_is_read(
    tmp_path: Path, change: dict[str, str], field: str, code: str
) -> None:
    result = imported(tmp_path, {**THEFT, **change}, {**THEFT, "booking_id": "B2"})

    assert result.refusals == [(1, field, code)]
    assert {event.subject for event in result.events} == {"episode/mn-cass-jail.B2"}


def test_a_row_with_several_faults_names_them_all(tmp_path: Path) -> None:
    result = imported(tmp_path, {"charge_text": "X", "released_at": "soon"})
    assert {code for _, _, code in result.refusals} == {"blank_booking_id", "blank_date", "unreadable_time"}


def test_a_clock_time_that_summer_time_repeats_becomes_an_interval(tmp_path: Path) -> None:
    (booked, *_) = imported(tmp_path, {**THEFT, "booked_at": "2025-11-02 01:30"}).events
    assert (booked.time, booked.timelatest) == ("2025-11-02T01:30:00-05:00", "2025-11-02T01:30:00-06:00")
    assert booked.occurred.precision is Precision.INTERVAL


def test_a_date_without_a_clock_stays_a_day(tmp_path: Path) -> None:
    (booked, *_) = imported(tmp_path, {**THEFT, "booked_at": "1/16/2026"}).events
    assert booked.occurred.precision is Precision.DAY


def test_releases_on_the_day_of_the_booking_are_not_called_earlier(tmp_path: Path) -> None:
    result = imported(tmp_path, {**THEFT, "booked_at": "2026-01-16", "released_at": "2026-01-16 08:00"})
    assert not result.flags


def test_the_facility_and_its_sheriff_come_from_a_column_before_the_context(tmp_path: Path) -> None:
    rows = [{**THEFT, "facility": "mn-ramsey-jail"}, {**THEFT, "facility": "Nobles County Jail"}, THEFT]

    result = imported(tmp_path, *rows)

    booked = result.of("custody.subject_booked")
    assert [event.data.facility for event in booked] == ["mn-ramsey-jail", "mn-nobles-jail", "mn-cass-jail"]
    assert [event.agency for event in booked] == ["mn-ramsey-sheriff", "mn-nobles-sheriff", "mn-cass-sheriff"]


def test_an_agency_given_by_the_caller_speaks(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "b.csv", COLUMNS, [THEFT])
    result = proposed(BookingsImporter(), path, context("mn-cass-jail", agency="mn-court-records"))
    assert {event.agency for event in result.events} == {"mn-court-records"}


@pytest.mark.parametrize(
    ("facility", "agency", "code"),
    [
        (None, None, "facility_needed"),
        ("mn-cas-jail", None, "unknown_facility"),
        ("mn-cass-jail", "A b", "bad_agency"),
    ],
)
def test_a_context_that_names_no_place_is_refused_before_the_first_row(
    tmp_path: Path, facility: str | None, agency: str | None, code: str
) -> None:
    columns = [name for name in COLUMNS if name != "facility"]
    path = csv_file(tmp_path / "b.csv", columns, [THEFT])
    with pytest.raises(InputRefused) as caught:
        next(BookingsImporter().propose(path, context(facility, agency)))
    assert caught.value.code == code
    assert caught.value.mend


def test_a_person_id_is_never_stored_and_links_bookings_of_one_agency_only(tmp_path: Path) -> None:
    person = {**THEFT, "subject_id": "J-4711"}
    result = imported(
        tmp_path,
        person,
        {**person, "booking_id": "B2"},
        {**person, "facility": "mn-ramsey-jail"},
        {**THEFT, "booking_id": "B3"},
    )

    first, second, elsewhere, without = (event.data.subject for event in result.of("custody.subject_booked"))
    assert first == second != elsewhere
    assert without.startswith("bk-")
    assert not any(b"4711" in body for body in result.bodies)


def test_long_texts_are_cut_and_flagged(tmp_path: Path) -> None:
    result = imported(tmp_path, {**THEFT, **LEFT, "charge_text": "x" * 301})
    assert len(result.of("custody.charge_filed")[0].data.charge_text) == 300
    assert result.flags == [(1, "text_cut")]


def test_charges_without_an_id_are_known_by_their_text(tmp_path: Path) -> None:
    rows = [{**THEFT, "charge_id": ""}, {**THEFT, "charge_id": "", "charge_text": "DWI 3"}]
    charges = [event.data.charge for event in imported(tmp_path, *rows).of("custody.charge_filed")]
    assert len(set(charges)) == 2
    assert all(charge.startswith("ch-") for charge in charges)


def test_a_row_without_charge_still_books_and_is_flagged(tmp_path: Path) -> None:
    result = imported(tmp_path, {**THEFT, **LEFT, "charge_id": "", "charge_text": ""})
    assert [name for name, _ in told(result)] == ["subject_booked", "released_to_community"]
    assert result.flags == [(1, "blank_charge")]


def test_a_charge_with_its_own_placing_time_keeps_it(tmp_path: Path) -> None:
    (placed,) = imported(tmp_path, {**HOLD, "charge_placed_at": "2026-01-17 08:00"}).of("custody.hold_placed")
    assert placed.time == "2026-01-17T08:00:00-06:00"
    assert placed.occurred.precision is Precision.EXACT


def test_a_broken_row_of_the_table_is_passed_on_as_refused(tmp_path: Path) -> None:
    path = csv_file(tmp_path / "b.csv", COLUMNS, [THEFT])
    path.write_bytes(path.read_bytes() + b"B2,2026-01-16\n")
    assert proposed(BookingsImporter(), path, CASS).refusals == [(2, "row", "wrong_cell_count")]


def test_the_default_sample_shows_every_case() -> None:
    result = proposed(BookingsImporter(), SAMPLES / "bookings.csv", CASS)

    assert {code for _, _, code in result.refusals} == {"blank_booking_id", "impossible_date"}
    assert {code for _, code in result.flags} == {
        "blank_release",
        "hold_ends_after_release",
        "hold_without_end",
        "release_before_booking",
    }
    assert {event.data.to_agency for event in result.of("custody.released_to_agency")} == {
        "us-ice",
        "us-usms",
    }
    assert len(result.of("detainer.cancelled")) == 1


def test_the_pierce_mapping_reads_its_own_names_zone_and_words() -> None:
    result = proposed(
        BookingsImporter(), SAMPLES / "bookings-pierce.csv", context("mn-cass-jail", mapping=Path("pierce"))
    )

    assert result.events[0].time == "2017-03-02T11:20:00-08:00"
    assert [event.data.kind for event in result.of("custody.hold_placed")] == [
        HoldKind.IMMIGRATION,
        HoldKind.IMMIGRATION,
        HoldKind.PROBATION,
        HoldKind.OTHER,
    ]
    assert [event.subject for event in result.of("custody.released_to_agency")] == ["episode/mn-cass-jail.9001"]
    assert result.of("detainer.cancelled")[0].subject.startswith("detainer/mn-cass-jail.9002.")
    assert result.flags == [(2, "hold_ends_after_release")]


def test_the_jailtracker_mapping_reads_dates_clock_times_and_holds_without_a_release_of_their_own() -> None:
    result = proposed(
        BookingsImporter(), SAMPLES / "bookings-jailtracker.csv", context("mn-cass-jail", mapping=Path("jailtracker"))
    )

    assert [event.occurred.precision for event in result.of("custody.subject_booked")] == [
        Precision.DAY,
        Precision.EXACT,
        Precision.EXACT,
    ]
    assert [event.data.kind for event in result.of("custody.hold_placed")] == [HoldKind.IMMIGRATION] * 2
    assert not result.of("custody.hold_ended")
    assert [event.subject for event in result.of("custody.released_to_agency")] == ["episode/mn-cass-jail.555"]
    assert result.of("detainer.cancelled")[0].subject.startswith("detainer/mn-cass-jail.557.")
    assert not any("5551" in event.data.subject for event in result.of("custody.subject_booked"))


def test_every_shipped_mapping_loads() -> None:
    assert shipped_mappings() == ("default", "jailtracker", "pierce")
    assert load_mapping(None) == load_mapping(Path("default")) != load_mapping(Path("pierce"))


@pytest.mark.parametrize(
    ("change", "to", "words"),
    [
        ("zone: America/Chicago", "zone: America/Gotham", "zone"),
        ("times: [iso, ", "times: [isoo, ", "neither `iso` nor"),
        ("  booked_at: booked_at\n", "", "columns has no booked_at"),
        ("format: custody-bookings-mapping/1", "format: other/1", "format"),
        ("optional: [", "optionals: [", "optionals"),
        ("  disposition: disposition\n", "", "a rule reads disposition"),
        ("{kind: writ, ", "{kind: wrti, ", "holds.4.kind"),
        (r"matches: '\bwrit\b'", "matches: '('", "not a regular expression"),
        (r", matches: '\bwrit\b'", "", "at least one of"),
        ("optional: [", "optional: [booking_id, ", "booking_id cannot be optional"),
        ("booking_id: booking_id", "booking_id: booking_id\n  booking_id: other", "duplicate key"),
        ("columns:\n", "columns: ]\n", "not YAML"),
    ],
)
def test_a_wrong_mapping_is_refused_with_the_key_that_is_wrong(
    tmp_path: Path, change: str, to: str, words: str
) -> None:
    with pytest.raises(InputRefused) as caught:
        load_mapping(mapping_file(tmp_path, change, to))
    assert caught.value.code == "bad_mapping"
    assert words in caught.value.what
    assert caught.value.mend


def test_a_mapping_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as shipped:
        load_mapping(Path("piercing"))
    with pytest.raises(InputRefused) as named:
        load_mapping(tmp_path / "none.yaml")
    assert shipped.value.code == named.value.code == "file_not_found"
    assert "default, jailtracker, pierce" in shipped.value.mend


def test_a_mapping_of_other_names_reads_the_same_events(tmp_path: Path) -> None:
    mapping = mapping_file(tmp_path, "  booking_id: booking_id\n", "  booking_id: Booking No.\n")
    columns = ["Booking No.", *COLUMNS[1:]]
    path = csv_file(
        tmp_path / "b.csv",
        columns,
        [{**{k: v for k, v in THEFT.items() if k != "booking_id"}, "Booking No.": "B1"}],
    )

    result = proposed(BookingsImporter(), path, context("mn-cass-jail", mapping=mapping))

    assert result.bodies == imported(tmp_path, THEFT).bodies


CELLS = {
    "booking_id": st.sampled_from(["B1", "B2", "", "b/3", "x" * 90]),
    "booked_at": st.sampled_from(["2026-01-16 17:00", "2026-01-16", "2026-02-30", ""]),
    "released_at": st.sampled_from(["2026-01-20 09:00", "2026-01-01", "", "soon"]),
    "charge_id": st.sampled_from(["1", "2", "", "\u00a7 1"]),
    "charge_text": st.sampled_from(["THEFT 5", "HOLD IMMIGRAT", "HOLD US MARSHAL", ""]),
    "charge_released_at": st.sampled_from(["2026-01-19 16:30", "2026-01-21 10:30", ""]),
    "disposition": st.sampled_from(["Bail Bond", "Immigration", "Cancel Detainer", "US Marshal", ""]),
    "facility": st.sampled_from(["", "mn-ramsey-jail"]),
}


@given(st.lists(st.fixed_dictionaries(CELLS), max_size=8), st.randoms(use_true_random=False))
def test_the_events_of_a_file_do_not_depend_on_the_order_of_its_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]], random: object
) -> None:
    path = tmp_path_factory.getbasetemp() / "order.csv"
    first = proposed(BookingsImporter(), csv_file(path, COLUMNS, rows), CASS)
    random.shuffle(rows)  # type: ignore[attr-defined]
    again = proposed(BookingsImporter(), csv_file(path, COLUMNS, rows), CASS)

    assert set(first.bodies) == set(again.bodies)
    assert Counter(code for _, _, code in first.refusals) == Counter(code for _, _, code in again.refusals)
