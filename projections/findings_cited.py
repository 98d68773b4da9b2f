"""Cited against derived, and cited against conduct: the rules that agencies say they applied.

A rule is cited with an event, and the event is about one decision point or several. What was cited ahead of time is
judged by what was recorded then: a rule counts as not met only if it was not met when cited, nor at the decision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from domain.events import episode, handoff
from domain.events.agency import is_ice
from domain.events.detainer import DetainerResponseDecided
from domain.events.fields import CitedRule, DecisionBasis, DecisionPoint, Modality
from domain.rules.decide import decide
from domain.rules.pack import Bindingness, Model, Period, Rule
from domain.rules.trace import RuleTrace, Standing
from domain.rules.truth import Truth
from projections.conduct import NOTICE_FORMS, done_at, forms_of, immigration_hold, kept
from projections.decision_points import ACTS
from projections.decisions import ANSWERED, Decision
from projections.explained.wording import spaced
from projections.facts import Case, Custodian, facts_of
from projections.finding import (
    Finding,
    Kind,
    Setting,
    act_words,
    found,
    joined,
    point_words,
    sheets_around,
    when_words,
)
from projections.findings_conduct import HOLD, ids, standing
from projections.recorded import Recorded

IN_JAIL = (HOLD, DecisionPoint.SERVE_ADMIN_WARRANT, DecisionPoint.POST_TRANSFER_HOLD)
CITING_POINTS = (DecisionPoint.RELEASE_NOTICE, HOLD, DecisionPoint.HAND_OVER)
ASKING = (Modality.REQUEST, Modality.OBLIGATION, Modality.PERMISSION)
BINDING = (Modality.OBLIGATION, Modality.PROHIBITION, Modality.PERMISSION)


@dataclass(frozen=True, slots=True)
class Citation:
    """A rule cited with one event, the points the event is about, and the case's decisions at them."""

    event: Recorded
    cited: CitedRule
    points: tuple[DecisionPoint, ...]
    decisions: tuple[Decision, ...]

    @property
    def fills(self) -> dict[str, str]:
        """Return what every sentence about it names."""
        return {"by": self.event.agency, "rule": self.cited.rule, "act": act_words(self.event)}


def cited_findings(case: Case, made: Sequence[Decision], setting: Setting) -> Iterator[Finding]:
    """Yield what differs between cited, derived and done."""
    for event in case.events:
        points = points_of(event)
        yield from _policy_not_in_pack(case, event, points, setting)
        decisions = tuple(decision for decision in made if decision.determination.decision_point in points)
        for cited in _cited_with(event):
            yield from _judged(case, Citation(event, cited, points, decisions), setting)
    for decision in made:
        yield from _own_rule_not_cited(case, decision)
        yield from _prohibition_and_done(case, decision)


def points_of(event: Recorded) -> tuple[DecisionPoint, ...]:
    """Return the decision points an event can be about; a response is about those it decides."""
    if isinstance(event.data, DetainerResponseDecided):
        decided = event.data.elements.model_dump(exclude_none=True)
        return tuple(point for point, element in ANSWERED.items() if element in decided)
    if isinstance(event.data, episode.HoldPlaced | episode.HoldEnded):
        return (HOLD,) if event.data.kind is episode.HoldKind.IMMIGRATION else ()
    return tuple(point for point, types in ACTS.items() if isinstance(event.data, types))


def _cited_with(event: Recorded) -> tuple[CitedRule, ...]:
    hold = immigration_hold(event)
    instrument = (CitedRule(rule=hold.instrument),) if hold and hold.instrument else ()
    return (*event.data.cited_rules, *instrument)


