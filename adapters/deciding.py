"""What cases are decided by, as known at a position: the rules, and what the log tells beside them.

A position's answer never changes, and most events change nothing of it: the last few answers are kept in memory, and
hold up to the next event that tells of rules, agreements, boards or courts, or amends one.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.known import agreements_in_force, amendments, published_packs
from adapters.remembering import Remembered
from adapters.rules.published import RULE_TYPES, KnownRules, known_rules
from adapters.store.ledger import Ledger
from domain.rules.rulebook import Rulebook
from domain.rules.stops import Stops
from projections.agreements import Agreements
from projections.amendments import AMENDING_TYPES, Amendments
from projections.coverage_history import ANYBODY, Known
from projections.published_packs import PublishedPacks
from projections.rule_stops import rule_stops

TYPES = (*RULE_TYPES, *AMENDING_TYPES, *Agreements.TYPES, *ANYBODY)


@dataclass(frozen=True, slots=True)
class Deciding:
    """The packs, rules and agreements known at a position, courts' stops, and what amends events.

    `agreements` is None, which is "not known", if no list was ever imported. `beside` gives what coverage asks under.
    """

    amending: Amendments
    published: PublishedPacks
    rules: KnownRules
    agreements: Agreements | None
    stops: Stops
    beside: Known


_remembered: Remembered[Deciding] = Remembered()


def deciding(ledger: Ledger, upto: int, rulebook: Rulebook | None = None) -> Deciding:
    """Return what to decide by: a rulebook if one is given, else the rules known at the position."""
    if rulebook:
        return _read(ledger, upto, rulebook)
    before = _remembered.before(ledger, upto)
    if before and not next(ledger.recorded(after=before[0], upto=upto, topics=TYPES, limit=1), None):
        return _remembered.keep(ledger, upto, before[1])
    return _remembered.keep(ledger, upto, _read(ledger, upto, None))


def _read(ledger: Ledger, upto: int, rulebook: Rulebook | None) -> Deciding:
    amending = amendments(ledger, upto)
    published = published_packs(ledger, upto, amending)
    rules = KnownRules(rulebook, None) if rulebook else known_rules(published)
    agreements = agreements_in_force(ledger, upto, amending)
    told = list(amending.apply(ledger.recorded(upto=upto, topics=ANYBODY)))
    return Deciding(amending, published, rules, agreements, rule_stops(told), Known(rules.rulebook, told, agreements))
