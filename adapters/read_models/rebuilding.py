"""Building read models anew beside those that answer, on all processors."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, contextmanager
from multiprocessing import active_children, get_context, parent_process
from signal import SIG_IGN, SIGINT, signal
from threading import Thread

from adapters.read_models.answers import in_memory
from adapters.read_models.models import Models
from adapters.read_models.projector import OnError, Progress, build_together
from adapters.store.ledger import Ledger
from domain.errors import LedgerUnavailable

LOOK_SECONDS = 0.2
SAMPLE_EVENTS = 10_000


def build(models: Models, ledger: Ledger, name: str, on_error: OnError, progress: Progress = lambda _: None) -> int:
    """Build one model into a new generation, as far as the log goes by now; return its number. Lock it first."""
    return build_some(models, ledger, [name], on_error, progress)[name]


def build_some(
    models: Models, ledger: Ledger, names: Sequence[str], on_error: OnError, progress: Progress = lambda _: None
) -> dict[str, int]:
    """Build several models in this process, reading the log once; return their new generations. Lock them first."""
    with ExitStack() as building:
        begun = {name: building.enter_context(models.building(name)) for name in names}
        gc.disable()  # what a fold holds has no cycles, and a million live objects are slow to look through
        build_together(ledger, [model for _, model in begun.values()], ledger.position(), on_error, progress)
        gc.enable()
    return {name: generation for name, (generation, _) in begun.items()}


def build_all(
    models: Models,
    ledger: Ledger,
    names: Sequence[str],
    on_error: OnError,
    run: Callable[[Sequence[str]], dict[str, int]],
    progress: Callable[[int], None],
) -> dict[str, int]:
    """Build several models side by side, in this process and in one more for each other processor.

    `run` builds some and is called in other processes; `progress` is told how many events were folded, over all models.
    Return the generations.
    """
    upto, others = ledger.position(), min(len(names), os.cpu_count() or 1) - 1
    if not others:
        return build_some(models, ledger, names, on_error, lambda done: progress(done * len(names)))
    pool = ProcessPoolExecutor(others, mp_context=get_context("spawn"), initializer=end_with_parent)
    with pool, _failing_together():
        pool.submit(os.getpid)  # a process takes a while to start: meanwhile the work is shared out
        mine, *theirs = shares(_costs(models, ledger, names), others + 1)
        futures = [pool.submit(run, share) for share in theirs]

        def tell(done: int) -> None:
            for future in futures:
                if future.done():
                    future.result()  # raises as soon as another process failed
            progress(done * len(mine) + sum(_position(models, name) for share in theirs for name in share))

        built = build_some(models, ledger, mine, on_error, tell)
        pending: set[Future[dict[str, int]]] = set(futures)
        while pending:
            _, pending = wait(pending, timeout=LOOK_SECONDS)
            tell(upto)
        for future in futures:
            built |= future.result()
    return {name: built[name] for name in names}


@contextmanager
def _failing_together() -> Iterator[None]:
    """End the processes that a block began if it fails or is interrupted: nobody would use what they build.

    Raise LedgerUnavailable(rebuild_ended) if one of them was ended from outside.
    """
    before = set(active_children())
    try:
        yield
    except BaseException as error:
        for process in set(active_children()) - before:
            process.kill()
        if isinstance(error, BrokenProcessPool):
            raise LedgerUnavailable(
                "rebuild_ended",
                "a process of the rebuild was ended from outside",
                mend="run it again; the old read models still answer",
            ) from None
        raise


def shares(costs: Mapping[str, float], count: int) -> list[list[str]]:
    """Share out models so that each share costs about the same; the first share costs most."""
    found: list[list[str]] = [[] for _ in range(count)]
    spent = [0.0] * count
    for name in sorted(costs, key=lambda name: -costs[name]):
        least = spent.index(min(spent))
        found[least].append(name)
        spent[least] += costs[name]
    return [share for _, share in sorted(zip(spent, found, strict=True), reverse=True)]


def _costs(models: Models, ledger: Ledger, names: Sequence[str]) -> dict[str, float]:
    """Return about what each model costs: the seconds that a small part of the log takes."""
    found = {}
    for name in names:
        began = time.process_time()
        in_memory(models, ledger, name, min(SAMPLE_EVENTS, ledger.position())).close()
        found[name] = time.process_time() - began
    return found


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
