"""The closed registry from a persisted type name to a class. Nothing outside it is ever decoded.

The name in the log is `custody.subject_booked`, never a module path, so moving a class changes no replay
and a foreign log cannot make us import anything.
"""

from __future__ import annotations

from typing import Any, get_args, get_origin

from domain.errors import InputRefused
from domain.events import agency, detainer, episode, handoff, instrument, record
from domain.events.fields import EventData, Ref

FAMILIES: dict[str, tuple[type[EventData], ...]] = {
    "episode": episode.EVENTS,
    "detainer": detainer.EVENTS,
    "notice and handoff": handoff.EVENTS,
    "rule and agreement": instrument.EVENTS,
    "record": record.EVENTS,
    "agency": agency.EVENTS,
}

CATALOGUE: dict[str, type[EventData]] = {event.TYPE: event for family in FAMILIES.values() for event in family}


def event_class(type_name: object) -> type[EventData]:
    """Return the class of a type name; raise InputRefused(unknown_type) for any other."""
    found = CATALOGUE.get(type_name) if isinstance(type_name, str) else None
    if found is None:
        raise InputRefused(
            "unknown_type",
            f"there is no event type {str(type_name)[:80]!r}",
            where="type",
            mend="`docs/events.md` lists every type",
        )
    return found


def reference_fields(event: type[EventData]) -> tuple[tuple[str, str], ...]:
    """Return (field, kind) of every field that names something read models look up."""
    found = []
    for name, field in event.model_fields.items():
        metadata = [*field.metadata, *_nested_metadata(field.annotation)]
        found += [(name, mark.kind) for mark in metadata if isinstance(mark, Ref)]
    return tuple(found)


def _nested_metadata(annotation: Any) -> list[object]:
    nested: list[object] = list(getattr(annotation, "__metadata__", ()))
    if get_origin(annotation) is not None:
        for argument in get_args(annotation):
            nested += _nested_metadata(argument)
    return nested


REFERENCES: dict[str, tuple[tuple[str, str], ...]] = {name: reference_fields(cls) for name, cls in CATALOGUE.items()}
