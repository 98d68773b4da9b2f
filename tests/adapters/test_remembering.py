"""What a log gave up to a position is remembered, for each ledger."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.cli.main import status
from adapters.deciding import deciding
from adapters.known import amendments
from adapters.queries import ice_reaches
from adapters.remembering import Grown, Remembered
from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import ledger_place
from domain.envelope import admit
from domain.errors import LedgerUnavailable
from domain.events.handoff import CustodyTransferred
from domain.events.record import EventRetracted
from tests.builders import JAIL, MONDAY, SHERIFF, body, booked


def test_what_grows_with_a_log_is_read_once_for_each_ledger_and_never_beyond_its_end(tmp_path: Path) -> None:
    read: list[tuple[int, int]] = []

    def reads(found: list[int], ledger: Ledger, after: int, upto: int) -> None:
        read.append((after, upto))
        found += [event.position for event in ledger.recorded(after=after, upto=upto)]

    grown: Grown[list[int]] = Grown(list, reads)
    with closing(Ledger.create(tmp_path / "one.db")) as one, closing(Ledger.create(tmp_path / "two.db")) as two:
        one.append([admit(booked(number)) for number in range(3)], now=system_clock())
        two.append([admit(booked(7))], now=system_clock())

        assert [[1, 2], [1, 2], [1, 2]] == [list(grown.upto(one, upto)) for upto in (2, 1, 2)]
        assert [1, 2, 3] == grown.upto(one, 9)
        one.append([admit(booked(4))], now=system_clock())
        assert [1, 2, 3, 4] == grown.upto(one, 9)
        assert [1] == grown.upto(two, 1)
    assert [(0, 2), (2, 3), (3, 4), (0, 1)] == read


def test_what_was_read_in_part_as_the_ledger_went_away_is_read_anew(tmp_path: Path) -> None:
    fails = [False, True, False]

    def reads(found: list[int], ledger: Ledger, after: int, upto: int) -> None:
        found += [event.position for event in ledger.recorded(after=after, upto=upto)]
        if fails.pop(0):
            raise LedgerUnavailable("connection_lost", "the connection was lost")

    grown: Grown[list[int]] = Grown(list, reads)
    with closing(Ledger.create(tmp_path / "one.db")) as ledger:
        ledger.append([admit(booked(number)) for number in range(3)], now=system_clock())
        grown.upto(ledger, 1)
        with pytest.raises(LedgerUnavailable):
            grown.upto(ledger, 2)

        assert [1, 2, 3] == grown.upto(ledger, 3)


def test_what_was_known_at_a_position_is_the_same_after_more_is_known(tmp_path: Path) -> None:
    first = admit(booked(1))
    back = admit(body(EventRetracted, "r-1", correctionof=first.id, reason="clerical"))
    with closing(Ledger.create(tmp_path / "custody.db")) as ledger:
        ledger.append([first], now=system_clock())
        (event,) = ledger.recorded()
        assert event == amendments(ledger, 1).amend(event)
        ledger.append([back], now=system_clock())

        assert amendments(ledger, 2).amend(event) is None
        assert event == amendments(ledger, 1).amend(event)
        assert amendments(ledger, None).amend(event) is None


def test_an_answer_is_given_up_for_another_log_and_for_a_position_before_it(tmp_path: Path) -> None:
    answers: Remembered[str] = Remembered()
    with closing(Ledger.create(tmp_path / "one.db")) as one, closing(Ledger.create(tmp_path / "two.db")) as two:
        one.append([admit(booked(1)), admit(booked(2))], now=system_clock())
        two.append([admit(booked(3)), admit(booked(4))], now=system_clock())

        answers.keep(one, 1, "first")

        assert answers.before(one, 2) == (1, "first")
        assert answers.before(one, 0) is None
        assert answers.before(two, 2) is None


def test_what_was_known_of_rules_is_read_again_once_a_rule_is_published(tmp_path: Path) -> None:
    place = str(tmp_path / "custody.db")
    with closing(Ledger.create(ledger_place(place))) as ledger:
        ledger.append([admit(booked(1))], now=system_clock())
        before = deciding(ledger, 1)
        ledger.append([admit(booked(2))], now=system_clock())
        assert deciding(ledger, 2) is before
    assert status(["--ledger", place, "rules", "publish", "us-mn"]) == 0
    with closing(Ledger.open_to_read(ledger_place(place))) as ledger:
        last = ledger.position()

        assert deciding(ledger, last).rules.position is not None
        assert deciding(ledger, 2).rules.position is None


@pytest.mark.parametrize("stretch", [1, 2, 8_192])
def test_how_far_ice_told_grows_with_the_log_and_not_with_what_was_asked_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stretch: int
) -> None:
    ends = {"releasing_agency": SHERIFF, "receiving_agency": "us-ice", "facility": JAIL, "subject": "s-1"}
    later = MONDAY + timedelta(days=1)
    told = [admit(body(CustodyTransferred, f"h-{at.day}", at=at, agency="us-ice", **ends)) for at in (MONDAY, later)]
    with closing(Ledger.create(tmp_path / "custody.db")) as ledger:
        ledger.append(told, now=system_clock())

        monkeypatch.setattr("adapters.queries.STRETCH", stretch)
        assert [ice_reaches(ledger, upto) for upto in (1, 2, 1, 0)] == [MONDAY, later, MONDAY, None]
