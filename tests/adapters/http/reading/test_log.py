"""The log over HTTP: the tree, events as received, and what is appended as it is appended."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing

import httpx
import orjson
import pytest

from adapters.access import grant, revoke
from adapters.store.ledger import Ledger, system_clock
from domain.envelope import admit
from domain.events.record import Role
from tests.adapters.http.reading.conftest import Ask
from tests.builders import booked
from tests.serving import PATIENCE_SECONDS, Served


def test_the_tree_is_that_of_the_ledger_at_any_position(ask: Ask, place) -> None:
    with closing(Ledger.open_to_read(place)) as ledger:
        for size in (1, 20, 300):
            assert {"size": size, "root": ledger.root_at(size)} == ask("tree", "public", known=size).json()


def test_events_come_as_they_were_received_with_the_leaf_that_anybody_can_hash_again(ask: Ask) -> None:
    page = ask("events", size=7, known=30).json()
    rows = page["rows"]
    while page["next_url"]:
        page = ask(page["next_url"]).json()
        rows += page["rows"]

    assert list(range(1, 31)) == [row["position"] for row in rows]
    for row in rows:
        assert hashlib.sha256(b"\0" + b64decode(row["bytes"])).hexdigest() == row["leaf"]
    assert rows[11] == ask("events/12").json()
    assert 404 == ask("events/99999999").status_code
    assert [5, 6] == [row["position"] for row in ask("events", after=4, size=2).json()["rows"]]


def streamed(lines: Iterator[str], count: int) -> list[dict[str, object]]:
    """Return the data of so many events; each has its id."""
    found: list[dict[str, object]] = []
    last = ""
    for line in lines:
        if line.startswith("id: "):
            last = line.removeprefix("id: ")
        if line.startswith("data: "):
            found.append(orjson.loads(line.removeprefix("data: ")))
            assert last == str(found[-1]["position"])
        if len(found) == count:
            break
    return found


def live(served: Served, token: str, **given: object):
    return httpx.stream(
        "GET",
        f"{served.address}/v1/events/live",
        params={name: value for name, value in given.items() if name == "after"},
        headers={"Authorization": f"Bearer {token}", **given.get("headers", {})},
        timeout=PATIENCE_SECONDS,
    )


def test_a_stream_begins_where_it_is_told_and_tells_ids_types_and_positions_alone(served, tokens) -> None:
    with live(served, tokens["oversight"], after=10) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        rows = streamed(response.iter_lines(), 5)

    assert [11, 12, 13, 14, 15] == [row["position"] for row in rows]
    assert {"position", "id", "type"} == set(rows[0])


def test_a_stream_that_was_cut_off_goes_on_after_the_last_event_received(served, tokens) -> None:
    with live(served, tokens["oversight"], headers={"Last-Event-ID": "17"}) as response:
        assert [18, 19] == [row["position"] for row in streamed(response.iter_lines(), 2)]


def test_what_another_process_appends_is_streamed_as_it_is_appended(served, tokens, place) -> None:
    with live(served, tokens["oversight"]) as response:
        lines = response.iter_lines()
        assert "retry: 2000" == next(lines)
        with closing(Ledger.open_to_write(place)) as ledger:
            ledger.append([admit(booked(950))], now=system_clock())
            position = ledger.position()
        (row,) = streamed(lines, 1)

    assert (position, "custody.subject_booked") == (row["position"], row["type"])


def test_a_stream_ends_when_the_grant_is_revoked(served, place) -> None:
    with closing(Ledger.open_to_write(place)) as ledger:
        granted = grant(ledger, "for-a-while", Role.OVERSIGHT, "a test", system_clock())
        with live(served, granted.token) as response:
            lines = response.iter_lines()
            assert "retry: 2000" == next(lines)
            revoke(ledger, granted.grant.id, "ended", system_clock())
            assert not any(line.startswith("data") and "booked" in line for line in lines)


@pytest.mark.parametrize("sent", ["x", "-1", "9" * 19, "²"])
def test_a_last_event_id_that_is_no_position_is_refused(served, tokens, sent) -> None:
    with live(served, tokens["oversight"], headers={"Last-Event-ID": sent.encode()}) as response:
        assert 400 == response.status_code
