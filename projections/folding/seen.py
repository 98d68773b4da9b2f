"""What a fold sees of an event: where it stands, when it happened, and the few fields of its data the fold asks for.

A fold names fields for each type it wants; nothing else of the bytes is decoded, and no other type is read at all.
Bytes in the log have passed the gate, so nothing is checked twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol

import msgspec
from pydantic import ValidationError

from domain.events.catalogue import CATALOGUE
from domain.events.fields import EventData
from domain.events.record import EventRetracted
from domain.instants import Instant, Span, microseconds_of
from projections.recorded import Recorded

Fields = Mapping[str, Sequence[str]]  # type name -> fields of its data
RawEvent = tuple[int, str, str, str, str, int | None, int | None, bytes]
LONG_AGO = -(2**62)
Told = str | dict[str, str | None]  # an instant as its source wrote it: the wire form of `domain.instants`


NOTHING = msgspec.Raw(b"null")


class Seen(msgspec.Struct, frozen=True, gc=False):
    """One event as last amended. `earliest` and `latest` bound when it happened, in microseconds since 1970 UTC."""

    position: int
    type: str
    stream: str
    source: str
    event_id: str
    earliest: int | None
    latest: int | None
    told: Told
    data: Any

    @property
    def stream_id(self) -> str:
        """Return the id of the stream, without its kind."""
        return self.stream.partition("/")[2]

    @property
    def published(self) -> tuple[str, str]:
        """Return source and id: what a correction names."""
        return self.source, self.event_id

    @property
    def agency(self) -> str:
        """Return who published it."""
        return self.source.partition(":")[2]


class Reader:
    """Decodes rows of the log, and of their data these fields."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self._data = {name: _data_struct(name, tuple(wanted)) for name, wanted in fields.items()}
        self._bodies = {name: (name, _body_decoder(data)) for name, data in self._data.items()}
        self._sources: dict[str, str] = {}

    def read(self, row: RawEvent) -> Seen:
        """Return what the fold sees of a row: position, stream, type, source, id, earliest, latest, body."""
        position, stream, type_name, source, event_id, earliest, latest, state = row
        type_name, decode = self._bodies[type_name]  # of names and sources there are few, and many events are kept
        source = self._sources.setdefault(source, source)
        body = decode(state)
        told = body.time if body.timeprecision is None else _told(body)
        return Seen(position, type_name, stream, source, event_id, earliest, latest, told, body.data)

    def of(self, event: Recorded) -> Seen:
        """Return what the fold sees of an event that was read whole, and may have been amended."""
        envelope, data, told = event.envelope, self._of(event.data), event.occurred.as_json()
        return Seen(
            event.position, event.type, event.stream, envelope.source, envelope.id, *event.occurred.span, told, data
        )

    def amended(self, seen: Seen, amending: Amends) -> Seen | None:
        """Return an event as a correction leaves it, None if it is a retraction.

        It does to what a fold sees what `projections.amendments` does to a whole event.
        """
        if amending.type == EventRetracted.TYPE:
            return None
        correction, changed = amending.data, {}
        if correction.replacement != NOTHING:
            try:
                changed["data"] = self._of(CATALOGUE[seen.type].model_validate_json(bytes(correction.replacement)))
            except ValidationError:
                return seen
        if correction.replacement_time is not None:
            occurred = Instant.from_json(correction.replacement_time)
            earliest, latest = occurred.span
            changed |= {"earliest": earliest, "latest": latest, "told": occurred.as_json()}
        return msgspec.structs.replace(seen, **changed)

    def _of(self, data: EventData) -> Any:
        return msgspec.convert(data.model_dump(mode="json", exclude_none=True), self._data[data.TYPE])


class _Replacing(msgspec.Struct, gc=False):
    replacement: msgspec.Raw = NOTHING
    replacement_time: Any = None


class _Amending(msgspec.Struct, gc=False):
    correctionof: str | None = None
    data: _Replacing = msgspec.field(default_factory=_Replacing)


class Amends(NamedTuple):
    """A correction or retraction, as much of it as folds need. `target` is what it names, by source and id."""

    position: int
    type: str
    published: tuple[str, str]
    target: tuple[str, str]
    data: _Replacing


_amending = msgspec.json.Decoder(_Amending).decode
_replacing = msgspec.json.Decoder(_Replacing).decode
_encode = msgspec.json.Encoder().encode


def amends(row: RawEvent) -> Amends:
    """Read a correction or retraction."""
    body, source = _amending(row[-1]), row[3]
    return Amends(row[0], row[2], (source, row[4]), (source, body.correctionof or ""), body.data)


def amended_amending(one: Amends, by: Amends) -> Amends | None:
    """Return a correction or retraction as another leaves it, as `projections.amendments` does."""
    if by.type == EventRetracted.TYPE:
        return None
    if by.data.replacement == NOTHING:
        return one
    try:
        CATALOGUE[one.type].model_validate_json(bytes(by.data.replacement))
    except ValidationError:
        return one
    return one._replace(data=_replacing(by.data.replacement))


@cache  # a class takes as long to make as many events take to read; there are few
def _data_struct(type_name: str, fields: tuple[str, ...]) -> type[msgspec.Struct]:
    return msgspec.defstruct(type_name.replace(".", "_"), [(name, Any, None) for name in fields], gc=False)


@cache
def _body_decoder(data: type[msgspec.Struct]) -> Callable[[bytes], Any]:
    times = [(name, Any, None) for name in ("time", "timelatest", "timeprecision")]
    body = msgspec.defstruct("Body", [*times, ("data", data)], gc=False, kw_only=True)
    return msgspec.json.Decoder(body).decode


def _told(body: Any) -> Told:
    if body.timeprecision == "exact":
        return str(body.time)
    return {"earliest": body.time, "latest": body.timelatest, "precision": body.timeprecision}


def span_of(told: Any) -> Span:
    """Return the bounds, in microseconds since 1970 UTC, of an instant in the data; (None, None) if it is absent."""
    if told is None:
        return None, None
    if isinstance(told, str):
        moment = microseconds_of(told)
        return moment, moment
    return Instant.from_json(told).span


class Bounded(Protocol):
    """What happened between two moments, in microseconds since 1970 UTC."""

    @property
    def earliest(self) -> int | None:
        """Return the first moment at which it can have been, None if that is not known."""
        ...

    @property
    def latest(self) -> int | None:
        """Return the last."""
        ...


def surely_before(one: Bounded, other: Bounded) -> bool:
    """Say whether one was surely over before the other can have been, as `Instant.surely_before` does."""
    return one.latest is not None and other.earliest is not None and one.latest < other.earliest


def json_text(value: object) -> str:
    """Return JSON text, for a column."""
    return _encode(value).decode()


def first_of(events: Sequence[Seen], name: str) -> Any:
    """Return the first value that any of the events gives a field of its data."""
    for event in events:  # a plain loop: most folds ask this of every event
        if value := getattr(event.data, name):
            return value
    return None


def by_time(events: Sequence[Seen]) -> Sequence[Seen]:
    """Return events by when they happened, in whatever order the log had them; what has no bound comes first."""
    return sorted(events, key=_time_key) if len(events) > 1 else events


def in_log_order(events: Sequence[Seen]) -> Sequence[Seen]:
    """Return events in the order of the log."""
    return sorted(events, key=_position) if len(events) > 1 else events


def _time_key(event: Seen) -> tuple[int, int, int]:
    earliest = LONG_AGO if event.earliest is None else event.earliest
    return earliest, earliest if event.latest is None else event.latest, event.position


def _position(event: Seen) -> int:
    return event.position
