"""Commands about Kafka: intake, publish, lag, and the topics as declared."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

import click

from adapters.cli.options import pass_services
from adapters.cli.output import json_option, print_json, print_table
from adapters.composition import Services

GROUP = "custody-intake"
EVENTS_TOPIC = "custody.events.v1"
BATCH = 2_000

settings_option = click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path),
    help="File that says how to reach Kafka; also CUSTODY_KAFKA_SETTINGS, and CUSTODY_KAFKA_... for each setting.",
)
group_option = click.option("--group", default=GROUP, show_default=True, help="Whose offsets.")
once_option = click.option("--once", is_flag=True, help="Catch up with what is there, and stop.")
metrics_option = click.option("--metrics-port", type=click.IntRange(0, 65_535), help="Serve metrics at 127.0.0.1.")


@click.group()
def kafka() -> None:
    """Kafka at the border: agencies' topics in, the log out."""


@kafka.command()
@click.argument("topics", nargs=-1, required=True, metavar="TOPIC...")
@settings_option
@group_option
@click.option("--instance", help="A name that stays: a worker that restarts under it keeps its partitions.")
@click.option("--processes", type=click.IntRange(0, 64), default=0, help="Processes that check signatures beside.")
@click.option(
    "--session-seconds", type=click.IntRange(1, 600), default=45, show_default=True, help="Silent for so long is dead."
)
@once_option
@metrics_option
@json_option
@pass_services
def intake(
    services: Services,
    /,
    topics: tuple[str, ...],
    settings_file: Path | None,
    group: str,
    instance: str | None,
    processes: int,
    session_seconds: int,
    once: bool,
    metrics_port: int | None,
    as_json: bool,
) -> int:
    """Record what agencies publish. Several workers share the load; each record is recorded once."""
    from prometheus_client import CollectorRegistry

    from adapters.intake.door import Door
    from adapters.kafka.clients import explained, group_consumer
    from adapters.kafka.intake import IntakeWorker
    from adapters.kafka.meters import IntakeMeter, serve
    from adapters.kafka.outbox import partitions_of
    from adapters.kafka.settings import kafka_settings

    settings = kafka_settings(settings_file)
    registry = CollectorRegistry()
    with closing(services.appending()) as ledger, services.checker(processes) as checker, explained(settings):
        serve(registry, metrics_port)
        consumer = group_consumer(
            settings, group=group, instance=instance, batch=BATCH, session_ms=session_seconds * 1_000
        )
        with until_stopped() as stopped, closed(consumer):
            for topic in topics:
                partitions_of(consumer, topic)
            consumer.subscribe(topics=topics)
            door = Door(ledger, checker, services.clock)
            worker = IntakeWorker(consumer, group, ledger, door, IntakeMeter(registry), say)
            worker.run(stopped, once=once)
        position = ledger.position()
    counted = {name: worker.counted[name] for name in ("stored", "already_there", "refused", "held")}
    if as_json:
        print_json({**counted, "position": position})
    else:
        words = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counted.items())
        click.echo(f"{words}; the ledger ends at {position:,}")
    return 3 if counted["refused"] else 0


@kafka.command()
@settings_option
@click.option("--topic", default=EVENTS_TOPIC, show_default=True, help="Where the events go.")
@click.option("--dead-letters/--no-dead-letters", default=True, show_default=True, help="Also each TOPIC.dlq.")
@once_option
@metrics_option
@json_option
@pass_services
def publish(
    services: Services,
    /,
    settings_file: Path | None,
    topic: str,
    dead_letters: bool,
    once: bool,
    metrics_port: int | None,
    as_json: bool,
) -> None:
    """Publish the log, each position one record, and dead letters with their reasons."""
    from prometheus_client import CollectorRegistry

    from adapters.kafka.clients import explained
    from adapters.kafka.meters import PublishMeter, serve
    from adapters.kafka.outbox import Feed, LetterFeed, LogFeed, Publisher
    from adapters.kafka.settings import kafka_settings

    settings = kafka_settings(settings_file)
    registry = CollectorRegistry()
    with closing(services.reading()) as ledger, until_stopped() as stopped, explained(settings):
        serve(registry, metrics_port)
        feeds: list[Feed] = [LogFeed(ledger, topic), *([LetterFeed(ledger)] if dead_letters else [])]
        meter = PublishMeter(registry)
        publishers = [Publisher(settings, feed, meter, say) for feed in feeds]
        run_all([partial(publisher.run, stopped, once=once) for publisher in publishers])
    done = {publisher.name: {"published": publisher.published, "upto": publisher.number} for publisher in publishers}
    if as_json:
        print_json(done)
        return
    for name, counts in done.items():
        click.echo(f"{name}: {counts['published']:,} records published, up to {counts['upto']:,}")


