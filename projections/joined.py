"""Detainers with what stands beside them: stays, departures and notices of the same case, ready to be asked about.

A case is an episode, where a detainer names one, else a person at a facility. What one case has stands together, so
that who was there and who left is found for all detainers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from projections.columns import LEAST, Flags, Numbers, Versions
from projections.custody import STAYS
from projections.departures import DEPARTURES
from projections.detainers import DETAINERS
from projections.handoffs import NOTICES
from projections.persons import Persons
from projections.told import Told


@dataclass(frozen=True)
class Index:
    """Rows by a number that several may share: those of one number stand together."""

    numbers: Numbers
    rows: Numbers

    @classmethod
    def of(cls, numbers: Numbers, rows: Numbers, order: Sequence[Numbers] = ()) -> Index:
        """Return an index of rows by their numbers, in it those of one number in an order."""
        sorting = np.lexsort((*reversed(order), numbers))
        return cls(numbers[sorting], rows[sorting])

    def ranges(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        """Return where the rows of each number begin and end; 0 has none."""
        first = np.searchsorted(self.numbers, numbers)
        return first, np.where(numbers == 0, first, np.searchsorted(self.numbers, numbers, side="right"))

    def tally(self, flags: Flags, first: Numbers, last: Numbers) -> Numbers:
        """Return how many of the rows in each range are flagged; `flags` are by row."""
        upto = np.concatenate(([0], np.cumsum(flags[self.rows])))
        found: Numbers = upto[last] - upto[first]
        return found


class Joined:
    """What is told, and by what persons are one, with an index of each table by case."""

    def __init__(self, told: Told, persons: Persons) -> None:
        self.told = told
        self.person = _one_number_each(told, persons)
        detainers, notices = told.tables[DETAINERS.name], told.tables[NOTICES.name]
        names_none = detainers["episode"] == 0
        self._episodes = _flags(len(self.person), detainers["episode"])
        self._persons = _flags(len(self.person), self.person[detainers["subject"][names_none]])
        departures = told.tables[DEPARTURES.name]
        left = np.where(departures["left_earliest"] == LEAST, 0, departures["left_earliest"])
        self.stays = self._by_case(told.tables[STAYS.name])
        self.departures = self._by_case(departures, (left, departures["event"]))
        refs, every = np.concatenate((notices["episode"], notices["detainer"])), np.arange(len(notices.events))
        self.notices = Index.of(refs, np.tile(every, 2))
        case = np.where(names_none, self._person_there(detainers), detainers["episode"])
        self.stays_of, self.departures_of = self.stays.ranges(case), self.departures.ranges(case)

    def _person_there(self, rows: Versions) -> Numbers:
        """Return a number for person and facility, greater than that of any word; 0 where no person is named."""
        size = len(self.person)
        there = (self.person[rows["subject"]] + 1) * size + rows["facility"]
        found: Numbers = np.where(rows["subject"] == 0, 0, there)
        return found

    def _by_case(self, rows: Versions, order: Sequence[Numbers] = ()) -> Index:
        """Return an index of the rows of detainers' cases: each under its episode, and under person and facility."""
        by_episode = np.flatnonzero(self._episodes[rows["episode"]])
        by_person = np.flatnonzero(self._persons[self.person[rows["subject"]]])
        both = np.concatenate((by_episode, by_person))
        numbers = np.concatenate((rows["episode"][by_episode], self._person_there(rows)[by_person]))
        return Index.of(numbers, both, [column[both] for column in order])


def _flags(size: int, numbers: Numbers) -> Flags:
    """Return which numbers below a size are among these; 0, which is none, is not."""
    found = np.zeros(size, dtype=np.bool_)
    found[numbers] = True
    found[0] = False
    return found


def _one_number_each(told: Told, persons: Persons) -> Numbers:
    """Return for the number of each word that of the pseudonym which stands for the person."""
    others = told.words.add(persons.others)
    ones = told.words.add(map(persons.one, persons.others))
    found = np.arange(len(told.words.texts))
    found[others] = ones
    return found
