"""The gate: which bytes become a submission, which are refused and with what words; nothing else escapes."""

from __future__ import annotations

import json
from typing import Annotated

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import StringConstraints, ValidationError, field_validator

from adapters.schemas.examples import EVENT_ID, OTHER_EVENT_ID, example
from domain.canonical import canonical_bytes
from domain.envelope import Submission, admit, compose, read_envelope, references
from domain.errors import InputRefused
from domain.events.catalogue import CATALOGUE
from domain.events.episode import SubjectBooked
from domain.events.handoff import CustodyTransferred
from domain.instants import Instant, parse_rfc3339
from domain.plain import data_form

EARLY, LATE = "2026-01-16T00:00:00-06:00", "2026-01-16T23:59:59-06:00"
GONE = object()


def booking(**changes):
    """A valid booking as a document, with some attributes changed or (GONE) left out."""
    document = {
        "data": {"facility": "mn-cass-jail", "subject": "s-81c2"},
        "dataschema": "urn:custody:schema:custody.subject_booked:1",
        "id": EVENT_ID,
        "source": "agency:mn-cass-sheriff",
        "specversion": "1.0",
        "subject": "episode/mn-cass-jail.2026-00017",
        "time": "2026-01-16T17:00:00-06:00",
        "type": "custody.subject_booked",
        **changes,
    }
    return {name: value for name, value in document.items() if value is not GONE}


def correction(**data):
    return booking(
        type="record.event_corrected",
        dataschema="urn:custody:schema:record.event_corrected:1",
        subject="record/mn-cass-sheriff",
        correctionof=OTHER_EVENT_ID,
        data={"reason": "typo", **data},
    )


def refusal(document):
    """Pass a document that must be refused through the gate; return (code, where)."""
    with pytest.raises(InputRefused) as refused:
        admit(canonical_bytes(document))
    return refused.value.code, refused.value.where


def test_a_valid_event_comes_through_with_its_bytes_signature_and_references():
    body = canonical_bytes(booking())
    submission = admit(body, b"signature")
    assert (submission.body, submission.signature) == (body, b"signature")
    assert submission.envelope.occurred == Instant.exact(parse_rfc3339("2026-01-16T17:00:00-06:00"))
    assert submission.envelope.recorded == Instant.unknown()
    assert submission.envelope.agency == "mn-cass-sheriff"
    assert submission.refs == ("episode/mn-cass-jail.2026-00017", "facility/mn-cass-jail", "subject/s-81c2")


@pytest.mark.parametrize("type_name", CATALOGUE)
def test_what_compose_writes_of_any_type_passes_the_gate_with_its_own_class(type_name):
    submission = admit(example(type_name))
    assert type(submission.envelope.data) is CATALOGUE[type_name]
    assert submission.refs[0] == submission.envelope.subject


TIMES = {
    "exact": ({"time": EARLY}, EARLY),
    "exact, said": ({"time": EARLY, "timeprecision": "exact"}, EARLY),
    "a day": (
        {"time": EARLY, "timelatest": LATE, "timeprecision": "day"},
        {"earliest": EARLY, "latest": LATE, "precision": "day"},
    ),
    "a month": (
        {"time": EARLY, "timelatest": LATE, "timeprecision": "month"},
        {"earliest": EARLY, "latest": LATE, "precision": "month"},
    ),
    "an interval": (
        {"time": EARLY, "timelatest": LATE, "timeprecision": "interval"},
        {"earliest": EARLY, "latest": LATE, "precision": "interval"},
    ),
    "not before": (
        {"time": EARLY, "timeprecision": "interval"},
        {"earliest": EARLY, "latest": None, "precision": "interval"},
    ),
    "not after": (
        {"timelatest": LATE, "timeprecision": "interval"},
        {"earliest": None, "latest": LATE, "precision": "interval"},
    ),
    "unknown": ({"timeprecision": "unknown"}, {"earliest": None, "latest": None, "precision": "unknown"}),
}
WRONG_TIMES = {
    "nothing": {},
    "exact without a time": {"timeprecision": "exact"},
    "exact with two bounds": {"time": EARLY, "timelatest": LATE},
    "only a latest": {"timelatest": LATE},
    "a day with one bound": {"time": EARLY, "timeprecision": "day"},
    "a day of three days": {"time": EARLY, "timelatest": "2026-01-19T00:00:00-06:00", "timeprecision": "day"},
    "bounds the wrong way round": {"time": LATE, "timelatest": EARLY, "timeprecision": "interval"},
    "an interval without bounds": {"timeprecision": "interval"},
    "unknown with a bound": {"time": EARLY, "timeprecision": "unknown"},
    "24 o'clock": {"time": "2026-01-16T24:00:00Z"},
    "a leap second": {"time": "2016-12-31T23:59:60Z"},
    "30 February": {"time": "2026-02-30T00:00:00Z"},
    "29 February of a common year": {"time": "2026-02-29T00:00:00Z"},
    "an offset of a day": {"time": "2026-01-16T00:00:00+24:00"},
    "before every zone's first moment": {"time": "0001-01-01T00:00:00+14:00"},
    "after every zone's last moment": {"time": "9999-12-31T23:59:59-14:00"},
}
RENAMED = {"time": "recordedtime", "timelatest": "recordedlatest", "timeprecision": "recordedprecision"}


