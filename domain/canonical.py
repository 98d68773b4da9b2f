"""Canonical bytes: RFC 8785 under a strict profile, and the leaf hash over them.

Profile: keys `^[a-z][a-z0-9_]*$`, no floats, |integer| < 2^53, no lone surrogates, no character NUL, which a
database's text cannot hold, at most 60 KiB and 16 levels, and no null but the open bound of an instant: what is
not known is left out, so that one fact has one form. Under it orjson's sorted keys equal RFC 8785 (our tests
check it against the `rfc8785` package), so the gate is one equality, `body == canonical(parse(body))`. The
equality alone does not prove the profile: closed schemas do (no field takes a float or a large integer), and
free JSON goes through `check_profile`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson

from domain.errors import InputRefused

BODY_BYTES_MAX = 60 * 1024
DEPTH_MAX = 16
INTEGER_MAX = 2**53 - 1
DIGITS_MAX = 17  # with its sign; JSON writes no leading zeros
READS_NO_DEEPER = "depth limit"  # orjson's words, beyond 1,024 levels
READS_NO_LARGER = "number is infinity"  # its words for what no float holds
KEY = re.compile(r"[a-z][a-z0-9_]*")
ONE_A_LINE = "write one event, as one JSON object on one line"

LEAF_PREFIX = b"\x00"
BOUNDS = ("earliest", "latest")
NUL_ESCAPED = b"\\u0000"  # as canonical JSON writes it; a text may also say these six characters
INSTANT_KEYS = {*BOUNDS, "precision"}


def canonical_bytes(document: object) -> bytes:
    """Write the document in the one form whose bytes are hashed and signed."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def digest_of(document: object) -> str:
    """Return SHA-256 over the canonical JSON of a document, in hex."""
    return hashlib.sha256(canonical_bytes(document)).hexdigest()


def leaf_hash(body: bytes) -> bytes:
    """Return the 32-byte leaf of RFC 9162 2.1.1: `SHA-256(0x00 || body)`."""
    return hashlib.sha256(LEAF_PREFIX + body).digest()


def parse_canonical(body: bytes) -> dict[str, Any]:
    """Decode bytes that must already be canonical.

    Raise InputRefused with code too_large, not_json, not_an_object, too_deep, not_canonical, null,
    nul_character, or one of `check_profile` if that is why the bytes are not canonical.
    """
    if len(body) > BODY_BYTES_MAX:
        raise InputRefused(
            "too_large",
            f"the event has {len(body):,} bytes, the limit is {BODY_BYTES_MAX:,}",
            mend="move documents out of the event and refer to them by digest",
        )
    document = read_object(body)
    try:
        canonical = canonical_bytes(document)
    except orjson.JSONEncodeError:  # it writes 254 levels
        raise too_deep() from None
    if canonical != body:
        raise _why_not_canonical(body)
    if b"null" in body:
        check_no_null(document)
    if NUL_ESCAPED in body:
        check_no_nul(document)
    return document


def read_object(text: bytes) -> dict[str, Any]:
    """Decode an object, canonical or not; raise InputRefused (not_json, not_an_object, too_deep).

    A number that no float holds is refused as `check_as_written` does.
    """
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if READS_NO_DEEPER in str(error):
            raise too_deep() from None
        if READS_NO_LARGER in str(error):
            with suppress(ValueError):  # what comes after the number may be no JSON
                check_as_written(text)
        raise InputRefused("not_json", f"the bytes are not JSON: {error}", mend=ONE_A_LINE) from None
    if not isinstance(document, dict):
        raise InputRefused("not_an_object", "an event is one JSON object", mend=ONE_A_LINE)
    return document


def check_as_written(text: bytes) -> None:
    """Raise InputRefused as `check_profile` does, of JSON that `read_object` takes.

    An integer beyond 64 bits, which orjson reads as a float, is one here.
    """
    try:
        document = json.loads(text, parse_int=_capped)
    except RecursionError:
        raise too_deep() from None
    check_profile(document)


def _capped(digits: str) -> int:
    """Return an integer, or another that is too large: Python reads no more than 4,300 digits."""
    return int(digits) if len(digits) <= DIGITS_MAX else INTEGER_MAX + 1


def _why_not_canonical(body: bytes) -> InputRefused:
    try:
        check_as_written(body)
    except InputRefused as refusal:
        return refusal
    return InputRefused(
        "not_canonical",
        "the bytes are not in canonical form (RFC 8785): key order, spaces, escapes or a repeated key differ",
        mend="send the bytes of canonical JSON: sorted keys, no spaces, shortest escapes",
    )


def too_deep(where: str = "") -> InputRefused:
    """Say that there are too many levels."""
    return InputRefused("too_deep", f"nested deeper than {DEPTH_MAX} levels", where=where, mend="write it flatter")


def check_profile(value: object, where: str = "", depth: int = 0) -> None:
    """Raise InputRefused (bad_key, float, integer_too_large, too_deep) where a value leaves the profile."""
    if depth > DEPTH_MAX:
        raise too_deep(where[:200])
    if isinstance(value, float):
        what = "floating-point numbers are not allowed"
        raise InputRefused("float", what, where=where, mend="send decimals as strings")
    if isinstance(value, int) and abs(value) > INTEGER_MAX:
        what = "integers stay below 2^53"
        raise InputRefused("integer_too_large", what, where=where, mend="send it as a string")
    if isinstance(value, list):
        for index, item in enumerate(value):
            check_profile(item, f"{where}[{index}]", depth + 1)
    if isinstance(value, dict):
        for key, item in value.items():
            if not KEY.fullmatch(key):
                what, mend = f"key {key[:40]!r} is not lower_snake_case ASCII", "`docs/events.md` gives every key"
                raise InputRefused("bad_key", what, where=where, mend=mend)
            check_profile(item, f"{where}.{key}" if where else key, depth + 1)


def check_no_null(value: object, where: str = "") -> None:
    """Raise InputRefused (null) if there is a null that is not an open bound of an instant."""
    for inner, its in _everything(value, where):
        if inner is None:
            mend = "leave out what is not known"
            raise InputRefused("null", "null is not a value here", where=its[:200], mend=mend)


def check_no_nul(value: object, where: str = "") -> None:
    """Raise InputRefused (nul_character) if a text or a key has the character NUL."""
    for inner, its in _everything(value, where):
        if isinstance(inner, str) and "\0" in inner:
            mend = "leave the character out"
            raise InputRefused("nul_character", "a text has the character NUL", where=its[:200], mend=mend)


def _everything(value: object, where: str) -> Iterator[tuple[object, str]]:
    """Yield a value and all that is in it, keys too, with where each is, but for the open bounds of instants."""
    waiting = [(value, where)]
    while waiting:
        value, where = waiting.pop()
        yield value, where
        if isinstance(value, list):
            waiting += [(item, f"{where}[{index}]") for index, item in enumerate(value)]
        if isinstance(value, dict):
            may_be_open = BOUNDS if value.keys() == INSTANT_KEYS else ()
            waiting += [(key, where) for key in value]
            waiting += [
                (item, f"{where}.{key}" if where else key)
                for key, item in value.items()
                if item is not None or key not in may_be_open
            ]
