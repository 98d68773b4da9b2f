"""Whatever is sent over HTTP is answered as the OpenAPI document says, and never with 500."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from adapters.http.batches import MEDIA_TYPES
from tests.builders import booked
from tests.serving import PATIENCE_SECONDS, Served, serving

ENDLESS = ("/v1/events/live",)  # a stream: tests/adapters/http/reading/test_log.py
CHECKS = (not_a_server_error, status_code_conformance, response_schema_conformance)
unhurried = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def server(signed_ledger: str) -> Iterator[Served]:
    """Takes signed events, and answers everybody as an auditor."""
    with serving(signed_ledger, "--open-as", "auditor") as served:
        yield served


@pytest.fixture(scope="module")
def schema(server: Served) -> schemathesis.BaseSchema:
    return schemathesis.openapi.from_url(f"{server.address}/openapi.json")


@pytest.fixture(scope="module")
def client(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.address, timeout=PATIENCE_SECONDS) as client:
        yield client


def test_what_the_document_allows_is_answered_as_it_says(schema: schemathesis.BaseSchema) -> None:
    operations = [found.ok() for found in schema.get_all_operations()]
    assert {"/v1/events", "/v1/trail", "/healthz", "/readyz"} <= {operation.path for operation in operations}

    for operation in operations:
        if operation.path in ENDLESS:
            continue

        @given(case=operation.as_strategy())
        @unhurried
        def answered_as_documented(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=CHECKS)

        answered_as_documented()


sent = st.one_of(
    st.binary(max_size=400),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
        max_leaves=20,
    ).map(lambda value: json.dumps(value).encode()),
    st.builds(
        lambda at, byte: booked(1)[:at] + bytes([byte]) + booked(1)[at + 1 :],
        st.integers(0, len(booked(1)) - 1),
        st.integers(0, 255),
    ),
)


header = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30)


@given(body=sent, media_type=st.sampled_from([*MEDIA_TYPES, "text/plain", ""]), signature=header)
@unhurried
def test_no_bytes_make_the_server_fail(client: httpx.Client, body: bytes, media_type: str, signature: str) -> None:
    headers = {"Content-Type": media_type.encode(), "Custody-Signature": signature.strip().encode("latin-1")}

    answered = client.post("/v1/events", content=body, headers=headers)

    assert answered.status_code < 500
    if answered.status_code >= 400:
        assert "application/problem+json" == answered.headers["content-type"]
        assert answered.json()["code"]