def as_recorded(attributes):
    return {RENAMED[name]: value for name, value in attributes.items()}


@pytest.mark.parametrize(("attributes", "wire"), TIMES.values(), ids=TIMES.keys())
def test_when_it_happened_and_when_it_was_recorded_are_read_as_precisely_as_given(attributes, wire):
    happened = admit(canonical_bytes(booking(**{"time": GONE, **attributes})))
    assert happened.envelope.occurred.as_json() == wire
    assert (happened.occurred_earliest, happened.occurred_latest) == happened.envelope.occurred.span
    recorded = admit(canonical_bytes(booking(**as_recorded(attributes))))
    assert recorded.envelope.recorded.as_json() == wire
    assert recorded.recorded_latest == recorded.envelope.recorded.span[1]


@pytest.mark.parametrize("attributes", WRONG_TIMES.values(), ids=WRONG_TIMES.keys())
def test_a_time_that_contradicts_its_precision_or_the_calendar_is_refused(attributes):
    assert refusal(booking(**{"time": GONE, **attributes})) == ("schema", "time")
    if attributes:
        assert refusal(booking(**as_recorded(attributes))) == ("schema", "recordedtime")


@pytest.mark.parametrize("precision", ["Exact", "minute", "", None, 1])
def test_a_precision_outside_the_list_is_refused(precision):
    code, where = refusal(booking(timeprecision=precision))
    assert (code, where) == ("null" if precision is None else "schema", "timeprecision")


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"type": "custody.abducted"}, "unknown_type", "type"),
        ({"type": ["custody.subject_booked"]}, "unknown_type", "type"),
        ({"type": GONE}, "unknown_type", "type"),
        ({"type": "custody.charge_filed"}, "schema", "data.charge"),
        ({"type": "custody.escaped"}, "schema", ""),
        ({"dataschema": "urn:custody:schema:custody.subject_booked:2"}, "schema", ""),
        ({"dataschema": GONE}, "schema", "dataschema"),
        ({"subject": "detainer/d-1"}, "schema", ""),
        ({"subject": "episode/"}, "schema", "subject"),
        ({"subject": "episode/a b"}, "schema", "subject"),
        ({"subject": "episode/a\n"}, "schema", "subject"),
        ({"subject": GONE}, "schema", "subject"),
        ({"source": "mn-cass-sheriff"}, "schema", "source"),
        ({"source": "agency:Cass"}, "schema", "source"),
        ({"source": "agency:mn-cass-sheriff\n"}, "schema", "source"),
        ({"id": "17"}, "schema", "id"),
        ({"id": EVENT_ID.upper()}, "schema", "id"),
        ({"specversion": "0.3"}, "schema", "specversion"),
        ({"specversion": 1}, "schema", "specversion"),
        ({"specversion": "1x0"}, "schema", "specversion"),
        ({"datacontenttype": "text/plain"}, "schema", "datacontenttype"),
        ({"sequence": 1}, "schema", "sequence"),
        ({"sequence": "0"}, "schema", "sequence"),
        ({"sequence": "01"}, "schema", "sequence"),
        ({"correctionof": "the other one"}, "schema", "correctionof"),
        ({"sanctuary": "yes"}, "schema", "sanctuary"),
        ({"via": None}, "null", "via"),
        ({"data": GONE}, "schema", "data"),
        ({"data": []}, "schema", "data"),
        ({"data": "x"}, "schema", "data"),
        ({"data": {"facility": "mn-cass-jail"}}, "schema", "data.subject"),
    ],
)
def test_an_envelope_that_does_not_fit_is_refused_with_the_attribute(changes, code, where):
    assert refusal(booking(**changes)) == (code, where)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sanctuary", "yes"),
        ("facility", "mn-cass-jail\n"),
        ("facility", "Cass County"),
        ("facility", 7),
        ("subject", ""),
        ("subject", "é"),
        ("booking_number", 17),
        ("booking_category", "Criminal"),
        ("legal_basis", ""),
        ("legal_basis", "x" * 2001),
        ("cited_rules", "mn-stat-629-30"),
        ("cited_rules", [{"rule": "r"}] * 21),
    ],
)
def test_a_data_field_of_another_shape_is_refused_by_name(field, value):
    code, where = refusal(booking(data={"facility": "mn-cass-jail", "subject": "s-81c2", field: value}))
    assert (code, where) == ("schema", f"data.{field}")


