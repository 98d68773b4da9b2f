"""What a log gave up to a position is remembered for the last position, for each ledger."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path

from adapters.cli.main import status
from adapters.composition import amendments
from adapters.deciding import deciding
from adapters.queries import ice_reaches
from adapters.remembering import Remembered, remembered
from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import ledger_place
from domain.envelope import admit
from domain.events.handoff import CustodyTransferred
from domain.events.record import EventRetracted
from tests.builders import JAIL, MONDAY, SHERIFF, body, booked


def test_what_was_asked_last_is_remembered_and_nothing_without_a_position(tmp_path: Path) -> None:
    asked: list[int | None] = []

    @remembered
    def ask(ledger: Ledger, upto: int | None) -> int:
        asked.append(upto)
        return len(asked)

    with closing(Ledger.create(tmp_path / "one.db")) as one, closing(Ledger.create(tmp_path / "two.db")) as two:
        answers = [ask(ledger, upto) for ledger in (one, two) for upto in (1, 1, 2, 1, None, None, 1)]

    assert [1, 2, 1, None, None] * 2 == asked
    assert [1, 1, 2, 3, 4, 5, 3, 6, 6, 7, 8, 9, 10, 8] == answers


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


def test_how_far_ice_told_grows_with_the_log_and_not_with_what_was_asked_before(tmp_path: Path) -> None:
    ends = {"releasing_agency": SHERIFF, "receiving_agency": "us-ice", "facility": JAIL, "subject": "s-1"}
    later = MONDAY + timedelta(days=1)
    told = [admit(body(CustodyTransferred, f"h-{at.day}", at=at, agency="us-ice", **ends)) for at in (MONDAY, later)]
    with closing(Ledger.create(tmp_path / "custody.db")) as ledger:
        ledger.append(told, now=system_clock())

        assert [ice_reaches(ledger, upto) for upto in (1, 2, 1, 0)] == [MONDAY, later, MONDAY, None]
