"""The envelope: CloudEvents 1.0 structured JSON in canonical bytes, and what we read from it.

    {"data":{"facility":"mn-cass-jail","subject":"s-81c2"},
     "dataschema":"urn:custody:schema:custody.subject_booked:1",
     "id":"019bd0a4-5f40-7a31-8c11-4b1d3c9e7f02",
     "recordedtime":"2026-01-16T17:20:00-06:00",
     "source":"agency:mn-cass-sheriff",
     "specversion":"1.0",
     "subject":"episode/mn-cass-jail.2026-00017",
     "time":"2026-01-16T17:00:00-06:00",
     "type":"custody.subject_booked"}

(one line, no spaces, keys sorted). `time` is when it happened; if that is not exact, `timeprecision` and
`timelatest` say so and `time` is the earliest bound. `recordedtime` is what the source says of its own
recording or publication, with `recordedprecision` and `recordedlatest` likewise. `sequence` counts an agency
key's events without gaps, `agencykey` names the key, `correctionof` the event that a correction replaces,
`causationid` the event that led to this one, `via` the importer that transcribed a source which did not
publish to us itself. A source is `agency:ID`, or `synthetic:ID` for events that a simulation made up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

from pydantic import ConfigDict, StringConstraints, TypeAdapter, ValidationError

from domain.canonical import BODY_BYTES_MAX, canonical_bytes, check_profile, parse_canonical
from domain.errors import InputRefused
from domain.events.agency import Source
from domain.events.catalogue import CATALOGUE, REFERENCES, event_class
from domain.events.fields import Closed, Code, EventData
from domain.events.record import EventCorrected, EventId, EventRetracted
from domain.instants import Instant, Precision, Span, format_rfc3339, microseconds_of, parse_rfc3339
from domain.plain import HEAD, REST, REST_MARK, REST_NAMES, SEQUENCE, SUBJECT, DataForm, data_form

DataT = TypeVar("DataT", bound=EventData)

Timestamp = Annotated[str, StringConstraints(min_length=20, max_length=32)]
SCHEMA_MEND = "`docs/events.md` gives the fields of every type"
NEEDS_TARGET = (EventCorrected, EventRetracted)


class Envelope(Closed, Generic[DataT]):
    """One event as an agency publishes it. Field names are CloudEvents attributes, hence no underscores."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, cache_strings="keys")

    specversion: Literal["1.0"]
    id: EventId
    source: Source
    type: str
    subject: Annotated[str, StringConstraints(pattern=f"^{SUBJECT}$")]
    dataschema: str
    datacontenttype: Literal["application/json"] | None = None
    time: Timestamp | None = None
    timelatest: Timestamp | None = None
    timeprecision: Precision = Precision.EXACT
    recordedtime: Timestamp | None = None
    recordedlatest: Timestamp | None = None
    recordedprecision: Precision | None = None
    sequence: Annotated[str, StringConstraints(pattern=f"^{SEQUENCE}$")] | None = None
    agencykey: Code | None = None
    causationid: EventId | None = None
    correctionof: EventId | None = None
    via: Code | None = None
    data: DataT

    @property
    def occurred(self) -> Instant:
        """Return when it happened, as precisely as the source gave it."""
        return _instant(self.time, self.timelatest, self.timeprecision)

    @property
    def recorded(self) -> Instant:
        """Return what the source says of its own recording or publication."""
        return _instant(*self.recorded_parts)

    @property
    def recorded_parts(self) -> tuple[str | None, str | None, Precision]:
        """Return earliest, latest and precision of what the source recorded; saying nothing is saying unknown."""
        silent = self.recordedtime is None and self.recordedlatest is None
        unsaid = Precision.UNKNOWN if silent else Precision.EXACT
        return self.recordedtime, self.recordedlatest, self.recordedprecision or unsaid

    @property
    def agency(self) -> str:
        """Return the publishing agency's id."""
        return self.source.partition(":")[2]


def _instant(earliest: str | None, latest: str | None, precision: Precision) -> Instant:
    if precision is Precision.EXACT:
        if earliest is None or latest is not None:
            raise ValueError("an exact time has no latest bound; a missing time has precision unknown")
        moment = parse_rfc3339(earliest)
        return Instant(moment, moment, Precision.EXACT)
    return Instant(parse_rfc3339(earliest) if earliest else None, parse_rfc3339(latest) if latest else None, precision)