@pytest.mark.parametrize(("value", "code"), [(2**53, "integer_too_large"), (1.5, "float")])
def test_a_number_that_no_event_may_hold_is_refused_as_that_wherever_it_stands(value, code):
    for data in ({"booking_number": value}, {"sanctuary": {"deep": [value]}}):
        assert refusal(booking(data={"facility": "mn-cass-jail", "subject": "s-81c2", **data}))[0] == code
    assert refusal({"type": "no.such", "data": value})[0] == code


@pytest.mark.parametrize("cents", ["100", 100.0, 0.5, -1, 2**53, 2**64 - 1, 2**64, -(10**400), True, [100]])
def test_an_amount_is_a_whole_number_below_2_to_the_53_and_nothing_that_looks_like_one(cents):
    changes = {"type": "custody.bail_set", "dataschema": "urn:custody:schema:custody.bail_set:1"}
    data = {"facility": "mn-cass-jail", "subject": "s-81c2"}
    admit(canonical_bytes(booking(**changes, data={**data, "amount_cents": 2**53 - 1})))
    document = booking(**changes, data={**data, "amount_cents": "HERE"})
    body = canonical_bytes(document).replace(b'"HERE"', json.dumps(cents).encode())
    with pytest.raises(InputRefused) as refused:
        admit(body)
    is_whole = isinstance(cents, int) and not isinstance(cents, bool)
    expected = "integer_too_large" if is_whole and abs(cents) >= 2**53 else "schema"
    assert refused.value.code == ("float" if isinstance(cents, float) else expected)


@pytest.mark.parametrize("answer", ["true", 1, 0, "yes", "unknown"])
def test_a_yes_or_no_is_a_boolean_and_nothing_that_looks_like_one(answer):
    changes = {"type": "custody.bail_tendered", "dataschema": "urn:custody:schema:custody.bail_tendered:1"}
    data = {"facility": "mn-cass-jail", "subject": "s-81c2", "accepted": answer}
    assert refusal(booking(**changes, data=data)) == ("schema", "data.accepted")


def test_a_correction_and_a_retraction_need_the_event_they_are_about():
    assert refusal(correction(replacement={"facility": "mn-cass-jail"}) | {"correctionof": None})[0] == "null"
    for type_name in ("record.event_corrected", "record.event_retracted"):
        document = json.loads(example(type_name))
        del document["correctionof"]
        with pytest.raises(InputRefused, match="needs correctionof"):
            admit(canonical_bytes(document))


def test_a_correction_refers_to_the_event_it_replaces():
    assert admit(canonical_bytes(correction(replacement={"charge": "2"}))).refs == (
        "record/mn-cass-sheriff",
        f"event/{OTHER_EVENT_ID}",
    )


def test_a_correction_of_the_time_alone_is_taken_and_one_of_nothing_is_not():
    admit(canonical_bytes(correction(replacement_time=EARLY)))
    assert refusal(correction()) == ("schema", "data.replacement")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.5, "float"),
        ([{"deep": 0.1}], "float"),
        (2**53, "integer_too_large"),
        (-(2**53), "integer_too_large"),
        ({"Key": 1}, "bad_key"),
        ({"schlüssel": 1}, "bad_key"),
        (None, "null"),
    ],
)
def test_a_replacement_is_free_json_yet_keeps_to_the_profile(value, code):
    assert refusal(correction(replacement={"amount_cents": value}))[0] == code


