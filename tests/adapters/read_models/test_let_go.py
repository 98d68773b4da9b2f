"""What a rebuild notes of the keys that it let go."""

from __future__ import annotations

from unittest.mock import patch

from adapters.read_models import let_go
from adapters.read_models.let_go import LetGo
from adapters.read_models.sqlite_model import MEMORY, SqliteModel
from projections.custody import STAYS, Custody
from projections.folding.folder import Changes, Entity, OpenRow


def stay(key: str) -> tuple[object, ...]:
    return (key, *[None] * (len(STAYS.columns) - 1))


def stored(*rows: tuple[int, str, int, int | None]) -> SqliteModel:
    """Return a model with these stays: row id, key, known_from and known_to."""
    model, changes = SqliteModel.create(MEMORY, Custody({})), Changes()
    changes.inserted["custody"] = [(row_id, stay(key), since, until) for row_id, key, since, until in rows]
    model.write(changes, 9, "", after=0)
    return model


def entity(key: str, *row_ids: int) -> Entity:
    return Entity(key, 0, [], [("custody", stay(key)) for _ in row_ids], [1] * len(row_ids), list(row_ids))


def found(noted: LetGo, *keys: str) -> list[OpenRow]:
    return list(noted.open_rows(keys))


def test_a_key_is_met_once_it_was_let_go_whether_it_had_rows_or_not() -> None:
    noted = LetGo(stored((1, "a", 1, None)))

    noted.put([entity("a", 1), entity("b")])

    assert ["b", "a"] == noted.met(["b", "c", "a"])
    assert [("custody", 1, 1, stay("a"))] == found(noted, "a", "b")


def test_a_key_that_came_back_and_went_again_gives_the_rows_that_are_open_now() -> None:
    noted = LetGo(stored((1, "a", 1, 5), (2, "a", 5, None), (3, "a", 2, None)))

    noted.put([entity("a", 1, 3)])
    noted.put([entity("a", 2, 3)])

    assert [2, 3] == [row_id for _, row_id, _, _ in found(noted, "a")]


def test_rows_of_another_key_with_the_same_hash_are_passed_over() -> None:
    with patch.object(let_go, "hash", lambda key: 7, create=True):
        noted = LetGo(stored((1, "a", 1, None), (2, "b", 1, None)))
        noted.put([entity("a", 1), entity("b", 2)])

        assert [2] == [row_id for _, row_id, _, _ in found(noted, "b")]


def test_keys_are_found_however_many_times_some_were_let_go() -> None:
    keys = [f"key-{number}" for number in range(4 * let_go.RUNS_MAX)]
    noted = LetGo(stored(*((number, key, 1, None) for number, key in enumerate(keys, start=1))))

    for number, key in enumerate(keys, start=1):
        noted.put([entity(key, number)])

    assert keys == noted.met([*keys, "another"])
    assert keys == [values[0] for _, _, _, values in found(noted, *keys)]
