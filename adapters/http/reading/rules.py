"""The rules: the registry as known then, its versions, and what they say to every custodian; told to everybody."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from adapters.deciding import Deciding, deciding
from adapters.http.reading import documents
from adapters.http.reading.asking import Asking, Open
from adapters.http.reading.parameters import ID_MAX, TEXT_MAX, AtFacility, PageSize, Period
from adapters.questions.coverage import EVERY_POINT, coverage_over, places_of
from adapters.questions.rules import DIGEST_SHOWN, in_force_at, named_pack, packs_differ, rule_summary, rule_whole
from domain.events.fields import DecisionPoint
from projections.coverage_history import Window
from projections.folding.table import Kind, Table

CELL = {
    **dict.fromkeys(("facility", "kind", "custodian", "decision_point", "status"), Kind.TEXT),
    **dict.fromkeys(("rules", "unknown", "missing"), Kind.JSON),
}
COVERAGE = Table("coverage", CELL, "what the rules say in the ordinary case to every custodian at every decision point")
HISTORY = Table(
    "coverage_history",
    {
        **CELL,
        **dict.fromkeys(("valid_from", "valid_to"), Kind.TEXT),
        **dict.fromkeys(("known_from", "known_to"), Kind.INTEGER),
    },
    "since when and until when the rules said so, as known from and to a position",
)
PACKS = Table(
    "packs",
    {
        **dict.fromkeys(("pack", "version", "digest", "supersedes"), Kind.TEXT),
        "position": Kind.INTEGER,
        **dict.fromkeys(("recorded_at", "by"), Kind.TEXT),
        "whole": Kind.BOOLEAN,
        "name": Kind.TEXT,
    },
    "packs as they were published",
)
RULES = Table(
    "rules",
    {
        **dict.fromkeys(("id", "citation", "decision_point"), Kind.TEXT),
        "decision_points": Kind.JSON,
        **dict.fromkeys(("modality", "bindingness"), Kind.TEXT),
        "in_force": Kind.JSON,
        "in_force_at": Kind.TEXT,
    },
    "rules of the pack known then, and whether each is in force as of a moment",
)
EXAMPLE_CELL = {
    "facility": "mn-freeborn-jail",
    "kind": "county_jail",
    "custodian": "mn-freeborn-sheriff",
    "decision_point": "hold_past_release",
    "status": "conflict",
    "rules": ["MN-287G-FREEBORN-WSO", "MN-AG-2025-12-12b"],
    "unknown": [],
    "missing": [],
}
EXAMPLE_HISTORY = {
    **EXAMPLE_CELL,
    "valid_from": "2025-12-12T00:00:00-06:00",
    "valid_to": None,
    "known_from": 328,
    "known_to": None,
}
EXAMPLE_RULE = {
    "id": "MN-631.50",
    "citation": "Minn. Stat. 631.50",
    "decision_point": "commitment_notice",
    "decision_points": ["commitment_notice"],
    "modality": "obligation",
    "bindingness": "statute",
    "in_force": {"from": None, "to": None},
    "in_force_at": "yes",
}
EXAMPLE_PACK = {
    "pack": "us-mn",
    "version": "2026.11.1",
    "digest": "f2ffe8d9f8ef8647aa7ea40b20c115588aa1d8a6c48a056f362d53a0522aa565",
    "supersedes": None,
    "position": 340,
    "recorded_at": "2026-01-02T12:00:00Z",
    "by": "rules-registrar",
    "whole": True,
    "name": "f2ffe8d9f8ef",
}

router = APIRouter(tags=["rules and agreements"])

Points = Annotated[
    list[DecisionPoint] | None,
    Query(alias="decision_point", description="only there", examples=[["hold_past_release"]]),
]
County = Annotated[str | None, Query(max_length=TEXT_MAX, description="only its facilities", examples=["Freeborn"])]
PackName = Annotated[
    str, Query(max_length=ID_MAX, description="one that ships, or the `name` that `packs` gives", examples=["us-mn"])
]


def _by(asking: Asking) -> Deciding:
    return deciding(asking.asked.ledger, asking.upto)


@router.get("/v1/rules/coverage", responses=documents.table(EXAMPLE_CELL), response_class=Response)
def coverage(
    asking: Open, size: PageSize, facility: AtFacility = None, county: County = None, points: Points = None
) -> Response:
    """Return what the rules say in the ordinary case as of a moment (now, if none is given).

    A row for each custodian and decision point, as JSON, CSV or Parquet.
    """
    by = _by(asking)
    under = by.beside.asked(asking.now())
    wanted = points or EVERY_POINT
    places = places_of(asking.asked, by, facility=facility, county=county, points=wanted)
    return asking.numbered(
        "coverage",
        size,
        lambda start, limit: (under.cell(*place).as_json() for place in places[start : start + limit]),
        COVERAGE,
    )


@router.get("/v1/rules/coverage/history", responses=documents.table(EXAMPLE_HISTORY), response_class=Response)
def coverage_history(
    asking: Open,
    size: PageSize,
    period: Period,
    facility: Annotated[str, Query(max_length=ID_MAX, examples=["mn-freeborn-jail"])],
    points: Points = None,
) -> Response:
    """Return how that changed at one facility, on both clocks; it reads all that the log tells of rules."""

    def rows(start: int, limit: int) -> list[dict[str, Any]]:
        with asking.whole_log():
            found = coverage_over(
                asking.asked, Window(*period), upto=asking.upto, facility=facility, points=points or EVERY_POINT
            )
        return [row.as_json() for row in islice(found, start, start + limit)]

    return asking.numbered("coverage history", size, rows, HISTORY)


@router.get("/v1/rules/packs", responses=documents.table(EXAMPLE_PACK), response_class=Response)
def packs(asking: Open, size: PageSize) -> Response:
    """Return the packs that were published, oldest first; `name` is what to ask for one by."""

    def rows(start: int, limit: int) -> list[dict[str, Any]]:
        found = islice(_by(asking).published.history(), start, start + limit)
        return [{**one.as_json(), "name": one.digest[:DIGEST_SHOWN]} for one in found]

    return asking.numbered("packs", size, rows, PACKS)


@router.get(
    "/v1/rules/differences",
    responses=documents.one("before", "after", "pack", "added", "removed", "changed"),
    response_class=Response,
)
def differences(asking: Open, before: PackName, after: PackName) -> Response:
    """Return what differs between two packs, rule by rule and field by field."""

    def answer() -> dict[str, Any]:
        published = _by(asking).published
        _, found = packs_differ(named_pack(before, published), named_pack(after, published), published)
        return found

    return asking.document("differences", answer)


@router.get("/v1/rules", responses=documents.table(EXAMPLE_RULE), response_class=Response)
def rules(asking: Open, size: PageSize, points: Points = None) -> Response:
    """Return the rules known then, and whether each is in force as of a moment (now, if none is given)."""
    at = asking.now()

    def rows(start: int, limit: int) -> list[dict[str, Any]]:
        rulebook = _by(asking).rules.rulebook
        found = [rule for rule in rulebook.rules if not points or any(map(rule.speaks_at, points))]
        shown = ((rule, rulebook.period(rule.id)) for rule in found[start : start + limit])
        return [{**rule_summary(rule, period), "in_force_at": in_force_at(period, at)} for rule, period in shown]

    return asking.numbered("rules", size, rows, RULES)


@router.get("/v1/rules/{rule}", responses=documents.one("id", "citation", "effect"), response_class=Response)
def rule(asking: Open, rule: Annotated[str, Path(max_length=ID_MAX, examples=["MN-631.50"])]) -> Response:
    """Return all that the pack known then says of one rule."""

    def answer() -> dict[str, Any]:
        rulebook = _by(asking).rules.rulebook
        found = rulebook.rule(rule)
        return rule_whole(found, rulebook.period(found.id))

    return asking.document("rule", answer)
