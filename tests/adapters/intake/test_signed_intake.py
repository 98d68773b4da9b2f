"""Files of signed events: what is refused is recorded with what is around it, however little of it is an event."""

from __future__ import annotations

import pytest

from adapters.intake.signed_intake import BATCH_EVENTS, SignedIntake
from domain.errors import InputRefused
from tests.signing import door_to
from tests.spots import Spot


def test_a_file_of_nothing_but_rubbish_is_recorded_as_it_is_read_and_not_held_in_memory(spot: Spot) -> None:
    ledger = spot.ledger()
    with SignedIntake(door_to(ledger), lambda _, answer: None) as intake:
        for row in range(1, BATCH_EVENTS + 2):
            with pytest.raises(InputRefused, match="bad_dsse"):
                intake.submit(b"rubbish %d" % row, origin="rubbish.jsonl", row=row)
        while_reading = ledger.facts.rows("SELECT count(*) AS n FROM rejects")[0]["n"]

    assert BATCH_EVENTS == while_reading
    assert BATCH_EVENTS + 1 == ledger.facts.rows("SELECT count(*) AS n FROM rejects")[0]["n"]
    ledger.close()
