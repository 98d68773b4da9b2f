"""How long a database is waited for that went away in the middle, and how often it is looked for."""

from __future__ import annotations

AWAY_SECONDS = 15
PAUSE_SECONDS = 0.2
