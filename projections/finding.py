"""A finding: something to look at, where two records, or a record and a rule, do not say the same.

    {"id":"5e0c91d2a7b34f186c20","kind":"notice_lead_short",
     "about":["episode/mn-cass-jail.2026-000012","decision_point/release_notice","event/019b...","rule/US-I247A-1"],
     "opened":{"position":5,"time":"2026-01-16T17:20:00Z"},"state":"open","case":"episode/mn-cass-jail.2026-000012",
     "facility":"mn-cass-jail","decision_point":"release_notice","rules":["US-I247A-1"],"events":[5],
     "who":["mn-freeborn-sheriff"],
     "words":"mn-freeborn-sheriff recorded notice 7 h before the scheduled release; US-I247A-1 asks for ...",
     "answers":[],"closed":null}

It says what each side recorded. It gives no verdict, ranks nobody, and has no severity. `events` are positions. `id` is
a digest of the kind and of `about`, and of nothing else: it stays the same while later events add nothing to it. What
became of it, `projections.finding_workflow` tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.events.fields import DecisionPoint
from domain.instants import Instant, Precision
from domain.rules.rulebook import Rulebook
from domain.rules.stops import Stops
from projections.explained.wording import listed, spaced
from projections.facts import AgreementsInForce
from projections.recorded import Recorded


class Kind(StrEnum):
    """The kinds, as stable codes; `docs/findings.md` says when each arises and what it does not mean."""

    CITED_RULE_UNKNOWN = "cited_rule_unknown"
    CITED_RULE_NOT_IN_FORCE = "cited_rule_not_in_force"
    CITED_AGREEMENT_NOT_LISTED = "cited_agreement_not_listed"
    CITED_RULE_OFF_POINT = "cited_rule_off_point"
    CITED_RULE_BINDS_OTHERS = "cited_rule_binds_others"
    CITED_RULE_NOT_MET = "cited_rule_not_met"
    CITED_RULE_DEFEATED = "cited_rule_defeated"
    CITED_MODALITY_DIFFERS = "cited_modality_differs"
    REQUEST_CITED_AS_OBLIGATION = "request_cited_as_obligation"
    HOLD_RULE_CITED_FOR_NOTICE_FORM = "hold_rule_cited_for_notice_form"
    TASK_FORCE_CITED_IN_JAIL = "task_force_cited_in_jail"
    OWN_RULE_NOT_CITED = "own_rule_not_cited"
    POLICY_NOT_IN_PACK = "policy_not_in_pack"
    CITED_PROHIBITION_AND_DONE = "cited_prohibition_and_done"
    DONE_WHERE_PROHIBITED = "done_where_prohibited"
    DONE_WHERE_CONFLICT = "done_where_conflict"
    KEPT_WITHOUT_HOLD = "kept_without_hold"
    REQUIRED_NOT_RECORDED = "required_not_recorded"
    WITHHELD_WHERE_REQUIRED = "withheld_where_required"
    HELD_PAST_C1 = "held_past_c1"
    HELD_PAST_C2 = "held_past_c2"
    HELD_PAST_C3 = "held_past_c3"
    HELD_PAST_CLOCK = "held_past_clock"
    NOTICE_LEAD_SHORT = "notice_lead_short"
    CANNOT_BE_KNOWN = "cannot_be_known"
    TRANSFER_BEFORE_BOOKING = "transfer_before_booking"
    RELEASE_BEFORE_BOOKING = "release_before_booking"
    HOLD_WITHOUT_REQUEST = "hold_without_request"
    POLICY_10074_2 = "policy_10074_2"
    HOLD_NOT_SERVED = "hold_not_served"
    DECLINED_UNMATCHED = "declined_unmatched"
    DECLINED_ONE_SIDED = "declined_one_sided"
    DECLINED_AND_TRANSFERRED = "declined_and_transferred"
    TRANSFER_UNCONFIRMED = "transfer_unconfirmed"
    TRANSFER_CONTESTED = "transfer_contested"
    SERVICE_NOT_LISTED = "service_not_listed"
    DETAINER_TOLD_BY_ANOTHER = "detainer_told_by_another"
    DUPLICATE_DETAINER = "duplicate_detainer"
    BULK_ISSUE = "bulk_issue"
    SEQUENCE_GAP = "sequence_gap"
    SEQUENCE_REPEATED = "sequence_repeated"


# Of these there is one in a case, or one at a decision point of it: what they rest on may grow, and they stay the same.
OF_THE_WHOLE = frozenset(
    {
        Kind.OWN_RULE_NOT_CITED,
        Kind.DONE_WHERE_PROHIBITED,
        Kind.DONE_WHERE_CONFLICT,
        Kind.KEPT_WITHOUT_HOLD,
        Kind.REQUIRED_NOT_RECORDED,
        Kind.WITHHELD_WHERE_REQUIRED,
        Kind.HELD_PAST_C1,
        Kind.HELD_PAST_C2,
        Kind.HELD_PAST_C3,
        Kind.CANNOT_BE_KNOWN,
        Kind.HOLD_NOT_SERVED,
        Kind.DECLINED_UNMATCHED,
        Kind.DECLINED_ONE_SIDED,
        Kind.DECLINED_AND_TRANSFERRED,
        Kind.TRANSFER_UNCONFIRMED,
        Kind.TRANSFER_CONTESTED,
    }
)
OF_A_DETAINER = frozenset({Kind.DETAINER_TOLD_BY_ANOTHER})  # about it, in whichever cases it is told of
OF_MANY = frozenset({Kind.DUPLICATE_DETAINER, Kind.BULK_ISSUE})  # about the first of them that the ledger had

NOTHING_MORE: Mapping[str, object] = {}
PAST = (
    "{by} recorded “{end}” at {when}; clock {clock} ({hours} h from {start}, under {rules}) had run out at {ends}, "
    "{past} earlier."
)

# One plain sentence a kind: who recorded what, beside what the pack or the other side says.
TEMPLATES: dict[Kind, str] = {
    Kind.CITED_RULE_UNKNOWN: "{by} cited {rule} with {act}; pack {pack} has no rule of that id.",
    Kind.CITED_RULE_NOT_IN_FORCE: "{by} cited {rule} for {when}; by pack {pack} it is in force {period}.",
    Kind.CITED_AGREEMENT_NOT_LISTED: (
        "{by} cited {rule} for {when}; ICE's lists next to that ({sheets}) show no {models} agreement of {custodian}."
    ),
    Kind.CITED_RULE_OFF_POINT: "{by} cited {rule} with {act}; by pack {pack} it speaks at {speaks}, not at {points}.",
    Kind.CITED_RULE_BINDS_OTHERS: "{by} cited {rule} with {act}; by pack {pack} it applies to: {applies_to}.",
    Kind.CITED_RULE_NOT_MET: (
        "{by} cited {rule} with {act}; on what is recorded its condition is not met at {point}: {says}."
    ),
    Kind.CITED_RULE_DEFEATED: "{by} cited {rule} with {act}; by pack {pack} it gives way to {others} at {point}.",
    Kind.CITED_MODALITY_DIFFERS: "{by} cited {rule} as {cited}; pack {pack} reads it as {derived} at {point}.",
    Kind.REQUEST_CITED_AS_OBLIGATION: "{by} cited {rule} as an obligation; pack {pack} reads it as a request.",
    Kind.HOLD_RULE_CITED_FOR_NOTICE_FORM: (
        "{by} cited {rule}, which speaks of a hold; the form recorded is {form}, which asks for notice only."
    ),
    Kind.TASK_FORCE_CITED_IN_JAIL: (
        "{by} cited {rule}, a task force agreement, with {act}; by pack {pack} it does not speak at {points}."
    ),
    Kind.OWN_RULE_NOT_CITED: (
        "{by} recorded {acts} and cited no rule{basis}; of its own rules, {rules} stood at {point}."
    ),
    Kind.POLICY_NOT_IN_PACK: (
        "{by} gave written policy as its basis for {act}; pack {pack} knows no written policy of {custodian} there."
    ),
    Kind.CITED_PROHIBITION_AND_DONE: "{by} cited {rule} as a prohibition at {point}, and recorded {acts}.",
    Kind.DONE_WHERE_PROHIBITED: "Derived at {point}: prohibited, under {rules}; recorded: {acts}.",
    Kind.DONE_WHERE_CONFLICT: (
        "Derived at {point}: conflict, {prohibitions} (prohibition) against {others}; recorded: {acts}."
    ),
    Kind.KEPT_WITHOUT_HOLD: (
        "{by} recorded “{end}” {minutes} after release was due; a form asked for a hold, and no hold is recorded."
    ),
    Kind.REQUIRED_NOT_RECORDED: "Derived at {point}: required, under {rules}; not recorded: {acts}.",
    Kind.WITHHELD_WHERE_REQUIRED: "Derived at {point}: required, under {rules}; {by} recorded that it withheld notice.",
    Kind.HELD_PAST_C1: PAST,
    Kind.HELD_PAST_C2: PAST,
    Kind.HELD_PAST_C3: PAST,
    Kind.HELD_PAST_CLOCK: PAST,
    Kind.NOTICE_LEAD_SHORT: (
        "{by} recorded notice {lead} before the scheduled release; {rules} asks for at least {hours} h, “if possible”."
    ),
    Kind.CANNOT_BE_KNOWN: "What the pack derives at {point} cannot be known, because this is not known: {missing}.",
    Kind.TRANSFER_BEFORE_BOOKING: (
        "{by} recorded a transfer of custody at {ended}, before the booking at the same facility at {booked}."
    ),
    Kind.RELEASE_BEFORE_BOOKING: "{by} recorded the release at {ended}, before the booking at {booked}.",
    Kind.HOLD_WITHOUT_REQUEST: (
        "{by} recorded an immigration hold; the form recorded is {form}, which asks for notice and not for a hold."
    ),
    Kind.POLICY_10074_2: (
        "{by} recorded an I-247A with no administrative warrant attached; ICE Policy 10074.2, in force since "
        "2017-04-02, speaks of a signed I-200 or I-205 with each."
    ),
    Kind.HOLD_NOT_SERVED: (
        "{by} recorded an immigration hold when release was due; service of the I-247A on the person, on which the "
        "form makes its effect depend, is not recorded."
    ),
    Kind.DECLINED_UNMATCHED: (
        "{ice} recorded “{said}”; {by} has recorded neither a release nor that it did not do what the form asks."
    ),
    Kind.DECLINED_ONE_SIDED: "{ice} recorded “{said}”; the custodian has published nothing about this case.",
    Kind.DECLINED_AND_TRANSFERRED: "{ice} recorded “{said}”; {by} recorded that custody passed to {to}.",
    Kind.TRANSFER_UNCONFIRMED: (
        "{by} recorded that custody passed to {to} at {when}; {to} has recorded no transfer within {hours} h of it, "
        "and its records of transfers reach {reach}."
    ),
    Kind.TRANSFER_CONTESTED: "{by} recorded that custody passed to {to}; {other} recorded that it contests this.",
    Kind.SERVICE_NOT_LISTED: (
        "{by} recorded service of an {warrant} by a local officer ({officer}) at {when}; ICE's lists next to that "
        "({sheets}) show no warrant service or jail enforcement agreement of {agency}."
    ),
    Kind.DETAINER_TOLD_BY_ANOTHER: ("{by} recorded “{act}” of detainer {detainer}, which {issuer} issued to {place}."),
    Kind.DUPLICATE_DETAINER: "{by} recorded {count} detainers about one person to one facility on {day}: {detainers}.",
    Kind.BULK_ISSUE: "{by} recorded {count} detainers to {facility} on {day}.",
    Kind.SEQUENCE_GAP: "{by} signed number {number} with key {key}; of that key the ledger does not have {missing}.",
    Kind.SEQUENCE_REPEATED: (
        "{by} signed two events as number {number} with key {key}, at positions {first} and {second}."
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at, resting on the events at the positions `events`, and about the one at `about`.

    `about` is None if it is about the decision, or the case, as a whole.
    """

    kind: Kind
    decision_point: DecisionPoint | None
    rules: tuple[str, ...]
    events: tuple[int, ...]
    who: tuple[str, ...]
    words: str
    about: int | None

    def as_json(self) -> dict[str, Any]:
        """Return what it says, in wire form."""
        return {
            "kind": self.kind.value,
            "decision_point": self.decision_point.value if self.decision_point else None,
            "rules": list(self.rules),
            "events": list(self.events),
            "who": list(self.who),
            "words": self.words,
        }


