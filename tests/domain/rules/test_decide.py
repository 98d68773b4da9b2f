"""What `decide` promises, on small packs where every rule is in view."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.events.fields import DecisionPoint
from domain.instants import Instant
from domain.rules.decide import decide
from domain.rules.pack import Period, Status
from domain.rules.stops import Stop, StopKind
from domain.rules.trace import Determination, Standing
from tests.domain.rules.small import book, rule, when

HOLD = DecisionPoint.HOLD_PAST_RELEASE
NOW = when("2026-01-20T12:00:00-06:00")
WARRANT = [{"id": "warrant", "cel": "judicial_warrant_recorded", "says": "a judge signed"}]
SERVED = [{"id": "served", "cel": "admin_warrant_served_recorded", "says": "ICE's warrant was served"}]


def ask(*rules: dict[str, Any], at: Instant = NOW, **facts: Any) -> Determination:
    return decide(facts, HOLD, at, book(*rules))


def with_standing(found: Determination, standing: Standing) -> tuple[str, ...]:
    return tuple(trace.rule.id for trace in found.rules if trace.standing is standing)


@pytest.mark.parametrize(
    ("modality", "status"),
    [
        ("obligation", Status.REQUIRED),
        ("prohibition", Status.PROHIBITED),
        ("permission", Status.PERMITTED),
        ("request", Status.REQUESTED_ONLY),
        ("no_rule", Status.NO_RULE),
    ],
)
def test_one_standing_rule_gives_its_status(modality: str, status: Status) -> None:
    assert ask(rule("A", modality)).status is status


def test_without_any_rule_there_is_no_rule() -> None:
    assert decide({}, DecisionPoint.HAND_OVER, NOW, book(rule("A", "request"))).status is Status.NO_RULE


def test_a_request_never_outweighs_a_prohibition_and_is_no_conflict_with_it() -> None:
    found = ask(rule("A", "prohibition"), rule("B", "request"))
    assert found.status is Status.PROHIBITED
    assert found.conflicts == ()
    assert set(with_standing(found, Standing.STANDS)) == {"A", "B"}


def test_a_standing_prohibition_against_a_permission_is_a_conflict_with_advice_that_resolves_nothing() -> None:
    opinion = rule(
        "OPINION", "prohibition", bindingness="advisory_opinion", in_force={"from": "2025-12-12", "to": None}
    )
    agreement = rule(
        "AGREEMENT",
        "permission",
        bindingness="agreement",
        in_force={"from": "2025-03-26", "to": None},
        scope={"applies_to": "one sheriff", "agencies": ["mn-freeborn-sheriff"]},
    )
    found = ask(opinion, agreement, agency="mn-freeborn-sheriff")
    assert found.status is Status.CONFLICT
    assert [conflict.as_json() for conflict in found.conflicts] == [
        {
            "rules": ["OPINION", "AGREEMENT"],
            "advice": {"higher_rank": "OPINION", "later": "OPINION", "more_specific": "AGREEMENT"},
        }
    ]


def test_a_missing_fact_is_unknown_and_named_when_it_could_change_the_status() -> None:
    found = ask(rule("A", "prohibition"), rule("B", "permission", when=SERVED))
    assert found.status is Status.UNDETERMINED
    assert found.missing == ("admin_warrant_served_recorded",)
    assert {trace.rule.id: trace.applies for trace in found.rules} == {"A": True, "B": None}


def test_a_missing_fact_that_cannot_change_the_status_leaves_it_determined() -> None:
    found = ask(rule("A", "prohibition"), rule("B", "prohibition", when=SERVED), rule("C", "request", when=SERVED))
    assert found.status is Status.PROHIBITED
    assert found.missing == ()
    assert set(with_standing(found, Standing.UNKNOWN)) == {"B", "C"}


def test_two_unknown_rules_that_matter_only_together_are_both_named() -> None:
    allows = rule("A", "permission", when=SERVED, exception_to=["B"])
    forbids = rule("B", "prohibition", when=WARRANT)
    found = ask(allows, forbids)
    assert found.status is Status.UNDETERMINED
    assert set(found.missing) == {"admin_warrant_served_recorded", "judicial_warrant_recorded"}


def test_a_standing_exception_defeats_the_rule_and_is_shown_as_what_defeated_it() -> None:
    found = ask(
        rule("A", "prohibition"),
        rule("B", "permission", when=WARRANT, exception_to=["A"]),
        judicial_warrant_recorded=True,
    )
    assert found.status is Status.PERMITTED
    beaten = next(trace for trace in found.rules if trace.rule.id == "A")
    assert (beaten.standing, beaten.defeated_by, beaten.applies) == (Standing.DEFEATED, ("B",), False)


def test_an_exception_to_the_exception_reinstates_the_first_rule() -> None:
    found = ask(
        rule("A", "prohibition"),
        rule("B", "permission", overrides=["A"]),
        rule("C", "prohibition", overrides=["B"]),
    )
    assert found.status is Status.PROHIBITED
    assert set(with_standing(found, Standing.STANDS)) == {"A", "C"}


@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("2021-05-31", Status.NO_RULE),
        ("2021-06-15", Status.UNDETERMINED),
        ("2021", Status.UNDETERMINED),
        ("2021-07-01", Status.PROHIBITED),
    ],
)
def test_a_start_known_to_the_month_leaves_that_month_open(at: str, status: Status) -> None:
    found = ask(rule("A", "prohibition", in_force={"from": "2021-06", "to": None}), at=when(at))
    assert found.status is status
    assert found.missing == (("in_force:A",) if status is Status.UNDETERMINED else ())


@pytest.mark.parametrize(("at", "status"), [("2025-07-08", Status.PERMITTED), ("2025-07-20", Status.UNDETERMINED)])
def test_an_end_known_only_as_last_listed_leaves_the_time_after_open(at: str, status: Status) -> None:
    ended = {"from": "2025-03-07", "to": "last listed 2025-07-09"}
    assert ask(rule("A", "permission", in_force=ended), at=when(at)).status is status


def test_a_start_that_was_not_found_is_older_than_the_record() -> None:
    rules = rule("A", "prohibition", in_force={"from": None, "to": None})
    assert ask(rules, at=when("1975")).status is Status.PROHIBITED


def test_a_moment_that_is_unknown_leaves_dated_rules_unknown() -> None:
    assert ask(rule("A", "prohibition"), at=Instant.unknown()).status is Status.UNDETERMINED


def test_a_rule_for_somebody_else_is_not_considered_and_an_unknown_bearer_is_named() -> None:
    scoped = rule("A", "prohibition", scope={"applies_to": "one county", "counties": ["Nobles"]})
    assert ask(scoped, county="Cass").rules == ()
    assert ask(scoped).missing == ("county",)


AGREED = rule("A", "permission", force={"models": ["WSO"]}, in_force={"from": "2025-03-26", "to": None})


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"agreement_wso": True}, Status.PERMITTED),
        ({"agreement_wso": False}, Status.NO_RULE),
        ({}, Status.UNDETERMINED),
    ],
)
def test_an_agreement_rule_takes_its_force_from_the_facts_never_from_its_documented_dates(
    facts: dict[str, Any], status: Status
) -> None:
    before_its_documented_start = when("2024-01-01")
    assert ask(AGREED, at=before_its_documented_start, **facts).status is status


NONE = rule("NONE", "no_rule", fallback=True, decision_points="*")
LOCAL = rule("LOCAL", "permission", scope={"applies_to": "one", "agencies": ["mn-x-sheriff"]}, when=SERVED)


@pytest.mark.parametrize(
    ("served", "status", "stands"),
    [
        (True, Status.PERMITTED, {"LOCAL", "ASKED"}),
        (False, Status.NO_RULE, {"NONE", "ASKED"}),
        (None, Status.UNDETERMINED, {"ASKED"}),
    ],
)
def test_no_written_policy_stands_only_where_nothing_of_the_custodians_own_does(
    served: bool | None, status: Status, stands: set[str]
) -> None:
    facts: dict[str, Any] = {"agency": "mn-x-sheriff"}
    if served is not None:
        facts["admin_warrant_served_recorded"] = served
    found = ask(NONE, LOCAL, rule("ASKED", "request"), **facts)
    assert found.status is status
    assert set(with_standing(found, Standing.STANDS)) == stands


READ_TWICE = rule(
    "A",
    "obligation",
    readings=[
        {
            "id": "R1",
            "says": "jails too",
            "held_by": "the text",
            "facility_kinds": ["county_jail", "state_prison"],
        },
        {"id": "R2", "says": "prisons only", "held_by": "somebody", "facility_kinds": ["state_prison"]},
    ],
)


@pytest.mark.parametrize(
    ("kind", "status", "missing"),
    [
        ("state_prison", Status.REQUIRED, ()),
        ("county_jail", Status.UNDETERMINED, ("reading:A",)),
        ("hospital", Status.NO_RULE, ()),
    ],
)
def test_rival_readings_leave_a_rule_open_only_where_they_disagree(
    kind: str, status: Status, missing: tuple[str, ...]
) -> None:
    found = ask(READ_TWICE, facility_kind=kind)
    assert (found.status, found.missing) == (status, missing)
    assert found.rules[0].atoms[0].facts == {"facility_kind": kind, **dict.fromkeys(missing)}


def test_each_rival_reading_shows_the_status_there_would_be_under_it() -> None:
    found = ask(READ_TWICE, rule("B", "permission"), facility_kind="county_jail")
    assert [(one.reading.id, one.status) for one in found.readings] == [
        ("R1", Status.REQUIRED),
        ("R2", Status.PERMITTED),
    ]


@pytest.mark.parametrize(
    ("at", "status", "standing"),
    [
        ("2017-09-15T12:00:00-05:00", Status.NO_RULE, Standing.FAILS),
        ("2018-06-01T12:00:00-05:00", Status.PROHIBITED, Standing.STANDS),
        ("2017-08-30T12:00:00-05:00", Status.UNDETERMINED, Standing.UNKNOWN),
    ],
)
def test_a_rule_that_a_court_stopped_fails_then_and_stays_in_the_trace(
    at: str, status: Status, standing: Standing
) -> None:
    injunction = {"from": "2017-08-30", "to": "2018-03-13", "by": "a district court"}
    found = ask(rule("A", "prohibition", in_force={"from": "2009", "to": None}, suspensions=[injunction]), at=when(at))
    assert (found.status, found.rules[0].standing) == (status, standing)
    if standing is not Standing.STANDS:
        assert "a district court" in found.rules[0].atoms[0].says


def test_a_stop_that_the_log_tells_of_counts_as_one_that_the_pack_tells_of() -> None:
    stop = Stop(StopKind.SUSPENDED, Period(when("2026-01-10"), None), "an order of 2026-01-10", position=7)
    rulebook = book(rule("A", "prohibition"), rule("B", "permission"))
    before = decide({}, HOLD, NOW, rulebook)
    after = decide({}, HOLD, NOW, rulebook, {"A": (stop,)})
    assert (before.status, after.status) == (Status.CONFLICT, Status.PERMITTED)
    assert before.facts_digest != after.facts_digest


def test_the_trace_shows_every_condition_with_its_words_value_and_facts() -> None:
    found = ask(rule("A", "prohibition", when=WARRANT + SERVED), judicial_warrant_recorded=True)
    assert found.as_json()["rules"][0]["why"] == [
        {
            "id": "warrant",
            "says": "a judge signed",
            "value": True,
            "facts": {"judicial_warrant_recorded": True},
        },
        {
            "id": "served",
            "says": "ICE's warrant was served",
            "value": "unknown",
            "facts": {"admin_warrant_served_recorded": "unknown"},
        },
    ]


def test_a_rule_may_speak_differently_at_another_of_its_points() -> None:
    speaks = rule(
        "A",
        "prohibition",
        decision_points=["release_notice", "hold_past_release"],
        at={"hold_past_release": {"modality": "permission", "effect": "may hold", "when": SERVED}},
    )
    found = ask(speaks, admin_warrant_served_recorded=True)
    assert (found.status, found.rules[0].effect) == (Status.PERMITTED, "may hold")
    assert decide({}, DecisionPoint.RELEASE_NOTICE, NOW, book(speaks)).status is Status.PROHIBITED


def test_the_same_question_gives_the_same_answer_and_other_facts_another_digest() -> None:
    first, again = ask(rule("A", "request"), county="Cass"), ask(rule("A", "request"), county="Cass")
    assert first.as_json() == again.as_json()
    assert first.facts_digest != ask(rule("A", "request"), county="Nobles").facts_digest


FACTS = (
    "judicial_warrant_recorded",
    "admin_warrant_served_recorded",
    "other_hold_recorded",
    "board_approved",
)
MODALITIES = ("obligation", "prohibition", "permission", "request", "no_rule")


@st.composite
def small_packs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Up to five rules, each with up to one condition, each beating only earlier ones."""
    rules: list[dict[str, Any]] = []
    for index in range(draw(st.integers(1, 5))):
        cel = draw(st.none() | st.builds("{}{}".format, st.sampled_from(["", "!"]), st.sampled_from(FACTS)))
        conditions = [{"id": "c", "cel": cel, "says": "a condition"}] if cel else []
        beaten = draw(st.lists(st.sampled_from(range(index)), max_size=2, unique=True)) if index else []
        overrides = [f"R{other}" for other in beaten]
        rules.append(rule(f"R{index}", draw(st.sampled_from(MODALITIES)), when=conditions, overrides=overrides))
    return rules


