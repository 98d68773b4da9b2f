"""Publishing a rule pack: the events by which the log alone says which rules were in use, and when.

    rule.pack_part        {"pack":"us-mn","digest":"...","part":1,"parts":9,"text":"{\\"extends\\":..."}
    rule.pack_published   {"pack":"us-mn","pack_version":"2026.11.1","digest":"...","supersedes":"..."}

A part's bytes follow from its text alone, so a text that comes back is already there. A publication's id also follows
from the publication it supersedes, so that a pack may go back to an earlier text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain.envelope import compose
from domain.events.fields import EventData
from domain.events.instrument import PACK_PART_CHARACTERS_MAX, RulePackPart, RulePackPublished
from domain.identifiers import derived_uuid7
from domain.instants import Instant
from domain.rules.rulebook import Rulebook

REGISTRAR = "agency:rules-registrar"


def part_events(rulebook: Rulebook) -> Iterator[bytes]:
    """Yield the events that carry the pack's text; a text has no time of its own."""
    text = rulebook.text.decode()
    pieces = [text[start : start + PACK_PART_CHARACTERS_MAX] for start in range(0, len(text), PACK_PART_CHARACTERS_MAX)]
    for number, piece in enumerate(pieces, 1):
        data: dict[str, str | int] = {"part": number, "parts": len(pieces), "text": piece}
        yield _event(RulePackPart, rulebook, Instant.unknown(), data, str(number), str(len(pieces)))


def publication_event(rulebook: Rulebook, at: Instant, supersedes: str | None, superseded_event: str | None) -> bytes:
    """Return the event by which the pack comes into use; `supersedes` is the digest of the pack it replaces."""
    data = {"pack_version": rulebook.pack.version, "supersedes": supersedes}
    return _event(RulePackPublished, rulebook, at, data, superseded_event or "")


def _event(
    cls: type[EventData], rulebook: Rulebook, at: Instant, data: Mapping[str, str | int | None], *told_apart_by: str
) -> bytes:
    pack = rulebook.pack.pack
    return compose(
        cls,
        event_id=derived_uuid7(None, cls.TYPE, pack, rulebook.digest, *told_apart_by),
        source=REGISTRAR,
        stream=pack,
        occurred=at,
        data={"pack": pack, "digest": rulebook.digest, **data},
    )
