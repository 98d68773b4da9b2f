"""What if: the decisions of a facility once more, under another pack or with one fact otherwise; nothing is kept."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from adapters.deciding import deciding
from adapters.http.reading import documents
from adapters.http.reading.asking import Persons
from adapters.http.reading.parameters import ID_MAX, PageCases
from adapters.questions.latest import Span, latest_cases
from adapters.questions.rules import named_pack
from adapters.questions.whatif import Within, edit_of, what_if

EXAMPLE = {
    "known": 350,
    "pack": {"id": "us-mn", "version": "2026.11.1", "digest": "f2ffe8d9f8ef…", "published": None},
    "pack_if": {"id": "us-mn", "version": "2026.11.1", "digest": "f2ffe8d9f8ef…", "published": None},
    "failed_tests": [],
    "from": None,
    "until": "2026-01-25T12:00:00-06:00",
    "decisions": 4,
    "changed": 1,
    "by_facility": [{"facility": "mn-freeborn-jail", "count": 1}],
    "by_status": [{"before": "conflict", "after": "prohibited", "count": 1}],
    "not_met": [],
    "changes": [
        {
            "ref": "episode/mn-freeborn-jail.story-1",
            "facility": "mn-freeborn-jail",
            "decision_point": "hold_past_release",
            "at": "2026-01-16T17:00:00-06:00",
            "before": "conflict",
            "after": "prohibited",
            "rules_added": [],
            "rules_removed": ["MN-287G-FREEBORN-WSO"],
        }
    ],
    "cases": ["episode/mn-freeborn-jail.story-1"],
    "next": None,
    "next_url": None,
}

router = APIRouter(tags=["cases"])


@router.get("/v1/whatif", responses=documents.one(*EXAMPLE, example=EXAMPLE), response_class=Response)
def whatif(
    asking: Persons,
    size: PageCases,
    facility: Annotated[str, Query(max_length=ID_MAX, examples=["mn-freeborn-jail"])],
    pack: Annotated[str | None, Query(max_length=ID_MAX, description="a pack that ships, or was published")] = None,
    fact: Annotated[str, Query(max_length=ID_MAX, description="put otherwise", examples=["agreement_wso"])] = "",
    value: Annotated[str, Query(max_length=ID_MAX, description="yes, no, not known, or a value")] = "",
) -> Response:
    """Return what would be decided otherwise in some cases of a facility, the latest first; `cases` are those asked.

    As of a moment: now, if none is given.
    """
    asking.within(facility)
    at, ledger = asking.now(), asking.asked.ledger
    span = Span(asking.cursor.skip if asking.cursor else 0, size)

    def answer() -> dict[str, Any]:
        asked_under = named_pack(pack, deciding(ledger, asking.upto).published) if pack else None
        edits, within = edit_of(fact, value), Within(last=at)
        cases = latest_cases(asking.asked, facility, span, at=at, upto=asking.upto)
        found = what_if(asking.asked, cases.rows, pack=asked_under, edits=edits, within=within, upto=asking.upto)
        following = span.skip + size if cases.has_more else None
        return {**found, "cases": cases.rows, **asking.going_on(following)}

    return asking.document("whatif", answer)
