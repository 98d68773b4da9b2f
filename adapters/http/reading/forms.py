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
FOUND = Table(
    "findings",
    {
        "id": Kind.TEXT,
        "kind": Kind.TEXT,
        "about": Kind.JSON,
        "opened": Kind.JSON,
        **dict.fromkeys(("state", "case", "facility", "decision_point"), Kind.TEXT),
        "rules": Kind.JSON,
        "events": Kind.POSITIONS,
        "who": Kind.JSON,
        "words": Kind.TEXT,
        "answers": Kind.JSON,
        "closed": Kind.JSON,
    },
    "what disagrees, with the events it rests on and what agencies said of it",
)
DERIVED = Table(
    "determinations",
    {
        "ref": Kind.TEXT,
        "position": Kind.INTEGER,
        "decision_point": Kind.TEXT,
        "at": Kind.INSTANT,
        "status": Kind.TEXT,
        **dict.fromkeys(("rules", "conflicts", "missing", "readings"), Kind.JSON),
        **dict.fromkeys(("pack", "pack_digest", "facts_digest"), Kind.TEXT),
        **dict.fromkeys(("facts", "cited", "done"), Kind.JSON),
        "held_minutes": Kind.INTEGER,
        **dict.fromkeys(("clocks", "agreements"), Kind.JSON),
    },
    "what was derived at a decision point of a case, at each position at which that changed",
)
DIFFERING = Table(
    "hindsight",
    {
        **dict.fromkeys(("ref", "facility", "decision_point"), Kind.TEXT),
        "at": Kind.INSTANT,
        "moment": Kind.INTEGER,
        **dict.fromkeys(("then", "now"), Kind.TEXT),
        **dict.fromkeys(("rules_then", "rules_now", "events"), Kind.JSON),
    },
    "determinations that are derived otherwise now than on what was known then",
)
VERSIONS = Table(
    "history",
    {
        "what": Kind.JSON,
        **dict.fromkeys(("valid_from", "valid_to"), Kind.TEXT),
        **dict.fromkeys(("known_from", "known_to"), Kind.INTEGER),
        "row": Kind.JSON,
    },
    "rows of all read models: when each was so, and from and to which position it was known",
)
CHANGED = Table(
    "diff",
    dict.fromkeys(("what", "before", "after", "events"), Kind.JSON),
    "what is known otherwise at one position than at another, and the events that changed it",
)
