"""Keys of agencies: given what is in the log, when somebody acts or publishes, then this."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.envelope import Submission, admit
from domain.errors import InputRefused
from domain.events.agency import Authority, PublicKey
from domain.events.record import EventCorrected
from projections.agency_keys import OPERATOR, AgencyKeys, Command, rotation, unsigned_allowed_event
from tests.builders import JAIL, MONDAY, SHERIFF, body, booked, recorded
from tests.signing import Agency, new_key

OLD, NEW, OTHER = (new_key().public for _ in range(3))
SOURCE = f"agency:{SHERIFF}"
SCOPE = ((JAIL,), ("custody.*", "record.event_corrected"))


def command(*given_events: bytes, agency: str = SHERIFF) -> Command:
    return Command(agency, AgencyKeys(recorded(*given_events)), MONDAY)


def enrolled(key: PublicKey = OLD, *, agency: str = SHERIFF, source: str | None = None) -> bytes:
    return command(agency=agency).enrol(source or f"agency:{agency}", key, *SCOPE)


def rotated(*given_events: bytes, key: PublicKey = NEW) -> bytes:
    return command(*given_events).rotate(OLD.key_id, key)


def revoked(*given_events: bytes, key: PublicKey = OLD) -> bytes:
    return command(*given_events).revoke(key.key_id, "lost")


def code(refused: pytest.ExceptionInfo[InputRefused]) -> str:
    return refused.value.code


def said(key: PublicKey = OLD, event: bytes | None = None, **changed: object) -> Submission:
    """Return what a key signed, as it is after its signature was checked."""
    submission = admit(event or booked(1), b"signature")
    return submission._replace(**{"agencykey": key.key_id, "source": SOURCE, **changed})


def states(*events: bytes) -> dict[str, str]:
    return {key.public.key_id: key.as_json()["state"] for key in AgencyKeys(recorded(*events))}


def test_given_nothing_when_a_key_is_enrolled_then_it_may_speak_from_there_on() -> None:
    keys = AgencyKeys(recorded(enrolled()))

    keys.judge(said())
    assert [(SHERIFF, 1, "active")] == [(key.agency, key.since, key.as_json()["state"]) for key in keys]


def test_given_a_key_when_it_is_enrolled_again_then_that_is_refused_whoever_it_is_for() -> None:
    for agency in (SHERIFF, "mn-cook-sheriff"):
        with pytest.raises(InputRefused) as refused:
            command(enrolled(), agency=agency).enrol(f"agency:{agency}", OLD, *SCOPE)
        assert "key_enrolled" == code(refused)


def test_given_one_key_enrolled_for_two_agencies_at_once_then_the_first_in_the_log_counts() -> None:
    keys = AgencyKeys(recorded(enrolled(), enrolled(agency="mn-cook-sheriff")))

    assert [SHERIFF] == [key.agency for key in keys]


def test_nobody_is_enrolled_as_the_operator_nor_for_a_type_that_there_is_not() -> None:
    with pytest.raises(InputRefused) as refused:
        command(agency=OPERATOR.partition(":")[2]).enrol(OPERATOR, OLD, *SCOPE)
    assert "bad_agency" == code(refused)
    for scope in ("custody.subject_lost", "nothing.*", "custody.subject_*"):
        with pytest.raises(InputRefused) as refused:
            command().enrol(SOURCE, OLD, (JAIL,), (scope,))
        assert "unknown_type" == code(refused)


def test_given_a_key_when_it_is_rotated_then_both_speak_with_the_same_scope_until_the_old_one_is_revoked() -> None:
    given_events = (enrolled(), rotated(enrolled()))

    keys = AgencyKeys(recorded(*given_events))
    keys.judge(said(OLD))
    keys.judge(said(NEW))
    assert {OLD.key_id: "revoked", NEW.key_id: "active"} == states(*given_events, revoked(*given_events))


@pytest.mark.parametrize("act", ["rotate", "revoke"])
def test_given_no_such_key_or_another_agencys_when_somebody_acts_on_it_then_it_is_unknown(act: str) -> None:
    for one in (command(), command(enrolled(agency="mn-cook-sheriff"))):
        with pytest.raises(InputRefused) as refused:
            one.rotate(OLD.key_id, NEW) if act == "rotate" else one.revoke(OLD.key_id, "lost")
        assert "unknown_key" == code(refused)


@pytest.mark.parametrize("act", ["rotate", "revoke"])
def test_given_a_revoked_key_when_somebody_acts_on_it_then_that_is_refused(act: str) -> None:
    one = command(enrolled(), revoked(enrolled()))
    with pytest.raises(InputRefused) as refused:
        one.rotate(OLD.key_id, NEW) if act == "rotate" else one.revoke(OLD.key_id, "lost")
    assert "key_revoked" == code(refused)


def test_given_a_revoked_key_then_a_rotation_of_it_that_came_into_the_log_counts_for_nothing() -> None:
    events = (enrolled(), revoked(enrolled()), rotated(enrolled()))

    assert [OLD.key_id] == list(states(*events))


def test_when_the_old_key_signs_the_rotation_then_it_is_checked_against_that_key() -> None:
    given_command = command(enrolled())
    body_ = rotation(SHERIFF, SOURCE, OLD.key_id, NEW, Authority.OLD_KEY, MONDAY)
    event = admit(body_)

    assert OLD.key_id == event.agencykey
    assert OLD == given_command.take_rotation(event.envelope.data, event.source).public


def test_a_rotation_in_another_name_or_on_the_operators_word_is_not_one_by_the_old_key() -> None:
    for authority, source in ((Authority.OPERATOR, SOURCE), (Authority.OLD_KEY, f"synthetic:{SHERIFF}")):
        event = admit(rotation(SHERIFF, source, OLD.key_id, NEW, authority, MONDAY)).envelope
        with pytest.raises(InputRefused) as refused:
            command(enrolled()).take_rotation(event.data, source)
        assert "source_not_the_keys" == code(refused)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"agencykey": None}, "unknown_key"),
        ({"agencykey": OTHER.key_id}, "unknown_key"),
        ({"source": "agency:mn-cook-sheriff"}, "source_not_the_keys"),
        ({"source": f"synthetic:{SHERIFF}"}, "source_not_the_keys"),
        ({"type": "detainer.prepared"}, "type_not_the_keys"),
        ({"facility": "mn-cook-jail"}, "facility_not_the_keys"),
    ],
)
def test_a_key_speaks_as_its_source_of_its_types_and_for_its_facilities_only(changed: dict, expected: str) -> None:
    keys = AgencyKeys(recorded(enrolled()))

    with pytest.raises(InputRefused) as refused:
        keys.judge(said(**changed))
    assert expected == code(refused)


def test_a_correction_may_not_move_an_event_to_a_facility_that_is_not_the_keys() -> None:
    keys = AgencyKeys(recorded(enrolled()))
    for facility, is_ours in ((JAIL, True), ("mn-cook-jail", False)):
        replacement = {"facility": facility, "subject": "s-1"}
        target = {"correctionof": admit(booked(1)).id}
        correction = body(EventCorrected, "e-1", reason="typo", replacement=replacement, **target)
        if is_ours:
            keys.judge(said(event=correction))
        else:
            with pytest.raises(InputRefused) as refused:
                keys.judge(said(event=correction))
            assert "facility_not_the_keys" == code(refused)


def test_a_key_says_nothing_in_an_episode_of_a_facility_that_another_key_speaks_for() -> None:
    theirs, court = "episode/mn-cook-jail.7", "episode/2026.00017"
    cook = command(enrolled(), agency="mn-cook-sheriff").enrol(
        "agency:mn-cook-sheriff", OTHER, ("mn-cook-jail",), SCOPE[1]
    )
    keys = AgencyKeys(recorded(enrolled(), cook))

    keys.judge(said(stream=court))
    with pytest.raises(InputRefused) as refused:
        keys.judge(said(stream=theirs))
    assert ("facility_not_the_keys", "the key does not speak for mn-cook-jail") == (code(refused), refused.value.what)


def test_a_synthetic_key_says_made_up_things_only() -> None:
    keys = AgencyKeys(recorded(enrolled(source=f"synthetic:{SHERIFF}")))

    keys.judge(said(source=f"synthetic:{SHERIFF}"))
    with pytest.raises(InputRefused) as refused:
        keys.judge(said())
    assert "source_not_the_keys" == code(refused)


def test_unsigned_events_are_taken_only_where_the_first_event_allows_it_and_of_no_source_that_has_a_key() -> None:
    allowed, unsigned = unsigned_allowed_event(MONDAY), admit(booked(1))
    AgencyKeys(recorded(allowed)).judge(unsigned)

    for given_events in ((), (enrolled(),), (booked(5), allowed), (allowed, enrolled())):
        with pytest.raises(InputRefused) as refused:
            AgencyKeys(recorded(*given_events)).judge(unsigned)
        assert "unsigned" == code(refused)


def test_an_event_that_names_a_key_and_is_not_signed_is_refused_everywhere() -> None:
    keys = AgencyKeys(recorded(unsigned_allowed_event(MONDAY)))

    with pytest.raises(InputRefused) as refused:
        keys.judge(said()._replace(signature=None))
    assert "unsigned" == code(refused)


ACTS = st.lists(st.sampled_from(["enrol", "rotate", "revoke", "other"]), max_size=12)


@settings(max_examples=100, deadline=None)
@given(ACTS)
def test_what_may_be_said_at_a_position_never_depends_on_what_comes_after_it(acts: list[str]) -> None:
    """Every act that is allowed goes into the log; at each position a second fold over the events so far agrees."""
    agency, log, verdicts = Agency(), [], []
    keys, seen = [agency.key.public], []
    for number, act in enumerate(acts):
        one = replace(command(*log), now=MONDAY + timedelta(minutes=number))
        try:
            log.append(_acted(one, act, keys))
        except InputRefused:
            continue
        verdicts.append({key.key_id: _may_speak(AgencyKeys(recorded(*log)), key) for key in keys})
        seen.append(len(log))
    for upto, verdict in zip(seen, verdicts, strict=True):
        known = AgencyKeys(event for event in recorded(*log) if event.position <= upto)
        assert {key_id: _may_speak(known, key) for key in keys if (key_id := key.key_id) in verdict} == verdict


def _acted(one: Command, act: str, keys: list[PublicKey]) -> bytes:
    if act == "enrol":
        return one.enrol(SOURCE, keys[-1], *SCOPE)
    if act == "rotate":
        keys.append(new_key().public)
        return one.rotate(keys[-2].key_id, keys[-1])
    if act == "revoke":
        return one.revoke(keys[0].key_id, "lost")
    return booked(len(keys))


def _may_speak(known: AgencyKeys, key: PublicKey) -> bool:
    try:
        known.judge(said(key))
    except InputRefused:
        return False
    return True
