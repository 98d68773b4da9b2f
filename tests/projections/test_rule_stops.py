"""What courts stopped, as the log tells it: which rule had no force when, and what a decision then is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.rules.packs import minnesota_rules
from domain.events import instrument
from domain.instants import MINNESOTA, Instant
from domain.rules.stops import Stop
from projections.decisions import decisions
from projections.rule_stops import rule_stops
from tests.builders import body, recorded
from tests.projections.test_decisions import CUSTODIANS, LISTS, Case

RULE = "MN-HENNEPIN-2021"
JAIL = Case("mn-hennepin-jail")
HELD = (JAIL.form(), JAIL.hold(), JAIL.eligible())


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MINNESOTA)


def stopped(since: str, rule: str = RULE) -> bytes:
    return body(
        instrument.RuleSuspendedByCourt, "i-1", at=day(since), agency="mn-courts", rule=rule, court="District Court"
    )


def back(since: str) -> bytes:
    return body(instrument.RuleReinstated, "i-1", at=day(since), agency="mn-courts", rule=RULE)


def ended(at: Instant) -> bytes:
    return body(
        instrument.RuleTerminated, "i-1", at=day("2026-02-01"), agency="registrar", rule=RULE, ended=at.as_json()
    )


def hold(*told: bytes) -> dict[str, Any]:
    made = decisions(
        recorded(*HELD),
        "episode/e-1",
        minnesota_rules(),
        agreements=LISTS,
        custodians=CUSTODIANS,
        stops=rule_stops(recorded(*told)),
    )
    return next(d.as_json() for d in made if d.determination.decision_point.value == "hold_past_release")


def policy(decision: dict[str, Any]) -> dict[str, Any]:
    return next(rule for rule in decision["rules"] if rule["id"] == RULE)


def test_a_rule_suspended_by_a_court_stays_in_the_trace_and_says_so() -> None:
    found = policy(hold(stopped("2026-01-10")))
    assert (found["applies"], found["why"][0]["id"]) == (False, "not-suspended")
    assert found["why"][0]["says"] == "not suspended then: District Court"


def test_a_rule_applies_before_its_suspension_and_after_it_was_reinstated() -> None:
    assert policy(hold(stopped("2026-01-20")))["applies"] is True
    assert policy(hold(stopped("2026-01-05"), back("2026-01-12")))["applies"] is True
    assert policy(hold(stopped("2026-01-05"), back("2026-01-20")))["applies"] is False


def test_an_end_known_only_between_two_dates_leaves_the_rule_unknown() -> None:
    around = ended(Instant.between(day("2026-01-10"), day("2026-01-20")))
    found = policy(hold(around))
    assert (found["applies"], found["missing"]) == ("unknown", [f"terminated:{RULE}"])
    assert policy(hold(ended(Instant.exact(day("2026-01-02")))))["applies"] is False


def test_a_second_suspension_is_not_over_by_the_reinstatement_after_the_first() -> None:
    told = (stopped("2025-03-01"), back("2025-05-01"), stopped("2026-01-05"))
    first, second = rule_stops(recorded(*told))[RULE]
    assert first.period.end == Instant.exact(day("2025-05-01"))
    assert second.period.end is None
    assert policy(hold(*told))["applies"] is False


def test_a_reinstatement_ends_every_suspension_that_began_before_it() -> None:
    stops = rule_stops(recorded(stopped("2026-01-02"), stopped("2026-01-05"), back("2026-01-09")))[RULE]
    assert {stop.period.end for stop in stops} == {Instant.exact(day("2026-01-09"))}


def test_a_stop_of_a_rule_that_does_not_bear_on_the_point_leaves_the_decision_byte_for_byte() -> None:
    assert hold(stopped("2026-01-10", rule="US-I247A-1"), stopped("2026-01-10", rule="XX-NOWHERE")) == hold()


@given(st.permutations(range(4)))
def test_the_order_of_the_log_changes_no_stop(order: list[int]) -> None:
    told = (stopped("2025-03-01"), back("2025-05-01"), stopped("2026-01-05"), back("2026-01-12"))

    def periods(stops: tuple[Stop, ...]) -> list[object]:
        return [stop.period for stop in stops]

    assert periods(rule_stops(recorded(*(told[index] for index in order)))[RULE]) == periods(
        rule_stops(recorded(*told))[RULE]
    )
