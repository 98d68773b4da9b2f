"""The contract of kept read models, on a file and on every PostgreSQL: generations, swaps, crashes, other logs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import median_low

import psycopg
import pytest

from adapters.composition import Services, services
from adapters.places.register import minnesota_register
from adapters.read_models import projector
from adapters.read_models.answers import answering, in_memory, kept
from adapters.read_models.following import Follower
from adapters.read_models.models import Models
from adapters.read_models.projector import OnError, Projector
from adapters.read_models.rebuilding import build, shares
from adapters.read_models.rows import ModelRow, holding_at
from adapters.read_models.sqlite_model import SqliteModel
from adapters.simulator.run import simulate
from adapters.store.ledger import Ledger, system_clock
from domain.envelope import Submission, admit
from domain.errors import InputRefused, IntegrityProblem, LedgerUnavailable
from domain.events.record import EventCorrected
from domain.instants import Instant, microseconds
from projections.custody import STAYS
from projections.folding.seen import Seen
from projections.folding.table import Kind, Row, Table, holds_at
from projections.recorded import Recorded
from tests.builders import JAIL, MONDAY, body, booked, released, submissions
from tests.spots import DatabaseSpot, FileSpot, Spot

HOUR = timedelta(hours=1)


@contextmanager
def here(spot: Spot, events: Sequence[Submission]) -> Iterator[tuple[Services, Ledger]]:
    ledger = spot.ledger()
    ledger.append(events, now=system_clock())
    yield services(spot.place), ledger
    ledger.close()


def winter(count: int) -> list[Submission]:
    period = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}
    return [admit(one) for one in simulate(events=count, seed=3, register=minnesota_register(), **period)]


def rebuilt(models: Models, ledger: Ledger, name: str = "custody", on_error: OnError = OnError.PARK) -> int | None:
    with models.rebuilding([name]):
        build(models, ledger, name, on_error)
        return models.swap(name)


def test_followed_in_pages_or_built_at_once_every_model_has_the_same_rows(
    spot: Spot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "PAGE_LIVE", 300)
    events = winter(2_000)
    with here(spot, events[:700]) as (found, ledger):
        models = found.models()
        for name in models.folds:
            rebuilt(found.models(), ledger, name)
        ledger.append(events[700:], now=system_clock())
        for name in models.folds:
            live = kept(models, ledger, name, ledger.position())
            anew = in_memory(models, ledger, name, ledger.position())

            assert live is not None
            assert (ledger.position(), anew.digest()) == (live.position, live.digest())
            assert sum(live.counted().values()) > 10
            live.close()


def test_a_rebuild_that_lets_keys_go_has_the_same_rows(spot: Spot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "PAGE_REBUILD", 100)
    with here(spot, winter(2_000)) as (found, ledger):
        whole = {
            name: in_memory(found.models(), ledger, name, ledger.position()).digest() for name in found.models().folds
        }
        monkeypatch.setattr(projector, "KEYS_IN_MEMORY", 20)
        for name, digest in whole.items():
            rebuilt(found.models(), ledger, name)
            with answering(found.models(), ledger, name, ledger.position()) as model:
                assert digest == model.digest()


def test_a_new_generation_answers_only_once_it_is_whole_and_swapped_in(spot: Spot) -> None:
    with here(spot, submissions(3)) as (found, ledger):
        models = found.models()
        assert models.live_generation("custody") is None
        assert 1 == rebuilt(found.models(), ledger)

        with models.locked("custody"), models.building("custody") as (generation, _):
            assert (2, 1) == (generation, models.live_generation("custody"))
        assert 1 == models.swap("custody")

        assert 3 == rebuilt(found.models(), ledger)
        assert [3] == models.generations("custody")


def test_a_model_is_built_by_one_process_at_a_time(spot: Spot) -> None:
    with here(spot, submissions(1)) as (found, _):
        with (
            found.models().locked("custody"),
            pytest.raises(LedgerUnavailable) as refused,
            found.models().rebuilding(["detainers", "custody"]),
        ):
            pass
        assert "already_building" == refused.value.code

        with found.models().rebuilding(["detainers", "custody"]), found.models().building("custody") as (number, _):
            assert 1 == number


def test_a_builder_that_lost_its_lock_to_another_adds_nothing_to_what_that_one_builds(spot: Spot) -> None:
    with here(spot, submissions(3)) as (found, ledger):
        models = found.models()
        rebuilt(models, ledger)

        def meanwhile(_: int) -> None:
            rebuilt(found.models(), ledger)

        with pytest.raises(LedgerUnavailable):
            build(models, ledger, "custody", OnError.PARK, meanwhile)  # without the lock, as if the server had ended it

        assert [3] == models.generations("custody")
        with closing(models.live("custody", ledger)) as model, closing(in_memory(models, ledger, "custody", 3)) as anew:
            assert anew.digest() == model.digest()


def test_a_page_that_another_process_stored_first_is_not_stored_again(spot: Spot) -> None:
    with here(spot, submissions(3)) as (found, ledger):
        rebuilt(found.models(), ledger)
        ledger.append(submissions(4, start=4), now=system_clock())
        one, other = (found.models().live("custody", ledger) for _ in range(2))
        first, second = Projector(ledger, one), Projector(ledger, other)
        first.catch_up(5)
        second.catch_up(7)

        assert {"custody": 7} == {name: count for name, count in one.counted().items() if count}
        one.close()
        other.close()


def test_a_model_of_another_log_or_version_does_not_answer(spot: Spot, monkeypatch: pytest.MonkeyPatch) -> None:
    with here(spot, submissions(3)) as (found, ledger):
        rebuilt(found.models(), ledger)
        models = found.models()
        with closing(models.live("custody", ledger)) as model:
            assert 3 == model.position

        monkeypatch.setattr(Ledger, "root_at", lambda self, position: "00")
        assert models.live("custody", ledger) is None
        monkeypatch.undo()
        models.fold("custody").version = "other"
        assert models.live("custody", ledger) is None


def test_a_model_does_not_answer_for_a_log_that_differs_before_an_event_they_share(tmp_path: Path) -> None:
    one, other = FileSpot(tmp_path / "one.db"), FileSpot(tmp_path / "other.db")
    *few, last = submissions(5)
    with here(one, [*few[:2], last]) as (found, ledger):
        rebuilt(found.models(), ledger)
    (tmp_path / "one.db.models").rename(tmp_path / "other.db.models")  # as a ledger restored from a backup finds them

    with here(other, [*few[2:], last]) as (found, ledger):
        assert found.models().live("custody", ledger) is None


def test_the_rows_that_hold_at_a_moment_are_found_as_known_at_any_position(spot: Spot) -> None:
    with here(spot, winter(1_500)) as (found, ledger):
        rebuilt(found.models(), ledger)
        models = found.models()
        with answering(models, ledger, "custody", ledger.position()) as model:
            for facility in ("mn-hennepin-jail", "mn-ramsey-jail"):
                for hours, known in ((5, 1_500), (100, 1_500), (300, 900), (700, 400), (900, 1_499)):
                    moment = microseconds(MONDAY + (hours - 260) * HOUR)
                    held = [r for r in model.rows("custody", known, {"facility": [facility]}) if holds_at(r, moment)]

                    assert sorted(held, key=str) == sorted(model.holding("custody", facility, moment, known), key=str)


@pytest.mark.parametrize("is_newest", [True, False])
def test_what_holds_at_a_moment_is_looked_for_in_ranges_of_an_index_and_never_in_all_that_ever_was(
    tmp_path: Path, is_newest: bool
) -> None:
    path = tmp_path / "custody.db"
    with closing(SqliteModel.create(path, services(tmp_path / "none.db").models().fold("custody"))) as model:
        model.finish()
    statement = holding_at(STAYS, STAYS.name, 1, 1, is_newest=is_newest)
    with closing(sqlite3.connect(path)) as database:
        plan = database.execute(f"EXPLAIN QUERY PLAN {statement}", ["mn-cass-jail"] * statement.count("?"))
        found = [what for *_, what in plan if " t" in what]

    assert (
        found
        == [
            "SEARCH t USING INDEX custody_now (facility=? AND reach=? AND valid_from>? AND valid_from<?)",
            "SEARCH t USING INDEX custody_now (facility=? AND reach=? AND valid_from=?)",
            "SEARCH t USING INDEX custody_past (facility=? AND known_reach=? AND known_from>? AND known_from<?)",
        ][: 2 if is_newest else 3]
    )


LISTED = (("custody", "custody"), ("handoffs", "handoffs"), ("handoffs", "pickups"), ("duties", "duties"))


@pytest.mark.parametrize(("name", "table"), LISTED)
def test_the_latest_rows_of_a_facility_come_in_one_order_as_known_at_any_position(
    spot: Spot, monkeypatch: pytest.MonkeyPatch, name: str, table: str
) -> None:
    monkeypatch.setattr(projector, "PAGE_LIVE", 130)
    with here(spot, winter(1_500)) as (found, ledger):
        rebuilt(found.models(), ledger, name)
        models = found.models()
        with answering(models, ledger, name, 1_500) as model, closing(in_pages(models, ledger, name)) as followed:
            described = next(one for one in model.fold.tables if one.name == table)
            by = described.listed_by
            for known in (1_500, 800):
                every = list(model.rows(table, known))
                moment = median_low(row[by] for row in every if row[by] is not None)
                begun = [row for row in every if row[by] is None or row[by] <= moment]
                assert 0 < len(begun) < len(every)
                for facility in {row["facility"] for row in every}:
                    latest = list(model.latest(table, known, facility, moment))
                    moments = [row[by] for row in latest if row[by] is not None]

                    assert sorted((row for row in begun if row["facility"] == facility), key=str) == sorted(
                        latest, key=str
                    )
                    assert sorted(moments, reverse=True) == moments
                    assert [None] * (len(latest) - len(moments)) == [row[by] for row in latest[len(moments) :]]
                    again = followed.latest(table, known, facility, moment)
                    assert values(described, latest) == values(described, again)


def in_pages(models: Models, ledger: Ledger, name: str) -> SqliteModel:
    """Return the model as it is when the log was followed a page at a time."""
    model = in_memory(models, ledger, name, 0)
    Projector(ledger, model).catch_up(ledger.position())
    return model


def values(table: Table, rows: Iterable[ModelRow]) -> list[list[object]]:
    return [[row[name] for name in table.columns] for row in rows]


def test_the_latest_are_read_no_further_than_somebody_wants(spot: Spot) -> None:
    with here(spot, winter(1_500)) as (found, ledger):
        rebuilt(found.models(), ledger)
        with answering(found.models(), ledger, "custody", 1_500) as model:
            latest = model.latest("custody", 1_500, "mn-hennepin-jail", microseconds(MONDAY + 900 * HOUR))
            first = next(latest)
            latest.close()

            assert first["valid_from"] == max(
                row["valid_from"] for row in model.rows("custody", 1_500, {"facility": ["mn-hennepin-jail"]})
            )


def test_an_answer_as_known_earlier_stays_the_same_when_more_is_known(spot: Spot) -> None:
    with here(spot, [admit(booked(1))]) as (found, ledger):
        rebuilt(found.models(), ledger)
        ledger.append([admit(released(1, at=MONDAY + HOUR))], now=system_clock())
        moment = microseconds(MONDAY + 2 * HOUR)
        with answering(found.models(), ledger, "custody", 2) as model:
            assert [] == model.holding("custody", JAIL, moment, 2)
            assert ["mn-cass-jail.1"] == [row["episode"] for row in model.holding("custody", JAIL, moment, 1)]


def test_models_that_are_first_built_at_once_do_not_stand_in_each_others_way(spot: Spot) -> None:
    with here(spot, submissions(1)) as (found, _):

        def begun(name: str) -> int:
            models = found.models()
            with models.rebuilding([name]), models.building(name) as (generation, _):
                return generation

        names = list(found.models().folds)
        with ThreadPoolExecutor(len(names)) as pool:
            assert [1] * len(names) == list(pool.map(begun, names))


class Chokes:
    """A fold that cannot take the second event."""

    name = "chokes"
    kind = "episode"
    version = "1"
    tables = (Table("seen", {"episode": Kind.TEXT}, "episodes that were taken"),)
    fields: Mapping[str, Sequence[str]] = {"custody.subject_booked": ()}

    def keys(self, seen: Seen) -> Sequence[str]:
        return (seen.stream_id,)

    def rows(self, key: str, events: Sequence[Seen]) -> list[Row]:  # noqa: ARG002 - what a fold takes
        if key.endswith(".2"):
            raise ZeroDivisionError("poison")
        return [("seen", (key,))]


class Swallows(Chokes):
    """The same, mended."""

    version = "2"

    def rows(self, key: str, events: Sequence[Seen]) -> list[Row]:  # noqa: ARG002 - what a fold takes
        return [("seen", (key,))]


class Keyless(Swallows):
    """A fold that cannot tell whom a booking is about."""

    fields: Mapping[str, Sequence[str]] = {"custody.subject_booked": (), "custody.released_to_community": ()}

    def keys(self, seen: Seen) -> Sequence[str]:
        if seen.type == "custody.subject_booked":
            raise ZeroDivisionError("poison")
        return (seen.stream_id,)


def test_an_event_that_cannot_be_folded_is_parked_or_stops_the_model_by_choice(spot: Spot) -> None:
    with here(spot, submissions(3)) as (found, ledger):
        models = found.models()
        models.folds = {"chokes": Chokes()}
        rebuilt(models, ledger, "chokes")
        with answering(models, ledger, "chokes", 3) as model:
            assert ["mn-cass-jail.1", "mn-cass-jail.3"] == [row["episode"] for row in model.rows("seen", 3)]
            assert [(2, "ZeroDivisionError: poison")] == model.parked()

        with pytest.raises(IntegrityProblem, match=r"'chokes' cannot take .* ZeroDivisionError: poison") as stopped:
            rebuilt(models, ledger, "chokes", OnError.STOP)
        assert ("not_folded", "position 2") == (stopped.value.code, stopped.value.where)
        assert 1 == models.live_generation("chokes")


def test_a_parked_event_is_tried_again_by_a_new_version_of_the_fold(spot: Spot) -> None:
    with here(spot, submissions(3)) as (found, ledger):
        models = found.models()
        models.folds = {"chokes": Chokes()}
        follow_once(models, ledger, "chokes")
        follow_once(models, ledger, "chokes")
        with answering(models, ledger, "chokes", 3) as model:
            assert [2] == [position for position, _ in model.parked()]

        models.folds = {"chokes": Swallows()}
        follow_once(models, ledger, "chokes")
        with answering(models, ledger, "chokes", 3) as model:
            assert ([], 3) == (model.parked(), model.counted()["seen"])


def follow_once(models: Models, ledger: Ledger, name: str) -> None:
    Follower(models, ledger, [name], OnError.PARK, lambda: False).catch_up()


def test_an_event_without_keys_that_can_be_told_is_parked_also_where_its_case_is_read_again(spot: Spot) -> None:
    bodies = [admit(booked(1)), admit(released(1, at=MONDAY + HOUR)), admit(released(1, at=MONDAY + 2 * HOUR))]
    with here(spot, bodies) as (found, ledger):
        models = found.models()
        models.folds = {"chokes": Keyless()}
        digests = set()
        for steps in ((1, 2, 3), (3,)):
            with models.rebuilding(["chokes"]), models.building("chokes") as (_, model):
                for upto in steps:
                    Projector(ledger, model).catch_up(upto)
                assert [1] == [position for position, _ in model.parked()]
                digests.add(model.digest())
        assert 1 == len(digests)


def test_a_log_that_cannot_be_read_parks_nothing(spot: Spot, monkeypatch: pytest.MonkeyPatch) -> None:
    first = admit(booked(1))
    corrected = body(
        EventCorrected, "r-1", correctionof=first.id, reason="clerical", replacement_time=Instant.unknown().as_json()
    )
    with here(spot, [first]) as (found, ledger):
        follow_once(found.models(), ledger, "custody")
        ledger.append([admit(corrected)], now=system_clock())

        def away(*arguments: object, **keywords: object) -> list[Recorded]:
            raise LedgerUnavailable("connection_lost", "the connection was lost")

        with closing(found.models().live("custody", ledger)) as model:
            projector = Projector(ledger, model)
            monkeypatch.setattr(Ledger, "raw_about", away)
            with pytest.raises(LedgerUnavailable):
                projector.catch_up(2)
            monkeypatch.undo()
            assert ([], 1) == (model.parked(), model.position)

            projector.catch_up(2)
            assert 2 == model.position
            with closing(in_memory(found.models(), ledger, "custody", 2)) as anew:
                assert anew.digest() == model.digest()


def test_a_model_that_is_replaced_meanwhile_is_followed_in_its_new_generation(spot: Spot) -> None:
    with here(spot, submissions(3)) as (found, ledger):
        models = found.models()
        models.folds = {"custody": found.custody()}
        done: list[int] = []

        def is_stopped() -> bool:
            """Replace the model as soon as it was followed; then append, and stop once that is folded."""
            generation = models.live_generation("custody")
            if generation == 1 and position_of(models) == 3:
                rebuilt(found.models(), ledger)
                ledger.append(submissions(2, start=4), now=system_clock())
            if generation == 2 and position_of(models) == 5:
                done.append(5)
            return bool(done)

        rebuilt(found.models(), ledger)
        Follower(models, ledger, ["custody"], OnError.PARK, is_stopped).run()

        assert ([2], [5]) == (models.generations("custody"), done)


def position_of(models: Models) -> int:
    with closing(models.open("custody", models.live_generation("custody") or 0)) as model:
        return model.position


def test_a_swap_goes_on_where_somebody_reads_the_old_model_and_a_later_one_removes_it(database: DatabaseSpot) -> None:
    with here(database, submissions(3)) as (found, ledger):
        models = found.models()
        rebuilt(models, ledger)
        with (
            closing(models.live("custody", ledger)) as old,
            closing(psycopg.connect(database.address)) as reader,
        ):
            reader.execute("SELECT FROM custody_models.custody_1_custody")  # its transaction stays open, as an export's
            assert 2 == rebuilt(models, ledger)
            assert ([1, 2], 2, False) == (
                models.generations("custody"),
                models.live_generation("custody"),
                old.is_there(),
            )
        assert 3 == rebuilt(models, ledger)
        assert [3] == models.generations("custody")


def test_what_was_begun_and_failed_takes_no_space(spot: Spot) -> None:
    with here(spot, submissions(3)) as (found, ledger):
        models = found.models()
        rebuilt(found.models(), ledger)

        def fail() -> None:
            with models.rebuilding(["custody", "detainers"]), models.building("custody"):
                assert [1, 2] == models.generations("custody")
                raise LedgerUnavailable("disk_full", "no space left")

        with pytest.raises(LedgerUnavailable):
            fail()
        assert [1] == models.generations("custody")


def test_where_models_cannot_be_written_the_log_still_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger.create(tmp_path / "custody.db")
    ledger.append(submissions(3), now=system_clock())
    found = services(tmp_path / "custody.db")
    rebuilt(found.models(), ledger)
    ledger.append(submissions(2, start=4), now=system_clock())

    def refuses(*arguments: object, **keywords: object) -> bool:
        raise LedgerUnavailable("read_only", "the folder cannot be written")

    monkeypatch.setattr("adapters.read_models.model.Model.write", refuses)

    assert kept(found.models(), ledger, "custody", 5) is None
    ledger.close()


def test_models_are_shared_out_so_that_each_process_has_about_the_same_to_do() -> None:
    costs = {"a": 7.0, "b": 2.0, "c": 2.5, "d": 5.0, "e": 4.0}

    assert [["d", "e", "b"], ["a", "c"]] == shares(costs, 2)
    assert [["a"], ["b"]] == shares({"a": 2.0, "b": 1.0}, 2)


def test_an_unknown_read_model_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputRefused, match="custody, departures, detainers, duties, handoffs, overholds") as refused:
        services(Path("custody.db")).models().fold("weather")

    assert "unknown_read_model" == refused.value.code