def _judged(case: Case, citation: Citation, setting: Setting) -> Iterator[Finding]:
    """Yield the first thing that differs in whether the rule speaks here, then how it was read, then if it was met."""
    if not setting.rulebook.has_rule(citation.cited.rule):
        yield _about(Kind.CITED_RULE_UNKNOWN, citation, {"pack": setting.pack})
        return
    rule = setting.rulebook.rule(citation.cited.rule)
    elsewhere = _speaks_elsewhere(case, citation, rule, setting)
    if elsewhere:
        yield elsewhere
        return
    yield from _read_differently(citation, rule, setting)
    for_notice = _for_notice_form(case, citation, rule)
    if for_notice:
        yield for_notice
    else:
        yield from _not_standing(case, citation, rule, setting)


def _about(kind: Kind, citation: Citation, says: Mapping[str, object], point: DecisionPoint | None = None) -> Finding:
    one = citation.points[0] if len(citation.points) == 1 else None
    given = {**citation.fills, **says}
    return found(kind, [citation.event], point=point or one, rules=[citation.cited.rule], says=given)


def _speaks_elsewhere(case: Case, citation: Citation, rule: Rule, setting: Setting) -> Finding | None:
    """Return the finding that the rule does not speak at these points, to this custodian, or at this time."""
    pack = setting.pack
    if citation.points and not any(rule.speaks_at(point) for point in citation.points):
        points = joined(point_words(point) for point in citation.points)
        if rule.force and rule.force.models == (Model.TFM,) and set(citation.points) & set(IN_JAIL):
            return _about(Kind.TASK_FORCE_CITED_IN_JAIL, citation, {"pack": pack, "points": points})
        speaks = joined(point_words(point) for point in DecisionPoint if rule.speaks_at(point))
        return _about(Kind.CITED_RULE_OFF_POINT, citation, {"pack": pack, "points": points, "speaks": speaks})
    if not _binds(case, citation.event, rule):
        return _about(Kind.CITED_RULE_BINDS_OTHERS, citation, {"pack": pack, "applies_to": rule.scope.applies_to})
    when = when_words(citation.event.occurred)
    if rule.force:
        return _not_listed(case, citation, rule, setting)
    period = setting.rulebook.period(rule.id)
    moments = [citation.event.occurred, *(decision.determination.valid_at for decision in citation.decisions)]
    if all(period.covers(moment) is False for moment in moments):
        about = {"pack": pack, "when": when, "period": _period_words(period)}
        return _about(Kind.CITED_RULE_NOT_IN_FORCE, citation, about)
    return None


def _not_listed(case: Case, citation: Citation, rule: Rule, setting: Setting) -> Finding | None:
    """Return the finding that the lists on both sides of the citing show none of the rule's models."""
    at, agency = citation.event.occurred, case.custodian.agency if case.custodian else ""
    sheets = sheets_around(setting.agreements, agency, at) if agency else None
    if rule.force is None or sheets is None or not _surely_no_agreement(citation, rule):
        return None
    models = joined(model.value for model in rule.force.models)
    says = {"when": when_words(at), "sheets": sheets, "models": models, "custodian": agency}
    return _about(Kind.CITED_AGREEMENT_NOT_LISTED, citation, says)


def _binds(case: Case, event: Recorded, rule: Rule) -> bool:
    """Say whether the rule can bind who cited it, or the custodian; where that is not known, it can."""
    scope, custodian = rule.scope, case.custodian
    if custodian is None:
        return not scope.agencies or event.agency in scope.agencies or not is_ice(event.agency)
    if scope.agencies and not {event.agency, custodian.agency} & set(scope.agencies):
        return False
    if scope.counties and custodian.county and custodian.county not in scope.counties:
        return False
    kinds = () if rule.readings else scope.facility_kinds
    return not kinds or not custodian.kind or custodian.kind in kinds


def _surely_no_agreement(citation: Citation, rule: Rule) -> bool:
    """Say whether the lists show none of its models at any of the decisions."""
    models = rule.force.models if rule.force else ()
    known = [decision.facts.get(model.fact) for decision in citation.decisions for model in models]
    return bool(known) and all(value is False for value in known)


