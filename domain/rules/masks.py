"""What standing rules say together, as small bit masks: which modalities, and whether one is the custodian's own."""

from __future__ import annotations

from functools import cache

from domain.events.fields import Modality
from domain.rules.pack import Rule, Status

MODALITIES = tuple(Modality)
LOCAL = 1 << len(MODALITIES)
FALLBACK_SHIFT = len(MODALITIES) + 1
ALLOWING = (Modality.OBLIGATION, Modality.PERMISSION)
ONE_SIDED = (
    (Modality.PROHIBITION, Status.PROHIBITED),
    (Modality.OBLIGATION, Status.REQUIRED),
    (Modality.PERMISSION, Status.PERMITTED),
    (Modality.NO_RULE, Status.NO_RULE),
    (Modality.REQUEST, Status.REQUESTED_ONLY),
)


def mask_of(rule: Rule, modality: Modality) -> int:
    """Return what a standing rule contributes; a fallback counts only where no rule of the custodian's own stands."""
    said = 1 << MODALITIES.index(modality)
    if rule.fallback:
        return said << FALLBACK_SHIFT
    return said | (LOCAL if rule.is_local else 0)


@cache
def status_of(mask: int) -> Status:
    """Return the status that the standing rules of a mask give."""
    if not mask & LOCAL:
        mask |= mask >> FALLBACK_SHIFT
    said = {modality for bit, modality in enumerate(MODALITIES) if mask & (1 << bit)}
    if Modality.PROHIBITION in said and said.intersection(ALLOWING):
        return Status.CONFLICT
    return next((status for modality, status in ONE_SIDED if modality in said), Status.NO_RULE)
