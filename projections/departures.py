"""Departures: each way out of an episode that its custodian recorded, when, and by which event.

    mn-cass-jail.2026-000017 | to_community | 2026-01-16 17:20

What the receiving side alone says of a transfer is no departure, as in `projections.custody`. One departure may be
told by two events, a release to an agency and a transfer of custody: each has its row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.events import episode, handoff
from projections.folding.seen import Seen, json_text, span_of
from projections.folding.table import Kind, Row, Table

DEPARTURES = Table(
    "departures",
    {
        "episode": Kind.TEXT,
        "facility": Kind.TEXT,
        "subject": Kind.TEXT,
        "way": Kind.TEXT,
        "left": Kind.JSON,
        "left_earliest": Kind.MOMENT,
        "left_latest": Kind.MOMENT,
        "event": Kind.INTEGER,
    },
    "ways out of an episode, in the custodian's own words",
)

TRANSFERRED = handoff.CustodyTransferred.TYPE
WAYS = {
    episode.ReleasedToCommunity.TYPE: "to_community",
    episode.ReleasedToAgency.TYPE: "to_agency",
    TRANSFERRED: "to_agency",
    episode.Died.TYPE: "died",
    episode.Escaped.TYPE: "escaped",
    episode.ReleasedInError.TYPE: "in_error",
}
WHO = ("facility", "subject")


class Departures:
    """The fold: a row for each event that tells of a way out."""

    name = "departures"
    kind = "episode"
    version = "2"
    tables = (DEPARTURES,)
    fields: Mapping[str, Sequence[str]] = {
        **dict.fromkeys(WAYS, WHO),
        episode.ReleasedToCommunity.TYPE: (*WHO, "physically_out_at"),
        TRANSFERRED: (*WHO, "episode", "releasing_agency", "physical_at"),
    }

    def keys(self, seen: Seen) -> Sequence[str]:
        """Return the episode, if any is named."""
        if seen.stream.startswith("episode/"):
            return (seen.stream[8:],)
        return (seen.data.episode,) if seen.data.episode else ()

    def rows(self, key: str, events: Sequence[Seen]) -> list[Row]:
        """Return the departures of an episode, in the order of the log."""
        own = (event for event in events if event.type != TRANSFERRED or event.agency == event.data.releasing_agency)
        return [(DEPARTURES.name, (key, *_departure(event))) for event in own]


def _departure(event: Seen) -> tuple[str | None, str | None, str, str, int | None, int | None, int]:
    """Return what an event says; when it gives another time for leaving the building, that."""
    told = getattr(event.data, "physically_out_at", None) or getattr(event.data, "physical_at", None)
    earliest, latest = span_of(told) if told else (event.earliest, event.latest)
    left = json_text(told or event.told)
    return event.data.facility, event.data.subject, WAYS[event.type], left, earliest, latest, event.position
