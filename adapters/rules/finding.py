"""Finding a rule pack by what people call it: a file, a name that ships, or a digest or version that was published."""

from __future__ import annotations

import re
from pathlib import Path

from adapters.rules.packs import load_pack, shipped_packs
from adapters.rules.published import KnownRules, published_rulebook
from domain.errors import InputRefused
from projections.published_packs import Publication, PublishedPacks

DIGEST_START = re.compile(r"[0-9a-f]{8,64}")


def find_rules(name: str, published: PublishedPacks) -> KnownRules:
    """Return the pack and the position of its last publication.

    `name` is a file, the name of a pack that ships, `us-mn@2026.11.1`, a version alone, or a digest or its first
    characters, eight at least. Raise InputRefused (unknown_pack, ambiguous_pack and those of `load_pack`).
    """
    history = [one for one in published.history() if one.whole]
    if name in shipped_packs() or Path(name).exists():
        rulebook = load_pack(Path(name))
        positions = [one.position for one in history if one.digest == rulebook.digest]
        return KnownRules(rulebook, positions[-1] if positions else None)
    found = [one for one in history if _is_called(one, name)]
    if not found:
        raise InputRefused(
            "unknown_pack",
            f"{name[:80]!r} is no file, no pack that ships, and nothing published in the ledger",
            mend=f"these ship: {', '.join(shipped_packs())}; `custody rules history` lists those published",
        )
    if len({one.digest for one in found}) > 1:
        texts = ", ".join(f"{one.pack}@{one.version} {one.digest[:12]}" for one in found)
        raise InputRefused("ambiguous_pack", f"{name[:80]!r} means several: {texts}", mend="give one of these digests")
    return KnownRules(published_rulebook(published, found[-1]), found[-1].position)


def _is_called(publication: Publication, name: str) -> bool:
    versions = (publication.version, f"{publication.pack}@{publication.version}")
    return name in versions or bool(DIGEST_START.fullmatch(name) and publication.digest.startswith(name))
