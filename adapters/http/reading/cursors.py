"""Where a list goes on: opaque to whoever reads it, and good for as long as the ledger is.

A cursor names the position and moment of the first page, so that all pages are of one state; the key that the next row
has at least; and how many rows of it were given: `[350,null,"mn-cass-jail.1",1]`, in base64.
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

import msgspec

from domain.canonical import INTEGER_MAX
from domain.errors import InputRefused


class Cursor(NamedTuple):
    """`known` is a position, `at` a moment as ISO 8601; `skip` rows are passed over from the first with `key` on."""

    known: int
    at: str | None
    key: str
    skip: int

    def text(self) -> str:
        """Return what stands in a URL."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).rstrip(b"=").decode()


def cursor_of(text: str) -> Cursor:
    """Return what a cursor says; raise InputRefused(bad_cursor)."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        found = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=Cursor)
    except (binascii.Error, UnicodeEncodeError, UnicodeDecodeError, msgspec.DecodeError, ValueError):
        raise bad_cursor("this is no cursor") from None
    if found.known < 0 or not 0 <= found.skip <= INTEGER_MAX or "\0" in found.key:
        raise bad_cursor("this is no cursor")
    return found


def bad_cursor(what: str) -> InputRefused:
    """Say that a list cannot go on there."""
    return InputRefused("bad_cursor", what, where="next", mend="follow `next_url` as it was given, or begin anew")
