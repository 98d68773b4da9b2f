"""`docs/openapi.json`: the OpenAPI document that a server gives at /openapi.json, as committed."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import cast

from adapters.http.app import Parts, application
from adapters.http.rates import Rates


def openapi_text() -> str:
    """Return the document's text; no ledger is opened for it."""
    app = application(lambda: nullcontext(cast("Parts", None)), Rates(1, 1))
    return json.dumps(app.openapi(), indent=1, ensure_ascii=False) + "\n"
