"""Counting what a few events give, without a ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from adapters.counting import named_counts
from adapters.places.register import minnesota_register
from domain.counts.counting import Definitions
from domain.events import detainer, episode, handoff
from domain.instants import Instant, microseconds
from projections.amendments import Amendments
from projections.counted import Rows
from projections.custody import Custody
from projections.departures import Departures
from projections.detainers import Detainers
from projections.facts import Custodian
from projections.folding.now import stored_now
from projections.handoffs import Handoffs
from projections.joined import Joined
from projections.persons import Persons
from projections.tally import EVER, Period, Tally
from projections.told import SOURCES, Told
from tests.builders import JAIL, MONDAY, SHERIFF, body, recorded

ICE = "us-ice"
HOUR = timedelta(hours=1)
CUSTODIANS = {one.id: Custodian(one.kind, one.county, one.agency) for one in minnesota_register().facilities}
OPERATORS = {facility: custodian.agency for facility, custodian in CUSTODIANS.items()}


def joined(*bodies: bytes) -> Joined:
    events = recorded(*bodies)
    events = list(Amendments(events).apply(events))
    sources, stored = {source.table: source for source in SOURCES}, defaultdict(list)
    for fold in (Detainers(), Custody(OPERATORS), Departures(), Handoffs()):
        columns = {table.name: list(table.columns) for table in fold.tables}
        for name, row in stored_now(fold, events):
            if name in sources:
                by_name = dict(zip(columns[name], row, strict=True))
                stored[name].append((*(by_name[column] for column in sources[name].names), 1, None))
    return Joined(Told.of(stored), Persons(events))


def tally(
    *bodies: bytes,
    at: datetime = MONDAY + 24 * 60 * HOUR,
    period: Period = EVER,
    only: dict[str, Sequence[Any]] | None = None,
    definitions: Definitions | None = None,
) -> Tally:
    rows = Rows(joined(*bodies), CUSTODIANS, 1, microseconds(at))
    return Tally(definitions or named_counts(), rows, period, only)


def values(found: Tally) -> dict[str, int]:
    """Each count in all."""
    return {count.id: found.value(count) for count in found.definitions}


def prepared(form: str, person: str | None = None, *, facility: str | None = JAIL, **more: Any) -> bytes:
    data = {"facility": facility, "subject": person, "form": "I-247A", **more}
    return body(detainer.DetainerPrepared, form, agency=ICE, at=data.pop("at", MONDAY), **data)


def lifted(form: str, words: str, at: datetime | Instant = MONDAY + 9 * HOUR) -> bytes:
    said = {"lift_reason_as_printed": words, "asserted_by": ICE}
    return body(detainer.DetainerLifted, form, agency=ICE, at=at, facility=JAIL, **said)


def received(form: str) -> bytes:
    return body(detainer.DetainerReceived, form, at=MONDAY + HOUR, facility=JAIL)


def booked(person: str, at: datetime = MONDAY - HOUR, facility: str = JAIL) -> bytes:
    return body(episode.SubjectBooked, f"{facility}.{person}", at=at, facility=facility, subject=person)


def out(person: str, at: datetime | Instant = MONDAY + 72 * HOUR, **more: Any) -> bytes:
    data = {"facility": JAIL, "subject": person, **more}
    return body(episode.ReleasedToCommunity, f"{JAIL}.{person}", at=at, **data)


def notice(person: str, hours_before: int, due: datetime = MONDAY + 72 * HOUR) -> bytes:
    about = {"facility": JAIL, "subject": person, "episode": f"{JAIL}.{person}", "to_agency": ICE}
    scheduled = Instant.exact(due).as_json()
    at = due - hours_before * HOUR
    return body(handoff.ReleaseNoticeSent, f"h-{person}", at=at, scheduled_release_at=scheduled, **about)


def transferred(person: str, agency: str = SHERIFF, at: datetime = MONDAY + 72 * HOUR, to: str = ICE) -> bytes:
    about = {"facility": JAIL, "subject": person, "episode": f"{JAIL}.{person}"}
    sides = {"releasing_agency": SHERIFF, "receiving_agency": to}
    return body(handoff.CustodyTransferred, f"h-{person}", agency=agency, at=at, **about, **sides)
