"""The columns of lists that come as CSV and Parquet too and are no table of a read model."""

from __future__ import annotations

from adapters.questions.handed_over import HIDDEN
from projections.folding.table import Kind, Table
from projections.handoffs import HANDOFFS

OVERHELD = Table(
    "overholds",
    {
        **dict.fromkeys(("episode", "facility", "subject"), Kind.TEXT),
        "minutes": Kind.INTEGER,
        "exact": Kind.BOOLEAN,
        "minutes_at_most": Kind.INTEGER,
        "status": Kind.TEXT,
        "since": Kind.INSTANT,
        "since_shown_by": Kind.TEXT,
        "until": Kind.INSTANT,
        "until_shown_by": Kind.TEXT,
        "kept": Kind.BOOLEAN,
        "holds": Kind.JSON,
        "events": Kind.POSITIONS,
        "derived": Kind.TEXT,
        "rules": Kind.JSON,
        "cited": Kind.JSON,
    },
    "stays past the moment release was due, with the rules that spoke",
)
OWED = Table(
    "duties",
    {
        **dict.fromkeys(("duty", "episode", "facility", "owed_by", "rule", "modality", "derived"), Kind.TEXT),
        "started": Kind.INSTANT,
        "due": Kind.INSTANT,
        "clock": Kind.TEXT,
        "done": Kind.INSTANT,
        "withheld": Kind.INSTANT,
        "status": Kind.TEXT,
        "lead_minutes": Kind.INTEGER,
        "detainer": Kind.TEXT,
        "subject": Kind.TEXT,
        "events": Kind.POSITIONS,
    },
    "duties, once for each rule that asks for one, and whether it was done",
)
HANDED_OVER = Table(
    HANDOFFS.name,
    {name: kind for name, kind in HANDOFFS.columns.items() if name not in HIDDEN},
    f"{HANDOFFS.about}, with how ICE lifted the detainer",
)
