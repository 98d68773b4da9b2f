"""How an answer is written: JSON, or a table as CSV or Parquet; with what caches need, and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from adapters.export.files import Format, bytes_of
from adapters.export.sources import Reference, reference_source
from domain.errors import InputRefused
from projections.folding.table import Table

JSON = "application/json"
FORMS = {"text/csv": Format.CSV, "application/vnd.apache.parquet": Format.PARQUET}
FOR_EVER = "max-age=31536000, immutable"
NOT_MODIFIED = 304
ETAG_HEX = 16
VERSION = version("custody-ledger")


def media_type_of(request: Request, offered: Sequence[str]) -> str:
    """Return which of the forms the request accepts, the first if it does not say; raise InputRefused(not_acceptable).

    Weights count only where they are zero: of what is accepted, what is named first comes first.
    """
    accepts = [part.strip().lower() for part in request.headers.get("accept", "*/*").split(",")]
    for part in accepts:
        wanted, _, weight = part.partition(";")
        if weight.replace(" ", "") in ("q=0", "q=0.0"):
            continue
        for media_type in offered:
            if wanted.strip() in ("*/*", media_type, f"{media_type.partition('/')[0]}/*"):
                return media_type
    what = f"there is no such form of this: {', '.join(accepts)[:120]}"
    raise InputRefused("not_acceptable", what, where="Accept", mend=f"accept one of: {', '.join(offered)}")


def etag_of(known: int, url: str, media_type: str) -> str:
    """Return the ETag of what a canonical URL gives: what was known at a position never changes."""
    digest = hashlib.sha256(f"{VERSION} {media_type} {url}".encode()).hexdigest()
    return f'"{known}-{digest[:ETAG_HEX]}"'


def is_named(etag: str, request: Request) -> bool:
    """Say whether the client has what it asks for."""
    named = request.headers.get("if-none-match", "")
    return etag in (one.strip().removeprefix("W/") for one in named.split(","))


def json_bytes(document: Any) -> bytes:
    """Write a document."""
    return orjson.dumps(document)


def table_bytes(table: Table, rows: Sequence[Mapping[str, Any]], media_type: str) -> bytes:
    """Write rows of a read model's table with typed columns, as `custody export` does."""
    return bytes_of(reference_source(Reference(table, lambda: rows)), FORMS[media_type])


def answered(body: bytes, media_type: str, headers: Mapping[str, str], status: int = 200) -> Response:
    """Return the response."""
    return Response(body, status, dict(headers), media_type)
