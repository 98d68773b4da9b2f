"""ICE's detainer table: what a row becomes, what stays out, and that the published counts come back."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.importers.ice_detainers import IceDetainersImporter, is_missing
from adapters.simulator import places
from domain.canonical import parse_canonical
from domain.events.detainer import DetainerForm, LiftCode, ProbableCause
from domain.instants import Instant, Precision

from .proposals import SAMPLES, Proposals, csv_file, proposed

SURGE = Path(places.__file__).parent / places.LIFT_TABLE
COLUMNS = (
    "Detainer Prepare Date",
    "Facility State",
    "Detainer Facility",
    "Detainer Facility Code",
    "Detainer Criminality",
    "Gender",
    "Citizenship Country",
    "Birth Date",
    "Birth Year",
    "Final Order Yes No",
    "Deportation Ordered Yes No",
    "Order to Show Cause Served Yes No",
    "Biometric Match Yes No",
    "Statements Made Yes No",
    "Resume Custody Yes No",
    "Detainer Lift Reason",
    "Detainer Lift Reason Code",
    "Arrest Warrant Served Date",
    "Detainer Type",
    "Notify Release Request Yes No",
    "EID DTA ID",
    "Anonymized Identifier",
)
HENNEPIN = {
    "Detainer Prepare Date": "2026-02-11",
    "Detainer Facility": "HENNEPIN COUNTY ADC",
    "EID DTA ID": "E1",
}


def imported(tmp_path: Path, *rows: dict[str, str]) -> Proposals:
    path = csv_file(tmp_path / "detainers.csv", COLUMNS, [{**HENNEPIN, **row} for row in rows])
    return proposed(IceDetainersImporter(), path)


def test_a_row_becomes_the_prepared_form_and_its_lift_in_ice_words(tmp_path: Path) -> None:
    result = imported(
        tmp_path,
        {
            "Detainer Lift Reason": "Detainer Declined by LEA",
            "Detainer Type": "I247A - Immigration Detainer - Notice of Action (as of May 2025)",
            "Detainer Criminality": "1 Convicted Criminal",
            "Final Order Yes No": "NO",
            "Biometric Match Yes No": "YES",
            "Order to Show Cause Served Yes No": "YES",
            "Notify Release Request Yes No": "YES",
            "Resume Custody Yes No": "NO",
            "Anonymized Identifier": "a1b2",
        },
    )

    prepared, lifted = result.events
    assert prepared.type == "detainer.prepared"
    assert lifted.type == "detainer.lifted"
    assert {event.subject for event in result.events} == {"detainer/ice-E1"}
    assert {(event.agency, event.via) for event in result.events} == {("us-ice", "import/ice-detainers")}
    assert {event.data.facility for event in result.events} == {"mn-hennepin-jail"}
    assert {event.data.subject for event in result.events} == {"ice-a1b2"}
    assert prepared.data.form is DetainerForm.I_247A
    assert prepared.data.form_revision == "as of May 2025"
    assert prepared.data.facility_as_printed == "HENNEPIN COUNTY ADC"
    assert prepared.data.bases == (ProbableCause.PENDING_PROCEEDINGS, ProbableCause.BIOMETRIC_MATCH)
    assert prepared.data.notify_requested is True
    assert prepared.data.final_order is False
    assert prepared.data.box is None
    assert lifted.data.lift_code is LiftCode.DECLINED_BY_LEA
    assert lifted.data.lift_reason_as_printed == "Detainer Declined by LEA"
    assert lifted.data.asserted_by == "us-ice"
    assert not result.flags


ROW = {
    "Detainer Prepare Date": "2026-02-11",
    "Facility State": "MINNESOTA",
    "Detainer Facility": "NOBLES CO. JAIL",
    "Detainer Facility Code": "NOBLEMN",
    "Detainer Criminality": "1 Convicted Criminal",
    "Birth Year": "1990",
    "Order to Show Cause Served Yes No": "YES",
    "Detainer Lift Reason": "Early Release",
    "Detainer Type": "I247A",
    "EID DTA ID": "E1",
    "Anonymized Identifier": "a1b2",
}
# ICE's release of later in 2026, and the tables of the Deportation Data Project.
LATER = {
    "Detainer Prepare Date": "Detainer Prepared Date",
    "Facility State": "State",
    "Detainer Facility": "Detention Facility",
    "Detainer Facility Code": "Detention Facility Code",
    "Detainer Criminality": "Detainer Prepared Criminality",
    "Anonymized Identifier": "Anonymized Unique Identifier",
}
DERIVED = {
    "Detainer Facility": "detention_facility",
    "Detainer Facility Code": "detention_facility_code",
    "Detainer Criminality": "detainer_prepared_criminality",
    "Order to Show Cause Served Yes No": "order_show_cause_served_yes_no",
    "Anonymized Identifier": "unique_identifier",
}


@pytest.mark.parametrize(
    "spelled",
    [
        lambda name: name.replace(" ", ""),  # EIDDTAID
        lambda name: name.replace(" ", "").lower(),
        str.upper,
        lambda name: name.replace(" ", "_").upper(),
        lambda name: f"  {name.replace(' ', '  ')} ",
        lambda name: name.replace(" ", "\u00a0"),
        lambda name: name.replace(" ", " _ "),
        lambda name: LATER.get(name, name),
        lambda name: DERIVED.get(name, name.replace(" ", "_").lower()),
    ],
    ids=[
        "run together",
        "run together, small",
        "capitals",
        "constant",
        "spaces",
        "hard spaces",
        "marks",
        "later",
        "derived",
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_a_table_is_the_same_whatever_the_spelling_of_its_header(
    tmp_path: Path, spelled: Callable[[str], str], mark: str
) -> None:
    for row in (ROW, {**ROW, "EID DTA ID": ""}):  # of the second the id is a digest of what it says
        as_published = proposed(IceDetainersImporter(), csv_file(tmp_path / "1.csv", list(ROW), [row]))
        path = csv_file(tmp_path / "2.csv", list(map(spelled, ROW)), [{spelled(name): row[name] for name in ROW}])
        path.write_text(mark + path.read_text())
        otherwise = proposed(IceDetainersImporter(), path)

        assert as_published.bodies == otherwise.bodies != []
        assert as_published.flags == otherwise.flags


def test_a_column_by_its_own_name_goes_before_one_that_is_named_otherwise(tmp_path: Path) -> None:
    row = {**ROW, "Detention Facility": "HENNEPIN COUNTY ADC", "State": "TEXAS", "EIDDTAID": "E9"}
    columns = sorted(row, key=lambda name: name in ROW)  # the others first

    (prepared, _) = proposed(IceDetainersImporter(), csv_file(tmp_path / "both.csv", columns, [row])).events

    assert ("detainer/ice-E1", "mn-nobles-jail") == (prepared.subject, prepared.data.facility)


def test_what_says_who_a_person_is_goes_into_no_digest_however_its_column_is_spelled(tmp_path: Path) -> None:
    ids = set()
    for column, value in (("BIRTHYEAR", "1990"), ("birthyear", "1991"), ("Alien File Number", "A012345678")):
        row = {name: ROW[name] for name in ("Detainer Prepare Date", "Detainer Facility")} | {column: value}
        (event,) = proposed(IceDetainersImporter(), csv_file(tmp_path / "one.csv", list(row), [row])).events
        ids.add(event.subject)
        assert value not in str(event)

    assert 1 == len(ids)


def test_a_date_without_a_time_keeps_day_precision_and_one_with_a_time_keeps_it(tmp_path: Path) -> None:
    days = imported(tmp_path, {}, {"Detainer Prepare Date": "2/11/2026", "EID DTA ID": "E2"}).events
    exact = imported(tmp_path, {"Detainer Prepare Date": "2026-02-11 14:30:00"}).events

    assert [event.occurred.precision for event in days] == [Precision.DAY, Precision.DAY]
    assert {event.time for event in days} == {"2026-02-11T00:00:00-06:00"}
    assert {event.timelatest for event in days} == {"2026-02-11T23:59:59-06:00"}
    assert [event.time for event in exact] == ["2026-02-11T14:30:00-06:00"]
    assert exact[0].occurred.precision is Precision.EXACT


@pytest.mark.parametrize(
    "printed",
    [
        "2026-02-11 00:00:00",
        "2026-02-11T00:00:00Z",
        "2026-02-11 00:00:00+00:00",
        "2026-02-11 00:00:00 UTC",
        "2/11/2026 0:00",
        "2/11/2026 12:00:00 AM",
        "2/11/26",
        "2026/02/11",
        "2026/2/11 0:00",
        "February 11, 2026",
        "Feb 11, 2026",
        "11-Feb-26",
    ],
)
def test_a_date_is_the_same_day_whatever_program_wrote_it_and_never_a_midnight(tmp_path: Path, printed: str) -> None:
    (plain,) = imported(tmp_path, {}).events
    result = imported(tmp_path, {"Detainer Prepare Date": printed})

    assert [plain.occurred] == [event.occurred for event in result.events]
    assert not result.flags


def test_a_date_that_became_a_number_in_excel_is_read_and_flagged(tmp_path: Path) -> None:
    (plain,) = imported(tmp_path, {}).events
    for number in ("46064", "46064.0"):
        result = imported(tmp_path, {"Detainer Prepare Date": number})

        assert [plain.occurred] == [event.occurred for event in result.events]
        assert [(1, "serial_date")] == result.flags


def test_the_lift_lies_somewhere_after_the_preparation(tmp_path: Path) -> None:
    prepared, lifted = imported(tmp_path, {"Detainer Lift Reason": "Duplicate"}).events
    assert lifted.occurred == Instant.between(prepared.occurred.earliest, None)


@pytest.mark.parametrize(
    ("words", "code", "expected", "flags"),
    [
        ("Booked into Detention", "", LiftCode.BOOKED_INTO_DETENTION, []),
        ("Case Closed", "NA", LiftCode.CASE_CLOSED, []),
        ("Detainer Declined by LEA", "A", LiftCode.DECLINED_BY_LEA, []),
        ("No longer in State, Local, or Federal Custody", "", None, []),
        ("Early Release", "L", LiftCode.LIFTED, []),
        ("Case Closed", "B", LiftCode.BOOKED_INTO_DETENTION, ["lift_code_disagrees"]),
        ("Duplicate", "Q", None, ["unknown_lift_code"]),
        ("Eaten by the Dog", "", None, ["unknown_lift_reason"]),
        ("", "T", LiftCode.TRANSFERRED, []),
    ],
)
def test_a_lift_gets_a_code_only_where_ice_gives_one_or_the_words_define_it(
    tmp_path: Path, words: str, code: str, expected: LiftCode | None, flags: list[str]
) -> None:
    result = imported(tmp_path, {"Detainer Lift Reason": words, "Detainer Lift Reason Code": code})

    (lifted,) = result.of("detainer.lifted")
    assert lifted.data.lift_code is expected
    assert lifted.data.lift_reason_as_printed == (words or code)
    assert [flag for _, flag in result.flags] == flags


@pytest.mark.parametrize(
    "printed",
    [
        *("", "NA", " ", "NULL", "n/a", "nan", "(blank)", "b(6), b(7)c", "(b)(6), (b)(7)(C)", "B(6)"),
        *("-", "--", "\N{EN DASH}", " \u00a0", "?", "."),
    ],
)
def test_blanks_and_redactions_say_nothing(tmp_path: Path, printed: str) -> None:
    result = imported(
        tmp_path,
        {"Detainer Lift Reason": printed, "Detainer Type": printed, "Anonymized Identifier": printed},
    )

    (prepared,) = result.events
    assert prepared.data.form is DetainerForm.UNKNOWN
    assert prepared.data.form_as_printed is None
    assert prepared.data.subject is None
    assert not result.flags


def test_words_that_only_begin_like_a_redaction_are_kept() -> None:
    assert not is_missing("B-Relief Granted")
    assert not is_missing("NAPLES JAIL")


def test_birth_citizenship_and_gender_are_in_no_event(tmp_path: Path) -> None:
    private = {
        "Gender": "Female",
        "Citizenship Country": "NORWAY",
        "Birth Date": "1/2/1990",
        "Birth Year": "1990",
    }
    with_them = imported(tmp_path, {**private, "EID DTA ID": ""})
    without = imported(tmp_path, {"EID DTA ID": ""})

    assert with_them.bodies == without.bodies


@pytest.mark.parametrize(
    ("row", "refusal"),
    [
        ({"Detainer Prepare Date": "2025-02-30"}, ("detainer_prepare_date", "impossible_date")),
        ({"Detainer Prepare Date": "13/45/2025"}, ("detainer_prepare_date", "impossible_date")),
        ({"Detainer Prepare Date": "9999-12-31"}, ("detainer_prepare_date", "impossible_date")),
        ({"Detainer Prepare Date": "soon"}, ("detainer_prepare_date", "unreadable_time")),
        ({"Detainer Prepare Date": "NA"}, ("detainer_prepare_date", "blank_date")),
        ({"Detainer Facility": "NOWHERE JAIL"}, ("detainer_facility", "unknown_facility")),
        ({"Detainer Facility": ""}, ("detainer_facility", "unknown_facility")),
    ],
)
def test_a_row_that_cannot_be_placed_is_refused_with_field_and_code(
    tmp_path: Path, row: dict[str, str], refusal: tuple[str, str]
) -> None:
    result = imported(tmp_path, {"EID DTA ID": "E0"}, row)

    assert result.refusals == [(2, *refusal)]
    assert len(result.events) == 1


def test_a_facility_is_found_by_its_code_where_the_name_is_not_known(tmp_path: Path) -> None:
    (event,) = imported(tmp_path, {"Detainer Facility": "ST CLOUD", "Detainer Facility Code": "MNCFSTC"}).events
    assert event.data.facility == "mn-doc-st-cloud"


@pytest.mark.parametrize("state", ["MN", "Minnesota", "MINNESOTA"])
@pytest.mark.parametrize("name", ["NOWHERE JAIL", ""])
def test_a_custodian_in_minnesota_that_is_in_no_register_is_recorded_as_printed(
    tmp_path: Path, name: str, state: str
) -> None:
    result = imported(tmp_path, {"Detainer Facility": name, "Facility State": state})

    (event,) = result.events
    assert event.data.facility is None
    assert event.data.facility_as_printed == (name or None)
    assert result.flags == [(1, "facility_not_placed")]


@pytest.mark.parametrize("state", ["UTAH", "Utah", "UT"])
def test_a_custodian_of_another_state_is_not_taken_for_the_one_of_its_name_here(tmp_path: Path, state: str) -> None:
    for name in ("WASHINGTON COUNTY JAIL", "SALT LAKE COUNTY JAIL"):
        result = imported(tmp_path, {"Detainer Facility": name, "Facility State": state})

        assert result.refusals == [(1, "detainer_facility", "other_state")]
        assert not result.bodies


@pytest.mark.parametrize("state", ["", "NA", "MINNESOTA", "St. Paul"])
def test_a_name_is_looked_up_where_the_state_is_ours_or_not_told(tmp_path: Path, state: str) -> None:
    (event,) = imported(tmp_path, {"Detainer Facility": "WASHINGTON COUNTY JAIL", "Facility State": state}).events
    assert event.data.facility == "mn-washington-jail"


def test_a_code_is_one_place_in_the_country_whatever_state_is_printed_beside_it(tmp_path: Path) -> None:
    cells = {"Detainer Facility": "NOBLES CO. JAIL", "Detainer Facility Code": "NOBLEMN", "Facility State": "IOWA"}
    result = imported(tmp_path, cells)

    assert {event.data.facility for event in result.events} == {"mn-nobles-jail"}
    assert result.flags == [(1, "facility_state_disagrees")]


@pytest.mark.parametrize("words", ["Superseding \u2013 New Form Issued", "superseding - new form  issued"])
def test_a_lift_reason_is_known_whatever_its_case_spacing_and_dashes(tmp_path: Path, words: str) -> None:
    result = imported(tmp_path, {"Detainer Lift Reason": words})

    assert not result.flags
    assert result.of("detainer.lifted")[0].data.lift_reason_as_printed == words


def test_a_repeated_row_is_one_event_and_is_flagged(tmp_path: Path) -> None:
    result = imported(tmp_path, {}, {})

    assert result.bodies[0] == result.bodies[1]
    assert result.flags == [(2, "repeated_row")]


def test_one_identifier_with_other_content_is_recorded_and_flagged(tmp_path: Path) -> None:
    result = imported(tmp_path, {}, {"Detainer Criminality": "3 Other Immigration Violator"})

    assert len(set(result.bodies)) == 2
    assert {event.subject for event in result.events} == {"detainer/ice-E1"}
    assert result.flags == [(2, "identifier_reused")]


def test_a_row_that_says_the_same_in_other_writing_is_one_event_and_is_flagged(tmp_path: Path) -> None:
    otherwise = {"Detainer Prepare Date": "2/11/2026", "Detainer Facility Code": "-", "Gender": "Female"}
    result = imported(tmp_path, {}, otherwise)

    assert result.bodies[0] == result.bodies[1]
    assert result.flags == [(2, "repeated_row")]


@pytest.mark.parametrize(
    "later",
    [
        {"Detainer Prepare Date": "2/11/2026"},
        {"Detainer Prepare Date": "46064"},
        {"Detainer Criminality": "1 Convicted Criminal", "Final Order Yes No": "YES"},
        {"Detainer Facility": "Hennepin County A.D.C."},
        {"Detainer Lift Reason": "Case Closed"},
    ],
)
def test_a_form_without_identifier_is_the_same_in_a_later_release(tmp_path: Path, later: dict[str, str]) -> None:
    row = {"EID DTA ID": "", "Anonymized Identifier": "a1b2"}
    first, again = imported(tmp_path, row).events, imported(tmp_path, {**row, **later}).events

    assert {event.subject for event in first} == {event.subject for event in again}


def test_forms_without_identifier_and_person_are_told_apart_by_what_they_say_and_not_by_their_lift(
    tmp_path: Path,
) -> None:
    first, other, again = (
        imported(tmp_path, {"EID DTA ID": "", **row}).events[0].subject
        for row in ({}, {"Detainer Criminality": "1 Convicted Criminal"}, {"Detainer Lift Reason": "Case Closed"})
    )

    assert first == again != other


def test_identical_rows_without_identifier_are_different_detainers(tmp_path: Path) -> None:
    result = imported(tmp_path, {"EID DTA ID": ""}, {"EID DTA ID": "NA"})

    assert len({event.subject for event in result.events}) == 2
    assert result.flags == [(1, "no_identifier"), (2, "no_identifier")]


def test_a_later_table_that_adds_the_lift_repeats_the_prepared_event_byte_for_byte(tmp_path: Path) -> None:
    first = imported(tmp_path, {})
    later = imported(tmp_path, {"Detainer Lift Reason": "Case Closed"})

    assert later.bodies[0] == first.bodies[0]
    assert [event.type for event in later.events] == ["detainer.prepared", "detainer.lifted"]


def test_an_identifier_that_cannot_stand_in_an_id_is_replaced_by_its_digest(tmp_path: Path) -> None:
    result = imported(tmp_path, {"Anonymized Identifier": "a b"}, {"EID DTA ID": "E2", "Anonymized Identifier": "a/b"})

    subjects = {event.data.subject for event in result.events}
    assert len(subjects) == 2
    assert all(subject.startswith("ice-x") for subject in subjects)


def test_flags_that_are_neither_yes_nor_no_and_bad_warrant_dates_are_left_out_and_flagged(
    tmp_path: Path,
) -> None:
    result = imported(tmp_path, {"Notify Release Request Yes No": "maybe", "Arrest Warrant Served Date": "2025-02-30"})

    (prepared,) = result.events
    assert prepared.data.notify_requested is None
    assert prepared.data.warrant_served_at is None
    assert result.flags == [(1, "unknown_value"), (1, "unreadable_warrant_date")]


@pytest.mark.parametrize(
    ("printed", "form", "flags"),
    [
        ("I247G", DetainerForm.I_247G, []),
        ("I-247N - Request", DetainerForm.I_247N, []),
        ("I247 - Immigration Detainer", DetainerForm.I_247, []),
        ("Carrier pigeon", DetainerForm.UNKNOWN, [(1, "unknown_form")]),
    ],
)
def test_the_form_family_is_read_and_never_guessed(
    tmp_path: Path, printed: str, form: DetainerForm, flags: list[tuple[int, str]]
) -> None:
    result = imported(tmp_path, {"Detainer Type": printed})
    assert result.events[0].data.form is form
    assert result.events[0].data.form_as_printed == printed
    assert result.flags == flags


def test_raw_snake_case_and_workbook_give_the_same_bytes(tmp_path: Path) -> None:
    row = {**HENNEPIN, "Detainer Lift Reason": "Case Closed", "EID DTA ID": ""}
    raw = imported(tmp_path, row)
    snake_row = {name.lower().replace(" ", "_"): cell for name, cell in row.items()}
    snake = proposed(IceDetainersImporter(), csv_file(tmp_path / "snake.csv", list(snake_row), [snake_row]))
    book = openpyxl.Workbook()
    for cells in (["ICE"], [], list(row), list(row.values())):
        book.active.append(cells)
    book.save(tmp_path / "book.xlsx")
    workbook = proposed(IceDetainersImporter(), tmp_path / "book.xlsx")

    assert raw.bodies == snake.bodies == workbook.bodies


def surge_rows() -> Iterator[tuple[str, str, int]]:
    """Yield (facility, lift reason or "", count); `other` reasons stand for one of those ICE uses."""
    with SURGE.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for column, words in (
                ("Booked into Detention", "Booked into Detention"),
                ("Detainer Declined by LEA", "Detainer Declined by LEA"),
                (
                    "No longer in State, Local, or Federal Custody",
                    "No longer in State, Local, or Federal Custody",
                ),
                ("NA", ""),
                ("other", "Early Release"),
            ):
                yield row["detention_facility"], words, 0 if row[column] == "NA" else int(row[column])


def test_the_published_counts_of_the_winter_come_back_by_facility_and_reason(tmp_path: Path) -> None:
    published = {(facility, words): count for facility, words, count in surge_rows() if count}
    rows = [
        {
            "Detainer Facility": facility,
            "Detainer Lift Reason": words,
            "EID DTA ID": f"{facility}{words}{number}",
        }
        for (facility, words), count in published.items()
        for number in range(count)
    ]

    result = imported(tmp_path, *rows)

    reasons = {event.subject: event.data.lift_reason_as_printed for event in result.of("detainer.lifted")}
    prepared = result.of("detainer.prepared")
    counted = Counter((event.data.facility_as_printed, reasons.get(event.subject, "")) for event in prepared)
    assert counted == published
    assert sum(counted.values()) == 882
    assert not result.refusals
    assert sum(event.data.lift_code is LiftCode.DECLINED_BY_LEA for event in result.of("detainer.lifted")) == 292


def test_the_sample_shows_a_refusal_of_each_kind_and_no_flag() -> None:
    result = proposed(IceDetainersImporter(), SAMPLES / "ice-detainers.csv")
    assert [code for _, _, code in result.refusals] == ["other_state", "impossible_date"]
    assert len(result.of("detainer.prepared")) == 4
    assert not result.flags


WORDS = st.sampled_from(["", "NA", "YES", "NO", "b(6), b(7)c", "2026-02-11", "I247A", "Case Closed", "\u00e9", " x "])


@given(st.dictionaries(st.sampled_from(COLUMNS), WORDS))
def test_every_row_is_refused_or_becomes_valid_events_the_same_twice(
    tmp_path_factory: pytest.TempPathFactory, row: dict[str, str]
) -> None:
    path = csv_file(tmp_path_factory.getbasetemp() / "law.csv", COLUMNS, [{**HENNEPIN, **row}])

    first, again = (proposed(IceDetainersImporter(), path) for _ in range(2))

    assert first.bodies == again.bodies
    assert bool(first.bodies) != bool(first.refusals)
    assert all(parse_canonical(body)["source"] == "agency:us-ice" for body in first.bodies)
