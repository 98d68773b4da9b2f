"""What the OpenAPI document says of bodies that FastAPI cannot read off a signature: bytes taken as they are."""

from __future__ import annotations

from typing import Any

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "where", "mend"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:custody:problem:bad_signature"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "stable: docs/errors.md lists them"},
        "where": {"type": "string"},
        "mend": {"type": "string"},
    },
}
RECEIPT = {
    "type": "object",
    "required": ["id", "source", "position", "leaf", "recorded_at", "new"],
    "properties": {
        "id": {"type": "string"},
        "source": {"type": "string"},
        "position": {"type": "integer", "minimum": 1},
        "leaf": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256(0x00 || the event's bytes)"},
        "recorded_at": {"type": "string", "format": "date-time"},
        "new": {"type": "boolean", "description": "false if the event was there already: the receipt is the first one"},
    },
}
RESULTS = {
    "type": "object",
    "required": ["stored", "already_there", "refused", "results"],
    "properties": {
        "stored": {"type": "integer"},
        "already_there": {"type": "integer"},
        "refused": {"type": "integer"},
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["status"],
                "properties": {"status": {"type": "integer"}, "receipt": RECEIPT, "problem": PROBLEM},
            },
        },
    },
}
EVENT = {"type": "object", "description": "a CloudEvent in canonical bytes: docs/events.md has every type"}
SIGNATURE = {
    "type": "string",
    "contentEncoding": "base64",
    "description": "over the event, or over many of which it is one: docs/agencies.md draws both",
}
ENVELOPE = {
    "type": "object",
    "required": ["payload", "payloadType", "signatures"],
    "properties": {
        "payload": {"type": "string", "contentEncoding": "base64"},
        "payloadType": {"const": "application/cloudevents+json"},
        "signatures": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["keyid", "sig"],
                "properties": {"keyid": {"type": "string"}, "sig": SIGNATURE},
            },
        },
    },
}
PUBLISH: dict[str, Any] = {
    "parameters": [
        {
            "name": "Custody-Signature",
            "in": "header",
            "required": False,
            "description": "for application/cloudevents+json",
            "schema": SIGNATURE,
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/cloudevents+json": {"schema": EVENT},
            "application/vnd.dsse+json": {"schema": ENVELOPE},
            "application/cloudevents-batch+json": {
                "schema": {"type": "array", "minItems": 1, "maxItems": 1000, "items": {"anyOf": [EVENT, ENVELOPE]}}
            },
            "application/x-ndjson": {"schema": {"type": "string", "description": "an event or an envelope a line"}},
        },
    },
}


def refused(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what the document says of answers with these statuses."""
    content = {"application/problem+json": {"schema": PROBLEM}}
    return {status: {"description": "a problem (RFC 9457)", "content": content} for status in statuses}


PUBLISHED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "a receipt for one event that was there already, or a result for each of many",
        "content": {"application/json": {"schema": {"anyOf": [RECEIPT, RESULTS]}}},
    },
    201: {"description": "stored, durably", "content": {"application/json": {"schema": RECEIPT}}},
    **refused(400, 401, 403, 408, 409, 413, 415, 422, 429, 503),
}
