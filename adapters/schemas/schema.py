"""The JSON Schema (2020-12) of one event type: the whole envelope with its data.

    $id            urn:custody:schema:custody.subject_booked:1, the event's own `dataschema`
    title          custody.subject_booked
    description    what the event means
    x-niem         the NIEM 6.0 element, where there is one
    properties     the CloudEvents attributes, `data` among them

A schema says what it can: it refuses nothing that the gate takes. The gate also checks the calendar (no 30
February), the order of bounds, and the canonical form of the bytes.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from domain.envelope import NEEDS_TARGET, envelope_adapter, schema_name
from domain.events.catalogue import CATALOGUE
from domain.events.fields import LOCAL_ID, EventData
from domain.events.record import EventCorrected

DIALECT = "https://json-schema.org/draft/2020-12/schema"
CLOCKS = (("time", "timelatest", "timeprecision"), ("recordedtime", "recordedlatest", "recordedprecision"))

Schema = dict[str, Any]


class _WithoutNulls(GenerateJsonSchema):
    """An optional field is one that may be left out; the gate takes no null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        described = super().default_schema(schema)
        return {key: value for key, value in described.items() if key != "default" or value is not None}

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic passes it
        return False


def event_schema(type_name: str) -> Schema:
    """Return the JSON Schema of one type's envelope."""
    cls = CATALOGUE[type_name]
    generated = envelope_adapter(type_name).json_schema(schema_generator=_WithoutNulls)
    properties = generated["properties"]
    properties["type"] = {"const": type_name}
    properties["dataschema"] = {"const": schema_name(cls)}
    properties["subject"] = {"type": "string", "pattern": f"^{cls.STREAM}/{LOCAL_ID}$"}
    for earliest, latest, _ in CLOCKS:
        properties[earliest]["format"] = properties[latest]["format"] = "date-time"
    properties["data"] = _data_schema(cls, properties["data"])
    required = [*generated["required"], *(["correctionof"] if issubclass(cls, NEEDS_TARGET) else [])]
    return {
        "$schema": DIALECT,
        "$id": schema_name(cls),
        "title": type_name,
        "description": meaning(cls),
        **({"x-niem": cls.NIEM} if cls.NIEM else {}),
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        "allOf": [_occurred_rule(), _recorded_rule()],
        "$defs": generated["$defs"],
    }


def meaning(cls: type) -> str:
    """Return the first paragraphs of a class's docstring, one line each."""
    paragraphs = (cls.__doc__ or "").strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _data_schema(cls: type[EventData], reference: Schema) -> Schema:
    if cls is EventCorrected:
        return {**reference, "anyOf": [{"required": ["replacement"]}, {"required": ["replacement_time"]}]}
    return reference


def _occurred_rule() -> Schema:
    return _precision_rule(*CLOCKS[0])


def _recorded_rule() -> Schema:
    """Nothing recorded at all is no statement, so the rule begins with any of the three."""
    spoken = {"anyOf": [{"required": [name]} for name in CLOCKS[1]]}
    return {"if": spoken, "then": _precision_rule(*CLOCKS[1])}


def _precision_rule(earliest: str, latest: str, precision: str) -> Schema:
    """Say which bounds go with which precision; an absent precision stands for exact."""
    both = {"required": [earliest, latest]}
    some = {"anyOf": [{"required": [earliest]}, {"required": [latest]}]}
    exact = {
        "properties": {precision: {"const": "exact"}},
        "required": [earliest],
        "not": {"required": [latest]},
    }
    others = ((["day", "month", "year"], both), (["interval"], some), (["unknown"], {"not": some}))
    said = [
        {"properties": {precision: {"enum": names}}, "required": [precision], "allOf": [bounds]}
        for names, bounds in others
    ]
    return {"oneOf": [exact, *said]}
