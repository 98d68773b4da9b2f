"""Errors over HTTP, as RFC 9457 draws them.

    HTTP/1.1 401 Unauthorized
    Content-Type: application/problem+json

    {"type":"urn:custody:problem:bad_signature","title":"bad signature","status":401,
     "detail":"the signature is not that of these bytes under key 3f9a…",
     "code":"bad_signature","where":"signature","mend":"sign the bytes as they are sent"}

`code`, `where` and `mend` are those of every error of this program; docs/errors.md lists the codes.
"""

from __future__ import annotations

import orjson
from starlette.responses import Response

from domain.errors import LedgerError, LedgerUnavailable

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 1
FAILED = 500
UNPROCESSABLE = 422
UNAVAILABLE = 503
BUSY = 429
STATUS_OF = {
    "tombstone": 400,
    "not_json": 400,
    "not_an_object": 400,
    "too_deep": 400,
    "not_canonical": 400,
    "float": 400,
    "null": 400,
    "nul_character": 400,
    "bad_key": 400,
    "integer_too_large": 400,
    "bad_dsse": 400,
    "bad_batch": 400,
    "bad_header": 400,
    "headers_disagree": 400,
    "bad_argument": 400,
    "bad_parameter": 400,
    "bad_cursor": 400,
    "bad_time": 400,
    "unknown_position": 400,
    "usage": 400,
    "unsigned": 401,
    "token_needed": 401,
    "unknown_token": 401,
    "unknown_key": 401,
    "bad_signature": 401,
    "key_revoked": 403,
    "source_not_the_keys": 403,
    "type_not_the_keys": 403,
    "facility_not_the_keys": 403,
    "by_command_only": 403,
    "role_not_allowed": 403,
    "facility_not_the_readers": 403,
    "not_found": 404,
    "unknown_reference": 404,
    "unknown_table": 404,
    "unknown_finding": 404,
    "unknown_count": 404,
    "unknown_claim": 404,
    "unknown_rule": 404,
    "point_not_arisen": 404,
    "not_released": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "body_too_slow": 408,
    "different_bytes": 409,
    "failed": FAILED,
    "too_large": 413,
    "batch_too_large": 413,
    "unknown_media_type": 415,
    "queue_full": BUSY,
    "too_many_requests": BUSY,
    "too_many_questions": BUSY,
    "too_many_streams": BUSY,
}
BY_TOKEN = ("token_needed", "unknown_token")


def status_of(error: LedgerError) -> int:
    """Return the status for an error: 503 where the ledger is away, 422 for what the schema or register refuses."""
    if error.code in STATUS_OF:
        return STATUS_OF[error.code]
    return UNAVAILABLE if isinstance(error, LedgerUnavailable) else UNPROCESSABLE


def problem_of(error: LedgerError) -> dict[str, object]:
    """Return the wire form."""
    return {
        "type": f"urn:custody:problem:{error.code}",
        "title": error.code.replace("_", " "),
        "status": status_of(error),
        "detail": error.what,
        "code": error.code,
        "where": error.where,
        "mend": error.mend,
    }


def problem_response(error: LedgerError) -> Response:
    """Return the whole answer; one that may be asked again later says when."""
    status = status_of(error)
    headers = {"Retry-After": str(RETRY_SECONDS)} if status in (BUSY, UNAVAILABLE) else {}
    if error.code in BY_TOKEN:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(orjson.dumps(problem_of(error)), status, headers, MEDIA_TYPE)
