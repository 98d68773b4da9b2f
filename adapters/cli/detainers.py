"""`custody detainers`: each detainer, who it is addressed to, whether it is active, and whose word ended it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from adapters.cli.options import as_of_option, known_option, known_position, pass_services
from adapters.cli.output import json_option, print_json, print_table, show_instant
from adapters.composition import Services
from adapters.questions.asked import Asked
from adapters.read_models.rows import ModelRow
from projections.detainers import DETAINERS

KEYS = ("detainer", "facility", "facility_as_printed", "subject", "prepared", "status", "lifted", "lift_code")


@click.command()
@click.option("--facility", help="Only those addressed to this facility.")
@click.option("--status", help="Only of this status: active, lifted, cancelled, superseded, expired_unclaimed.")
@as_of_option
@known_option
@json_option
@pass_services
def detainers(
    services: Services,
    facility: str | None,
    status: str | None,
    at: datetime | None,
    known: int | datetime | None,
    *,
    as_json: bool,
) -> None:
    """Detainers: when prepared, whether active, and whose word ended them."""
    if facility:
        services.register.facility(facility)
    where = {name: [value] for name, value in (("facility", facility), ("status", status)) if value}
    ledger = services.reading()
    found = Asked(services, ledger).rows(DETAINERS.name, where, at=at, upto=known_position(ledger, known))
    rows = [_row(services, row) for row in found]
    ledger.close()
    rows.sort(key=lambda row: str(row["detainer"]))
    if as_json:
        print_json(rows)
        return
    table = [
        [
            row["detainer"],
            row["facility"] or row["facility_as_printed"],
            row["custodian_kind"],
            show_instant(row["prepared"]),
            row["status"],
            show_instant(row["lifted"]) if row["lifted"] else "",
            row["lift_reason"],
        ]
        for row in rows
    ]
    columns = ["detainer", "facility", "custodian kind", "prepared", "status", "lifted", "lift reason"]
    print_table(columns, table, empty="No detainer is recorded.")


def _row(services: Services, row: ModelRow) -> dict[str, Any]:
    facility = services.register.by_id.get(row["facility"] or "")
    shown = {name: row[name] for name in KEYS}
    kind = facility.kind if facility else None
    return {**shown, "lift_reason": row["lift_reason"], "custodian_kind": kind, "events": row["events"]}


COMMANDS = (detainers,)