def _period_words(period: Period) -> str:
    start = when_words(period.start) if period.start else "a time not found"
    return f"from {start} to {when_words(period.end)}" if period.end else f"from {start} on"


def _read_differently(citation: Citation, rule: Rule, setting: Setting) -> Iterator[Finding]:
    said = citation.cited.modality
    points = [point for point in citation.points if rule.speaks_at(point)]
    read = list(dict.fromkeys(rule.modality_at(point) for point in points))
    if said is None or not read or said in read:
        return
    if said is Modality.OBLIGATION and read == [Modality.REQUEST]:
        yield _about(Kind.REQUEST_CITED_AS_OBLIGATION, citation, {"pack": setting.pack})
        return
    says = {"cited": spaced(said.value), "derived": joined(spaced(m.value) for m in read)}
    yield _about(Kind.CITED_MODALITY_DIFFERS, citation, {"pack": setting.pack, **says}, points[0])


def _for_notice_form(case: Case, citation: Citation, rule: Rule) -> Finding | None:
    """Return the finding that a hold rests on a form that asks for notice only, with a hold rule cited for it."""
    hold = immigration_hold(citation.event)
    if hold is None or not rule.speaks_at(HOLD) or rule.modality_at(HOLD) not in ASKING:
        return None
    forms = forms_of(case, citation.event, hold)
    if not forms or any(data.form not in NOTICE_FORMS for _, data in forms):
        return None
    events = [citation.event, *(event for event, _ in forms)]
    words = joined(data.form.value for _, data in forms)
    fills = {**citation.fills, "form": words}
    return found(Kind.HOLD_RULE_CITED_FOR_NOTICE_FORM, events, point=HOLD, rules=[rule.id], says=fills)


def _not_standing(case: Case, citation: Citation, rule: Rule, setting: Setting) -> Iterator[Finding]:
    """Yield that the rule was not met, or gave way, at a decision where it speaks, and at no other stood."""
    traces = [(d, trace) for d in citation.decisions for trace in d.determination.rules if trace.rule.id == rule.id]
    if not traces or any(trace.applies is not False for _, trace in traces):
        return
    decision, trace = traces[0]
    point = decision.determination.decision_point
    if _applied_when_cited(case, citation, decision, setting) is not False:
        return
    if trace.standing is Standing.DEFEATED:
        others = joined(trace.defeated_by)
        yield _about(Kind.CITED_RULE_DEFEATED, citation, {"pack": setting.pack, "others": others}, point)
        return
    says = joined(f"“{atom.says}”" for atom in trace.atoms if atom.value is False)
    yield _about(Kind.CITED_RULE_NOT_MET, citation, {"says": says}, point)


def _applied_when_cited(case: Case, citation: Citation, decision: Decision, setting: Setting) -> Truth:
    """Say whether the rule applied by what had been recorded when it was cited; None if that is not known."""
    at, point = citation.event.occurred, decision.determination.decision_point
    facts = facts_of(case, _bearer(decision), at, at, setting.agreements)
    then = decide(facts, point, at, setting.rulebook, setting.stops)
    return next((trace.applies for trace in then.rules if trace.rule.id == citation.cited.rule), None)


def _bearer(decision: Decision) -> Custodian:
    """Return whose decision it was, as its facts tell."""
    return Custodian(*(str(decision.facts.get(name, "")) for name in ("facility_kind", "county", "agency")))


def _policy_not_in_pack(
    case: Case, event: Recorded, points: Sequence[DecisionPoint], setting: Setting
) -> Iterator[Finding]:
    """Yield a written policy that the custodian gives as its basis, cites no rule for, and the pack does not have."""
    data = event.data
    if case.custodian is None or event.agency != case.custodian.agency or _cited_with(event):
        return
    if data.decision_basis is not DecisionBasis.WRITTEN_POLICY or not points:
        return
    rules = [entry.rule for point in points for entry in setting.rulebook.at(point).rules if entry.rule.is_local]
    if any(_binds(case, event, rule) and not rule.force and _can_be_in_force(rule, event, setting) for rule in rules):
        return
    fills = {"by": event.agency, "act": act_words(event), "pack": setting.pack, "custodian": case.custodian.agency}
    yield found(Kind.POLICY_NOT_IN_PACK, [event], point=points[0] if len(points) == 1 else None, says=fills)


