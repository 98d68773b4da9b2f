"""Publishing over HTTP, against a real server."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from adapters.http.batches import EVENTS_MAX
from adapters.trust.keys import SigningKey
from adapters.trust.signed import Signed, wrapped
from domain.canonical import canonical_bytes, leaf_hash
from tests.builders import booked
from tests.serving import PATIENCE_SECONDS, Served

EVENT = {"Content-Type": "application/cloudevents+json"}
ENVELOPE = {"Content-Type": "application/vnd.dsse+json"}
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
LINES = {"Content-Type": "application/x-ndjson"}


def post(served: Served, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(f"{served.address}/v1/events", content=body, headers=headers, timeout=PATIENCE_SECONDS)


def keyed(body: bytes, key: SigningKey, sequence: int = 1) -> bytes:
    """Return the event with its key's id and a number in it."""
    numbered = {"agencykey": key.public.key_id, "sequence": str(sequence)}
    return canonical_bytes({**orjson.loads(body), **numbered})


def signature(body: bytes, key: SigningKey) -> dict[str, str]:
    return {"Custody-Signature": base64.b64encode(key.sign(body)).decode()}


def enveloped(body: bytes, key: SigningKey) -> bytes:
    return wrapped(Signed(body, key.sign(body), key.public.key_id))


def test_an_event_gets_a_receipt_with_its_position_and_leaf_hash(open_server: Served) -> None:
    body = booked(1)

    answered = post(open_server, body, EVENT)

    assert 201 == answered.status_code
    receipt = answered.json()
    assert orjson.loads(body)["id"] == receipt["id"]
    assert leaf_hash(body).hex() == receipt["leaf"]
    assert receipt["new"]
    assert receipt["position"] >= 1


def test_the_same_event_again_gets_the_first_receipt(open_server: Served) -> None:
    first = post(open_server, booked(2), EVENT).json()

    again = post(open_server, booked(2), EVENT)

    assert 200 == again.status_code
    assert {**first, "new": False} == again.json()


def test_the_same_id_with_other_bytes_is_a_conflict(open_server: Served) -> None:
    post(open_server, booked(3), EVENT)
    other = orjson.loads(booked(3))
    other["data"]["subject"] = "s-another"

    answered = post(open_server, canonical_bytes(other), EVENT)

    assert (409, "different_bytes") == (answered.status_code, answered.json()["code"])


def test_events_signed_at_once_are_taken_in_a_header_an_envelope_and_a_list(server: Served, key: SigningKey) -> None:
    bodies = [keyed(booked(number), key, number) for number in range(501, 506)]
    signatures = list(key.sign_all(bodies))
    alone = {"Custody-Signature": base64.b64encode(signatures[0]).decode()}
    envelopes = [
        wrapped(Signed(body, signature, key.public.key_id)) for body, signature in zip(bodies, signatures, strict=True)
    ]

    assert 201 == post(server, bodies[0], {**EVENT, **alone}).status_code
    assert 201 == post(server, envelopes[1], ENVELOPE).status_code
    assert 3 == post(server, b"\n".join(envelopes[2:]), LINES).json()["stored"]


def test_a_signed_event_is_taken_with_its_signature_in_a_header(server: Served, key: SigningKey) -> None:
    body = keyed(booked(4), key, 1)

    assert 201 == post(server, body, {**EVENT, **signature(body, key)}).status_code


def test_a_signed_event_is_taken_in_its_envelope(server: Served, key: SigningKey) -> None:
    assert 201 == post(server, enveloped(keyed(booked(5), key, 2), key), ENVELOPE).status_code


@pytest.mark.parametrize("headers", [BATCH, LINES])
def test_each_of_many_is_answered_for_itself(server: Served, key: SigningKey, headers: dict[str, str]) -> None:
    good = enveloped(keyed(booked(6), key, 3), key)
    tampered = orjson.loads(enveloped(keyed(booked(7), key, 4), key))
    tampered["payload"] = base64.b64encode(keyed(booked(8), key, 4)).decode()
    elements = [good, booked(9), orjson.dumps(tampered), b'{"payloadType":"text/plain"}']
    body = b"[" + b",".join(elements) + b"]" if headers is BATCH else b"\n".join(elements) + b"\n"

    answered = post(server, body, headers)

    assert 200 == answered.status_code
    results = answered.json()["results"]
    codes = [result["problem"]["code"] for result in results[1:]]
    assert results[0]["status"] in (200, 201)
    assert ["unsigned", "bad_signature", "bad_dsse"] == codes
    assert 3 == answered.json()["refused"]


def unsigned(key: SigningKey) -> tuple[bytes, dict[str, str]]:
    return booked(20), EVENT


