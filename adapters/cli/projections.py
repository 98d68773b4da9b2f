"""Commands about the read models that are kept: status, rebuild, swap, follow."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from adapters.cli.options import pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar
from adapters.composition import Services, services
from adapters.read_models.answers import in_memory
from adapters.read_models.following import Follower
from adapters.read_models.metrics import Standings, lag_seconds
from adapters.read_models.model import Model
from adapters.read_models.models import Models
from adapters.read_models.projector import OnError
from adapters.read_models.rebuilding import build_all, build_some
from adapters.store.ledger import Ledger
from adapters.store.place import Place
from adapters.visible import visible
from domain.errors import InputRefused

model_option = click.option("--model", "names", multiple=True, help="Only this read model; may be given again.")
on_error_option = click.option(
    "--on-error",
    type=click.Choice(OnError, case_sensitive=False),
    default=OnError.PARK,
    show_default=True,
    help="An event that cannot be folded: set it aside and go on, or stop.",
)


@click.group()
def projections() -> None:
    """Read models kept beside the ledger: how far they are, building them anew, following the log."""


@projections.command()
@click.option("--digest", "with_digest", is_flag=True, help="Also a digest of all rows of each.")
@click.option("--check", is_flag=True, help="Fold each anew from the log, and compare: was a row altered?")
@click.option("--metrics", is_flag=True, help="Print numbers for Prometheus, and nothing else.")
@json_option
@pass_services
def status(services: Services, with_digest: bool, check: bool, metrics: bool, as_json: bool) -> int:
    """Show each read model: which generation answers, how far it is, what it could not fold."""
    if metrics and as_json:
        raise InputRefused("usage", "--json and --metrics exclude each other", mend="give one of them")
    models = services.models()
    with closing(services.reading()) as ledger:
        upto = ledger.position()
        found = [_standing(models, ledger, name, upto, with_digest=with_digest or check) for name in models.folds]
        if check:
            _check(models, ledger, found)
    if as_json:
        print_json(found)
    elif metrics:
        click.echo(_metrics(found, upto), nl=False)
    else:
        _show(found)
    return 1 if any(row["state"] == "altered" for row in found) else 0


def _check(models: Models, ledger: Ledger, found: Sequence[dict[str, Any]]) -> None:
    """Call altered what has other rows than the same events give when they are folded now."""
    for row in found:
        if row["state"] == "answers":
            with closing(in_memory(models, ledger, row["model"], row["position"])) as folded:
                row["state"] = "answers" if folded.digest() == row["digest"] else "altered"


def _metrics(found: Sequence[dict[str, Any]], upto: int) -> str:
    standings = Standings()
    for row in found:
        standings.stands(
            row["model"],
            position=row["position"],
            upto=upto,
            lag_seconds=row["behind_seconds"],
            parked=len(row["parked"]),
        )
    return standings.text()


def _show(found: Sequence[dict[str, Any]]) -> None:
    columns = ["model", "state", "generation", "position", "behind", "rows", "parked"]
    table = [[*(row[name] for name in columns[:5]), sum(row["rows"].values()), len(row["parked"])] for row in found]
    print_table(columns, table, empty="")
    if any(row["state"] == "altered" for row in found):
        click.echo(
            "What is altered answers with rows that the log does not give; `custody projections rebuild` mends it."
        )
    if any(row["state"] not in ("answers", "altered") for row in found):
        click.echo("What is not kept is folded in memory when asked; `custody projections rebuild` keeps it.")
    for row in found:
        for parked in row["parked"]:
            click.echo(f"{row['model']} could not take position {parked['position']}: {visible(parked['what'])}")


def _standing(models: Models, ledger: Ledger, name: str, upto: int, *, with_digest: bool) -> dict[str, Any]:
    """Return one model's line: state is answers, absent, other_version or other_log; `_check` may say altered."""
    generation = models.live_generation(name)
    found: dict[str, Any] = {"model": name, "state": "absent", "generation": generation, "position": 0}
    found |= {"behind": upto, "version": models.fold(name).version, "rows": {}, "parked": []}
    if generation is not None:
        with closing(models.open(name, generation)) as model:
            standing = model.standing()
            found |= {"position": standing.position, "behind": max(0, upto - standing.position)}
            found |= {"rows": model.counted(), "state": _state(model, ledger), "version": standing.version}
            found["parked"] = [{"position": position, "what": what} for position, what in model.parked()]
            if with_digest:
                found["digest"] = model.digest()
    return found | {"behind_seconds": round(lag_seconds(ledger, found["position"]), 3)}