@kafka.command()
@click.argument("topics", nargs=-1, metavar="[TOPIC...]")
@settings_option
@group_option
@json_option
@pass_services
def lag(services: Services, topics: tuple[str, ...], settings_file: Path | None, group: str, as_json: bool) -> None:
    """Show how far the ledger is behind each partition, by its own offsets."""
    from adapters.kafka.clients import explained
    from adapters.kafka.lag import lag as find_lag
    from adapters.kafka.settings import kafka_settings

    settings = kafka_settings(settings_file)
    with closing(services.reading()) as ledger, explained(settings):
        found = find_lag(settings, ledger, group, topics)
    if as_json:
        print_json(found)
        return
    columns = ["topic", "partition", "next_offset", "end_offset", "lag"]
    print_table(columns, [[row[name] for name in columns] for row in found], empty="nothing was read from Kafka yet")


@kafka.group()
def topics() -> None:
    """The topics as declared in a file."""


@topics.command()
@click.argument("file", type=click.Path(path_type=Path))
@settings_option
@click.option("--copies", type=click.IntRange(1, 10), help="Replicas of each partition, instead of the file's number.")
@click.option("--dry-run", "dry", is_flag=True, help="Only say what would be done.")
@json_option
def apply(file: Path, settings_file: Path | None, copies: int | None, dry: bool, as_json: bool) -> int:
    """Make the topics that are missing and mend the settings of others. Partitions are never changed."""
    from adapters.kafka.clients import explained
    from adapters.kafka.settings import kafka_settings
    from adapters.kafka.topics import apply as apply_topics
    from adapters.kafka.topics import declared_topics

    declaration = declared_topics(file)
    settings = kafka_settings(settings_file)
    with explained(settings):
        applied = apply_topics(settings, declaration, copies=copies, dry=dry)
    if as_json:
        print_json([one.as_json() for one in applied])
    else:
        print_table(["topic", "done", "what"], applied, empty="the file declares no topic")
    return 1 if any(one.done == "differs" for one in applied) else 0


def say(text: str) -> None:
    """Tell whoever watches a worker; standard output is for its result."""
    click.echo(f"custody: {text}", err=True)


@contextmanager
def until_stopped() -> Iterator[Callable[[], bool]]:
    """Yield what says whether SIGTERM or Ctrl-C came: what is in hand is finished first."""
    stop = Event()
    before = {one: signal.signal(one, lambda *_: stop.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop.is_set
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextmanager
def closed(consumer: Any) -> Iterator[None]:
    """Leave the group in the end, as far as the brokers let us."""
    from kafka.errors import KafkaError

    try:
        yield
    finally:
        try:
            consumer.close(autocommit=False, timeout_ms=5_000)
        except KafkaError:
            say("the group was not left in good order; the others go on when this member's session ends")


def run_all(runs: list[Callable[[], None]]) -> None:
    """Run each in a thread; the first error ends the program, as the others would go on without it."""
    failed: list[BaseException] = []

    def guarded(run: Callable[[], None]) -> None:
        try:
            run()
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=guarded, args=(run,), daemon=True) for run in runs]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) and not failed:
        for thread in threads:
            thread.join(0.1)
    if failed:
        raise failed[0]


COMMANDS = (kafka,)
