"""The pack format: what a rule is, as frozen models. Wire form (YAML 1.2, read strictly):

schema: custody-rules/1
pack: us-mn
version: "2026.11.0"
jurisdiction: US-MN
zone: America/Chicago                         # of its dates, days and clocks
extends: us                                   # the rules of another pack hold here too
vocabulary: custody-facts/1
ranks: [court_order, statute, ...]            # advice in a conflict; resolves nothing
suppose:                                      # the ordinary case that `rules coverage` asks about
  hold_past_release: {detainer_form: I-247A, judicial_warrant_recorded: false}
rules:
- id: MN-AG-2025-02-06
  citation: "Op. Att'y Gen. 3-a (Feb. 6, 2025)"
  authority: Minnesota Attorney General
  bindingness: advisory_opinion
  decision_points: [hold_past_release]
  modality: prohibition
  effect: may not hold on a detainer a person who would otherwise be released
  in_force: {from: "2025-02-06", to: null}    # as its source gives it: a year, a month, a day, a phrase
  suspensions: []                             # {from, to, by}: times in which a court stopped it
  verified: found
  when:
  - {id: civil, cel: "!other_hold_recorded", says: no other authority's hold is recorded}
tests:
- name: ...
  at: "2026-01-20T12:00:00-06:00"
  decision_point: hold_past_release
  facts: {facility_kind: county_jail, ...}
  expect: {status: prohibited, stands: [MN-AG-2025-02-06], fails: []}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints

from domain.calendars import Clock
from domain.events.fields import SLUG, Closed, Code, DecisionPoint, Modality, RuleId, Words
from domain.instants import Instant, instant_from_text
from domain.rules.truth import Truth, all_of
from domain.rules.vocabulary import FactValue

LAST_LISTED = re.compile(r"last listed (\d{4}-\d\d-\d\d)")
PER_AGREEMENT = "per MOA"
EVERYWHERE = "*"

AtomId = Annotated[str, StringConstraints(pattern=f"^{SLUG}$")]


class Bindingness(StrEnum):
    """How an instrument binds."""

    STATUTE = "statute"
    REGULATION = "regulation"
    COURT_ORDER = "court_order"
    BINDING_PRECEDENT = "binding_precedent"
    NONPRECEDENTIAL_OPINION = "nonprecedential_opinion"
    ADVISORY_OPINION = "advisory_opinion"
    AGREEMENT = "agreement"
    AGENCY_POLICY = "agency_policy"
    ORDINANCE = "ordinance"
    FORM_REQUEST = "form_request"
    PRACTICE = "practice"


class Status(StrEnum):
    """What a pack derives at a decision point."""

    REQUIRED = "required"
    PROHIBITED = "prohibited"
    PERMITTED = "permitted"
    REQUESTED_ONLY = "requested_only"
    NO_RULE = "no_rule"
    CONFLICT = "conflict"
    UNDETERMINED = "undetermined"


class Verified(StrEnum):
    """Whether the text or a report of it was read, or the entry rests on general knowledge."""

    FOUND = "found"
    MEMORY = "memory"


class Model(StrEnum):
    """Agreement models that can give a rule its force; each is one fact."""

    WSO = "WSO"
    JEM = "JEM"
    TFM = "TFM"

    @property
    def fact(self) -> str:
        """Return the name of the fact: `agreement_wso`."""
        return f"agreement_{self.value.lower()}"


class InForce(Closed):
    """The text of both bounds as the source gives them. A null start was not found, a null end is open."""

    from_: Annotated[str | None, Field(alias="from")] = None
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """When something has force. No start: it was not found, and is taken to be older than the record; no end: open."""

    start: Instant | None
    end: Instant | None

    def covers(self, moment: Instant) -> Truth:
        """Say whether the period has the whole of the moment in it; None where a bound straddles it."""
        return all_of((_begun(self.start, moment), _not_ended(self.end, moment)))


def _begun(start: Instant | None, moment: Instant) -> Truth:
    if start is None or (moment.earliest is not None and start.surely_by(moment.earliest)):
        return True
    if moment.latest is not None and not start.maybe_by(moment.latest):
        return False
    return None


def _not_ended(end: Instant | None, moment: Instant) -> Truth:
    if end is None or (moment.latest is not None and not end.maybe_by(moment.latest)):
        return True
    if moment.earliest is not None and end.surely_by(moment.earliest):
        return False
    return None


def period_of(printed: InForce, zone: ZoneInfo) -> Period:
    """Read both bounds in the pack's zone; raise ValueError for a bound that cannot be read."""
    return Period(_bound(printed.from_, zone), _bound(printed.to, zone))


def _bound(text: str | None, zone: ZoneInfo) -> Instant | None:
    """Read `2009`, `2021-06`, `2025-03-26`, `last listed 2025-07-09` (ended some time after) or `per MOA`."""
    if text is None:
        return None
    if text == PER_AGREEMENT:
        return Instant.unknown()
    listed = LAST_LISTED.fullmatch(text)
    if listed:
        return Instant.between(instant_from_text(listed[1], zone).earliest, None)
    return instant_from_text(text, zone)


class Suspension(InForce):
    """A court stopped the rule for a time."""

    by: Words


class Scope(Closed):
    """Whom the rule binds; an empty list binds everybody. `applies_to` is the same in words."""

    applies_to: Words
    facility_kinds: tuple[Code, ...] = ()
    counties: tuple[Words, ...] = ()
    agencies: tuple[Code, ...] = ()


