"""Events that were read lately are not decoded again, unless what is stored is other bytes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from adapters.store.ledger import Ledger, decode, system_clock
from adapters.store.read_lately import ReadLately
from domain.envelope import admit
from tests.builders import booked


def test_an_event_is_decoded_once_while_it_is_among_the_last_and_anew_if_its_bytes_are_others(tmp_path: Path) -> None:
    with closing(Ledger.create(tmp_path / "custody.db")) as ledger:
        ledger.append([admit(booked(number)) for number in range(3)], now=system_clock())
        first, second, third = map(dict, ledger.event_rows())
    lately = ReadLately(decode, kept=2)
    found = lately.of(first)

    assert lately.of(dict(first)) is found
    assert lately.of(second) == decode(second)
    assert lately.of({**first, "state": first["state"].replace(b"s-0", b"s-9")}) != found
    assert lately.of(first) == found
    lately.of(third)
    assert lately.of(second) is not lately.of(first)
