"""What the OpenAPI document says of the answers; docs/cli.md has their keys, as commands give the same with --json."""

from __future__ import annotations

from typing import Any

from adapters.http import openapi

POSITION = {"type": "integer", "minimum": 0}
ROWS = {
    "type": "object",
    "required": ["rows", "known", "at", "next", "next_url"],
    "properties": {
        "rows": {"type": "array", "items": {"type": "object"}},
        "known": {**POSITION, "description": "the position up to which the log was read"},
        "at": {"type": ["string", "null"], "description": "the moment asked about"},
        "next": {"type": ["string", "null"], "description": "opaque; null on the last page"},
        "next_url": {"type": ["string", "null"], "format": "uri"},
    },
}
REFUSED = (400, 401, 403, 404, 422, 429, 503)
Responses = dict[int | str, dict[str, Any]]


def _ok(schema: dict[str, Any], example: Any, **content: dict[str, Any]) -> Responses:
    given = {"schema": schema, **({"example": example} if example is not None else {})}
    headers = {
        "ETag": {"schema": {"type": "string"}, "description": "the position known, and a digest of the question"},
        "Link": {"schema": {"type": "string"}, "description": "`canonical`: the URL that gives this answer for ever"},
    }
    return {
        200: {"description": "the answer", "headers": headers, "content": {"application/json": given, **content}},
        304: {"description": "the client has it: If-None-Match names it"},
        **openapi.refused(*REFUSED),
    }


def _page(*examples: dict[str, Any]) -> dict[str, Any]:
    return {"rows": list(examples), "known": 350, "at": None, "next": None, "next_url": None}


def table(*examples: dict[str, Any]) -> Responses:
    """Return what is said of a list: as JSON, CSV or Parquet."""
    binary = {"schema": {"type": "string", "format": "binary"}}
    said = _ok(
        ROWS,
        _page(*examples) if examples else None,
        **{"text/csv": {"schema": {"type": "string"}}, "application/vnd.apache.parquet": binary},
    )
    return {**said, **openapi.refused(406)}


def one(*required: str, example: Any = None) -> Responses:
    """Return what is said of one document with these keys."""
    return _ok({"type": "object", "required": list(required)}, example)


def several(example: Any = None) -> Responses:
    """Return what is said of a document that is a list."""
    return _ok({"type": "array", "items": {"type": "object"}}, example)
