"""What changed in a table between two positions, row by row."""

from __future__ import annotations

from typing import Any

from projections.folding.table import Kind, Table
from projections.row_changes import row_changes

TABLE = Table("holds", {"episode": Kind.TEXT, "hold": Kind.TEXT, "until": Kind.TEXT}, "holds")


def row(hold: str, until: str | None, known_from: int, known_to: int | None = None, key: str = "e-1") -> dict[str, Any]:
    return {"episode": key, "hold": hold, "until": until, "known_from": known_from, "known_to": known_to}


def changes(*rows: dict[str, Any], before: int = 3, after: int = 9) -> list[tuple[Any, ...]]:
    found = row_changes(TABLE, rows, before, after)
    return [(c.key, *((r and (r["hold"], r["until"])) for r in (c.before, c.after)), c.positions) for c in found]


def test_a_row_is_paired_with_the_one_that_took_its_place() -> None:
    rows = (row("a", None, 1, 5), row("b", None, 2, 7), row("a", "noon", 5), row("b", "night", 7))

    assert [("e-1", ("a", None), ("a", "noon"), [5]), ("e-1", ("b", None), ("b", "night"), [7])] == changes(*rows)


def test_what_appeared_has_no_before_and_what_vanished_no_after() -> None:
    assert [("e-1", None, ("a", None), [5])] == changes(row("a", None, 5))
    assert [("e-1", ("a", None), None, [5])] == changes(row("a", None, 1, 5))


def test_the_events_of_rows_that_came_and_went_in_between_are_named() -> None:
    rows = (row("a", None, 1, 5), row("a", "noon", 5, 6), row("a", "night", 6))

    assert [("e-1", ("a", None), ("a", "night"), [5, 6])] == changes(*rows)


def test_what_is_known_again_as_it_was_has_not_changed() -> None:
    assert [] == changes(row("a", None, 1, 5), row("a", "noon", 5, 7), row("a", None, 7))
    assert [] == changes(row("a", None, 5, 7))


def test_asked_the_other_way_round_before_and_after_change_places() -> None:
    rows = (row("a", None, 1, 5), row("a", "noon", 5))

    assert [("e-1", ("a", "noon"), ("a", None), [5])] == changes(*rows, before=9, after=3)


def test_each_key_is_told_apart() -> None:
    rows = (row("a", None, 1, 5), row("a", None, 6, key="e-2"))

    assert [("e-1", ("a", None), None, [5]), ("e-2", None, ("a", None), [6])] == changes(*rows)
