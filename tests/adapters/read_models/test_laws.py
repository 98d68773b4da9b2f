"""Laws of read models on two clocks, over random histories with late, corrected, retracted and moved events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.composition import amendments
from adapters.read_models import projector
from adapters.read_models.projector import Projector
from adapters.read_models.sqlite_model import MEMORY, SqliteModel
from adapters.store.ledger import Ledger, system_clock
from domain.envelope import admit
from domain.events import handoff
from domain.events.record import EventCorrected
from domain.instants import microseconds
from projections import custody
from projections.custody import Custody
from projections.departures import Departures
from projections.detainers import Detainers
from projections.duties import Duties
from projections.folding import folder
from projections.folding.now import rows_now
from projections.folding.table import Fold, holds_at
from projections.handoffs import Handoffs
from projections.overholds import Overholds
from tests.adapters.read_models.histories import HOUR, JAILS, histories
from tests.builders import MONDAY, body, booked, released

FOLDS: tuple[Fold, ...] = (
    Custody(dict.fromkeys(JAILS, "sheriff")),
    Handoffs(),
    Detainers(),
    Overholds(),
    Duties(),
    Departures(),
)
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
    Projector(ledger, model).build(upto)
    return model


def known(model: SqliteModel, position: int) -> dict[str, list[dict]]:
    """What a model knows at a position, without when it was known."""
    found = {}
    for table in model.fold.tables:
        rows = [{name: row[name] for name in table.columns} for row in model.rows(table.name, position)]
        found[table.name] = sorted(rows, key=str)
    return found


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

            assert live.digest() == built(ledger, fold, last).digest()


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
        live = SqliteModel.create(MEMORY, FOLDS[0])
        for upto in (3, 4):
            Projector(ledger, live).catch_up(upto)

        assert "us-ice" in {row["legal_custodian"] for row in live.rows("custody", 4)}
        assert live.digest() == built(ledger, FOLDS[0], 4).digest()


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
            with patch.object(folder, "KEYS_KEPT", kept), patch.object(projector, "PAGE_REBUILD", 2):
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
        model = built(ledger, FOLDS[0], ledger.position())
        for table in ("custody", "holds"):
            for jail in JAILS:
                held = [row for row in model.rows(table, position, {"facility": [jail]}) if holds_at(row, moment)]

                assert sorted(held, key=str) == sorted(model.holding(table, jail, moment, position), key=str)


@ledgers
@given(histories())
def test_the_short_way_for_plain_stays_gives_what_the_long_way_gives(bodies: list[bytes]) -> None:
    with ledger_of(bodies) as ledger:
        short = built(ledger, FOLDS[0], ledger.position()).digest()
        with patch.object(custody, "_plain", lambda events: None):
            assert short == built(ledger, FOLDS[0], ledger.position()).digest()


@ledgers
@given(histories())
def test_nobody_is_in_one_episode_at_two_places_at_once(bodies: list[bytes]) -> None:
    with ledger_of(bodies) as ledger:
        model = built(ledger, FOLDS[0], ledger.position())
        stays: dict[str, list[tuple]] = {}
        for row in model.rows("custody", ledger.position()):
            stays.setdefault(row["episode"], []).append((row["valid_from"], row["valid_to"]))

        for intervals in stays.values():
            intervals.sort(key=lambda one: -(2**62) if one[0] is None else one[0])
            ends = [2**62 if one[1] is None else one[1] for one in intervals]
            assert all(end <= begins for end, (begins, _) in zip(ends, intervals[1:], strict=False))