class Atom(Closed):
    """One condition, with the words a reader sees."""

    id: AtomId
    cel: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    says: Words


class Speech(Closed):
    """What a rule says at one of its decision points, where that differs from its general words."""

    modality: Modality | None = None
    effect: Words | None = None
    when: tuple[Atom, ...] = ()


class Reading(Closed):
    """A rival reading of the same text: whom it would bind, and who holds it."""

    id: Code
    says: Words
    held_by: Words
    facility_kinds: tuple[Code, ...]


class Duty(Closed):
    """Something else the rule asks, and by when, if it says so."""

    says: Words
    clock: Clock | None = None


class Force(Closed):
    """The rule is in force while the custodian has one of these agreements, by the log's agreement events.

    `in_force` of such a rule is documentation only: a newer published list changes the answer.
    """

    models: Annotated[tuple[Model, ...], Field(min_length=1)]


class Rule(Closed):
    """One rule of one instrument."""

    id: RuleId
    citation: Words
    authority: Words
    bindingness: Bindingness
    decision_points: tuple[DecisionPoint, ...] | Literal["*"]
    modality: Modality
    effect: Words
    in_force: InForce
    suspensions: tuple[Suspension, ...] = ()
    verified: Verified
    scope: Scope
    when: tuple[Atom, ...] = ()
    at: Annotated[dict[DecisionPoint, Speech], Field(default_factory=dict)]
    clock: Clock | None = None
    duties: tuple[Duty, ...] = ()
    force: Force | None = None
    fallback: bool = False
    overrides: tuple[RuleId, ...] = ()
    exception_to: tuple[RuleId, ...] = ()
    readings: tuple[Reading, ...] = ()
    note: Words | None = None

    def speaks_at(self, point: DecisionPoint) -> bool:
        """Say whether the rule has something to say there."""
        return self.decision_points == EVERYWHERE or point in self.decision_points

    def modality_at(self, point: DecisionPoint) -> Modality:
        """Return what it says there."""
        speech = self.at.get(point)
        return speech.modality if speech and speech.modality else self.modality

    def effect_at(self, point: DecisionPoint) -> str:
        """Return its plain words there."""
        speech = self.at.get(point)
        return speech.effect if speech and speech.effect else self.effect

    def atoms_at(self, point: DecisionPoint) -> tuple[Atom, ...]:
        """Return every condition that must hold there."""
        speech = self.at.get(point)
        return self.when + (speech.when if speech else ())

    @property
    def atom_ids(self) -> tuple[str, ...]:
        """Return the ids of all its conditions, at whichever point."""
        everywhere = (*self.when, *(atom for speech in self.at.values() for atom in speech.when))
        return tuple(dict.fromkeys(atom.id for atom in everywhere))

    @property
    def first_point(self) -> str:
        """Return the decision point it is filed under, `*` for every one."""
        return self.decision_points if isinstance(self.decision_points, str) else self.decision_points[0].value

    @cached_property
    def is_local(self) -> bool:
        """Say whether it is the custodian's own: scoped to counties or agencies, or an agreement's."""
        return bool(self.scope.counties or self.scope.agencies or self.force)

    @property
    def specificity(self) -> int:
        """Rank how narrow the rule is: 2 named agency or county, 1 kinds of facility, 0 everybody."""
        return 2 if self.is_local else int(bool(self.scope.facility_kinds))

    @cached_property
    def beats(self) -> tuple[str, ...]:
        """Return the rules that this one defeats while it stands."""
        return self.overrides + self.exception_to

    @property
    def can_fail(self) -> bool:
        """Say whether any facts or date make it fail: a rule for everybody, always and whatever happens cannot."""
        bounded = self.scope.agencies or self.scope.counties or self.scope.facility_kinds
        dated = self.in_force.from_ or self.in_force.to or self.suspensions
        judged = self.when or self.force or self.fallback or any(speech.when for speech in self.at.values())
        return bool(bounded or dated or judged)


class Expectation(Closed):
    """What a pack test must give. `missing`, if given, is the whole list."""

    status: Status
    stands: tuple[RuleId, ...] = ()
    fails: tuple[RuleId, ...] = ()
    unknown: tuple[RuleId, ...] = ()
    defeated: tuple[RuleId, ...] = ()
    missing: tuple[str, ...] | None = None


class PackTest(Closed):
    """A case that ships with the pack."""

    name: Words
    at: Instant
    decision_point: DecisionPoint
    facts: dict[str, FactValue]
    expect: Expectation


class Interpretation(Closed):
    """Who read the instruments this way; a coded rule is one reading of a text."""

    author: Words
    reviewed_by: Words | None = None
    basis: Words


class Pack(Closed):
    """A dated set of rules for a jurisdiction."""

    schema_: Annotated[Literal["custody-rules/1"], Field(alias="schema")]
    pack: Code
    version: Code
    jurisdiction: Code
    zone: Code
    extends: Code | None = None
    vocabulary: Literal["custody-facts/1"]
    interpretation: Interpretation
    ranks: tuple[Bindingness, ...]
    suppose: Annotated[dict[DecisionPoint, dict[str, FactValue]], Field(default_factory=dict)]
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    tests: tuple[PackTest, ...] = ()
