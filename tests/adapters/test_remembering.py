"""What a log gave up to a position is remembered for the last position, for each ledger."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from adapters.composition import amendments
from adapters.remembering import remembered
from adapters.store.ledger import Ledger, system_clock
from domain.envelope import admit
from domain.events.record import EventRetracted
from tests.builders import body, booked


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
