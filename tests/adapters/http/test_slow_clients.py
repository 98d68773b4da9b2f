"""Clients that are slow, silent, or gone: they cost a bounded time, and what they sent whole is stored once.

The server is the real one with shorter limits, so that nobody waits for them.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from adapters.cli.main import status
from tests.builders import booked
from tests.serving import PATIENCE_SECONDS, Served, serving

EVENT = "application/cloudevents+json"
CLIENTS = 30

HASTY = """
import sys
from adapters.cli.main import status
from adapters.http import bodies, connections, serving
connections.HEADER_SECONDS = 1.0
bodies.body_of.__kwdefaults__["seconds"] = 1.0
serving.KEEP_ALIVE_SECONDS = 1
serving.CONNECTIONS_MAX = 20
sys.exit(status(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of little patience, and for few clients at once."""
    ledger = tmp_path_factory.mktemp("hasty") / "custody.db"
    assert status(["--ledger", str(ledger), "init", "--allow-unsigned"]) == 0
    with serving(str(ledger), program=("-c", HASTY)) as served:
        yield served


def connected(served: Served) -> socket.socket:
    where = urlsplit(served.address)
    made = socket.create_connection((where.hostname, where.port))
    made.settimeout(PATIENCE_SECONDS)
    return made


def request(body: bytes, *, length: int | None = None) -> bytes:
    """Return a whole request, or one whose body is said to be longer than it is."""
    lines = ["POST /v1/events HTTP/1.1", "Host: x", f"Content-Type: {EVENT}", f"Content-Length: {length or len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def read_to_end(connection: socket.socket) -> bytes:
    """Return all that comes until the server closes the connection, however it does."""
    found = b""
    try:
        while data := connection.recv(65_536):
            found += data
    except ConnectionResetError:
        pass
    return found


def asked(served: Served, method: str, path: str, body: bytes = b"") -> httpx.Response:
    """Send a request, again as long as the server says that it has too many clients."""
    until = time.monotonic() + PATIENCE_SECONDS
    kind = {"Content-Type": EVENT} if body else {}
    while True:
        answered = httpx.request(method, served.address + path, content=body, headers=kind, timeout=PATIENCE_SECONDS)
        if answered.status_code != 503:
            return answered
        assert time.monotonic() < until, "it has too many clients for ever"
        time.sleep(0.05)


def post(served: Served, body: bytes) -> httpx.Response:
    return asked(served, "POST", "/v1/events", body)


def position(served: Served) -> int:
    return int(asked(served, "GET", "/readyz").json()["position"])


@pytest.mark.parametrize("begun", [b"", b"POST /v1/events HTTP/1.1\r\nHo", b"\r\n"])
def test_more_clients_than_there_is_room_for_that_send_no_whole_header_lock_nobody_out_for_long(
    hasty: Served, begun: bytes
) -> None:
    with ExitStack() as open_ones:
        silent = [open_ones.enter_context(connected(hasty)) for _ in range(CLIENTS)]
        for connection in silent:
            connection.sendall(begun)
        number = 100 + len(begun)

        assert 201 == post(hasty, booked(number)).status_code
        for connection in silent:
            assert not read_to_end(connection).startswith(b"HTTP/1.1 2")


def test_a_header_that_comes_byte_by_byte_is_not_waited_for_however_often_a_byte_comes(hasty: Served) -> None:
    with connected(hasty) as slow:
        ended = False
        for byte in (request(booked(1))[:60] * 1_000)[:60_000]:
            try:
                slow.sendall(bytes([byte]))
            except (BrokenPipeError, ConnectionResetError):
                ended = True
                break
            time.sleep(0.02)
        assert ended


@pytest.mark.parametrize("endless", [b"a", b"X: a\r\n"])
def test_a_header_that_does_not_end_is_refused_before_it_takes_memory_or_time(hasty: Served, endless: bytes) -> None:
    with connected(hasty) as large:
        large.sendall(request(b"{}").partition(b"\r\n\r\n")[0] + b"\r\nX: " + endless * (70_000 // len(endless)))
        answered = read_to_end(large)

    assert answered.startswith(b"HTTP/1.1 400")
    assert b"at most 65536 bytes" in answered


def test_a_second_header_on_a_connection_is_not_waited_for_either(hasty: Served) -> None:
    with connected(hasty) as slow:
        slow.sendall(request(booked(2)) + b"POST /v1/events HTTP/1.1\r\nHo")
        assert 1 == read_to_end(slow).count(b"HTTP/1.1 ")


def test_a_client_that_says_nothing_more_after_its_answer_is_let_go(hasty: Served) -> None:
    with connected(hasty) as silent:
        silent.sendall(request(booked(3)))
        assert read_to_end(silent).startswith(b"HTTP/1.1 201")


def test_a_body_that_does_not_arrive_whole_is_refused_and_not_stored(hasty: Served) -> None:
    before = position(hasty)
    body = booked(4)
    with connected(hasty) as slow:
        slow.sendall(request(body[:-1], length=len(body)))
        answered = read_to_end(slow)

    assert answered.startswith(b"HTTP/1.1 408")
    assert b"body_too_slow" in answered
    assert before == position(hasty)
    assert 201 == post(hasty, body).status_code


@pytest.mark.parametrize("how", ["closed", "reset", "half closed"])
def test_what_a_client_sent_whole_before_it_went_is_stored_once_and_its_receipt_can_be_had(
    hasty: Served, how: str
) -> None:
    before, body = position(hasty), booked(10 + len(how))
    with connected(hasty) as gone:
        gone.sendall(request(body))
        if how == "half closed":
            gone.shutdown(socket.SHUT_WR)
            read_to_end(gone)
        if how == "reset":
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    again = post(hasty, body)
    assert again.status_code in (200, 201)
    assert orjson.loads(body)["id"] == again.json()["id"]
    assert again.json()["leaf"] == post(hasty, body).json()["leaf"]
    assert before + 1 == position(hasty)


def test_nothing_of_all_that_is_an_error_of_the_server(hasty: Served) -> None:
    assert "Traceback" not in hasty.log.read_text()