@pytest.mark.parametrize("levels", [17, 100, 190, 250, 300, 900, 1500, 25_000])
def test_a_deeply_nested_replacement_is_refused_and_does_not_crash(levels):
    body = canonical_bytes(correction(replacement={"a": "HERE"}))
    with pytest.raises(InputRefused) as refused:
        admit(body.replace(b'"HERE"', b"[" * levels + b"]" * levels))
    assert refused.value.code in ("too_deep", "not_json", "schema")


def test_references_name_each_thing_once_and_only_what_is_given():
    document = json.loads(example(CustodyTransferred.TYPE))
    document["data"]["receiving_facility"] = document["data"]["facility"]
    del document["data"]["detainer"]
    assert references(document["type"], document["subject"], document["data"]) == (
        document["subject"],
        "facility/mn-cass-jail",
        "subject/s-81c2",
        "episode/mn-cass-jail.2026-00017",
    )


def test_compose_leaves_out_what_is_not_known_and_says_how_precise_the_rest_is():
    body = compose(
        SubjectBooked,
        event_id=EVENT_ID,
        source="agency:mn-cass-sheriff",
        stream="x",
        occurred=Instant.unknown(),
        recorded=Instant.between(None, parse_rfc3339(LATE)),
        data={"facility": "mn-cass-jail", "subject": "s-81c2", "legal_basis": None},
        via="bookings",
    )
    written = json.loads(body)
    assert written["timeprecision"] == "unknown"
    assert (written["recordedlatest"], written["recordedprecision"]) == (LATE, "interval")
    assert "time" not in written
    assert "legal_basis" not in written["data"]
    assert admit(body).envelope.recorded == Instant.between(None, parse_rfc3339(LATE))


def test_an_accepted_event_cannot_be_changed_in_memory():
    submission = admit(canonical_bytes(booking()))
    with pytest.raises(ValidationError, match="frozen"):
        submission.envelope.data.facility = "mn-freeborn-jail"
    with pytest.raises(AttributeError):
        submission.body = b""


def test_bytes_are_not_read_as_another_type_than_their_own():
    with pytest.raises(ValueError, match="does not match its data"):
        read_envelope(SubjectBooked, canonical_bytes(booking(type="custody.escaped")))


# Any bytes at all give a submission or a refusal: valid events, cut, spliced and overwritten.

FRAGMENTS = st.sampled_from(
    [
        b"null", b"1.0", b"-0.0", b"NaN", b"1e999", b"18446744073709551616", b'"\\ud800"', b"[" * 300, b"{}",
        b"[]", b'""', b"true", b'"0001-01-01T00:00:00+14:00"', b'"9999-12-31T23:59:59-14:00"',
        b'"2026-01-16T23:59:60Z"', b'"unknown"', b'"interval"', b"\xff", b"\x00", b"\\u0000",
        b'{"earliest":null,"latest":null,"precision":[]}',
        b'{"earliest":"0001-01-01T00:00:00+23:59","latest":"9999-12-31T23:59:59-23:59","precision":"interval"}',
        b'"record.event_corrected"', b'"exact"', "٢".encode(), "😀".encode(),
    ]
)  # fmt: skip


@st.composite
def mutated_events(draw):
    """A valid event with slices of its bytes replaced by fragments."""
    body = example(draw(st.sampled_from(list(CATALOGUE))))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 40)))
        body = body[:start] + draw(FRAGMENTS | st.binary(max_size=3)) + body[end:]
    return body


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", EARLY, LATE, "day", "interval"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["earliest", "latest", "precision", "a", "A", "é"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def altered_events(draw):
    """A valid event in canonical form with some attributes and fields replaced by values of any kind."""
    document = json.loads(example(draw(st.sampled_from(list(CATALOGUE)))))
    for part in (document, document["data"]):
        names = st.sampled_from([*part, "timelatest", "timeprecision", "recordedprecision", "replacement_time"])
        for name in draw(st.lists(names, max_size=2)):
            part[name] = draw(VALUES)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )


