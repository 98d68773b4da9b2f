"""Files read in bounded memory: what is not a file of text is refused before its first line is used.

A line longer than `LINE_BYTES_MAX` is skipped, not kept: a file of two gigabytes without a line ending costs
one mebibyte of memory.
"""

from __future__ import annotations

import codecs
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from domain.errors import InputRefused

LINE_BYTES_MAX = 1024 * 1024
HEAD_BYTES = 8192
READ_BYTES = 256 * 1024
UTF8_BOM = codecs.BOM_UTF8
ZIP_MAGIC = b"PK\x03\x04"

MAGIC = {
    b"SQLite format 3\x00": "a SQLite database",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook (.xls)",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x89PNG": "a picture",
    b"\x7fELF": "a program",
}
TABLE_MEND = "export it as CSV (UTF-8) or as an .xlsx workbook; what is packed has to be unpacked first"
PRINTABLE_CONTROLS = b"\t\n\r\f\x1a"
CONTROLS = bytes(byte for byte in range(1, 32) if byte not in PRINTABLE_CONTROLS)


class Line(NamedTuple):
    """One line with its ending, or only its number if it is longer than `LINE_BYTES_MAX`."""

    number: int
    raw: bytes
    too_long: bool = False


def open_input(path: Path) -> BinaryIO:
    """Open a regular file; raise InputRefused(file_not_found, not_a_file, file_unreadable)."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputRefused(
                "not_a_file",
                "this is a directory or a device, not a file",
                where=str(path),
                mend="name one file",
            )
        return path.open("rb", buffering=READ_BYTES)
    except FileNotFoundError:
        raise InputRefused(
            "file_not_found", "there is no such file", where=str(path), mend="check the path and its spelling"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputRefused(
            "file_unreadable",
            f"the file cannot be read: {reason}",
            where=str(path),
            mend="check its permissions",
        ) from None


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file that is not empty; raise InputRefused(empty_file) if it is."""
    with open_input(path) as file:
        head = file.read(HEAD_BYTES)
        if not head.removeprefix(UTF8_BOM).strip() and not file.read(1):
            raise InputRefused(
                "empty_file", "the file is empty", where=str(path), mend="export it again and check its size"
            )
    return head


def check_text(path: Path, head: bytes, wanted: str) -> None:
    """Raise InputRefused if the head of the file shows that it is no UTF-8 text.

    Codes: wrong_encoding for UTF-16, not_a_table for a known binary format or binary bytes.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _looks_like_utf16(head):
        raise _wrong_encoding(path, "the file is in UTF-16", offset=0, row=1)
    for magic, name in MAGIC.items():
        if head.startswith(magic):
            raise not_a_table(path, f"this is {name}, not {wanted}")
    others = len(head) - len(head.translate(None, CONTROLS))
    if others > max(1, len(head) // 50) or head.count(0) * 3 > len(head):
        raise not_a_table(path, f"these are binary bytes, not {wanted}")


def _looks_like_utf16(head: bytes) -> bool:
    """UTF-16 without its mark: every other byte of Latin text is zero."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    return len(head) > 8 and min(even, odd) == 0 and max(even, odd) * 2.5 > len(head)


def not_a_table(path: Path, what: str) -> InputRefused:
    """Build the error for a file that holds something else."""
    return InputRefused("not_a_table", what, where=str(path), mend=TABLE_MEND)


def check_utf8(path: Path) -> None:
    """Read the whole file once and raise InputRefused(wrong_encoding) at the first byte that is not UTF-8.

    This runs before any row is proposed, so a file in another encoding leaves nothing half-imported.
    """
    with open_input(path) as file:
        start, carry = 0, b""
        while chunk := file.read(LINE_BYTES_MAX):
            if not carry and chunk.isascii():
                start += len(chunk)
                continue
            start, carry = _decode(path, start, carry + chunk, final=False)
        _decode(path, start, carry, final=True)


def _decode(path: Path, start: int, data: bytes, *, final: bool) -> tuple[int, bytes]:
    try:
        used = codecs.utf_8_decode(data, "strict", final)[1]
    except UnicodeDecodeError as error:
        offset = start + error.start
        what = f"byte 0x{data[error.start]:02x} at offset {offset:,} is not UTF-8"
        raise _wrong_encoding(path, what, offset, _line_at(path, offset)) from None
    return start + used, data[used:]


def _line_at(path: Path, offset: int) -> int:
    with open_input(path) as file:
        line, left = 1, offset
        while left and (chunk := file.read(min(left, LINE_BYTES_MAX))):
            line, left = line + chunk.count(b"\n"), left - len(chunk)
    return line


def _wrong_encoding(path: Path, what: str, offset: int, row: int) -> InputRefused:
    return InputRefused(
        "wrong_encoding",
        what,
        where=f"{path}, line {row}, byte {offset}",
        mend="save it as UTF-8 (in Excel: `CSV UTF-8`)",
    )


def bounded_lines(path: Path) -> Iterator[Line]:
    """Yield the file's lines from 1, a UTF-8 byte order mark taken off; too long ones without their bytes."""
    with open_input(path) as file:
        number = 0
        while raw := file.readline(LINE_BYTES_MAX + 1):
            number += 1
            if len(raw) > LINE_BYTES_MAX:
                _skip_rest(file, raw)
                yield Line(number, b"", too_long=True)
                continue
            yield Line(number, raw.removeprefix(UTF8_BOM) if number == 1 else raw)


def _skip_rest(file: BinaryIO, piece: bytes) -> None:
    while piece and not piece.endswith(b"\n"):
        piece = file.readline(LINE_BYTES_MAX)
