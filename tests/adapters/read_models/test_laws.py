"""Laws of read models on two clocks, over random histories with late, corrected, retracted and moved events.

Every read model that the program keeps is under them: a new one is as soon as `Services.models` names it.

    a   in whatever order and steps the events came, once all are known the rows are the same
    b   what is known at a position never changes when later events come
    c   what is known at K1, with the difference of K1 and K2 applied, is what is known at K2
    d   what can be so only once at a time is so once, or a contradiction says why not
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from adapters.composition import services
from adapters.known import amendments
from adapters.read_models import projector
from adapters.read_models.projector import Projector, build_together
from adapters.read_models.sqlite_model import MEMORY, SqliteModel
from adapters.store.ledger import Ledger, system_clock
from domain.envelope import admit
from domain.events import handoff
from domain.events.record import EventCorrected
from domain.instants import microseconds
from projections import custody
from projections.amendments import Amendments
from projections.folding.now import rows_now
from projections.folding.table import Fold, holds_at
from projections.row_changes import row_changes
from tests.adapters.read_models.histories import HOUR, JAILS, events, histories, tellings
from tests.builders import MONDAY, body, booked, recorded, released

REGISTRY = services(Path("custody.db")).models().folds
FOLDS: tuple[Fold, ...] = tuple(REGISTRY.values())
CUSTODY = REGISTRY["custody"]
ONLY_ONE = {  # of an interval table: what of it is so only once at a time
    "custody": ("episode",),
    "holds": ("episode", "hold"),
    "detainers": ("detainer",),
    "overholds": ("episode",),
}
WHERE_IT_STANDS = (
    "said",
    "declined",
    "ends",
    "holds",
    "events",
    "event",
)  # columns that name events, or list them in the order of the log
LATER = microseconds(MONDAY + 20 * HOUR)
ELSEWHERE = {"facility": "mn-cook-jail", "subject": "s-1", "episode": "mn-cook-jail.9"}
ledgers = settings(max_examples=100, deadline=None)


@contextmanager
def ledger_of(bodies: list[bytes]) -> Iterator[Ledger]:
    with TemporaryDirectory() as directory:
        ledger = Ledger.create(Path(directory) / "custody.db")
        ledger.append([admit(one) for one in bodies], now=system_clock())
        yield ledger
        ledger.close()


def built(ledger: Ledger, fold: Fold, upto: int) -> SqliteModel:
    model = SqliteModel.create(MEMORY, fold)
    build_together(ledger, [model], upto)
    return model


def known(model: SqliteModel, position: int) -> dict[str, list[dict]]:
    """What a model knows at a position, without when it was known."""
    found = {}
    for table in model.fold.tables:
        rows = [{name: row[name] for name in table.columns} for row in model.rows(table.name, position)]
        found[table.name] = sorted(rows, key=str)
    return found


def lists(model: SqliteModel, position: int) -> dict[str, list[list[dict]]]:
    """Every list that a model gives of its tables, each in its order."""
    half = position // 2
    return {
        table.name: [
            list(model.rows(table.name, position)),
            list(model.rows(table.name, half)),
            list(model.history(table.name)),
            list(model.changed(table.name, half, position)),
            *([list(model.latest(table.name, position, jail, LATER)) for jail in JAILS] if table.listed_by else ()),
            model.page(table.name, position, None, "", 100),
        ]
        for table in model.fold.tables
    }


@ledgers
@given(histories(), st.integers(0, 20), st.integers(1, 5))
def test_live_folding_in_any_steps_gives_the_rows_of_a_rebuild(bodies: list[bytes], step: int, page: int) -> None:
    with ledger_of(bodies) as ledger:
        last = ledger.position()
        for fold in FOLDS:
            live = SqliteModel.create(MEMORY, fold)
            live.finish()
            with patch.object(projector, "PAGE_LIVE", page):
                one = Projector(ledger, live)
                one.catch_up(min(step, last))
                one.catch_up(last)
                Projector(ledger, live).catch_up(last)  # as after a restart

            rebuilt = built(ledger, fold, last)
            assert live.digest() == rebuilt.digest()
            assert lists(live, last) == lists(rebuilt, last)


@ledgers
@given(histories(), st.integers(1, 5))
def test_models_built_from_one_reading_of_the_log_have_the_rows_that_each_has_alone(
    bodies: list[bytes], page: int
) -> None:
    with ledger_of(bodies) as ledger:
        together = [SqliteModel.create(MEMORY, fold) for fold in FOLDS]
        with patch.object(projector, "PAGE_REBUILD", page):
            build_together(ledger, together, ledger.position())

        alone = [built(ledger, fold, ledger.position()).digest() for fold in FOLDS]
        assert alone == [model.digest() for model in together]


def test_an_event_that_was_moved_to_another_key_is_found_there_after_a_restart() -> None:
    first = booked(1)
    moved = {"facility": "mn-cook-jail", "subject": "s-1", "episode": "mn-cass-jail.1"}
    served = body(handoff.AdministrativeWarrantServed, "h-1", warrant="I-200", served_by="ice", **ELSEWHERE)
    corrected = body(
        EventCorrected,
        "r-1",
        correctionof=admit(served).envelope.id,
        reason="clerical",
        replacement={**moved, "warrant": "I-200", "served_by": "ice", "legal_custody_to": "us-ice"},
    )
    with ledger_of([first, served, corrected, released(1, at=MONDAY + 9 * HOUR)]) as ledger:
        live = SqliteModel.create(MEMORY, CUSTODY)
        for upto in (3, 4):
            Projector(ledger, live).catch_up(upto)

        assert "us-ice" in {row["legal_custodian"] for row in live.rows("custody", 4)}
        assert live.digest() == built(ledger, CUSTODY, 4).digest()


@ledgers
@given(histories(), st.integers(1, 14))
def test_a_restart_at_any_position_changes_no_row(bodies: list[bytes], stop: int) -> None:
    with ledger_of(bodies) as ledger:
        for fold in FOLDS:
            live = SqliteModel.create(MEMORY, fold)
            for upto in (min(stop, ledger.position()), ledger.position()):
                Projector(ledger, live).catch_up(upto)

            assert live.digest() == built(ledger, fold, ledger.position()).digest()


@ledgers
@given(histories(), st.integers(0, 3))
def test_a_rebuild_that_forgets_keys_gives_the_same_rows(bodies: list[bytes], kept: int) -> None:
    with ledger_of(bodies) as ledger:
        for fold in FOLDS:
            whole = built(ledger, fold, ledger.position())
            with patch.object(projector, "KEYS_IN_MEMORY", kept), patch.object(projector, "PAGE_REBUILD", 2):
                forgetful = built(ledger, fold, ledger.position())

            assert whole.digest() == forgetful.digest()


@ledgers
@given(histories(), st.integers(0, 14))
def test_a_past_view_never_changes_when_later_events_come(bodies: list[bytes], position: int) -> None:
    with ledger_of(bodies) as ledger:
        position = min(position, ledger.position())
        for fold in FOLDS:
            then, now = built(ledger, fold, position), built(ledger, fold, ledger.position())

            assert known(then, position) == known(now, position)


@ledgers
@given(histories(), st.integers(0, 14))
def test_what_is_known_at_a_position_is_what_its_events_give(bodies: list[bytes], position: int) -> None:
    with ledger_of(bodies) as ledger:
        position = min(position, ledger.position())
        events = list(amendments(ledger, position).apply(ledger.recorded(upto=position)))
        for fold in FOLDS:
            expected = {name: sorted(rows, key=str) for name, rows in rows_now(fold, events).items()}

            assert expected == known(built(ledger, fold, ledger.position()), position)


@ledgers
@given(histories(), st.integers(-5, 70), st.integers(0, 14))
def test_the_index_finds_just_the_rows_that_hold(bodies: list[bytes], hours: int, position: int) -> None:
    moment = microseconds(MONDAY + hours * HOUR)
    with ledger_of(bodies) as ledger:
        position = min(position, ledger.position())
        model = built(ledger, CUSTODY, ledger.position())
        for table in ("custody", "holds"):
            for jail in JAILS:
                held = [row for row in model.rows(table, position, {"facility": [jail]}) if holds_at(row, moment)]

                assert sorted(held, key=str) == sorted(model.holding(table, jail, moment, position), key=str)


@ledgers
@given(histories())
def test_the_short_way_for_plain_stays_gives_what_the_long_way_gives(bodies: list[bytes]) -> None:
    with ledger_of(bodies) as ledger:
        short = built(ledger, CUSTODY, ledger.position()).digest()
        with patch.object(custody, "_plain", lambda events: None):
            assert short == built(ledger, CUSTODY, ledger.position()).digest()


@pytest.mark.parametrize("fold", FOLDS, ids=lambda fold: fold.name)
def test_the_histories_tell_of_what_each_read_model_reads(fold: Fold) -> None:
    patient = settings(max_examples=2_000, deadline=None, database=None)
    assert find(events(1), lambda one: admit(one).envelope.type in fold.fields, settings=patient)


@ledgers
@given(st.data())
def test_in_whatever_order_events_came_the_same_is_so_once_all_are_known(data: st.DataObject) -> None:
    told = data.draw(tellings())
    other = data.draw(st.permutations(told))
    for fold in FOLDS:
        assert said(fold, told) == said(fold, other)


def said(fold: Fold, bodies: list[bytes]) -> dict[str, list[str]]:
    """What a fold gives, the events that it names told apart by their ids and not by where they stand."""
    log = recorded(*bodies)
    ids = {event.position: event.envelope.id for event in log}
    rows = rows_now(fold, Amendments(log).apply(log))
    return {name: sorted(str(_by_ids(row, ids)) for row in its) for name, its in rows.items()}


def _by_ids(row: dict, ids: dict[int, str]) -> dict:
    listed = {
        name: row[name] if isinstance(row[name], list) else [row[name]] for name in WHERE_IT_STANDS if row.get(name)
    }
    named = {
        name: sorted(
            ids[one] if isinstance(one, int) else str({**one, "event": ids.get(one.get("event"))}) for one in its
        )
        for name, its in listed.items()
    }
    return {**row, **named}


@ledgers
@given(histories(), st.integers(0, 14), st.integers(0, 14))
def test_a_view_with_the_difference_applied_is_the_other_view(bodies: list[bytes], one: int, other: int) -> None:
    with ledger_of(bodies) as ledger:
        before, after = min(one, ledger.position()), min(other, ledger.position())
        first, last = sorted((before, after))
        for fold in FOLDS:
            model = built(ledger, fold, ledger.position())
            views = known(model, before), known(model, after)
            for table in fold.tables:
                rows = views[0][table.name]
                for change in row_changes(table, model.changed(table.name, first, last), before, after):
                    if change.before:
                        rows.remove({name: change.before[name] for name in table.columns})
                    if change.after:
                        rows.append({name: change.after[name] for name in table.columns})
                    assert change.before != change.after
                    assert change.positions
                    assert all(first < position <= last for position in change.positions)

                assert sorted(rows, key=str) == views[1][table.name]


def test_of_every_table_whose_rows_hold_for_a_while_it_is_said_what_is_so_only_once() -> None:
    assert set(ONLY_ONE) == {table.name for fold in FOLDS for table in fold.tables if table.is_interval}


@ledgers
@given(histories(), st.integers(0, 14))
def test_what_can_be_so_only_once_at_a_time_is_so_once(bodies: list[bytes], position: int) -> None:
    with ledger_of(bodies) as ledger:
        position = min(position, ledger.position())
        for fold in FOLDS:
            model = built(ledger, fold, ledger.position())
            for table in fold.tables:
                if table.is_interval:
                    _assert_apart(model.rows(table.name, position), ONLY_ONE[table.name])


def _assert_apart(rows: Iterable[dict], one_of: tuple[str, ...]) -> None:
    found: dict[tuple, list[tuple]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in one_of), []).append((row["valid_from"], row["valid_to"]))
    for intervals in found.values():
        intervals.sort(key=lambda one: -(2**62) if one[0] is None else one[0])
        ends = [2**62 if one[1] is None else one[1] for one in intervals]
        assert all(end <= begins for end, (begins, _) in zip(ends, intervals[1:], strict=False))


@ledgers
@given(histories())
def test_an_episode_whose_times_cannot_be_right_has_a_contradiction_and_no_stay(bodies: list[bytes]) -> None:
    with ledger_of(bodies) as ledger:
        found = known(built(ledger, CUSTODY, ledger.position()), ledger.position())
        contradicted = {row["episode"] for row in found["custody_contradictions"]}

        assert not contradicted & {row["episode"] for row in found["custody"]}
