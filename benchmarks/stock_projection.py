"""The same kind of read model the stock way: `ProjectionRunner` of `eventsourcing`, one transaction an event.

Its application keeps the events in memory, which is kinder to it than any database: the stock SQLite recorder cannot be
followed. Its view is a SQLite table with a row for each stay, as durable as the library makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

import orjson
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import InfrastructureFactory, Tracking
from eventsourcing.popo import POPOApplicationRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder
from eventsourcing.utils import Environment

from domain.envelope import Submission
from domain.events.episode import ReleasedToCommunity, SubjectBooked

PATIENCE_SECONDS = 600


class Stay(Aggregate):
    """An episode, of which two events are told."""

    @event("Booked")
    def __init__(self, facility: str, time: str) -> None:
        self.facility, self.since, self.until = facility, time, ""

    @event("Released")
    def release(self, time: str) -> None:
        """End it."""
        self.until = time


class View(SQLiteTrackingRecorder):
    """Stays: episode, facility, since, until."""

    def construct_create_table_statements(self) -> list[str]:
        """Add the table."""
        table = "CREATE TABLE IF NOT EXISTS stays (episode TEXT PRIMARY KEY, facility TEXT, since TEXT, until TEXT)"
        return [*super().construct_create_table_statements(), table]

    def run(self, tracking: Tracking, statement: str, values: Sequence[str]) -> None:
        """Change the table and note the position in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(statement, values)


class Stays(Projection[View]):
    """Folds bookings and releases into stays."""

    name = "stays"

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Take nothing else: there is nothing else."""
        raise NotImplementedError(domain_event, tracking)

    @process_event.register
    def _(self, domain_event: Stay.Booked, tracking: Tracking) -> None:
        values = [str(domain_event.originator_id), domain_event.facility, domain_event.time]
        self.view.run(tracking, "INSERT INTO stays VALUES (?, ?, ?, '')", values)

    @process_event.register
    def _(self, domain_event: Stay.Released, tracking: Tracking) -> None:
        values = [domain_event.time, str(domain_event.originator_id)]
        self.view.run(tracking, "UPDATE stays SET until = ? WHERE episode = ?", values)


class InMemory(Application):
    """The application whose events are projected; every instance sees those of the class's recorder."""

    recorder_of_all = POPOApplicationRecorder()

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Keep the events where the next instance finds them."""
        factory = super().construct_factory(env)
        factory.application_recorder = lambda: self.recorder_of_all  # type: ignore[method-assign]
        return factory


def fill(events: Sequence[Submission]) -> int:
    """Save the bookings and releases among these events; return how many."""
    InMemory.recorder_of_all = POPOApplicationRecorder()
    app, stays = InMemory(), {}
    for told in events:
        time = orjson.loads(told.body)["time"]
        if told.type == SubjectBooked.TYPE:
            stays[told.stream] = Stay(str(told.facility), time)
        elif told.type == ReleasedToCommunity.TYPE and told.stream in stays:
            stays[told.stream].release(time)
    for stay in stays.values():
        app.save(stay)
    return InMemory.recorder_of_all.max_notification_id() or 0


def project(folder: Path) -> None:
    """Run the projection over all that was saved."""
    view = {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "stays.db")}
    env = {f"{Stays.name.upper()}_{name}": value for name, value in view.items()}
    with ProjectionRunner(application_class=InMemory, projection_class=Stays, view_class=View, env=env) as runner:
        runner.wait(InMemory.recorder_of_all.max_notification_id(), timeout=PATIENCE_SECONDS)
