"""Every way a decision can come out while some of its rules are unknown, exactly.

Rules that defeat each other, directly or in a chain, form a family; families do not touch. What a family contributes
to the status is only which modalities its standing rules have, and whether one of them is the custodian's own, so it
is a set of small bit masks, and the families' sets combine by union. A decision is thus as costly as its largest
family (`FAMILY_MAX` is checked when a pack is loaded), however many rules are unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from domain.rules.considered import Considered
from domain.rules.masks import status_of

NOTHING: frozenset[int] = frozenset({0})


@dataclass(frozen=True, slots=True)
class Turn:
    """One way a family can turn out: the values of its unknown rules, which rules stand, the mask of those."""

    values: tuple[bool, ...]
    stands: frozenset[str]
    mask: int


class Family:
    """The considered rules of one family, defeaters first."""

    def __init__(self, members: list[Considered]) -> None:
        self.members = members
        self.unknown = [found.rule.id for found in members if found.value is None]
        self.turns = [self._turn(values) for values in product((False, True), repeat=len(self.unknown))]
        self.masks = frozenset(turn.mask for turn in self.turns)
        self.always = frozenset.intersection(*(turn.stands for turn in self.turns))
        self.ever = frozenset.union(*(turn.stands for turn in self.turns))

    def _turn(self, values: tuple[bool, ...]) -> Turn:
        settled = iter(values)
        stands: list[str] = []
        defeated: set[str] = set()
        mask = 0
        for found in self.members:
            true = next(settled) if found.value is None else found.value
            if true and found.rule.id not in defeated:
                stands.append(found.rule.id)
                defeated.update(found.rule.beats)
                mask |= found.entry.mask
        return Turn(values, frozenset(stands), mask)

    def deciding(self, others: frozenset[int]) -> Iterator[str]:
        """Yield the unknown rules that alone can change the status, given what the other families may say."""
        mask_at = {turn.values: turn.mask for turn in self.turns}
        for index, rule_id in enumerate(self.unknown):
            pairs = {
                (mask, mask_at[(*values[:index], True, *values[index + 1 :])])
                for values, mask in mask_at.items()
                if not values[index]
            }
            if any(status_of(a | other) is not status_of(b | other) for a, b in pairs for other in others):
                yield rule_id


def families_of(considered: Iterable[Considered]) -> list[Family]:
    """Group the considered rules by family, their order kept; the families in which nothing is unknown are one."""
    listed = list(considered)
    open_ones = {found.entry.family for found in listed if found.value is None}
    members: dict[int | None, list[Considered]] = {}
    for found in listed:
        family = found.entry.family
        members.setdefault(family if family in open_ones else None, []).append(found)
    return [Family(group) for group in members.values()]


def combined(families: Iterable[Family]) -> frozenset[int]:
    """Return every mask that the families can give together."""
    masks = NOTHING
    for family in families:
        masks = frozenset(one | other for one in masks for other in family.masks)
    return masks


def deciding_rules(families: list[Family]) -> set[str]:
    """Return the unknown rules that could change the status."""
    found: set[str] = set()
    for family in families:
        if family.unknown:
            found.update(family.deciding(combined(other for other in families if other is not family)))
    return found
