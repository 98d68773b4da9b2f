"""How following goes, as numbers in Prometheus' text format. docs/read-models.md has the table of them."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, write_to_textfile

from adapters.read_models.model import Model
from adapters.read_models.projector import Page
from adapters.store.ledger import Ledger, system_clock
from domain.instants import microseconds

US_PER_SECOND = 1_000_000
PAGE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Standings:
    """Where read models stand: what `custody projections status --metrics` prints."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._position = self._gauge("position", "Position of the log up to which the read model is folded")
        self._events = self._gauge("lag_events", "Events of the log not folded yet")
        self._seconds = self._gauge("lag_seconds", "Seconds since the oldest event not folded yet was recorded, or 0")
        self._parked = self._gauge("parked_events", "Events that could not be folded and were set aside")

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(f"custody_model_{name}", about, ["model"], registry=self.registry)

    def stands(self, name: str, *, position: int, upto: int, lag_seconds: float, parked: int) -> None:
        """Note where a model stands, and where the log ends."""
        self._position.labels(name).set(position)
        self._events.labels(name).set(max(0, upto - position))
        self._seconds.labels(name).set(lag_seconds)
        self._parked.labels(name).set(parked)

    def text(self) -> str:
        """Return all of it as Prometheus reads it."""
        return generate_latest(self.registry).decode()


class Metrics(Standings):
    """Also what a process that follows the log did since it began."""

    def __init__(self) -> None:
        super().__init__()
        model, registry = ["model"], self.registry
        self._folded = Counter("custody_model_events_folded", "Events of the log passed", model, registry=registry)
        self._rows = Counter("custody_model_rows_written", "Rows inserted or closed", model, registry=registry)
        self._pages = Histogram(
            "custody_model_page_seconds", "To fold and store a page", model, registry=registry, buckets=PAGE_SECONDS
        )
        self._retries = Counter("custody_follow_retries", "Attempts that a database refused", registry=registry)

    def page(self, name: str, page: Page) -> None:
        """Note that a page was folded and stored."""
        self._folded.labels(name).inc(page.events)
        self._rows.labels(name).inc(page.rows)
        self._pages.labels(name).observe(page.seconds)

    def retried(self) -> None:
        """Note that a database was away or busy, and is tried again."""
        self._retries.inc()

    def write(self, path: Path) -> None:
        """Write a file that is whole whenever it is read."""
        write_to_textfile(str(path), self.registry)


def lag_seconds(ledger: Ledger, position: int) -> float:
    """Return for how long the oldest event after a position has been in the log, 0 if there is none."""
    oldest = next(ledger.event_rows(after=position, limit=1), None)
    return 0 if oldest is None else max(0, microseconds(system_clock()) - oldest["recorded_at"]) / US_PER_SECOND


def measure(standings: Standings, ledger: Ledger, model: Model, upto: int) -> None:
    """Note where a model stands that is open."""
    position = model.position
    standings.stands(
        model.fold.name,
        position=position,
        upto=upto,
        lag_seconds=lag_seconds(ledger, position),
        parked=len(model.parked()),
    )
