"""`docs/asyncapi.json`: the topics and the messages on them as AsyncAPI 3.1, for tools that read it.

channels     intake, events, dead letters, by the names in `deploy/kafka/topics.yaml`
messages     one for each type of event, its payload the committed JSON Schema
"""

from __future__ import annotations

import json
from importlib.metadata import version
from inspect import cleandoc
from typing import Any

from adapters.kafka.records import ATTRIBUTE, LEAF, POSITION, REPEATED, SIGNATURE, STRUCTURED
from domain.events.catalogue import CATALOGUE
from projections.agency_keys import AgencyKeys

SCHEMA_FORMAT = "application/schema+json;version=2020-12"
SCHEMAS_FROM_DOCS = "../adapters/schemas/json"
TEXT = {"type": "string"}

KEY = {"type": "string", "description": "the event's subject: what belongs together keeps its order"}
SIGNED = {
    SIGNATURE: {
        **TEXT,
        "description": "base64 of the signature over the value, or over many: docs/agencies.md",
    },
    "content-type": {"const": STRUCTURED},
    **{f"{ATTRIBUTE}{name}": {**TEXT, "description": f"as {name} in the event"} for name in REPEATED},
}
PLACED = {
    POSITION: {**TEXT, "pattern": "^[1-9][0-9]*$", "description": "the event's position in the log"},
    LEAF: {**TEXT, "pattern": "^[0-9a-f]{64}$", "description": "its leaf hash (RFC 9162)"},
}


def asyncapi_text() -> str:
    """Return the text of the document: JSON indented by one space, a newline at its end."""
    return json.dumps(_document(), indent=1, ensure_ascii=False) + "\n"


def _document() -> dict[str, Any]:
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "custody-ledger",
            "version": version("custody-ledger"),
            "description": "What agencies publish to the ledger over Kafka, and what it publishes. docs/kafka.md",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": STRUCTURED,
        "channels": {
            "intake": _channel("custody.intake.{agency}", "What one agency publishes; it alone may write there."),
            "deadLetters": _channel("custody.intake.{agency}.dlq", "What was set aside, as it came, with the reason."),
            "events": _channel("custody.events.v1", "The log: each position once, for who reads committed records."),
        },
        "operations": {
            "takeIn": _operation("receive", "intake", "Record what an agency publishes, each record once."),
            "setAside": _operation("send", "deadLetters", "Publish what cannot be recorded, in order of each key."),
            "publish": _operation("send", "events", "Publish the log, each position once, in order of each key."),
        },
        "components": {
            "messages": {name: _message(name) for name in CATALOGUE},
            "schemas": {"headers": {"type": "object", "properties": {**SIGNED, **PLACED}}},
        },
    }


def _channel(address: str, description: str) -> dict[str, Any]:
    channel: dict[str, Any] = {"address": address, "description": description}
    types = list(CATALOGUE)
    if "{agency}" in address:
        channel["parameters"] = {"agency": {"description": "the agency's id, as in its events' source"}}
        types = [name for name in types if name not in AgencyKeys.TYPES]  # commands alone write those
    channel["messages"] = {name: {"$ref": f"#/components/messages/{name}"} for name in types}
    return channel


def _operation(action: str, channel: str, summary: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "summary": summary}


def _message(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "summary": cleandoc(CATALOGUE[name].__doc__ or "").splitlines()[0],
        "contentType": STRUCTURED,
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": {"$ref": f"{SCHEMAS_FROM_DOCS}/{name}.schema.json"}},
        "bindings": {"kafka": {"key": KEY, "bindingVersion": "0.5.0"}},
    }
