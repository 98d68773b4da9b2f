"""Which pseudonyms are one person, by the identity links known: the word of whoever linked them."""

from __future__ import annotations

from collections.abc import Iterable

from domain.events.record import IdentityLinked, IdentityUnlinked
from projections.recorded import Recorded

LINKING_TYPES = (IdentityLinked.TYPE, IdentityUnlinked.TYPE)


class Persons:
    """Pseudonyms, each with the one that stands for the person: the first in the order of the alphabet."""

    def __init__(self, events: Iterable[Recorded] = ()) -> None:
        """`events` come amended, in order; a link that was undone later joins nothing."""
        linked: dict[frozenset[str], bool] = {}
        for event in events:
            data = event.data
            if isinstance(data, IdentityLinked | IdentityUnlinked):
                linked[frozenset((data.subject, data.same_as))] = isinstance(data, IdentityLinked)
        self._first: dict[str, str] = {}
        for pair, stands in sorted(linked.items(), key=lambda one: sorted(one[0])):
            if stands:
                self._join(pair)

    def _join(self, pair: frozenset[str]) -> None:
        first, *others = sorted({self.one(subject) for subject in pair})
        for other in others:
            self._first[other] = first

    def one(self, subject: str) -> str:
        """Return the pseudonym that stands for a person."""
        while subject in self._first:
            subject = self._first[subject]
        return subject

    @property
    def others(self) -> Iterable[str]:
        """Return the pseudonyms for which another stands."""
        return self._first
