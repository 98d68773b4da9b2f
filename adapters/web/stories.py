"""Where to begin reading: what the ledger can show, each with the place where it shows it.

A story of one case is offered only by a ledger that holds the case; the others lead to a place or a page.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.web.asking import Asking


@dataclass(frozen=True, slots=True)
class Story:
    """One way in. `at` is the moment of which it speaks, None for that of the page; `needs` is a case."""

    title: str
    words: str
    path: str
    at: str | None = None
    needs: str | None = None
    part: str = ""


HELD, RELEASED = "episode/mn-freeborn-jail.story-1", "episode/mn-cook-jail.story-2"
FREEBORN_MOMENT, COOK_MOMENT = "2026-01-18T12:00:00-06:00", "2026-01-23T12:00:00-06:00"
STORIES = (
    Story(
        "A no-show, told by both sides",
        "A pickup was scheduled, the jail records that nobody came, and custody passed a day later. Made up.",
        f"/cases/{HELD}",
        FREEBORN_MOMENT,
        HELD,
    ),
    Story(
        "A county with a warrant service officer agreement",
        "Freeborn: the agreement and the Attorney General's opinion conflict on holding past release. Made up.",
        f"/determinations/hold_past_release/{HELD}",
        FREEBORN_MOMENT,
        HELD,
    ),
    Story(
        "A county without a written policy",
        "Cook: no rule of the custodian's own speaks, and ICE's “Declined by LEA” is ICE's word alone. Made up.",
        f"/determinations/hand_over/{RELEASED}",
        COOK_MOMENT,
        RELEASED,
    ),
    Story(
        "Kept for 20 minutes to 6 hours",
        "Anoka County: short stays past release, in the pattern of Parada v. Anoka.",
        "/facilities/mn-anoka-jail",
        part="#overholds",
    ),
    Story(
        "Kept while bail was refused",
        "Nobles County: stays of 12 hours and more past release, in the pattern of Esparza v. Nobles.",
        "/facilities/mn-nobles-jail",
        part="#overholds",
    ),
    Story(
        "The largest county",
        "Hennepin: who is held, on whose custody, and its handoffs.",
        "/facilities/mn-hennepin-jail",
    ),
    Story(
        "Handoffs from a state prison",
        "Rush City: notices, pickups and transfers, each side's record.",
        "/facilities/mn-doc-rush-city",
        part="#handoffs",
    ),
    Story("1,360 against 301", "Two public figures for one thing, and what lies between, bucket by bucket.", "/claims"),
)


def stories(asking: Asking) -> Iterator[tuple[Story, str]]:
    """Yield each story that this ledger has, with its URL."""
    ledger = asking.asked.ledger
    there = {ref: bool(ledger.about([ref], upto=asking.known)) for ref in {story.needs for story in STORIES} if ref}
    for story in STORIES:
        if story.needs is None or there[story.needs]:
            yield story, asking.to(story.path, **({"at": story.at} if story.at else {})) + story.part
