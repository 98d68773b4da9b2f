"""Commands about the read models that are kept: status, rebuild, swap, follow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from adapters.cli.options import pass_services
from adapters.cli.output import json_option, print_json, print_table, progress_bar
from adapters.composition import Services, services
from adapters.read_models.model import Model
from adapters.read_models.models import Models
from adapters.read_models.projector import OnError, Projector
from adapters.read_models.rebuilding import build, build_all, build_some
from adapters.store.ledger import Ledger
from adapters.store.place import Place

HEARTBEAT_SECONDS = 5.0
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
@json_option
@pass_services
def status(services: Services, with_digest: bool, as_json: bool) -> None:
    """Show each read model: which generation answers, how far it is, what it could not fold."""
    ledger, models = services.reading(), services.models()
    upto = ledger.position()
    found = [_standing(models, ledger, name, upto, with_digest=with_digest) for name in models.folds]
    ledger.close()
    if as_json:
        print_json(found)
        return
    columns = ["model", "state", "generation", "position", "behind", "rows", "parked"]
    table = [[*(row[name] for name in columns[:5]), sum(row["rows"].values()), len(row["parked"])] for row in found]
    print_table(columns, table, empty="")
    if any(row["state"] != "answers" for row in found):
        click.echo("What is not kept is folded in memory when asked; `custody projections rebuild` keeps it.")


def _standing(models: Models, ledger: Ledger, name: str, upto: int, *, with_digest: bool) -> dict[str, Any]:
    """Return one model's line: state is answers, absent, other_version or other_log."""
    generation = models.live_generation(name)
    found: dict[str, Any] = {"model": name, "state": "absent", "generation": generation, "position": 0}
    found |= {"behind": upto, "version": models.fold(name).version, "rows": {}, "parked": []}
    if generation is None:
        return found
    model = models.open(name, generation)
    standing = model.standing()
    found |= {"position": standing.position, "behind": max(0, upto - standing.position), "rows": model.counted()}
    found |= {"state": _state(model, ledger), "version": standing.version}
    found["parked"] = [{"position": position, "what": what} for position, what in model.parked()]
    if with_digest:
        found["digest"] = model.digest()
    model.close()
    return found


def _state(model: Model, ledger: Ledger) -> str:
    standing = model.standing()
    if standing.version != model.fold.version:
        return "other_version"
    return "answers" if standing.tip == ledger.leaf_at(standing.position) else "other_log"


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
    ledger = services.reading()
    upto = ledger.position()
    began = time.monotonic()
    with progress_bar("rebuilding", upto * len(chosen)) as progress:
        run = partial(rebuild_some, services.place, on_error=on_error)
        built = build_all(models, ledger, chosen, on_error, run, progress)
    ledger.close()
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
    swapped = {name: models.swap(name) for name in _chosen(models, names)}
    if as_json:
        print_json(swapped)
        return
    for name, generation in swapped.items():
        click.echo(f"{name}: generation {generation} answers" if generation else f"{name}: none was built yet")


@projections.command()
@model_option
@on_error_option
@click.option("--once", is_flag=True, help="Catch up with the log and stop.")
@pass_services
def follow(services: Services, names: tuple[str, ...], on_error: OnError, once: bool) -> None:
    """Keep read models up with the log until stopped; those that are absent are built first."""
    models = services.models()
    ledger = services.reading()
    projectors = [_following(models, ledger, name, on_error) for name in _chosen(models, names)]
    position = ledger.position()
    while True:
        for projector in projectors:
            projector.catch_up(position)
        if once:
            break
        position = ledger.wait_beyond(position, HEARTBEAT_SECONDS)
    ledger.close()


def _following(models: Models, ledger: Ledger, name: str, on_error: OnError) -> Projector:
    model = models.live(name, ledger)
    if model is None:
        build(models, ledger, name, on_error)
        models.swap(name)
        model = models.live(name, ledger)
    assert model is not None  # noqa: S101 - it was built a moment ago
    return Projector(ledger, model, on_error)


COMMANDS = (projections,)
