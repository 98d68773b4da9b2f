"""Determinations that are derived otherwise now than at the moment of the decision."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from projections.hindsight import Hindsight, in_hindsight
from tests.builders import MONDAY

POINT = "hold_past_release"


def row(position: int, status: str | None, *, acts: tuple[int, ...] = (), ref: str = "episode/e-1") -> dict[str, Any]:
    about = {"ref": ref, "position": position, "decision_point": POINT}
    if status is None:
        return {**about, "withdrawn": True}
    rules = [{"id": f"R-{status}", "standing": "stands"}, {"id": "R-other", "standing": "fails"}]
    done = [{"position": act} for act in acts]
    return {**about, "status": status, "at": MONDAY.isoformat(), "rules": rules, "done": done}


def hindsight(*rows: dict[str, Any], by_clock: int = 0) -> list[Hindsight]:
    def position_by(moment: datetime) -> int:
        assert timedelta() == moment - MONDAY
        return by_clock

    return list(in_hindsight(rows, position_by))


def test_what_came_after_the_act_was_recorded_differs_and_its_event_is_named() -> None:
    (one,) = hindsight(row(5, "permitted"), row(7, "permitted", acts=(7,)), row(12, "prohibited", acts=(7,)))

    assert (7, "permitted", "prohibited", [12]) == (one.moment, one.then, one.now, one.turns)
    assert (["R-permitted"], ["R-prohibited"]) == (one.rules_then, one.rules_now)


def test_what_was_known_when_the_act_was_recorded_counts_as_known_then() -> None:
    assert [] == hindsight(row(5, "permitted"), row(6, "prohibited", acts=(7,)))


def test_where_nothing_was_done_the_decisions_own_time_on_the_ledgers_clock_counts() -> None:
    rows = (row(5, "permitted"), row(8, "conflict"), row(12, "prohibited"))

    assert [(9, "conflict", [12])] == [(one.moment, one.then, one.turns) for one in hindsight(*rows, by_clock=9)]
    assert [(5, "permitted", [8, 12])] == [(one.moment, one.then, one.turns) for one in hindsight(*rows)]


def test_a_point_that_was_withdrawn_later_is_derived_as_nothing_now() -> None:
    (one,) = hindsight(row(5, "permitted", acts=(5,)), row(9, None))

    assert ("permitted", None, [], [9]) == (one.then, one.now, one.rules_now, one.turns)


def test_a_point_that_arose_again_is_decided_then() -> None:
    assert [] == hindsight(row(3, "prohibited"), row(4, None), row(6, "permitted"))


def test_a_status_that_came_back_does_not_differ() -> None:
    assert [] == hindsight(row(5, "permitted"), row(8, "prohibited"), row(9, "permitted"))


def test_cases_are_told_apart() -> None:
    rows = (row(5, "permitted"), row(6, "permitted", ref="episode/e-2"), row(8, "prohibited"))

    assert ["episode/e-1"] == [one.ref for one in hindsight(*rows)]
