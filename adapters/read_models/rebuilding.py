"""Building read models anew beside those that answer, each in a process of its own."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from multiprocessing import get_context, parent_process
from signal import SIG_IGN, SIGINT, signal
from threading import Thread

from adapters.read_models.models import Models
from adapters.read_models.projector import OnError, Progress, Projector
from adapters.store.ledger import Ledger
from domain.errors import LedgerUnavailable

LOOK_SECONDS = 0.2
Built = tuple[str, int]  # name and generation


def build(models: Models, ledger: Ledger, name: str, on_error: OnError, progress: Progress = lambda _: None) -> int:
    """Build one model into a new generation, as far as the log goes by now; return its number. Lock it first."""
    with models.building(name) as (generation, model):
        gc.disable()  # what a fold holds has no cycles, and a million live objects are slow to look through
        Projector(ledger, model, on_error).build(ledger.position(), progress)
        gc.enable()
    return generation


def build_all(
    models: Models, names: Sequence[str], run: Callable[[str], int], progress: Callable[[Mapping[str, int]], None]
) -> dict[str, int]:
    """Build several models side by side; `run` builds one and is called in another process. Return the generations."""
    workers = min(len(names), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=end_with_parent) as pool:
        futures: dict[Future[int], str] = {pool.submit(run, name): name for name in names}
        pending = set(futures)
        while pending:
            _, pending = wait(pending, timeout=LOOK_SECONDS)
            progress({name: _position(models, name) for name in names})
        try:
            return {name: future.result() for future, name in futures.items()}
        except BrokenProcessPool:
            raise LedgerUnavailable(
                "rebuild_ended",
                "a process of the rebuild was ended from outside",
                mend="run it again; the old read models still answer",
            ) from None


def end_with_parent() -> None:
    """Let this process end when the one that started it does, however that ends: nobody would use what it builds."""
    parent = parent_process()
    assert parent is not None  # noqa: S101 - only a process of a pool calls this

    def watch() -> None:
        parent.join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()
    signal(SIGINT, SIG_IGN)  # an interrupt is for the process that began all this


def _position(models: Models, name: str) -> int:
    """Return how far the newest generation of a model has come, 0 if it cannot be seen yet."""
    generations = models.generations(name)
    if not generations:
        return 0
    try:
        with closing(models.open(name, generations[-1])) as model:
            return model.position
    except LedgerUnavailable:  # it is being made, or was removed, at this moment
        return 0