@dataclass(frozen=True, slots=True)
class Setting:
    """What a case is held against.

    `agreements` is None if no list of them was ever imported. `ice_reaches` is the latest transfer that ICE itself has
    recorded in the log, None if it records none: only before that does its silence say anything. `stops` are the
    suspensions and ends of rules that the log tells of.
    """

    rulebook: Rulebook
    agreements: AgreementsInForce | None
    ice_reaches: datetime | None
    stops: Stops = field(default_factory=dict)

    @property
    def pack(self) -> str:
        """Return the pack as findings name it: `us-mn 2026.11.1`."""
        return f"{self.rulebook.pack.pack} {self.rulebook.pack.version}"


def sheets_around(agreements: AgreementsInForce | None, agency: str, at: Instant) -> str | None:
    """Name the lists next to a moment; None unless there are some on both sides: else absence says nothing."""
    if agreements is None or at.earliest is None or at.latest is None:
        return None
    before = agreements.listings(agency, at.earliest)
    after = agreements.listings(agency, at.latest)
    first = before[0]["sheet_before"] if before else None
    last = after[0]["sheet_after"] if after else None
    return f"{first} and {last}" if first and last else None


def found(
    kind: Kind,
    events: Iterable[Recorded],
    *,
    point: DecisionPoint | None = None,
    rules: Sequence[str] = (),
    who: Iterable[str] | None = None,
    says: Mapping[str, object] = NOTHING_MORE,
) -> Finding:
    """Make a finding; `says` fills its sentence, `who` is everybody who published one of the events, if not given.

    The first of `events` is the one it is about.
    """
    resting_on = list(events)
    positions = tuple(sorted({event.position for event in resting_on}))
    first = positions[:1] if kind in OF_MANY else [event.position for event in resting_on[:1]]
    named = tuple(rules)
    given = {"rules": joined(named), "point": point_words(point) if point else "", **says}
    return Finding(
        kind=kind,
        decision_point=point,
        rules=named,
        events=positions,
        who=tuple(sorted({event.agency for event in resting_on} if who is None else set(who))),
        words=TEMPLATES[kind].format(**given),
        about=None if kind in OF_THE_WHOLE else next(iter(first), None),
    )


