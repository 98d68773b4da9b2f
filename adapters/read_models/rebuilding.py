"""Building read models anew beside those that answer, each in a process of its own."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from multiprocessing import get_context

from adapters.read_models.models import Models
from adapters.read_models.projector import OnError, Progress, build_together
from adapters.store.ledger import Ledger

LOOK_SECONDS = 0.2
Built = tuple[str, int]  # name and generation


def build(models: Models, ledger: Ledger, name: str, on_error: OnError) -> int:
    """Build one model into a new generation, as far as the log goes by now; return its number."""
    return build_some(models, ledger, [name], on_error)[name]


def build_some(
    models: Models, ledger: Ledger, names: Sequence[str], on_error: OnError, progress: Progress = lambda _: None
) -> dict[str, int]:
    """Build several models in this process, reading the log once; return their new generations."""
    with ExitStack() as building:
        begun = {name: building.enter_context(models.building(name)) for name in names}
        gc.disable()  # what a fold holds has no cycles, and a million live objects are slow to look through
        build_together(ledger, [model for _, model in begun.values()], ledger.position(), on_error, progress)
        gc.enable()
    return {name: generation for name, (generation, _) in begun.items()}


def build_all(
    models: Models, names: Sequence[str], run: Callable[[str], int], progress: Callable[[Mapping[str, int]], None]
) -> dict[str, int]:
    """Build several models side by side; `run` builds one and is called in another process. Return the generations."""
    workers = min(len(names), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        futures: dict[Future[int], str] = {pool.submit(run, name): name for name in names}
        pending = set(futures)
        while pending:
            _, pending = wait(pending, timeout=LOOK_SECONDS)
            progress({name: _position(models, name) for name in names})
        return {name: future.result() for future, name in futures.items()}


def _position(models: Models, name: str) -> int:
    """Return how far the newest generation of a model has come, 0 if it cannot be seen yet."""
    generations = models.generations(name)
    if not generations:
        return 0
    model = models.open(name, generations[-1])
    try:
        return model.position
    except Exception:  # it is being made at this moment
        return 0
    finally:
        model.close()
