"""What if: the latest decisions of a facility once more, under another pack or with one fact otherwise.

/whatif?facility=mn-freeborn-jail&pack=us-tx&fact=agreement_wso&value=no
"""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from adapters.questions.whatif import Within, what_if
from adapters.web.asking import Asking, Persons
from adapters.web.pages.findings import latest_cases
from adapters.web.pages.rules import named_pack, pack_names
from adapters.web.rendering import page, pages_router
from domain.errors import InputRefused
from domain.rules.vocabulary import VOCABULARY, FactValue, fact_problem
from projections.whatif import Edits

router = pages_router()
NOT_KNOWN = "not known"
WORDS: dict[str, FactValue] = {"yes": True, "no": False}


@router.get("/whatif")
def whatif(asking: Persons, facility: str = "", pack: str = "", fact: str = "", value: str = "") -> Response:
    """Ask again, and show what would differ; nothing is recorded."""
    asking.reader.ensure_within((facility,))
    register, names = asking.asked.services.register, pack_names(asking)
    is_asked = bool(facility and (pack or fact))
    return page(
        "whatif.html.jinja",
        asking,
        of_persons="whatif" if is_asked else "",
        place=register.facility(facility) if facility else None,
        places=register.facilities,
        names=names,
        pack=pack,
        fact=fact,
        value=value,
        facts=VOCABULARY,
        found=_asked(asking, facility, named_pack(pack, names) if pack else None, _edits(fact, value))
        if is_asked
        else None,
    )


def _asked(asking: Asking, facility: str, pack: str | None, edits: Edits) -> dict[str, Any]:
    refs = latest_cases(asking, facility)
    return what_if(asking.asked, refs, pack=pack, edits=edits, within=Within(last=asking.at), upto=asking.known)


def _edits(fact: str, text: str) -> Edits:
    """Return the one fact to put otherwise; raise InputRefused(bad_facts)."""
    if not fact:
        return Edits()
    value = None if text in ("", NOT_KNOWN) else _value(fact, text)
    problem = fact_problem(fact, value) if value is not None or fact not in VOCABULARY else None
    if problem:
        raise InputRefused("bad_facts", problem, where="fact", mend="choose a fact, and a value that it can have")
    return Edits({fact: value})


def _value(fact: str, text: str) -> FactValue:
    kind = VOCABULARY[fact].type if fact in VOCABULARY else "string"
    if kind == "bool":
        return WORDS.get(text, text)
    return int(text) if kind == "int" and text.isdecimal() else text
