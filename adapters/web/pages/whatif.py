"""What if: the latest decisions of a facility once more, under another pack or with one fact otherwise.

/whatif?facility=mn-freeborn-jail&pack=us-tx&fact=agreement_wso&value=no             in the latest cases
/whatif?facility=mn-freeborn-jail&pack=us-tx&fact=agreement_wso&value=no&skip=15     in those before
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from adapters.questions.latest import Span
from adapters.questions.rules import named_pack, pack_names
from adapters.questions.whatif import Within, edit_of, what_if
from adapters.web.asking import Asking, Persons, Skip
from adapters.web.pages.findings import CASES, cases_at
from adapters.web.rendering import page, pages_router
from domain.rules.vocabulary import VOCABULARY
from projections.whatif import Edits

router = pages_router()


@router.get("/whatif")
def whatif(
    asking: Persons, facility: str = "", pack: str = "", fact: str = "", value: str = "", skip: Skip = 0
) -> Response:
    """Ask again, and show what would differ; nothing is recorded."""
    asking.reader.ensure_within((facility,))
    register, published = asking.asked.services.register, asking.by.published
    is_asked, span = bool(facility and (pack or fact)), Span(skip, CASES)
    place = register.facility(facility) if facility else None
    edits, chosen = edit_of(fact, value), named_pack(pack, published) if pack else None
    return page(
        "whatif.html.jinja",
        asking,
        of_persons="whatif" if is_asked else "",
        later=lambda: _gathered(asking, facility, span, chosen, edits) if is_asked else {"found": None},
        place=place,
        places=register.facilities,
        names=pack_names(published),
        pack=pack,
        fact=fact,
        value=value,
        facts=VOCABULARY,
        span=span,
    )


def _gathered(asking: Asking, facility: str, span: Span, pack: str | None, edits: Edits) -> dict[str, Any]:
    """Return the cases of a facility, and what would differ in them."""
    cases, within = cases_at(asking, facility, span), Within(last=asking.at)
    found = what_if(asking.asked, cases.rows, pack=pack, edits=edits, within=within, upto=asking.known)
    return {"cases": cases, "found": found}
