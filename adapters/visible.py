"""Words that others wrote, made harmless: no escape sequence moves a cursor, no mark turns the direction of reading."""

from __future__ import annotations


def visible(words: str) -> str:
    """Return the words on one line, what cannot be printed written out: ESC as `\\x1b`, say.

    Line ends and tabs become spaces: words of one cell cannot pretend to be a line of ours.
    """
    return words if words.isprintable() else "".join(_shown(character) for character in words)


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")
