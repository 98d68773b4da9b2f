"""One decision in an order and in words that people read: the answer, the rules, the dispute, the gaps, the evidence.

    {"ref":"episode/e-1","decision_point":"hold_past_release","at":"2026-01-16T17:00:00-06:00","status":"conflict",
     "answer":"At hold past release, on Friday 2026-01-16, 17:00 CST, the status for ... was conflict: ...",
     "known":350,
     "rules":[{...as in the trail,"authority":"...","applies_to":"...","in_force":{"from":"2025-02-06","to":null},
               "because":"it stands: every condition holds, ..."}],
     "not_considered":["MN-RAMSEY-2014"],
     "conflicts":[{"rules":["MN-AG-2025-12-12b","MN-287G-FREEBORN-WSO"],"advice":{"higher_rank":"...",...}}],
     "readings":[{"rule":"MN-631.50","id":"R1","says":"...","held_by":"the text","status":"required"}],
     "missing":["agreement_wso"],
     "would_be":[{"fact":"agreement_wso","says":"whether ...","statuses":[{"value":true,"status":"conflict"},...]}],
     "would_be_together":[{"facts":{"agreement_wso":true,...},"status":"conflict"},...],
     "clocks":[{"id":"C2","rule":"US-I247A-2","kind":"limit","starts":"...","ends":"...",...}],
     "cited":[{"rule":"...","by":"...","event":"...","position":7,"in_this_trace":"stands"}],
     "done":[{"event":"...","at":"...","by":"...","position":9,"source":"agency:...","basis":"none_written"}],
     "responses":[{...as in "done": how an agency recorded that it would respond to the detainer}],
     "held_minutes":960,"facts":{...},"facts_digest":"...","pack":{"id":"us-mn","version":"...","digest":"..."}}

`would_be` is the status there would be if one missing fact, and it alone, were known; `would_be_together` if all were.
They are empty where a fact has no closed list of values, the second also above eight combinations. `not_considered`
rules speak at the point, but surely bind other custodians or were not in force then. Only words and order are made
here, no decision: advice resolves no conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from domain.events.fields import DecisionPoint
from domain.rules.decide import decide
from domain.rules.rulebook import Rulebook
from domain.rules.trace import Determination, ReadingTrace
from domain.rules.vocabulary import VOCABULARY, Facts
from projections.decisions import Decision
from projections.explained import gaps, record
from projections.explained.answer import answer_words
from projections.explained.rules import ExplainedRule, advice_words, in_words
from projections.explained.wording import Phrase, open_question, spaced, text_of, value_words, when_words
from projections.recorded import Recorded


@dataclass(frozen=True)
class Explanation:
    """A decision with all that is needed to check it.

    `known` is a position, `names` are agencies' names by id, `responses` the case's decisions on how to respond.
    """

    decision: Decision
    rulebook: Rulebook
    known: int
    names: Mapping[str, str]
    responses: tuple[Recorded, ...] = ()

    @property
    def determination(self) -> Determination:
        """Return what the pack derives."""
        return self.decision.determination

    @property
    def point(self) -> DecisionPoint:
        """Return the decision point."""
        return self.determination.decision_point

    @property
    def title(self) -> str:
        """Return the decision point in words."""
        return spaced(self.point.value)

    @property
    def status(self) -> str:
        """Return the status in words."""
        return spaced(self.decision.status)

    @cached_property
    def when(self) -> Phrase:
        """Return the moment in local time."""
        return when_words(self.determination.valid_at, self.rulebook.zone)

    @cached_property
    def answer(self) -> Phrase:
        """Return one plain sentence: at which point, when, for whom, which status, under which rules."""
        return answer_words(self.determination, self.when, self.whom)

    @property
    def whom(self) -> str:
        """Name the custodian with its kind and county, as far as they are known."""
        facts = self.decision.facts
        agency = str(facts.get("agency", ""))
        kind = spaced(str(facts.get("facility_kind", "")))
        county = f"{facts['county']} County" if facts.get("county") else ""
        told = ", ".join(filter(None, (kind, county)))
        name = self.names.get(agency, agency) or "a custodian that is not in the register"
        return f"{name} ({told})" if told else name

    @cached_property
    def rules(self) -> tuple[ExplainedRule, ...]:
        """Return the rules considered: those that stand, are open, are defeated, fall; what says alike together."""
        return in_words(self.determination.rules)

    @property
    def sides(self) -> tuple[tuple[ExplainedRule, ...], tuple[ExplainedRule, ...]]:
        """Return both sides of the conflict, prohibitions first; empty without one."""
        conflicts = self.determination.conflicts
        against = ({pair.prohibition for pair in conflicts}, {pair.against for pair in conflicts})
        first, second = (tuple(rule for rule in self.rules if rule.id in side) for side in against)
        return first, second

    @property
    def advice(self) -> tuple[tuple[str, str], ...]:
        """Return (pair, advice) in words for each pair in conflict."""
        return tuple(
            (f"{pair.prohibition} against {pair.against}", advice_words(pair)) for pair in self.determination.conflicts
        )

    @cached_property
    def would_be(self) -> tuple[gaps.WouldBe, ...]:
        """Return what is missing, each with the status that knowing it alone would give."""
        return gaps.would_be(self.determination.missing, self.readings, self._status_with)

    @cached_property
    def together(self) -> tuple[gaps.Together, ...]:
        """Return every combination of what is missing with its status, if there are some and not too many."""
        return gaps.together(self.determination.missing, self._status_with)

    def _status_with(self, facts: Facts) -> str:
        again = {**self.decision.facts, **facts}
        return decide(again, self.point, self.determination.valid_at, self.rulebook).status.value

    @property
    def not_considered(self) -> tuple[str, ...]:
        """Return the rules that speak at the point, but surely bind others or were not in force then."""
        considered = {rule.id for rule in self.rules}
        return tuple(sorted({entry.rule.id for entry in self.rulebook.at(self.point).rules} - considered))

    @property
    def also_unknown(self) -> tuple[str, ...]:
        """Return what else is not known of the rules, which cannot change the status."""
        named = [name for rule in self.rules for name in rule.trace.missing if name not in self.determination.missing]
        return tuple(open_question(name) for name in dict.fromkeys(named))

    @cached_property
    def clocks(self) -> tuple[record.ExplainedClock, ...]:
        """Return the clocks of the standing rules."""
        return tuple(record.clock_of(entry, self.rulebook.zone) for entry in self.decision.clocks)

    @property
    def clocks_alike(self) -> tuple[tuple[record.ExplainedClock, str], ...]:
        """Return each clock once, with all its rules."""
        return record.alike(self.clocks)

    @property
    def readings(self) -> tuple[ReadingTrace, ...]:
        """Return the rival readings of the rules considered, with the status under each."""
        return self.determination.readings

    @property
    def citations(self) -> tuple[record.Citation, ...]:
        """Return what agencies cited, in words."""
        return tuple(
            record.citation_of(cited, self.name_of(cited.by), self._in_this_trace(cited.rule))
            for cited in self.decision.cited
        )

    def _in_this_trace(self, rule_id: str) -> str:
        found = next((rule for rule in self.rules if rule.id == rule_id), None)
        if found:
            return found.standing.value
        return record.NOT_CONSIDERED if self.rulebook.has_rule(rule_id) else record.NOT_IN_PACK

    @property
    def responded(self) -> tuple[record.Act, ...]:
        """Return what agencies recorded, at any time, of how they would respond to the detainer."""
        return self._acts(self.responses)

    @property
    def acts(self) -> tuple[record.Act, ...]:
        """Return what was recorded from the moment on."""
        return self._acts(self.decision.done)

    def _acts(self, events: tuple[Recorded, ...]) -> tuple[record.Act, ...]:
        return tuple(record.act_of(event, self.name_of(event.agency), self.rulebook.zone) for event in events)

    @property
    def facts(self) -> tuple[tuple[str, str, str], ...]:
        """Return (name, what it says, value) of every fact given, then of those looked for and not known."""
        given = self.decision.facts
        looked_for = {name for rule in self.rules for atom in rule.trace.atoms for name in atom.facts}
        absent = sorted(name for name in looked_for - given.keys() if name in VOCABULARY)
        return tuple((name, VOCABULARY[name].says, value_words(given.get(name))) for name in (*sorted(given), *absent))

    @property
    def pack(self) -> str:
        """Name the pack, its version, what it extends, and the zone of its dates."""
        pack = self.rulebook.pack
        extends = f", with the rules of {pack.extends}" if pack.extends else ""
        return f"{pack.pack} {pack.version}{extends}; dates and days in {pack.zone}"

    @property
    def held(self) -> str | None:
        """Return how long the hold lasted past the moment, in words, if both ends are exact."""
        minutes = self.decision.held_minutes
        return None if minutes is None else f"{minutes // 60} h {minutes % 60} min ({minutes:,} minutes)"

    def name_of(self, agency: str) -> str:
        """Return an agency's name with its id."""
        return f"{self.names[agency]} ({agency})" if agency in self.names else agency

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        determination, pack = self.determination, self.rulebook.pack
        return {
            "ref": self.decision.ref,
            "decision_point": self.point.value,
            "at": determination.valid_at.as_json(),
            "status": self.decision.status,
            "answer": text_of(self.answer),
            "known": self.known,
            "rules": [rule.as_json() for rule in self.rules],
            "not_considered": list(self.not_considered),
            "conflicts": [conflict.as_json() for conflict in determination.conflicts],
            "readings": [reading.as_json() for reading in determination.readings],
            "missing": list(determination.missing),
            "would_be": [missing.as_json() for missing in self.would_be],
            "would_be_together": [one.as_json() for one in self.together],
            "clocks": [clock.as_json() for clock in self.clocks],
            "cited": [
                {**cited.as_json(), "in_this_trace": self._in_this_trace(cited.rule)} for cited in self.decision.cited
            ],
            "responses": [record.act_json(event) for event in self.responses],
            "done": [record.act_json(event) for event in self.decision.done],
            "held_minutes": self.decision.held_minutes,
            "facts": dict(self.decision.facts),
            "facts_digest": determination.facts_digest,
            "pack": {"id": pack.pack, "version": pack.version, "digest": determination.pack_digest},
        }
