"""Records whose headers have names that are not UTF-8: Kafka takes them, so they have to be read.

kafka-python 3.0.12 raises CorruptRecordError at such a record, and again each time it is read: one would keep back all
that comes behind it in its partition, for ever. Here a byte of a name that is no UTF-8 becomes `\\xff`.
"""

from __future__ import annotations

from typing import Any

from kafka.record import memory_records
from kafka.record.default_records import DefaultRecordBatch


class LenientSlice(bytearray):
    """Bytes that can be read as text, whatever they are."""

    def decode(self, encoding: str = "utf-8", errors: str = "backslashreplace") -> str:
        """Return the text; what is none is written out."""
        return super().decode(encoding, errors)


class LenientBytes(bytearray):
    """Bytes of which every part is lenient."""

    def __getitem__(self, index: Any) -> Any:
        """Return a byte, or a part."""
        found = super().__getitem__(index)
        return LenientSlice(found) if isinstance(index, slice) else found


class LenientBatch(DefaultRecordBatch):  # type: ignore[misc]  # the library has no types
    """The library's batch of records, but for that."""

    _buffer: Any

    def _read_msg(self) -> Any:
        try:
            return super()._read_msg()
        except UnicodeDecodeError:
            self._buffer = LenientBytes(self._buffer)  # slower, so only from the first such record of a batch on
            return super()._read_msg()


def read_all_header_names() -> None:
    """Let every consumer of this process read them."""
    memory_records.DefaultRecordBatch = LenientBatch  # there is no other way in
