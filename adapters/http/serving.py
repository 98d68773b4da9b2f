"""Running the application: uvicorn, with bounds on all that a client could use up."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import uvicorn

from adapters.composition import Services
from adapters.http.app import Parts, application
from adapters.http.connections import PunctualConnection
from adapters.http.rates import Rates
from adapters.http.reading.asking import Reading
from adapters.http.reading.disclosing import Disclosures, Told
from adapters.http.reading.live import Live
from adapters.http.reading.roles import Readers
from adapters.intake.door import Door
from adapters.intake.group_commit import GroupCommit
from adapters.intake.own_voice import OwnVoice
from domain.events.record import Role

CONNECTIONS_MAX = 1_000
KEEP_ALIVE_SECONDS = 30
GRACE_SECONDS = 10
BURST_SECONDS = 2


class Listening(NamedTuple):
    """Where to listen."""

    host: str
    port: int


def run(services: Services, listening: Listening, *, events_per_second: float, checkers: int, open_as: Role) -> bool:
    """Serve until stopped by SIGINT or SIGTERM; False if it could not listen.

    `open_as` is the role of whoever comes without a token.
    """
    rates = Rates(events_per_second, events_per_second * BURST_SECONDS)
    servers: list[uvicorn.Server] = []
    stopping = lambda: any(server.should_exit for server in servers)  # noqa: E731 - the server is made below
    app = application(lambda: opened(services, checkers, open_as, stopping), rates)
    config = uvicorn.Config(
        app,
        host=listening.host,
        port=listening.port,
        http=PunctualConnection,
        ws="none",
        access_log=False,
        server_header=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    gc.freeze()  # what is loaded stays for good: looking through it at each collection would hold up a request
    server = uvicorn.Server(config)
    servers.append(server)
    try:
        server.run()
    except SystemExit:  # uvicorn's way to say that it cannot listen; its log has said why
        return False
    return server.started


@contextmanager
def opened(
    services: Services,
    checkers: int,
    open_as: Role = Role.PUBLIC,
    stopping: Callable[[], bool] = lambda: False,
) -> Iterator[Parts]:
    """Open the ledger to read and the ways in, and close them; streams end once `stopping` says so."""
    with ExitStack() as stack:
        reading = services.reading()
        stack.callback(reading.close)
        writing = services.appending()
        stack.callback(writing.close)
        checker = stack.enter_context(services.checker(checkers))
        intake = stack.enter_context(GroupCommit(Door(writing, checker, services.clock)))
        own_voice = stack.enter_context(GroupCommit(OwnVoice(writing, services.clock), linger_seconds=0))
        yield Parts(
            reading,
            intake,
            Reading(
                services,
                reading,
                Readers(reading, services.register, open_as),
                Told(reading),
                Disclosures(own_voice, services.clock),
                Live(services.reading, stopping),
            ),
        )
