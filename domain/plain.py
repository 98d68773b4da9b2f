"""The plain event: its canonical bytes by regular expressions, made from the fields of its type, without a parser.

    {"agencykey":"9f86…","data":{…},"dataschema":"…","id":"…","recordedtime":"…",…,"type":"custody.subject_booked"}
     may be left out     by type

Nearly all events are plain: no extensions but those of a key, and text in ASCII without escapes. Of each field there is
then but one way to write it, and the fields stand in their order: so what matches is canonical and fits its schema. A
form takes less than the schema does, never more.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen
from pydantic import StringConstraints
from pydantic.fields import FieldInfo

from domain.canonical import INTEGER_MAX, canonical_bytes
from domain.events.agency import SOURCE
from domain.events.catalogue import REFERENCES
from domain.events.fields import LOCAL_ID, Closed, EventData, Ref
from domain.events.record import EVENT_ID
from domain.instants import Instant

SUBJECT = f"[a-z]+/{LOCAL_ID}"
SEQUENCE = r"[1-9][0-9]{0,15}"

HEAD = re.compile(r'\{(?:"agencykey":"([A-Za-z0-9][A-Za-z0-9 ._/-]{0,79})",)?"data":')
REST_MARK = ',"dataschema":'
REST = re.compile(
    f'{REST_MARK}"(?P<dataschema>[^"]+)","id":"(?P<id>{EVENT_ID})",'
    rf'(?:"recordedtime":"(?P<recordedtime>[^"]{{20,32}})",)?(?:"sequence":"{SEQUENCE}",)?'
    rf'"source":"(?P<source>{SOURCE})","specversion":"1\.0",'
    rf'"subject":"(?P<subject>{SUBJECT})","time":"(?P<time>[^"]{{20,32}})",'
    r'(?:"timelatest":"(?P<timelatest>[^"]{20,32})","timeprecision":"(?P<timeprecision>day|month|year|interval)",)?'
    r'"type":"(?P<type>[^"]+)"}'
)
REST_NAMES = ("type", "dataschema", "subject", "source", "id", "time", "timelatest", "timeprecision", "recordedtime")

# Patterns of classes that take but letters, digits and marks which JSON writes as they are: `[ -~]` is none of them.
UNESCAPED = re.compile(r"\^(?:\[(?:A-Z|a-z|a-f|0-9|[A-Za-z0-9 ._:~/])*-?\](?:\{\d+(?:,\d+)?\})?)+\$")
TEXT = r"[ !#-\[\]-~]"
WHOLE_NUMBER = r"(?:0|[1-9][0-9]{0,14})"  # below 2^53, if not up to it
DAY_OF_YEAR = r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
MOMENT = rf"[12]\d{{3}}-{DAY_OF_YEAR}T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
FOLLOWED = r'(?:,(?=")|(?=\}))'  # by another field, or by the end


class DataForm(NamedTuple):
    """What matches the data of plain events of a type, and which of its groups is a reference, or the facility."""

    pattern: re.Pattern[str]
    references: tuple[tuple[int, str], ...]  # the index of a group, and "facility/"
    facility: int  # the index of its group, -1 for a type that has none

    def named(self, groups: Sequence[str | None]) -> tuple[list[str], str | None]:
        """Return what the data refers to, as "facility/mn-cass-jail", in the order of the fields; and its facility."""
        facility = None if self.facility < 0 else groups[self.facility]
        return [f"{prefix}{value}" for at, prefix in self.references if (value := groups[at])], facility


@cache
def data_form(cls: type[EventData]) -> DataForm | None:
    """Return the form of a type, None for one that asks for more than plain fields."""
    prefixes = dict(REFERENCES[cls.TYPE])
    written = _object_form(cls, captured=prefixes.keys())
    if written is None:
        return None
    pattern = re.compile(written, re.ASCII)
    return DataForm(
        pattern,
        tuple((pattern.groupindex[name] - 1, f"{kind}/") for name, kind in prefixes.items()),
        pattern.groupindex.get("facility", 0) - 1,
    )


def _object_form(cls: type[Closed], captured: Container[str] = ()) -> str | None:
    """Return what matches an object with the fields of a class in their order.

    None if one that is required is not plain, or if functions of the class look at them too.
    """
    parts = []
    functions = cls.__pydantic_decorators__
    if functions.field_validators or functions.model_validators:
        return None
    for name, field in sorted(cls.model_fields.items()):
        form = _form(field.annotation, field.metadata)
        if form is None and field.is_required():
            return None
        if form is None:
            continue
        if name in captured:
            form = f'"(?P<{name}>{form[1:-1]})"'
        part = f'"{name}":{form}{FOLLOWED}'
        parts.append(part if field.is_required() else f"(?:{part})?")
    return f"\\{{{''.join(parts)}\\}}"


def _form(annotation: Any, metadata: Sequence[Any]) -> str | None:
    """Return what matches a field's JSON; None if that takes more than a regular expression can say."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _form(arguments[0], [*_flat(arguments[1:]), *metadata])
    if origin in (Union, UnionType) and arguments[1:] == (NoneType,):
        return _form(arguments[0], metadata)
    limits = [one for one in metadata if not isinstance(one, Ref)]
    if origin is tuple:
        return _list_form(_form(arguments[0], []), limits)
    if annotation is str:
        return _text_form(limits)
    if annotation is int:
        return _number_form(limits)
    return None if limits else _bare_form(annotation)


def _flat(metadata: Sequence[Any]) -> list[Any]:
    return [one for item in metadata for one in (item.metadata if isinstance(item, FieldInfo) else [item])]


def _list_form(form: str | None, limits: Sequence[Any]) -> str | None:
    match limits:
        case [MaxLen(max_length=most)] if form:
            return rf"\[(?:{form}(?:,{form}){{0,{most - 1}}})?\]"
    return None


def _text_form(limits: Sequence[Any]) -> str | None:
    match limits:
        case [StringConstraints(pattern=str(pattern)) as one] if one == StringConstraints(pattern=pattern):
            return f'"{pattern[1:-1]}"' if UNESCAPED.fullmatch(pattern) else None
        case [StringConstraints(min_length=int(least), max_length=int(most)) as one] if one == StringConstraints(
            min_length=least, max_length=most
        ):
            return f'"{TEXT}{{{least},{most}}}"'
    return None


def _number_form(limits: Sequence[Any]) -> str | None:
    match limits:
        case [Ge(ge=0), Le(le=most)] if most == INTEGER_MAX:
            return WHOLE_NUMBER
        case [Ge(ge=int(least)), Le(le=int(most))] if 0 <= least <= most < 10:
            return f"[{least}-{most}]"
    return None


def _bare_form(annotation: Any) -> str | None:
    """Return what matches a type that is not narrowed."""
    if annotation is Instant:
        return f'"{MOMENT}"'
    if annotation is bool:
        return "(?:true|false)"
    if isinstance(annotation, type) and issubclass(annotation, Closed):
        return _object_form(annotation)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return f"(?:{'|'.join(re.escape(canonical_bytes(one).decode()) for one in annotation)})"
    return None