partial_facts = st.dictionaries(st.sampled_from(FACTS), st.booleans())


@given(small_packs(), partial_facts)
def test_a_determined_status_survives_every_way_the_missing_facts_can_turn_out(
    rules: list[dict[str, Any]], facts: dict[str, bool]
) -> None:
    rulebook = book(*rules)
    found = decide(facts, HOLD, NOW, rulebook)
    unknown = [name for name in FACTS if name not in facts]
    completions = [
        facts | {name: bool(bits >> place & 1) for place, name in enumerate(unknown)}
        for bits in range(2 ** len(unknown))
    ]
    statuses = {decide(completion, HOLD, NOW, rulebook).status for completion in completions}
    if found.status is Status.UNDETERMINED:
        assert set(found.missing) <= set(unknown)
        assert found.missing
    else:
        assert statuses == {found.status}
    assert Status.UNDETERMINED not in statuses


@given(small_packs(), st.fixed_dictionaries(dict.fromkeys(FACTS, st.booleans())))
def test_with_all_facts_a_rule_stands_exactly_if_no_standing_rule_beats_it(
    rules: list[dict[str, Any]], facts: dict[str, bool]
) -> None:
    found = decide(facts, HOLD, NOW, book(*rules))
    stands = set(with_standing(found, Standing.STANDS))
    for trace in found.rules:
        beaten = any(trace.rule.id in other.rule.beats and other.rule.id in stands for other in found.rules)
        true = all(atom.value for atom in trace.atoms)
        assert (trace.rule.id in stands) == (true and not beaten)
