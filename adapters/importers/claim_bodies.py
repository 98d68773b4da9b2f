"""One claim in words, as a file or the command line gives it, and the event that it becomes.

    {"claim": "doc-84", "asserted_by": "mn-doc", "value": 84, "unit": "people", "words": "84 in 2025", "mark": "found",
     "period": {"from": "2025", "until": "2025"}, "published_in": "fact sheet", "published_at": "2026-01-22", ...}

Times are written as printed, in Minnesota's time unless they have an offset: `2025`, `2026-01`, `2026-01-22`,
`2026-01-22T10:00`; each keeps its precision.
"""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import Field, StringConstraints, ValidationError

from adapters.importers.bodies import proposed_body
from domain.errors import InputRefused
from domain.events.fields import LOCAL_ID, AgencyId, Closed, Code, Count, Words
from domain.events.record import ClaimAsserted, ClaimPart, CustodianKinds, SourceMark
from domain.instants import MINNESOTA, Instant, instant_from_text

MEND = "docs/counts.md has the fields of a claim"


class WrittenPeriod(Closed):
    """First and last day, month or year, both inside."""

    from_: Annotated[str, Field(alias="from")]
    until: str


class WrittenClaim(Closed):
    """A claim as it is written down."""

    claim: Annotated[str, StringConstraints(pattern=f"^{LOCAL_ID}$")]
    asserted_by: AgencyId
    asserted_by_name: Words | None = None
    value: Count
    unit: Code
    words: Words
    mark: SourceMark
    as_of: str | None = None
    period: WrittenPeriod | None = None
    published_in: Words | None = None
    published_at: str | None = None
    custodian_kinds: CustodianKinds = ()
    compare_with: Code | None = None
    parts: Annotated[tuple[ClaimPart, ...], Field(max_length=20)] = ()


def claim_body(written: object, *, via: str) -> bytes:
    """Return the event of a claim. Raise InputRefused: bad_claim, `where` naming the field."""
    try:
        claim = WrittenClaim.model_validate_json(orjson.dumps(written))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputRefused("bad_claim", first["msg"], where=where, mend=MEND) from None
    period = _period(claim.period) if claim.period else None
    said: dict[str, Any] = claim.model_dump(
        mode="json", exclude={"claim", "as_of", "period", "published_at"}, exclude_defaults=True
    )
    return proposed_body(
        ClaimAsserted,
        source=f"agency:{claim.asserted_by}",
        stream=claim.claim,
        occurred=_instant(claim.as_of, "as_of"),
        recorded=_instant(claim.published_at, "published_at") if claim.published_at else None,
        data={**said, "period": period.as_json() if period else None},
        via=via,
    )


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