def under_an_unknown_key(key: SigningKey) -> tuple[bytes, dict[str, str]]:
    body = canonical_bytes({**orjson.loads(booked(21)), "agencykey": "0" * 64, "sequence": "1"})
    return body, {**EVENT, **signature(body, key)}


def with_a_header_that_disagrees(key: SigningKey) -> tuple[bytes, dict[str, str]]:
    body = keyed(booked(22), key, 9)
    return body, {**EVENT, **signature(body, key), "ce-type": "custody.died"}


def for_another_facility(key: SigningKey) -> tuple[bytes, dict[str, str]]:
    body = keyed(booked(23, facility="mn-anoka-jail"), key, 9)
    return body, {**EVENT, **signature(body, key)}


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (unsigned, 401, "unsigned"),
        (under_an_unknown_key, 401, "unknown_key"),
        (with_a_header_that_disagrees, 400, "headers_disagree"),
        (for_another_facility, 403, "facility_not_the_keys"),
        (lambda key: (b"", EVENT), 400, "not_json"),
        (lambda key: (b"\xff\xfe", EVENT), 400, "not_json"),
        (lambda key: (b"[]", EVENT), 400, "not_an_object"),
        (lambda key: (b'{"a":1,"a":2}', EVENT), 400, "not_canonical"),
        (lambda key: (b'{"a":1.5}', EVENT), 400, "float"),
        (lambda key: (b'{"a":%d}' % 2**64, EVENT), 400, "integer_too_large"),
        (lambda key: (b"[" * 50_000, EVENT), 400, "too_deep"),
        (lambda key: (b"x" * 200_000, EVENT), 413, "too_large"),
        (lambda key: (booked(24), {**EVENT, "Custody-Signature": "!"}), 400, "bad_header"),
        (lambda key: (booked(24), {"Content-Type": "text/plain"}), 415, "unknown_media_type"),
        (lambda key: (b"", BATCH), 400, "bad_batch"),
        (lambda key: (b"[]", BATCH), 400, "bad_batch"),
        (lambda key: (b"[" + b"{}," * EVENTS_MAX + b"{}]", BATCH), 413, "batch_too_large"),
    ],
)
def test_what_is_refused_says_why_as_a_problem(
    server: Served,
    key: SigningKey,
    sent: Callable[[SigningKey], tuple[bytes, dict[str, str]]],
    status: int,
    code: str,
) -> None:
    answered = post(server, *sent(key))

    assert "application/problem+json" == answered.headers["content-type"]
    assert (status, code) == (answered.status_code, answered.json()["code"])
    assert answered.json()["detail"]


def test_what_is_not_there_is_a_problem_too(server: Served) -> None:
    absent = httpx.get(f"{server.address}/v1/nothing", timeout=PATIENCE_SECONDS)
    wrong = httpx.get(f"{server.address}/v1/events/", timeout=PATIENCE_SECONDS)

    assert (404, "not_found") == (absent.status_code, absent.json()["code"])
    assert 404 == wrong.status_code


def test_a_client_that_sends_more_than_its_rate_is_told_when_to_come_again(folder, open_server) -> None:
    from tests.serving import serving

    with serving(str(folder / "open.db"), "--rate", "1") as served:
        answers = [post(served, booked(100 + number), EVENT) for number in range(5)]

    busy = [answer for answer in answers if answer.status_code == 429]
    assert busy
    assert all(answer.headers["retry-after"].isdecimal() for answer in busy)
    assert {"too_many_requests"} == {answer.json()["code"] for answer in busy}


def test_a_server_says_that_it_is_ready_and_how_far_the_log_is(open_server: Served) -> None:
    before = httpx.get(f"{open_server.address}/readyz", timeout=PATIENCE_SECONDS).json()["position"]
    post(open_server, booked(200), EVENT)

    assert before + 1 == httpx.get(f"{open_server.address}/readyz", timeout=PATIENCE_SECONDS).json()["position"]


def test_a_client_that_goes_away_in_the_middle_leaves_nothing_and_harms_nobody(open_server: Served) -> None:
    before = httpx.get(f"{open_server.address}/readyz", timeout=PATIENCE_SECONDS).json()["position"]
    where = urlsplit(open_server.address)
    kind, length = b"Content-Type: application/cloudevents+json", b"Content-Length: 5000"
    head = b"\r\n".join([b"POST /v1/events HTTP/1.1", b"Host: x", kind, length, b"", b""])
    for _ in range(20):
        with socket.create_connection((where.hostname, where.port)) as half_open:
            half_open.sendall(head + b'{"data":')

    assert "Traceback" not in open_server.log.read_text()
    assert 201 == post(open_server, booked(201), EVENT).status_code
    assert before + 1 == httpx.get(f"{open_server.address}/readyz", timeout=PATIENCE_SECONDS).json()["position"]
