"""The committed OpenAPI document is the server's own."""

from __future__ import annotations

import json
from pathlib import Path

from adapters.http.document import openapi_text

COMMITTED = Path(__file__).parents[3] / "docs/openapi.json"


def test_the_committed_document_is_the_one_that_is_served() -> None:
    assert openapi_text() == COMMITTED.read_text(encoding="utf-8"), "run `make docs`"


def test_every_question_names_what_it_may_answer_and_has_a_summary() -> None:
    document = json.loads(openapi_text())

    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["description"] or operation["summary"], path
            if path.startswith("/v1/"):
                assert "application/problem+json" in operation["responses"]["400"]["content"], path
                assert "HTTPValidationError" not in json.dumps(operation), path
