"""Handoffs with what each side said, and beside it how ICE lifted the detainer: `projections/handoffs.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adapters.questions.asked import Asked
from adapters.read_models.rows import ModelRow
from projections.detainers import DETAINERS
from projections.handoffs import HANDOFFS, with_declined

HIDDEN = {"told_at", "scheduled_at", "sent_at"}


def handed_over(asked: Asked, *, facility: str | None = None, at: datetime | None, upto: int) -> list[dict[str, Any]]:
    """Return the handoffs from one facility, or all; raise InputRefused(unknown_facility)."""
    told = asked.rows(HANDOFFS.name, asked.at_facility(facility), at=at, upto=upto)
    return [as_told(row) for row in with_lifts(asked, told, at=at, upto=upto)]


def with_lifts(asked: Asked, told: list[ModelRow], *, at: datetime | None, upto: int) -> list[ModelRow]:
    """Return handoffs by their ids, each with what ICE said as it lifted the detainer."""
    named = sorted({row["detainer"] for row in told if row["detainer"]})
    return list(with_declined(told, asked.rows(DETAINERS.name, {"detainer": named}, at=at, upto=upto)))


def as_told(row: ModelRow) -> dict[str, Any]:
    """Return a row of a handoff, pickup or notice for people and programs: moments only as their sources wrote them."""
    return {name: value for name, value in row.items() if name not in HIDDEN}