def any_way_in(body):
    """Pass the gate without the shorter way that a plain event takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("domain.envelope._admit_plain", lambda body, signature: None)
        return admit(body)


def taken(way_in, body):
    """Return the submission, or None for a refusal."""
    try:
        return way_in(body)
    except InputRefused:
        return None


@pytest.mark.parametrize(
    "named",
    [{}, {"agencykey": "9f86d0", "sequence": "7"}, {"timelatest": LATE, "timeprecision": "day"}],
    ids=["unsigned", "with a key", "of a day"],
)
@pytest.mark.parametrize("other", [b"", b"x", b"0", b'"', b"\\", b"}", b",", b" ", b"\n", b"\xff", "é".encode()])
def test_a_plain_event_with_any_one_byte_changed_is_taken_by_both_ways_in_or_by_none(other, named):
    body = canonical_bytes(booking(time=EARLY, recordedtime=LATE, **named))
    assert taken(admit, body) == taken(any_way_in, body) is not None
    for at in range(len(body)):
        for rest in (body[at:], body[at + 1 :]):
            changed = body[:at] + other + rest
            assert taken(admit, changed) == taken(any_way_in, changed)


ODD_VALUES = [
    *("", " ", "x", "X y", "x\n", "x\x00", "x\x7f", "é", '"', "\\", "/", "-x", "x-", "x" * 80, "x" * 81, "x" * 121),
    *("x" * 200, "x" * 201, "x" * 2000, "x" * 2001, "true", "1", "exact"),
    *(EARLY, "2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-16T24:00:00Z"),
    *("2026-01-16T23:59:60Z", "0001-01-01T00:00:00Z", "2026-01-16T00:00:00.5Z", "2026-01-16T00:00:00+24:00"),
    *(True, False, 0, 1, 2, 3, 10, -1, 10**14, 10**15, 2**53 - 1, 2**53, 0.5),
    *(
        [],
        [""],
        ["x"],
        ["x"] * 4,
        {},
        {"rule": "x"},
        [{"rule": "x"}] * 20,
        [{"rule": "x"}] * 21,
        [{"rule": "x", "a": "x"}],
    ),
    {"earliest": EARLY, "latest": None, "precision": "interval"},
]


def exact_example(type_name):
    """A valid event of a type whose times are exact, as a document."""
    document = json.loads(example(type_name)) | {"time": EARLY, "recordedtime": EARLY}
    inexact = ("timelatest", "timeprecision", "recordedlatest", "recordedprecision")
    return {name: value for name, value in document.items() if name not in inexact}


@pytest.mark.parametrize("type_name", CATALOGUE)
def test_with_any_field_left_out_added_or_of_another_kind_both_ways_in_give_the_same(type_name):
    document = exact_example(type_name)
    names = [*CATALOGUE[type_name].model_fields, "another"]
    for name in names:
        samples = [value for value in document["data"].values() if isinstance(value, list | dict)]
        for value in (GONE, *ODD_VALUES, *samples):
            data = {key: one for key, one in {**document["data"], name: value}.items() if one is not GONE}
            body = canonical_bytes({**document, "data": data})
            assert taken(admit, body) == taken(any_way_in, body)


def test_nearly_every_type_has_a_plain_form_and_events_of_it_take_the_shorter_way(monkeypatch):
    monkeypatch.setattr("domain.envelope._admit_any", lambda body, signature: None)
    for type_name in ("custody.subject_booked", "custody.bail_set", "handoff.custody_transferred"):
        assert admit(canonical_bytes(exact_example(type_name))).type == type_name
    assert 100 == sum(1 for cls in CATALOGUE.values() if data_form(cls))


def test_a_type_with_a_function_that_looks_at_its_fields_or_with_text_that_json_escapes_has_no_plain_form():
    class Looked(SubjectBooked):
        @field_validator("legal_basis")
        @classmethod
        def none_is_good_enough(cls, value):
            raise ValueError(value)

    class Wide(SubjectBooked):
        wide: Annotated[str, StringConstraints(pattern=r"^[ -~]{1,9}$")]

    assert data_form(SubjectBooked)
    assert not data_form(Looked)
    assert not data_form(Wide)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(mutated_events() | altered_events())
def test_any_bytes_give_a_submission_that_stands_or_a_refusal_with_a_code(body):
    try:
        submission = admit(body)
    except InputRefused as refused:
        assert all((refused.code, refused.what))  # noqa: PT017 - a refusal is one of the two right answers
        return
    assert isinstance(submission, Submission)
    assert canonical_bytes(json.loads(body)) == body
    assert admit(body) == submission == any_way_in(body)
    occurred = submission.envelope.occurred
    assert Instant.from_json(occurred.as_json()) == occurred
    assert (submission.occurred_earliest, submission.occurred_latest) == occurred.span
    assert all("/" in ref for ref in submission.refs)