def _span(earliest: str | None, latest: str | None, precision: Precision) -> Span:
    if precision is Precision.EXACT and earliest and latest is None:  # nearly every event: no Instant is made
        moment = microseconds_of(earliest)
        return moment, moment
    return _instant(earliest, latest, precision).span


@cache
def schema_name(cls: type[EventData]) -> str:
    """Return the `dataschema` of an event class."""
    return f"urn:custody:schema:{cls.TYPE}:{cls.VERSION}"


@cache
def envelope_adapter(type_name: str) -> TypeAdapter[Envelope[Any]]:
    """Return the adapter of one type's envelope. It knows each field; `read_envelope` also what must agree."""
    return TypeAdapter(Envelope[CATALOGUE[type_name]])  # type: ignore[valid-type]


@cache
def _reader(cls: type[EventData]) -> tuple[Callable[[bytes], Envelope[Any]], str, str, str]:
    """Return what reads a type: its validator, and what type, dataschema and the subject's kind must be."""
    # The adapter's own validator: its wrapper passes nine options on each call, a twentieth of the gate.
    return envelope_adapter(cls.TYPE).validator.validate_json, cls.TYPE, schema_name(cls), f"{cls.STREAM}/"


def read_envelope(cls: type[EventData], body: bytes) -> Envelope[Any]:
    """Validate the bytes as an event of this class; raise ValueError, of which pydantic's is one."""
    validate_json, type_name, dataschema, kind = _reader(cls)
    envelope = validate_json(body)
    if envelope.type != type_name:
        raise ValueError(f"type {envelope.type!r} does not match its data, {type_name!r}")
    if envelope.dataschema != dataschema:
        raise ValueError(f"dataschema is not {dataschema!r}")
    if not envelope.subject.startswith(kind):
        raise ValueError(f"subject does not start with {kind!r}")
    if cls in NEEDS_TARGET and envelope.correctionof is None:
        raise ValueError(f"{type_name} needs correctionof: the id of the event it is about")
    return envelope


class Submission(NamedTuple):
    """Bytes that passed the gate and, read from them, what the store keeps beside them. Flat, so that it travels.

    Times are microseconds since 1970 UTC.
    """

    stream: str
    type: str
    body: bytes
    source: str
    id: str
    signature: bytes | None
    agencykey: str | None
    facility: str | None
    occurred_earliest: int | None
    occurred_latest: int | None
    recorded_latest: int | None  # by the source's own word
    refs: tuple[str, ...]  # the event's own stream first

    @property
    def envelope(self) -> Envelope[Any]:
        """Read the event again."""
        return read_envelope(CATALOGUE[self.type], self.body)


def admit(body: bytes, signature: bytes | None = None) -> Submission:
    """Pass bytes through the gate: canonical form, closed catalogue, schema.

    Raise InputRefused with code not_json, not_canonical, ..., unknown_type or schema, naming the field.
    """
    return _admit_plain(body, signature) or _admit_any(body, signature)


def _admit_plain(body: bytes, signature: bytes | None) -> Submission | None:
    """Take a plain event at half the cost, exactly as `_admit_any` would; None leaves it, or its refusal, to that.

    No quote stands unescaped within a string and the rest has no brace but the last: what stands between is the data.
    """
    text = body.decode("latin-1")  # which never fails, and what is not ASCII never matches
    start = text.rfind(REST_MARK)
    head, rest = HEAD.match(text), REST.fullmatch(text, max(start, 0))
    if head is None or rest is None or len(body) > BODY_BYTES_MAX:
        return None
    type_name, dataschema, stream, source, event_id, time, latest, precision, recordedtime = rest.group(*REST_NAMES)
    form = _plain_form(type_name, dataschema, stream)
    data = form and form.pattern.fullmatch(text, head.end(), start)
    if not (form and data):
        return None
    try:
        occurred = _span(time, latest, Precision(precision) if precision else Precision.EXACT)
        recorded = microseconds_of(recordedtime) if recordedtime else None
    except ValueError:
        return None
    named, facility = form.named(data.groups())
    refs = tuple(dict.fromkeys((stream, *named)))
    return Submission(
        stream, type_name, body, source, event_id, signature, head[1], facility, *occurred, recorded, refs
    )


