"""The column mapping of a bookings file: which column is what, and which words mean what.

    format: custody-bookings-mapping/1
    zone: America/Chicago                 # in which clock times without an offset are read
    times: [iso, "%m/%d/%Y %H:%M"]        # tried in this order; iso or strptime codes
    missing: ["", NA]                     # cells that say nothing
    columns: {booking_id: Booking No, booked_at: Booked, released_at: Released, ...}
    optional: [subject_id]                # mapped columns that a file may lack
    holds:                                # the first that fits wins
    - {kind: immigration, column: charge_text, contains: [HOLD IMMIGRAT]}
    releases:
    - {to_agency: us-ice, column: disposition, equals: [Immigration]}
    cancelled_detainers:
    - {column: disposition, equals: [Cancel Detainer]}

Words are compared without case; `equals` also without spaces at the ends, `matches` is a regular expression
searched for. YAML 1.2, no key twice, no key that is not named here.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from adapters.importers.printed_times import ISO
from adapters.importers.tables import column_name
from adapters.importers.text_files import open_input
from domain.errors import InputRefused
from domain.events.episode import HoldKind
from domain.events.fields import AgencyId

FORMAT = "custody-bookings-mapping/1"
MAPPING_BYTES_MAX = 256 * 1024
MEND = "docs/importers/bookings.md shows the whole format; `default.yaml` is a working example"

MappedField = Literal[
    "booking_id",
    "booked_at",
    "released_at",
    "charge_id",
    "charge_text",
    "charge_placed_at",
    "charge_released_at",
    "disposition",
    "jurisdiction",
    "subject_id",
    "facility",
]
Printed = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Part(BaseModel):
    """A part of the mapping: strict, nothing beyond what is named."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Meaning(Part):
    """Words in one column, and that they mean something."""

    column: MappedField
    equals: tuple[Printed, ...] = ()
    contains: tuple[Printed, ...] = ()
    matches: Printed | None = None

    @field_validator("matches")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return pattern

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.equals or self.contains or self.matches):
            raise ValueError("give at least one of equals, contains, matches")
        return self

    def fits(self, printed: str) -> bool:
        """Say whether a cell has this meaning."""
        text = printed.casefold()
        return (
            any(text.strip() == word.casefold() for word in self.equals)
            or any(word.casefold() in text for word in self.contains)
            or (self.matches is not None and re.search(self.matches, printed, re.IGNORECASE) is not None)
        )


class HoldMeaning(Meaning):
    """Words that mean a hold, and whose."""

    kind: HoldKind = Field(strict=False)


class ReleaseMeaning(Meaning):
    """Words that mean the person left with another agency."""

    to_agency: AgencyId


class BookingsMapping(Part):
    """A whole mapping. Column names are compared in snake_case, as `read_table` returns them."""

    format: Literal["custody-bookings-mapping/1"]
    zone: str
    times: Annotated[tuple[Printed, ...], Field(min_length=1)]
    missing: tuple[str, ...] = ("", "NA")
    columns: dict[MappedField, Printed]
    optional: tuple[MappedField, ...] = ()
    holds: tuple[HoldMeaning, ...] = ()
    releases: tuple[ReleaseMeaning, ...] = ()
    cancelled_detainers: tuple[Meaning, ...] = ()

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"no time zone {name[:60]!r}; write one such as America/Chicago") from None
        return name

    @field_validator("times")
    @classmethod
    def _are_formats(cls, formats: tuple[str, ...]) -> tuple[str, ...]:
        for one in formats:
            if one != ISO and "%" not in one:
                raise ValueError(f"{one[:40]!r} is neither `iso` nor a format with %-codes")
        return formats

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for needed in ("booking_id", "booked_at", "released_at"):
            if needed not in self.columns:
                raise ValueError(f"columns has no {needed}; every booking needs it")
        for one in ("booking_id", "booked_at"):
            if one in self.optional:
                raise ValueError(f"{one} cannot be optional")
        for meaning in (*self.holds, *self.releases, *self.cancelled_detainers):
            if meaning.column not in self.columns:
                raise ValueError(f"a rule reads {meaning.column}, which columns does not map")
        return self

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Return the snake_case columns that a file must have."""
        return tuple(column_name(self.columns[one]) for one in self.columns if one not in self.optional)

    @property
    def known_columns(self) -> dict[str, tuple[str, ...]]:
        """Return the snake_case columns that are read where a file has them; none goes by another name."""
        return {column_name(printed): () for printed in self.columns.values()}


def load_mapping(path: Path | None) -> BookingsMapping:
    """Read a mapping file, or a shipped one by name (`pierce`); None is the default.

    Raise InputRefused(bad_mapping) naming the key, or the codes of `open_input`.
    """
    if path is None or (path.suffix == "" and not path.exists()):
        return _parse(_shipped(path.name if path else "default"), where=f"mapping {path or 'default'}")
    with open_input(path) as file:
        raw = file.read(MAPPING_BYTES_MAX + 1)
    if len(raw) > MAPPING_BYTES_MAX:
        raise InputRefused("bad_mapping", "a mapping has at most 256 KiB", where=str(path), mend=MEND)
    return _parse(raw, where=str(path))


def shipped_mappings() -> tuple[str, ...]:
    """Return the names of the mappings that come with the package."""
    found = files("adapters.importers").joinpath("mappings").iterdir()
    return tuple(sorted(one.name.removesuffix(".yaml") for one in found if one.name.endswith(".yaml")))


def _shipped(name: str) -> bytes:
    if name not in shipped_mappings():
        mend = f"name a YAML file, or one of those shipped: {', '.join(shipped_mappings())}"
        raise InputRefused("file_not_found", f"there is no mapping {name[:60]!r}", where="--mapping", mend=mend)
    return files("adapters.importers").joinpath("mappings", f"{name}.yaml").read_bytes()


def _parse(raw: bytes, where: str) -> BookingsMapping:
    try:
        document = YAML(typ="safe", pure=True).load(raw.decode("utf-8"))
        return BookingsMapping.model_validate(_tuples(document))
    except UnicodeDecodeError:
        raise InputRefused("bad_mapping", "the mapping is not UTF-8", where=where, mend=MEND) from None
    except YAMLError as error:
        what = " ".join(str(error).split())[:300]
        raise InputRefused("bad_mapping", f"this is not YAML: {what}", where=where, mend=MEND) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"]) or "mapping"
        raise InputRefused("bad_mapping", f"{key}: {first['msg']}", where=where, mend=MEND) from None


def _tuples(value: object) -> object:
    """YAML knows lists only; the models are frozen and want tuples."""
    if isinstance(value, list):
        return tuple(_tuples(one) for one in value)
    if isinstance(value, dict):
        return {key: _tuples(one) for key, one in value.items()}
    return value