def _state(model: Model, ledger: Ledger) -> str:
    standing = model.standing()
    if standing.version != model.fold.version:
        return "other_version"
    return "answers" if standing.tip == ledger.root_at(standing.position) else "other_log"


@projections.command()
@model_option
@on_error_option
@click.option("--swap/--no-swap", default=True, show_default=True, help="Let what was built answer at once.")
@json_option
@pass_services
def rebuild(services: Services, names: tuple[str, ...], on_error: OnError, swap: bool, as_json: bool) -> None:
    """Build read models anew from the whole log, side by side; until then the old ones answer."""
    models = services.models()
    chosen = _chosen(models, names)
    began = time.monotonic()
    with closing(services.reading()) as ledger, models.rebuilding(chosen):
        upto = ledger.position()
        with progress_bar("rebuilding", upto * len(chosen)) as progress:
            run = partial(rebuild_some, services.place, on_error=on_error)
            built = build_all(models, ledger, chosen, on_error, run, progress)
        seconds = time.monotonic() - began
        if swap:
            for name in chosen:
                models.swap(name)
    if as_json:
        print_json({"built": built, "events": upto, "seconds": round(seconds, 3), "swapped": swap})
        return
    click.echo(f"{', '.join(chosen)}: built from {upto:,} events in {seconds:.1f} s ({upto / seconds:,.0f} events/s)")
    if not swap:
        click.echo("The old ones still answer; `custody projections swap` lets the new ones.")


def rebuild_some(place: Place, names: Sequence[str], on_error: OnError) -> dict[str, int]:
    """Build some models, in a process of their own."""
    here = services(place)
    ledger = here.reading()
    built = build_some(here.models(), ledger, names, on_error)
    ledger.close()
    return built


def _chosen(models: Models, names: Sequence[str]) -> list[str]:
    return [models.fold(name).name for name in names] or list(models.folds)


@projections.command()
@model_option
@json_option
@pass_services
def swap(services: Services, names: tuple[str, ...], as_json: bool) -> None:
    """Let the newest read models that were built whole answer, and remove those before them."""
    models = services.models()
    swapped = {name: _swapped(models, name) for name in _chosen(models, names)}
    if as_json:
        print_json(swapped)
        return
    for name, generation in swapped.items():
        click.echo(f"{name}: generation {generation} answers" if generation else f"{name}: none was built yet")


def _swapped(models: Models, name: str) -> int | None:
    with models.locked(name):
        return models.swap(name)


@projections.command()
@model_option
@on_error_option
@click.option("--once", is_flag=True, help="Catch up with the log and stop.")
@click.option(
    "--metrics", type=click.Path(dir_okay=False, path_type=Path), help="Keep this file up to date, for Prometheus."
)
@pass_services
def follow(services: Services, names: tuple[str, ...], on_error: OnError, once: bool, metrics: Path | None) -> None:
    """Keep read models up with the log until stopped; those that are absent are built first."""
    if metrics is not None and not metrics.parent.is_dir():  # later it is only tried: following goes on without
        what, mend = "there is no such folder", "make the folder first, or give another path"
        raise InputRefused("cannot_write", what, where=str(metrics), mend=mend)
    models = services.models()
    chosen = _chosen(models, names)
    with closing(services.reading()) as ledger, stopped_by_signals() as is_stopped:
        follower = Follower(models, ledger, chosen, on_error, is_stopped, metrics)
        if once:
            follower.catch_up()
        else:
            follower.run()


@contextmanager
def stopped_by_signals() -> Iterator[Callable[[], bool]]:
    """Yield what says whether SIGTERM or Ctrl-C came: they only ask for an end. The second one does not ask."""
    came: list[int] = []

    def ask(number: int, _: object) -> None:
        if came:
            raise KeyboardInterrupt
        came.append(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(came)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


COMMANDS = (projections,)
