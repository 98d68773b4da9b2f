"""The same kind of read model the stock way: `ProjectionRunner` of `eventsourcing`, one transaction an event.

Beside a file its application keeps the events in memory, which is kinder to it than any database: the stock SQLite
recorder cannot be followed. Its view is a SQLite table with a row for each stay, as durable as the library makes it.
Beside PostgreSQL both are in that database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatchmethod
from pathlib import Path
from typing import Any

import orjson
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import InfrastructureFactory, Tracking
from eventsourcing.popo import POPOApplicationRecorder
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder
from eventsourcing.utils import Environment
from psycopg.sql import SQL, Identifier

from adapters.store.place import Place
from benchmarks.append_peers import stock_settings
from domain.envelope import Submission
from domain.events.episode import ReleasedToCommunity, SubjectBooked

PATIENCE_SECONDS = 600
COLUMNS = "stays (episode TEXT PRIMARY KEY, facility TEXT, since TEXT, until TEXT)"


class Stay(Aggregate):
    """An episode, of which two events are told."""

    @event("Booked")
    def __init__(self, facility: str, time: str) -> None:
        self.facility, self.since, self.until = facility, time, ""

    @event("Released")
    def release(self, time: str) -> None:
        """End it."""
        self.until = time


class SqliteView(SQLiteTrackingRecorder):
    """Stays: episode, facility, since, until."""

    def construct_create_table_statements(self) -> list[str]:
        """Add the table."""
        return [*super().construct_create_table_statements(), f"CREATE TABLE IF NOT EXISTS {COLUMNS}"]

    def run(self, tracking: Tracking, statement: str, values: Sequence[str]) -> None:
        """Change the table and note the position in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(statement, values)


class PostgresView(PostgresTrackingRecorder):
    """The same in PostgreSQL."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        """Add the table."""
        super().__init__(datastore, **kwargs)
        schema = Identifier(datastore.schema)
        self.sql_create_statements.append(SQL("CREATE TABLE IF NOT EXISTS {}." + COLUMNS).format(schema))

    def run(self, tracking: Tracking, statement: str, values: Sequence[str]) -> None:
        """Change the table and note the position in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(SQL(statement.replace("?", "%s")), values)


class Stays(Projection[SqliteView | PostgresView]):
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


class InDatabase(Application):
    """The same with its events in a database."""


@dataclass(frozen=True, slots=True)
class Stock:
    """An application with its events, and where their projection goes."""

    application: type[Application]
    view: type[SqliteView | PostgresView]
    settings: Mapping[str, str]
    events: int

    def project(self, folder: Path) -> None:
        """Run the projection over all that was saved."""
        env = {**self.settings, f"{Stays.name.upper()}_SQLITE_DBNAME": str(folder / "stays.db")}
        with ProjectionRunner(
            application_class=self.application, projection_class=Stays, view_class=self.view, env=env
        ) as runner:
            runner.wait(self.events, timeout=PATIENCE_SECONDS)


def filled(place: Place, events: Sequence[Submission]) -> Stock:
    """Save the bookings and releases among these events, beside a file in memory, else in the database."""
    if isinstance(place, Path):
        InMemory.recorder_of_all = POPOApplicationRecorder()
        settings = {f"{Stays.name.upper()}_PERSISTENCE_MODULE": "eventsourcing.sqlite"}
        return Stock(InMemory, SqliteView, settings, _fill(InMemory(), events))
    settings = {**stock_settings(place), "ORIGINATOR_ID_TYPE": "uuid"}
    return Stock(InDatabase, PostgresView, settings, _fill(InDatabase(env=settings), events))


def _fill(app: Application, events: Sequence[Submission]) -> int:
    """Save the events as those of aggregates; return how many."""
    stays: dict[str, Stay] = {}
    for told in events:
        time = orjson.loads(told.body)["time"]
        if told.type == SubjectBooked.TYPE:
            stays[told.stream] = Stay(str(told.facility), time)
        elif told.type == ReleasedToCommunity.TYPE and told.stream in stays:
            stays[told.stream].release(time)
    for stay in stays.values():
        app.save(stay)
    return app.recorder.max_notification_id() or 0
