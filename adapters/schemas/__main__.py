"""Write the JSON Schemas and the references: `python -m adapters.schemas [REPOSITORY]`."""

from __future__ import annotations

import sys
from pathlib import Path

from adapters.http.document import openapi_text
from adapters.schemas.asyncapi import asyncapi_text
from adapters.schemas.error_codes import errors_reference
from adapters.schemas.reference import events_reference
from adapters.schemas.writing import SCHEMAS, write_schemas


def main(repository: Path) -> None:
    """Write every generated file under the repository."""
    write_schemas(SCHEMAS)
    docs = repository / "docs"
    (docs / "asyncapi.json").write_text(asyncapi_text(), encoding="utf-8")
    (docs / "events.md").write_text(events_reference(), encoding="utf-8")
    (docs / "openapi.json").write_text(openapi_text(), encoding="utf-8")
    (docs / "errors.md").write_text(errors_reference(repository), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path())
