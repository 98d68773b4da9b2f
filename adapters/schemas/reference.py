"""`docs/events.md`: every family, every type, its meaning, its fields and one example, from the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.schemas.examples import example
from adapters.schemas.schema import Schema, event_schema, meaning
from domain.envelope import schema_name
from domain.events.catalogue import CATALOGUE, FAMILIES
from domain.events.fields import EventData

HEAD = """# Events

Generated from the catalogue by `python -m adapters.schemas`; a test keeps it so. The JSON Schema of every
type is in `adapters/schemas/json/`.

An event is one line of canonical JSON (RFC 8785): keys sorted, no spaces, at most 60 KiB.

- There are no floats: amounts are whole cents, decimals are strings. Integers stay below 2^53.
- There is no `null`: what is not known is left out. The one exception is an open bound of an instant.
- No text has the character NUL (U+0000).
- A field that is not listed here is refused.

## The envelope

| attribute | | meaning |
|---|---|---|
| `specversion` | required | `1.0` |
| `id` | required | the event's UUID (version 7 from us), kept when it is sent again |
| `source` | required | `agency:ID`; `synthetic:ID` for events that a simulation made up |
| `type` | required | one of the types below |
| `subject` | required | the stream, `kind/id`; the kind is given with each type |
| `dataschema` | required | `urn:custody:schema:TYPE:VERSION` |
| `data` | required | the fields below |
| `datacontenttype` | | `application/json` |
| `time`, `timelatest`, `timeprecision` | see below | when it happened |
| `recordedtime`, `recordedlatest`, `recordedprecision` | | when the source says it recorded this |
| `sequence` | | the count of this agency key's events, without gaps, as a string: `"17"` |
| `agencykey` | | the name of the key |
| `causationid` | | the id of the event that led to this one |
| `correctionof` | with corrections and retractions | the id of the event this one is about |
| `via` | | the importer that transcribed a source which did not publish to us itself |

## Instants

Times are RFC 3339 with an offset, `2026-01-16T17:00:00-06:00`, to the microsecond at most, years 0002 to
9998. A leap second (`23:59:60`) is refused: send the second before or after it. `24:00` is refused too.

| precision | bounds in the envelope | a field's value in `data` |
|---|---|---|
| `exact` (or absent) | `time` | `"2026-01-16T17:00:00-06:00"` |
| `day` | both, at most 25 hours apart | `{"earliest":…,"latest":…,"precision":"day"}` |
| `month` | both, at most 31 days and an hour apart | `{"earliest":…,"latest":…,"precision":"month"}` |
| `year` | both, at most 366 days apart | `{"earliest":…,"latest":…,"precision":"year"}` |
| `interval` | one or both | `{"earliest":…,"latest":null,"precision":"interval"}` |
| `unknown` | none | `{"earliest":null,"latest":null,"precision":"unknown"}` |

Bounds are inclusive. An event that says nothing of when it happened says so: `"timeprecision":"unknown"`.

## Fields that may stand on any event
"""


def events_reference() -> str:
    """Return the text of `docs/events.md`."""
    first = event_schema(next(iter(CATALOGUE)))
    blocks = [HEAD, "\n".join(_field_rows(EventData.model_fields, "EventData", first)), ""]
    parts: dict[str, Schema] = {}
    for family, events in FAMILIES.items():
        blocks += [f"## Family: {family}", ""]
        for cls in events:
            schema = event_schema(cls.TYPE)
            parts |= schema["$defs"]
            blocks += _event_section(cls, schema)
    return "\n".join([*blocks, *_parts_section(parts)]).rstrip() + "\n"


def _event_section(cls: type[EventData], schema: Schema) -> list[str]:
    own = [name for name in cls.model_fields if name not in EventData.model_fields]
    niem = f", NIEM `{cls.NIEM}`" if cls.NIEM else ""
    rows = _field_rows(own, cls.__name__, schema) if own else ["No fields of its own."]
    return [
        f"### `{cls.TYPE}`",
        "",
        meaning(cls),
        "",
        f"Stream `{cls.STREAM}/…`, schema `{schema_name(cls)}`{niem}.",
        "",
        *rows,
        "",
        "```json",
        example(cls.TYPE).decode(),
        "```",
        "",
    ]


def _field_rows(names: Any, part: str, schema: Schema) -> list[str]:
    parts = schema["$defs"]
    definition = parts.get(part) or parts[schema["properties"]["data"]["$ref"].split("/")[-1]]
    properties, required = definition["properties"], definition.get("required", [])
    return [
        "| field | | type |",
        "|---|---|---|",
        *(f"| `{name}` | {'required' if name in required else ''} | {_kind(properties[name])} |" for name in names),
    ]


def _kind(schema: Schema) -> str:
    """Say a field's type in a few words; parts and value lists are at the end of the page."""
    if "$ref" in schema:
        name = schema["$ref"].split("/")[-1]
        return f"[{name}](#{name.lower()})"
    if schema.get("type") == "array":
        limit = f", at most {schema['maxItems']}" if "maxItems" in schema else ""
        return f"list of {_kind(schema['items'])}{limit}"
    if "anyOf" in schema:
        return "[instant](#instants)"
    return " ".join(_plain(schema))


def _plain(schema: Schema) -> Iterator[str]:
    yield str(schema["type"])
    if "pattern" in schema:
        yield f"`{schema['pattern']}`"
    if "maxLength" in schema:
        yield f"of {schema.get('minLength', 0)} to {schema['maxLength']} characters"
    if "maximum" in schema:
        yield f"from {schema['minimum']} to {schema['maximum']}"


def _parts_section(parts: dict[str, Schema]) -> list[str]:
    events = {cls.__name__ for cls in CATALOGUE.values()}
    lines = ["## Parts and values", ""]
    for name in sorted(parts.keys() - events):
        part = parts[name]
        lines += [f"### {name}", "", " ".join(part.get("description", "").split()), ""]
        if "enum" in part:
            lines += [", ".join(f"`{value}`" for value in part["enum"]), ""]
        else:
            lines += [*_field_rows(part["properties"], name, {"$defs": parts}), ""]
    return lines
