"""The log keeps what it accepted: positions, bytes, hashes, receipts."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from eventsourcing.persistence import IntegrityError as LibraryIntegrityError

from adapters.store.ledger import Ledger, system_clock
from adapters.store.mapper import Fact
from adapters.store.recording import Equivocation, Receipt, Reject
from domain.envelope import Submission, admit
from domain.errors import IntegrityProblem, LedgerUnavailable
from domain.events.episode import ReleasedToCommunity
from projections.folding.seen import RawEvent
from tests.builders import JAIL, MONDAY, body, booked, released, submissions
from tests.spots import Spot


def receipts(ledger: Ledger, several: list) -> list[Receipt]:
    return ledger.append(several, now=system_clock())


def test_positions_count_from_one_without_gaps(ledger: Ledger) -> None:
    first = receipts(ledger, submissions(3))
    second = receipts(ledger, submissions(2, start=4))

    assert [1, 2, 3, 4, 5] == [receipt.position for receipt in first + second]
    assert [1, 2, 3, 4, 5] == [event.position for event in ledger.recorded()]


def test_the_stored_bytes_are_those_received_and_the_leaf_is_rfc_9162(ledger: Ledger) -> None:
    body = booked()
    receipt = receipts(ledger, [admit(body)])[0]

    row = ledger.facts.rows("SELECT state, leaf_hash, signature FROM stored_events")[0]

    assert body == bytes(row["state"])
    assert hashlib.sha256(b"\x00" + body).digest() == row["leaf_hash"] == receipt.leaf
    assert row["signature"] is None


def test_a_signature_is_kept_beside_the_bytes(ledger: Ledger) -> None:
    ledger.append([admit(booked(), signature=b"\x01" * 64)], now=system_clock())

    row = ledger.facts.rows("SELECT state, signature FROM stored_events")[0]

    assert row["signature"] == b"\x01" * 64
    assert b"signature" not in bytes(row["state"])


def test_the_same_bytes_again_give_the_first_receipt_back(ledger: Ledger) -> None:
    event = admit(booked())
    first = receipts(ledger, [event])[0]

    again = ledger.append([event], now=system_clock() + timedelta(days=1))[0]

    assert (first.position, first.leaf, first.recorded_us) == (again.position, again.leaf, again.recorded_us)
    assert first.is_new
    assert not again.is_new
    assert ledger.position() == 1


def test_a_repeat_is_found_wherever_its_id_stands_among_those_that_are_there(ledger: Ledger) -> None:
    early, late = admit(booked(8, at=MONDAY - timedelta(days=9))), admit(booked(9, at=MONDAY + timedelta(days=9)))
    smallest, *_, largest = there = submissions(5)
    receipts(ledger, there)

    outcomes = receipts(ledger, [late, largest, early, there[2], smallest])

    assert early.id < smallest.id < largest.id < late.id
    assert [(6, True), (5, False), (7, True), (3, False), (1, False)] == [(o.position, o.is_new) for o in outcomes]


def test_a_repetition_within_one_batch_is_stored_once(ledger: Ledger) -> None:
    event = admit(booked())

    outcomes = receipts(ledger, [event, event, admit(booked(2))])

    assert [(1, True), (1, False), (2, True)] == [(o.position, o.is_new) for o in outcomes]


def test_the_same_id_with_other_bytes_is_refused_and_names_the_first(ledger: Ledger) -> None:
    first = booked()
    other = first.replace(b"s-1", b"s-9")
    receipts(ledger, [admit(first)])

    outcome = receipts(ledger, [admit(other)])[0]

    assert isinstance(outcome, Equivocation)
    assert outcome.first.position == 1
    assert [first] == [bytes(row["state"]) for row in ledger.facts.rows("SELECT state FROM stored_events")]


def test_the_same_id_from_another_source_is_another_event(ledger: Ledger) -> None:
    ours = booked()
    theirs = ours.replace(b"agency:mn-cass-sheriff", b"agency:us-ice")

    outcomes = receipts(ledger, [admit(ours), admit(theirs)])

    assert [1, 2] == [outcome.position for outcome in outcomes]


@pytest.mark.parametrize(
    ("table", "column"),
    [("stored_events", "recorded_at"), ("event_refs", "era"), ("tree_heads", "size"), ("rejects", "recorded_at")],
)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = 1", "DELETE FROM {0}"])
def test_every_table_refuses_update_and_delete(
    ledger: Ledger, spot: Spot, table: str, column: str, statement: str
) -> None:
    ledger.append(submissions(1), now=system_clock(), rejects=[a_reject()])

    with pytest.raises(spot.refused, match=r"never|append-only"):
        spot.run(statement.format(table, column))


@pytest.mark.parametrize("position", [-5, 0, 1, 3, 7])
def test_only_the_next_position_can_be_written_behind_the_program(ledger: Ledger, spot: Spot, position: int) -> None:
    receipts(ledger, submissions(1))

    with pytest.raises(spot.refused, match=r"append-only|duplicate key"):
        spot.run(copied_to(position))

    spot.run(copied_to(2))


def copied_to(position: int) -> str:
    """Return what stores the first event once more, with another id."""
    columns = "recorded_at, leaf_hash, originator_id, topic, state, source"
    return (
        f"INSERT INTO stored_events (position, event_id, {columns}) "
        f"SELECT {position}, 'other', {columns} FROM stored_events WHERE position = 1"
    )


def test_a_tree_head_only_grows(ledger: Ledger, spot: Spot) -> None:
    receipts(ledger, submissions(3))

    with pytest.raises(spot.refused, match="append-only"):
        spot.run("INSERT INTO tree_heads (size, root, peaks, recorded_at) SELECT 2, root, peaks, 9 FROM tree_heads")


def a_reject() -> Reject:
    return Reject("schema", "data.subject", "wrong", "file.jsonl", 1, b"{}", b"\x00" * 32)


def test_an_aggregate_save_through_the_library_is_all_or_nothing(ledger: Ledger) -> None:
    known, new = submissions(2)
    receipts(ledger, [known])

    with pytest.raises(LibraryIntegrityError):
        ledger.save(Fact(new.envelope.subject, None, new), Fact(known.envelope.subject, None, known), now_us=0)

    assert ledger.position() == 1


def test_the_librarys_own_save_and_event_store_write_and_read_an_aggregate(ledger: Ledger) -> None:
    fact, *decisions = [*submissions(1), admit(booked(9)), admit(released(9))]
    stream = decisions[0].envelope.subject

    ledger.save(Fact(fact.envelope.subject, None, fact), now_us=0)
    recordings = ledger.save(*(Fact(stream, version, event) for version, event in enumerate(decisions, 1)), now_us=0)

    assert [2, 3] == [recording.notification.id for recording in recordings]
    assert [event.body for event in decisions] == [event.submission.body for event in ledger.events.get(stream)]


def test_two_decisions_on_the_same_version_of_an_aggregate_conflict(ledger: Ledger) -> None:
    first, second = admit(booked()), admit(released())
    stream = first.envelope.subject

    ledger.save(Fact(stream, 1, first), now_us=0)

    with pytest.raises(LibraryIntegrityError):
        ledger.save(Fact(stream, 1, second), now_us=0)
    versions = [row["originator_version"] for row in ledger.facts.rows("SELECT originator_version FROM stored_events")]
    assert [1] == versions


def test_an_aborted_batch_leaves_nothing_half_written(ledger: Ledger, spot: Spot) -> None:
    receipts(ledger, submissions(1))
    spot.run(spot.failing_trigger)

    with pytest.raises(LedgerUnavailable):
        receipts(ledger, submissions(5, start=2))

    tables = ("stored_events", "event_refs", "tree_heads")
    assert [1, 3, 1] == [ledger.facts.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in tables]


def test_what_is_about_a_reference_is_its_stream_and_its_mentions(ledger: Ledger) -> None:
    receipts(ledger, [admit(booked(1)), admit(booked(2)), admit(released(1))])

    assert [1, 3] == [event.position for event in ledger.about(["episode/mn-cass-jail.1"])]
    assert [1, 2, 3] == [event.position for event in ledger.about(["facility/mn-cass-jail"])]
    assert [1] == [event.position for event in ledger.about(["subject/s-1"], upto=2)]


def test_the_ledgers_time_never_runs_backwards(ledger: Ledger) -> None:
    ledger.append(submissions(1), now=MONDAY)
    ledger.append(submissions(1, start=2), now=MONDAY - timedelta(days=3))
    ledger.append(submissions(1, start=3), now=MONDAY + timedelta(hours=1))

    times = [event.recorded_at for event in ledger.recorded()]

    assert [MONDAY, MONDAY, MONDAY + timedelta(hours=1)] == times
    assert [0, 2, 3] == [ledger.position_known_by(MONDAY + timedelta(hours=h)) for h in (-1, 0, 2)]


def test_a_type_outside_the_catalogue_is_named_not_imported(ledger: Ledger, spot: Spot) -> None:
    receipts(ledger, submissions(1))
    spot.tamper("UPDATE stored_events SET topic = 'antigravity:fly'")

    with pytest.raises(IntegrityProblem, match="antigravity:fly"):
        list(ledger.recorded())


def test_pages_are_cut_by_topic_position_and_limit(ledger: Ledger) -> None:
    receipts(ledger, [admit(booked(1)), admit(released(1)), admit(booked(2)), admit(released(2))])

    def positions(**asked) -> list[int]:
        return [row["position"] for row in ledger.event_rows(**asked)]

    assert [2, 3] == positions(after=1, upto=3)
    assert [2, 4] == positions(topics=["custody.released_to_community"])
    assert [] == positions(topics=["instrument.agreement_listed"])
    assert [1, 2, 3, 4] == positions(topics=["custody.released_to_community", "custody.subject_booked"])
    assert [1, 2] == positions(limit=2)
    assert [] == positions(limit=0)


def test_an_event_is_found_by_its_source_and_id(ledger: Ledger) -> None:
    event = submissions(1)[0]
    receipts(ledger, [event])

    assert event.stream == ledger.stream_of(event.source, event.id)
    assert ledger.stream_of("agency:us-ice", event.id) is None


def test_references_are_listed_by_kind_in_the_order_of_their_characters(ledger: Ledger) -> None:
    receipts(ledger, [admit(booked(n, facility=place)) for n in (2, 10) for place in ("mn-cass-jail", "mn-cass-a")])

    found = ledger.refs_of(["episode"])

    assert ["mn-cass-a.10", "mn-cass-a.2", "mn-cass-jail.10", "mn-cass-jail.2"] == [r.split("/")[1] for r in found]
    assert ["facility/mn-cass-a", "facility/mn-cass-jail"] == ledger.refs_of(["facility"])
    assert 6 == len(ledger.refs_of(["facility", "episode"]))


def test_the_latest_time_an_agency_told_leaves_out_what_had_not_happened_yet(ledger: Ledger) -> None:
    def told(number: int, agency: str, hours: int) -> Submission:
        who, at = {"facility": JAIL, "subject": "s-1"}, MONDAY + timedelta(hours=hours)
        return admit(body(ReleasedToCommunity, f"e-{number}", agency=agency, at=at, **who))

    by_ice = [told(1, "us-ice-spm", 1), told(2, "us-ice-spm", 2), told(3, "us-ice-spm", 90)]
    ledger.append([*by_ice, told(4, "mn-us-ice", 3)], now=MONDAY + timedelta(hours=4))

    def latest(agency: str, upto: int) -> datetime | None:
        return ledger.latest_told([ReleasedToCommunity.TYPE], agency, upto=upto)

    assert MONDAY + timedelta(hours=2) == latest("us-ice", 4)
    assert MONDAY + timedelta(hours=1) == latest("us-ice", 1)
    assert latest("us-dhs", 4) is None


def test_the_same_refusal_is_kept_once_and_its_words_whatever_they_are(ledger: Ledger) -> None:
    nasty = replace(a_reject(), reason="a NUL \0, a tab \t and a \\ in it", field="ü")

    for _ in range(2):
        ledger.append([], now=MONDAY, rejects=[nasty, a_reject()])

    kept = ledger.facts.rows("SELECT field, reason FROM rejects ORDER BY reject_id")
    assert ["ü", "data.subject"] == [row["field"] for row in kept]
    assert kept[0]["reason"].startswith("a NUL ")
    assert kept[0]["reason"].endswith(", a tab \t and a \\ in it")


def test_references_of_several_eras_are_all_found(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.store.recording.ERA_BITS", 2)

    for start in range(1, 40, 3):
        receipts(ledger, submissions(3, start=start))

    assert list(range(1, 40)) == [event.position for event in ledger.about(["facility/mn-cass-jail"])]
    assert [30] == [event.position for event in ledger.about(["subject/s-30"])]


def test_events_are_read_by_their_positions_their_id_and_as_folds_read_them(ledger: Ledger) -> None:
    events = [admit(booked(1)), admit(released(1)), admit(booked(2))]
    stored = receipts(ledger, events)
    second = events[1]

    assert [1, 3] == [event.position for event in ledger.at([3, 1, 9])]
    wanted = [second.id, events[0].id, "not-there"]
    assert [as_read(1, events[0]), as_read(2, second)] == sorted(ledger.raw_published(wanted, upto=2))
    assert [second.id] == [e.envelope.id for e in ledger.published(wanted, topics=[second.type], upto=2)]
    assert [] == ledger.published([second.id], topics=[second.type], upto=1)
    assert stored[2].leaf.hex() == ledger.leaf_at(3)
    assert "" == ledger.leaf_at(4)
    of_first = ledger.raw_about([events[0].stream], topics=[events[0].type], upto=3)
    assert [as_read(1, events[0])] == of_first
    assert [as_read(2, second)] == ledger.raw_events(after=1, upto=3, topics=[second.type])


def as_read(position: int, event: Submission) -> RawEvent:
    occurred = event.occurred_earliest, event.occurred_latest
    return (position, event.stream, event.type, event.source, event.id, *occurred, event.body)


def test_who_waits_for_more_is_told_how_far_the_log_is(ledger: Ledger) -> None:
    receipts(ledger, submissions(2))

    assert [2, 2] == [ledger.wait_beyond(1, 60), ledger.wait_beyond(2, 0.01)]


def test_nothing_that_another_program_appends_falls_between_looking_and_waiting(spot: Spot) -> None:
    ours = spot.ledger()
    other = Ledger.open_to_write(spot.place)
    with closing(ours.facts.notices()) as notices:
        notices.wait(0)  # from now on it listens
        receipts(other, submissions(1))
        notices.wait(600)  # and was told already
        assert 1 == ours.position()

        with ThreadPoolExecutor(1) as pool:
            woken = pool.submit(notices.wait, 600)
            receipts(other, submissions(1, start=2))
            woken.result()
        assert 2 == ours.position()
    ours.close()
    other.close()
