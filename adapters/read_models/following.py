"""Keeping read models up with the log until told to stop.

An event that a fold cannot take is not tried again: the same version of a fold gives the same every time. It is parked,
or ends this. A database that is away is tried again, and so is a generation that a rebuild has just replaced. Anything
else that a database refuses, as a full disk, ends this with the error: whoever runs it starts it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from adapters.read_models.metrics import Metrics, measure
from adapters.read_models.model import Model
from adapters.read_models.models import Models
from adapters.read_models.projector import OnError, Projector
from adapters.read_models.rebuilding import build
from adapters.store.away import AWAY_SECONDS, PAUSE_SECONDS
from adapters.store.ledger import Ledger
from domain.errors import LedgerUnavailable

HEARTBEAT_SECONDS = 0.5
MEASURE_SECONDS = 1.0
PASSING = {"connection_lost", "cannot_connect", "server_busy", "model_gone"}


class _Stopped(Exception):
    """Raised to end a build that is under way."""


@dataclass
class Follower:
    """Follows the log with some read models; `is_stopped` is asked after every page and on every heartbeat."""

    models: Models
    ledger: Ledger
    names: Sequence[str]
    on_error: OnError
    is_stopped: Callable[[], bool]
    metrics_file: Path | None = None
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        self._followed: dict[str, tuple[Model, Projector]] = {}
        self._answered, self._measured = time.monotonic(), 0.0

    def catch_up(self) -> None:
        """Build what is absent, bring all up to where the log ends now, and return."""
        with closing(self):
            self._round(self.ledger.position(), waiting=False)

    def run(self) -> None:
        """Follow until stopped. Raise what ends it; a database that is away does so after a while only."""
        upto = 0
        with closing(self), suppress(_Stopped):
            while not self.is_stopped():
                try:
                    upto = self.ledger.wait_beyond(upto, HEARTBEAT_SECONDS)
                    self._round(upto, waiting=True)
                except LedgerUnavailable as error:
                    if error.code not in PASSING or time.monotonic() - self._answered > AWAY_SECONDS:
                        raise
                    self.metrics.retried()
                    time.sleep(PAUSE_SECONDS)

    def close(self) -> None:
        """Let the models go; where they stand is measured once more."""
        with suppress(LedgerUnavailable):
            self._measure(self.ledger.position())
        while self._followed:
            self._followed.popitem()[1][0].close()

    def _round(self, upto: int, *, waiting: bool) -> None:
        for name in self.names:
            if projector := self._projector(name, waiting=waiting):
                while projector.position < upto and not self.is_stopped():
                    self.metrics.page(name, projector.page(upto))
                    self._answered = time.monotonic()
        self._answered = time.monotonic()
        if self._answered - self._measured > MEASURE_SECONDS:
            self._measure(upto)

    def _projector(self, name: str, *, waiting: bool) -> Projector | None:
        """Return what folds into the generation that answers by now; None while another process builds the first."""
        if name in self._followed:
            model, projector = self._followed[name]
            if model.is_there():
                return projector
            del self._followed[name]
            model.close()
        try:
            model = self.models.live(name, self.ledger) or self._built(name)
        except LedgerUnavailable as error:
            if waiting and error.code == "already_building":
                return None
            raise
        self._followed[name] = model, Projector(self.ledger, model, self.on_error)
        return self._followed[name][1]

    def _built(self, name: str) -> Model:
        with self.models.rebuilding([name]):
            build(self.models, self.ledger, name, self.on_error, self._go_on)
            self.models.swap(name)
        model = self.models.live(name, self.ledger)
        assert model is not None  # noqa: S101 - it was built a moment ago
        return model

    def _go_on(self, _: int) -> None:
        if self.is_stopped():
            raise _Stopped

    def _measure(self, upto: int) -> None:
        self._measured = time.monotonic()
        if self.metrics_file is None:
            return
        for model, _ in self._followed.values():
            measure(self.metrics, self.ledger, model, upto)
        with suppress(OSError):  # a full disk shall not end what can go on; the file's age shows it
            self.metrics.write(self.metrics_file)