def point_words(point: DecisionPoint) -> str:
    """Write `hold past release`."""
    return spaced(point.value)


def act_words(event: Recorded) -> str:
    """Write an event's type in words: `release notice sent`."""
    return spaced(event.type.partition(".")[2])


def joined(words: Iterable[str]) -> str:
    """Write `a, b and c`, each once."""
    return listed(list(dict.fromkeys(words)))


def duration_words(minutes: int) -> str:
    """Write `50 min`, `7 h`, `49 h 30 min`."""
    hours, rest = divmod(minutes, 60)
    return " ".join([*([f"{hours} h"] if hours else []), *([f"{rest} min"] if rest or not hours else [])])


def whole_minutes(length: timedelta) -> int:
    """Return the minutes begun and ended."""
    return int(length.total_seconds() // 60)


def when_words(instant: Instant) -> str:
    """Write `2026-01-16 17:00`, `2026-01-16` where only the day is known, or the bounds."""
    bounds = [bound for bound in (instant.earliest, instant.latest) if bound]
    if instant.precision is Precision.EXACT:
        return moment_words(bounds[0])
    if instant.precision is Precision.UNKNOWN:
        return "an unknown time"
    cut = {Precision.DAY: "%Y-%m-%d", Precision.MONTH: "%Y-%m", Precision.YEAR: "%Y"}.get(instant.precision)
    if cut:
        return f"{bounds[0]:{cut}}"
    if len(bounds) == 2:
        return f"between {bounds[0]:%Y-%m-%d} and {bounds[1]:%Y-%m-%d}"
    return f"{'from' if instant.earliest else 'by'} {bounds[0]:%Y-%m-%d}"


def moment_words(moment: datetime) -> str:
    """Write `2026-01-16 17:00`, in the offset the record gave."""
    return f"{moment:%Y-%m-%d %H:%M}"
