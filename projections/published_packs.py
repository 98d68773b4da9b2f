"""The rule packs published to the log: which one was in use from which position on, and its text.

    {"pack":"us-mn","version":"2026.11.1","digest":"...","supersedes":null,"position":12,
     "recorded_at":"2026-11-24T12:00:00Z","by":"rules-registrar","whole":true}

A text is told in parts before its publication. A publication counts if the parts, joined, have its digest and are a
pack of its name, and the pack it extends is there as well; another is listed (`whole` false) and never used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from domain.events.instrument import RulePackPart, RulePackPublished
from domain.instants import format_rfc3339
from projections.recorded import Recorded


@dataclass(frozen=True, slots=True)
class Publication:
    """One publication; `event` is its event's id, `base` the digest of the pack it extends."""

    pack: str
    version: str
    digest: str
    supersedes: str | None
    position: int
    recorded_at: datetime
    by: str
    event: str
    whole: bool
    base: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        return {
            "pack": self.pack,
            "version": self.version,
            "digest": self.digest,
            "supersedes": self.supersedes,
            "position": self.position,
            "recorded_at": format_rfc3339(self.recorded_at),
            "by": self.by,
            "whole": self.whole,
        }


class PublishedPacks:
    """The fold over the types in `TYPES`, already amended."""

    TYPES = (RulePackPart.TYPE, RulePackPublished.TYPE)

    def __init__(self, events: Iterable[Recorded] = ()) -> None:
        self._parts: dict[tuple[str, str], dict[int, RulePackPart]] = {}
        self._published: list[Recorded] = []
        for event in events:
            self.apply(event)

    def apply(self, event: Recorded) -> None:
        """Fold one event. What one source says of a digest never mixes with what another says."""
        if isinstance(event.data, RulePackPart):
            parts = self._parts.setdefault((event.data.digest, event.envelope.source), {})
            parts.setdefault(event.data.part, event.data)
        elif isinstance(event.data, RulePackPublished):
            self._published.append(event)

    def text(self, digest: str) -> str | None:
        """Return the text that has this digest, or None if the log does not hold all of it."""
        for (told, _), parts in self._parts.items():
            text = "".join(parts[number].text for number in sorted(parts)) if told == digest else ""
            if hashlib.sha256(text.encode()).hexdigest() == digest:
                return text
        return None

    def history(self) -> Iterator[Publication]:
        """Yield every publication, oldest first."""
        for event in self._published:
            data = event.data
            assert isinstance(data, RulePackPublished)  # noqa: S101 - `apply` takes nothing else
            document = self._document(data.digest)
            yield Publication(
                pack=data.pack,
                version=data.pack_version,
                digest=data.digest,
                supersedes=data.supersedes,
                position=event.position,
                recorded_at=event.recorded_at,
                by=event.agency,
                event=event.envelope.id,
                whole=document.get("pack") == data.pack and self._has_base(document),
                base=_base(document),
            )

    def latest(self, pack: str) -> Publication | None:
        """Return the publication of this pack that is in use."""
        return next((one for one in reversed(list(self.history())) if one.pack == pack and one.whole), None)

    def _document(self, digest: str) -> dict[str, Any]:
        try:
            document = orjson.loads(self.text(digest) or "{}")
        except orjson.JSONDecodeError:
            return {}
        return document if isinstance(document, dict) else {}

    def _has_base(self, document: dict[str, Any]) -> bool:
        base = _base(document)
        return base is None or self.text(base) is not None


def _base(document: dict[str, Any]) -> str | None:
    """Return the digest in `"extends":{"pack":"us","digest":"..."}`."""
    extends = document.get("extends")
    return str(extends.get("digest")) if isinstance(extends, dict) else None
