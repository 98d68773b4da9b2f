"""JSON lines of CloudEvents: one canonical event a line, proposed byte for byte as it stands.

    {"data":{...},"dataschema":"urn:custody:schema:custody.subject_booked:1","id":"019bd0a4-...",...}

Only the line ending is taken off. Whether the bytes are canonical, of a known type and valid is decided once,
by the gate that every way in shares.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapters.importers.port import ImportContext, RowOutcome
from adapters.importers.tables import read_lines


class EventsImporter:
    """Reads event files; rows are numbered by line, blank lines are passed over."""

    kind = "events"

    def propose(self, path: Path, context: ImportContext) -> Iterator[RowOutcome]:  # noqa: ARG002 - the port's shape
        """Yield one outcome per line that is not blank; raise InputRefused as `read_lines` does."""
        for line in read_lines(path):
            if line.problem:
                yield RowOutcome(line.number, refusals=(line.problem,))
            elif line.raw.strip():
                yield RowOutcome(line.number, bodies=(line.raw,))


class SignedEventsImporter(EventsImporter):
    """Reads files of signed events, one DSSE envelope a line, as `custody agency sign` prints them."""

    kind = "signed-events"