def _plain_form(type_name: str, dataschema: str, stream: str) -> DataForm | None:
    """Return the form of a type's data if dataschema and stream are the type's, and nothing else is asked of it."""
    cls = CATALOGUE.get(type_name)
    if cls is None or cls in NEEDS_TARGET or dataschema != schema_name(cls) or not stream.startswith(f"{cls.STREAM}/"):
        return None
    return data_form(cls)


def _admit_any(body: bytes, signature: bytes | None) -> Submission:
    document = parse_canonical(body)
    try:
        return _admit_document(document, body, signature)
    except InputRefused:
        check_profile(document)  # a number that no event may hold is named, rather than the field it was tried in
        raise


def _admit_document(document: dict[str, Any], body: bytes, signature: bytes | None) -> Submission:
    cls = event_class(document.get("type"))
    where = ""
    try:
        envelope = read_envelope(cls, body)
        where = "time"
        earliest, latest = _span(envelope.time, envelope.timelatest, envelope.timeprecision)
        where = "recordedtime"
        _, recorded = _span(*envelope.recorded_parts)
    except ValidationError as error:
        raise schema_refusal(error) from None
    except ValueError as error:
        raise InputRefused("schema", str(error), where=where, mend=SCHEMA_MEND) from None
    data = envelope.data
    if cls is EventCorrected:
        _check_replacement(data)
    refs = references(cls.TYPE, envelope.subject, document["data"], envelope.correctionof)
    return Submission(
        refs[0],
        cls.TYPE,
        body,
        envelope.source,
        envelope.id,
        signature,
        envelope.agencykey,
        vars(data).get("facility"),
        earliest,
        latest,
        recorded,
        refs,
    )


def _check_replacement(data: EventCorrected) -> None:
    """A replacement is checked against its own type where it is applied; here only that there is one."""
    if data.replacement is None and data.replacement_time is None:
        what = "a correction replaces the data, the time, or both"
        mend = "give `replacement`, `replacement_time`, or both"
        raise InputRefused("schema", what, where="data.replacement", mend=mend)


def schema_refusal(error: ValidationError) -> InputRefused:
    """Turn pydantic's first complaint into our error: which field, and what is wrong with it."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return InputRefused("schema", first["msg"], where=where, mend=SCHEMA_MEND)


def references(type_name: str, stream: str, data: dict[str, Any], corrected: str | None = None) -> tuple[str, ...]:
    """Return every reference an event makes, its own stream first: `("episode/…", "facility/…", …)`."""
    found = {stream: None}
    for field, kind in REFERENCES[type_name]:
        if value := data.get(field):
            found[f"{kind}/{value}"] = None
    if corrected:
        found[f"event/{corrected}"] = None
    return tuple(found)


def compose(
    cls: type[EventData],
    *,
    event_id: str,
    source: str,
    stream: str,
    occurred: Instant,
    data: dict[str, Any],
    recorded: Instant | None = None,
    **extensions: str,
) -> bytes:
    """Write an event's canonical bytes. `stream` is the id within its kind; None values of data are left out.

    Nothing is validated here: the gate does that, once, for every way in.
    """
    document: dict[str, Any] = {
        "data": {key: value for key, value in data.items() if value is not None},
        "dataschema": schema_name(cls),
        "id": event_id,
        "source": source,
        "specversion": "1.0",
        "subject": f"{cls.STREAM}/{stream}",
        "type": cls.TYPE,
        **extensions,
    }
    _put_instant(document, "time", occurred)
    if recorded is not None:
        _put_instant(document, "recorded", recorded)
    return canonical_bytes(document)


def _put_instant(document: dict[str, Any], name: str, instant: Instant) -> None:
    earliest_key = "time" if name == "time" else "recordedtime"
    if instant.earliest:
        document[earliest_key] = format_rfc3339(instant.earliest)
    if instant.precision is Precision.EXACT:
        return
    document[f"{name}precision"] = instant.precision.value
    if instant.latest:
        document[f"{name}latest"] = format_rfc3339(instant.latest)