def _can_be_in_force(rule: Rule, event: Recorded, setting: Setting) -> bool:
    return setting.rulebook.period(rule.id).covers(event.occurred) is not False


def _own_rule_not_cited(case: Case, decision: Decision) -> Iterator[Finding]:
    """Yield acts of a custodian that cited nothing at a point where a rule of its own stood."""
    custodian, point = case.custodian, decision.determination.decision_point
    if point not in CITING_POINTS:
        return
    bound = [trace for trace in standing(decision, *BINDING) if trace.rule.is_local]
    own = [trace for trace in bound if trace.rule.bindingness is not Bindingness.PRACTICE]  # nothing to be cited
    if custodian is None or not own or any(cited.by == custodian.agency for cited in decision.cited):
        return
    told = [event for event in case.events if event.agency == custodian.agency]
    if {cited.rule for event in told for cited in _cited_with(event)} & set(ids(own)):
        return  # cited with another act of the same case
    placed = [event for event in case.of(episode.HoldPlaced) if immigration_hold(event)]
    answered = placed if point is HOLD else [*done_at(case, point), *_withheld(case, point)]
    acts = [event for event in answered if event.agency == custodian.agency]
    if not acts:
        return
    given = dict.fromkeys(act.data.decision_basis for act in acts if act.data.decision_basis)
    basis = f" (its basis: {joined(one.value.replace('_', ' ') for one in given)})" if given else ""
    words = joined(act_words(act) for act in acts)
    fills = {"by": custodian.agency, "acts": words, "basis": basis}
    yield found(Kind.OWN_RULE_NOT_CITED, acts, point=point, rules=ids(own), says=fills)


def _withheld(case: Case, point: DecisionPoint) -> Iterator[Recorded]:
    return case.of(handoff.NoticeWithheld) if point is DecisionPoint.RELEASE_NOTICE else iter(())


def _prohibition_and_done(case: Case, decision: Decision) -> Iterator[Finding]:
    """Yield what an agency recorded as done at a point where it cited a prohibition that was met, or is not known."""
    point = decision.determination.decision_point
    traces = {trace.rule.id: trace for trace in decision.determination.rules}
    for event in case.events:
        for cited in _cited_with(event):
            points = points_of(event)
            if point in points and _prohibits(cited, traces.get(cited.rule), alone=len(points) == 1):
                acts = [act for act in _acts(case, decision) if act.agency == event.agency]
                if acts:
                    words = joined(act_words(act) for act in acts)
                    fills = {"by": event.agency, "rule": cited.rule, "acts": words}
                    about = [event, *acts]
                    yield found(Kind.CITED_PROHIBITION_AND_DONE, about, point=point, rules=[cited.rule], says=fills)


def _prohibits(cited: CitedRule, trace: RuleTrace | None, *, alone: bool) -> bool:
    """Say whether it was cited as a prohibition of this point's act, and was not found unmet.

    A response is about several points: there the pack says at which of them the rule prohibits.
    """
    if trace and trace.standing is Standing.FAILS:
        return False
    read = trace.modality if trace else None
    if alone:
        return (cited.modality or read) is Modality.PROHIBITION
    return read is Modality.PROHIBITION and cited.modality in (None, read)


def _acts(case: Case, decision: Decision) -> Sequence[Recorded]:
    point = decision.determination.decision_point
    if point is not HOLD:
        return done_at(case, point)
    held = kept(case, decision)
    return held.by if held else ()
