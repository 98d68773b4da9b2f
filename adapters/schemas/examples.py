"""One canonical example of every event type, made from its class: the same on every machine.

No person or event in it is real; its source is a `synthetic:` one for that reason.
"""

from __future__ import annotations

import types
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from domain.envelope import NEEDS_TARGET, compose
from domain.events.catalogue import CATALOGUE
from domain.events.fields import EventData
from domain.instants import MINNESOTA, Instant

EVENT_ID = "019bd0a4-5f40-7a31-8c11-4b1d3c9e7f02"
OTHER_EVENT_ID = "019bd0a3-1c20-7b52-9d44-8e2f6a7b9c01"
KEY_ID = "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9"  # of the key in RFC 8032, 7.1, test 1
OTHER_KEY_ID = "7b3d979ca8330a94fa7e9e1b466d8b99e0bcdea1ec90596c0dcc8d7ef6b4300c"
MOMENT = Instant.exact(datetime(2026, 1, 16, 17, 0, tzinfo=MINNESOTA))
RECORDED = Instant.exact(datetime(2026, 1, 16, 17, 20, tzinfo=MINNESOTA))
LEFT_OUT = tuple(EventData.model_fields)

STREAM_IDS = {
    "episode": "mn-cass-jail.2026-00017",
    "detainer": "ice-spm.d-4471",
    "handoff": "mn-cass-jail.2026-00017.ice",
    "instrument": "mn-stat-629-30",
    "pack": "us-mn",
    "agreement": "mn-cass-sheriff.WSO",
    "record": "mn-cass-sheriff",
    "finding": "f-0009",
    "claim": "doc-survey-301",
    "agency": "mn-cass-sheriff",
    "ledger": "custody",
}

NAMED: dict[str, str] = {
    "facility": "mn-cass-jail",
    "receiving_facility": "mn-freeborn-jail",
    "to_facility": "mn-freeborn-jail",
    "from_facility": "mn-cass-jail",
    "subject": "s-81c2",
    "same_as": "s-90aa",
    "episode": "mn-cass-jail.2026-00017",
    "detainer": "ice-spm.d-4471",
    "superseded_by": "ice-spm.d-4502",
    "handoff": "mn-cass-jail.2026-00017.ice",
    "to_agency": "ice-spm",
    "by_agency": "ice-spm",
    "receiving_agency": "ice-spm",
    "releasing_agency": "mn-cass-sheriff",
    "legal_custodian": "ice-spm",
    "legal_custody_to": "ice-spm",
    "asserted_by": "ice-spm",
    "rule": "mn-stat-629-30",
    "state": "MN",
    "county": "Cass",
    "sheet": "2026-01-22",
    "last_sheet": "2025-12-29",
    "before_sheet": "2025-12-29",
    "citation": "Minn. Stat. 629.30",
    "lift_reason_as_printed": "Detainer Declined by LEA",
    "booking_number": "2026-00017",
    "charge": "1",
    "speaks_as": "agency:mn-cass-sheriff",
    "quarter": "2026-Q1",
    "facilities": "mn-cass-jail",
    "types": "custody.*",
    "key_id": KEY_ID,
    "replaces": OTHER_KEY_ID,
    "spki": "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
}
BY_PATTERN = {
    r"^[0-9a-f]{64}$": "5d41" * 16,
    r"^[a-z0-9][a-z0-9-]{0,79}$": "mn-cass-sheriff",
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$": OTHER_EVENT_ID,
}


def example(type_name: str) -> bytes:
    """Return the canonical bytes of a valid event of the type, every field of its own filled in."""
    cls = CATALOGUE[type_name]
    extensions = {"correctionof": OTHER_EVENT_ID} if issubclass(cls, NEEDS_TARGET) else {}
    fields = {name: field for name, field in cls.model_fields.items() if name not in LEFT_OUT}
    return compose(
        cls,
        event_id=EVENT_ID,
        source="synthetic:mn-cass-sheriff",
        stream=STREAM_IDS[cls.STREAM],
        occurred=MOMENT,
        recorded=RECORDED,
        data={name: _sample(name, field.annotation, field.metadata) for name, field in fields.items()},
        **extensions,
    )


def _sample(name: str, annotation: Any, metadata: list[Any]) -> Any:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _sample(name, arguments[0], [*metadata, *_flat(arguments[1:])])
    if origin in (Union, types.UnionType):
        return _sample(name, next(a for a in arguments if a is not type(None)), metadata)
    if origin is tuple:
        return [_sample(name, arguments[0], [])]
    if origin is dict:
        return {"facility": "mn-cass-jail", "subject": "s-81c2"}
    return _plain(name, annotation, metadata)


def _plain(name: str, kind: type, metadata: list[Any]) -> Any:
    if kind is Instant:
        return MOMENT.as_json()
    if issubclass(kind, Enum):
        return next(iter(kind)).value
    if issubclass(kind, BaseModel):
        return {key: _sample(key, f.annotation, f.metadata) for key, f in kind.model_fields.items()}
    if kind is bool:
        return True
    if kind is int:
        return 1
    pattern = next((mark.pattern for mark in metadata if getattr(mark, "pattern", None)), None)
    return NAMED.get(name) or BY_PATTERN.get(str(pattern), name.replace("_", " "))


def _flat(marks: tuple[Any, ...]) -> list[Any]:
    """Unfold `Field(...)` into the constraints it stands for."""
    return [inner for mark in marks for inner in (mark.metadata if isinstance(mark, FieldInfo) else [mark])]
