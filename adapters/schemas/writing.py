"""The committed JSON Schemas: one file a type, `json/custody.subject_booked.schema.json`."""

from __future__ import annotations

import json
from pathlib import Path

from adapters.schemas.schema import event_schema
from domain.events.catalogue import CATALOGUE

SCHEMAS = Path(__file__).parent / "json"


def schema_text(type_name: str) -> str:
    """Return the text of one type's file: JSON indented by one space, a newline at its end."""
    return json.dumps(event_schema(type_name), indent=1, ensure_ascii=False) + "\n"


def write_schemas(directory: Path) -> list[Path]:
    """Write a file for every type, and remove those of types that are gone; return the paths in order."""
    directory.mkdir(parents=True, exist_ok=True)
    written = {directory / f"{name}.schema.json": schema_text(name) for name in CATALOGUE}
    for stale in set(directory.glob("*.schema.json")) - written.keys():
        stale.unlink()
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")
    return sorted(written)
