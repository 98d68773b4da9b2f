"""What cases are decided by, as known at a position: the rules, and what the log tells beside them.

A position's answer never changes, and most events change nothing of it: the last few answers are kept in memory, and
hold up to the next event that tells of rules, agreements, boards or courts, or amends one.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from operator import itemgetter
from threading import Lock

from adapters.composition import agreements_in_force, amendments, rules_known
from adapters.rules.published import RULE_TYPES, KnownRules
from adapters.store.ledger import Ledger
from domain.rules.rulebook import Rulebook
from domain.rules.stops import Stops
from projections.agreements import Agreements
from projections.amendments import AMENDING_TYPES, Amendments
from projections.coverage_history import ANYBODY, Known
from projections.rule_stops import rule_stops

KEPT = 8


TYPES = (*RULE_TYPES, *AMENDING_TYPES, *Agreements.TYPES, *ANYBODY)


@dataclass(frozen=True, slots=True)
class Deciding:
    """The rules and agreements known at a position, courts' stops, and what amends events.

    `agreements` is None, which is "not known", if no list was ever imported. `beside` gives what coverage asks under.
    """

    amending: Amendments
    rules: KnownRules
    agreements: Agreements | None
    stops: Stops
    beside: Known


_kept: OrderedDict[tuple[int, str], Deciding] = OrderedDict()  # by position, and the hash of the event there
_lock = Lock()


def deciding(ledger: Ledger, upto: int, rulebook: Rulebook | None = None) -> Deciding:
    """Return what to decide by: a rulebook if one is given, else the rules known at the position."""
    if rulebook or not upto:
        return _read(ledger, upto, rulebook)
    found = _remembered(ledger, upto) or _read(ledger, upto, None)
    with _lock:
        _kept[upto, ledger.leaf_at(upto)] = found
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def _remembered(ledger: Ledger, upto: int) -> Deciding | None:
    """Return what was read for this log at a position since which nothing that counts came."""
    with _lock:
        before = sorted(((key, found) for key, found in _kept.items() if key[0] <= upto), key=itemgetter(0))
    for (position, leaf), found in reversed(before):
        if ledger.leaf_at(position) == leaf:  # another log has another event there
            newer = ledger.recorded(after=position, upto=upto, topics=TYPES, limit=1)
            return None if next(newer, None) else found
    return None


def _read(ledger: Ledger, upto: int, rulebook: Rulebook | None) -> Deciding:
    amending = amendments(ledger, upto)
    rules = KnownRules(rulebook, None) if rulebook else rules_known(ledger, upto, amending)
    agreements = agreements_in_force(ledger, upto, amending)
    told = list(amending.apply(ledger.recorded(upto=upto, topics=ANYBODY)))
    return Deciding(amending, rules, agreements, rule_stops(told), Known(rules.rulebook, told, agreements))
