"""One claim in words, as a file or the command line gives it, and the event that it becomes.

    {"claim": "doc-84", "asserted_by": "mn-doc", "value": 84, "unit": "people", "words": "84 in 2025", "mark": "found",
     "period": {"from": "2025", "until": "2025"}, "published_in": "fact sheet", "published_at": "2026-01-22", ...}

Times are written as printed, in Minnesota's time unless they have an offset: `2025`, `2026-01`, `2026-01-22`,
`2026-01-22T10:00`; each keeps its precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import orjson
from pydantic import Field, StringConstraints, ValidationError

from adapters.importers.bodies import proposed_body
from domain.counts.fields import Of
from domain.counts.values import check_values
from domain.envelope import schema_refusal
from domain.errors import InputRefused
from domain.events.fields import LOCAL_ID, Closed
from domain.events.record import ClaimAsserted
from domain.instants import MINNESOTA, Instant, instant_from_text

ModelT = TypeVar("ModelT", bound=Closed)

MEND = "docs/counts.md has the fields of a claim"


class WrittenPeriod(Closed):
    """First and last day, month or year, both inside."""

    from_: Annotated[str, Field(alias="from")]
    until: str


class WrittenTimes(Closed):
    """The fields of a claim as written down that the event has in another form."""

    claim: Annotated[str, StringConstraints(pattern=f"^{LOCAL_ID}$")]
    as_of: str | None = None
    period: WrittenPeriod | None = None
    published_at: str | None = None


def claim_body(written: object, *, via: str) -> bytes:
    """Return the event of a claim. Raise InputRefused: bad_claim, `where` naming the field."""
    if not isinstance(written, dict):
        raise InputRefused("bad_claim", "a claim is a mapping of fields", mend=MEND)
    times = _checked(WrittenTimes, {name: written[name] for name in WrittenTimes.model_fields if name in written})
    said = {name: value for name, value in written.items() if name not in WrittenTimes.model_fields and value}
    said |= {"value": written.get("value"), "period": _period(times.period).as_json() if times.period else None}
    claim = _checked(ClaimAsserted, said)
    _check_kinds(claim.custodian_kinds, "custodian_kinds")
    for index, part in enumerate(claim.parts):
        _check_kinds(part.custodian_kinds, f"parts.{index}.custodian_kinds")
    return proposed_body(
        ClaimAsserted,
        source=f"agency:{claim.asserted_by}",
        stream=times.claim,
        occurred=_instant(times.as_of, "as_of"),
        recorded=_instant(times.published_at, "published_at") if times.published_at else None,
        data=said,
        via=via,
    )


def _checked(model: type[ModelT], fields: dict[str, Any]) -> ModelT:
    try:
        return model.model_validate_json(orjson.dumps(fields))
    except orjson.JSONEncodeError as error:  # a number of more than 64 bits, bytes of an argument that are no text
        raise InputRefused("bad_claim", f"it cannot be written down: {error}", mend=MEND) from None
    except ValidationError as error:
        refusal = schema_refusal(error)
        raise InputRefused("bad_claim", refusal.what, where=refusal.where, mend=MEND) from None


def _check_kinds(kinds: Sequence[str], where: str) -> None:
    """Refuse a kind that no custodian is of: beside it every count would be zero."""
    check_values(Of.DETAINERS, "custodian_kind", kinds, {}, code="bad_claim", where=where)


def _instant(text: str | None, where: str) -> Instant:
    if text is None:
        return Instant.unknown()
    try:
        return instant_from_text(text, MINNESOTA)
    except (ValueError, OverflowError) as error:
        raise InputRefused("bad_claim", str(error), where=where, mend="write it as 2026-01-22") from None


def _period(written: WrittenPeriod) -> Instant:
    first, last = _instant(written.from_, "period.from"), _instant(written.until, "period.until")
    if first.earliest and last.latest and last.latest < first.earliest:
        raise InputRefused("bad_claim", "until is before from", where="period", mend=MEND)
    return first if first == last else Instant.between(first.earliest, last.latest)
