"""A way to a PostgreSQL server that goes down once, when the client commits."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Thread

from psycopg.conninfo import conninfo_to_dict

COMMIT = b"COMMIT"
CHUNK_BYTES = 1 << 16
LOOK_SECONDS = 0.05


@contextmanager
def losing_a_commit(address: str, *, done: bool) -> Iterator[str]:
    """Yield an address on which the first COMMIT is lost: before the server has done it, or after."""
    parts = conninfo_to_dict(address)
    way = Way(parts, done=done)
    way.start()
    try:
        user = parts["user"] + (f":{parts['password']}" if parts.get("password") else "")
        yield f"postgresql://{user}@127.0.0.1:{way.port}/{parts['dbname']}?sslmode=disable&gssencmode=disable"
    finally:
        way.is_open = False
        way.join()


class Way(Thread):
    """Takes one connection after the other and carries bytes both ways."""

    def __init__(self, parts: dict, *, done: bool) -> None:
        super().__init__()
        self._parts, self._done = parts, done
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(LOOK_SECONDS)
        self.port = self._listening.getsockname()[1]
        self.is_open, self._is_lost = True, False

    def run(self) -> None:
        carriers = []
        with closing(self._listening):
            while self.is_open:
                try:
                    client, _ = self._listening.accept()
                except TimeoutError:
                    continue
                carriers.append(Thread(target=self._carry, args=(client,)))
                carriers[-1].start()
        for carrier in carriers:
            carrier.join()

    def _carry(self, client: socket.socket) -> None:
        with closing(client), closing(self._to_server()) as server:
            while self.is_open:
                ready, _, _ = select.select([client, server], [], [], LOOK_SECONDS)
                for end in ready:
                    data = end.recv(CHUNK_BYTES)
                    loses = end is client and COMMIT in data and not self._is_lost
                    if loses and not self._done:
                        self._is_lost = True
                        return
                    if not data:
                        return
                    (server if end is client else client).sendall(data)
                    if loses:
                        self._is_lost = True
                        server.recv(CHUNK_BYTES)  # it is done, and nobody hears of it
                        return

    def _to_server(self) -> socket.socket:
        host, port = str(self._parts["host"]), int(self._parts.get("port") or 5432)
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{host}/.s.PGSQL.{port}")
        return server
