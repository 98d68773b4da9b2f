"""The garbage collector looks for cycles among objects. Events have none, and thousands of them live at once."""

from __future__ import annotations

import gc

NEW_OBJECTS = 50_000  # Python's own 700 let it look through the whole heap many times in a batch: a fifth of intake


def look_seldom() -> None:
    """Let it look when there is more to find."""
    gc.set_threshold(NEW_OBJECTS, 20, 20)
