"""The spool: what is to be sent survives everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.submit.spool import Spool, State
from domain.errors import LedgerUnavailable


def test_what_was_added_is_there_after_the_program_ended(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db") as spool, spool.transaction():
        spool.add(b"digest", 1, b"message", "file line 1")

    with Spool(tmp_path / "spool.db") as spool:
        assert [b"message"] == [one.message for one in spool.waiting(0, 10)]
        assert (State.WAITING, "{}") == spool.known(b"digest", 1)


def test_a_transaction_that_fails_adds_nothing_and_takes_no_number(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db") as spool:
        with pytest.raises(ZeroDivisionError):
            _add_and_fail(spool)

        assert [] == spool.waiting(0, 10)
        assert 1 == spool.next_sequence("key")


def _add_and_fail(spool: Spool) -> None:
    with spool.transaction():
        spool.next_sequence("key")
        spool.add(b"digest", 1, b"message", "file line 1")
        raise ZeroDivisionError


def test_numbers_of_a_key_have_no_gaps_and_keys_count_apart(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db") as spool:
        assert [1, 2, 1, 3] == [spool.next_sequence(key) for key in ("a", "a", "b", "a")]


def test_what_was_refused_waits_again_only_when_told(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db") as spool:
        with spool.transaction():
            spool.add(b"digest", 1, b"message", "file line 1")
        spool.settle([(1, State.REFUSED, "{}")])
        assert [] == spool.waiting(0, 10)

        assert 1 == spool.retry_refused()
        assert 1 == len(spool.waiting(0, 10))


def test_a_second_program_is_told_that_the_spool_is_in_use(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db"), pytest.raises(LedgerUnavailable, match="spool_in_use"):
        Spool(tmp_path / "spool.db")


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3\0" + bytes(100)])
def test_a_file_that_is_no_spool_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)

    with pytest.raises(LedgerUnavailable, match="spool_unusable"):
        Spool(path)

    assert content == path.read_bytes()


def test_a_spool_is_its_owners_alone(tmp_path: Path) -> None:
    with Spool(tmp_path / "spool.db"):
        assert 0o600 == (tmp_path / "spool.db").stat().st_mode & 0o777
