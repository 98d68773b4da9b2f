"""Creating and opening: never by accident, never half, and always with a reason."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from adapters.store import opening
from adapters.store.ledger import Ledger, system_clock
from domain.errors import LedgerUnavailable
from tests.builders import submissions


def code_of(error: pytest.ExceptionInfo[LedgerUnavailable]) -> str:
    return error.value.code


def test_opening_a_missing_ledger_fails_and_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable) as error:
        Ledger.open_to_read(tmp_path / "none.db")

    assert code_of(error) == "ledger_not_found"
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"hello", b"SQLite format 3\x00" + b"\x00" * 200, b"\x00" * 4096])
def test_a_file_that_is_no_ledger_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)

    with pytest.raises(LedgerUnavailable) as error:
        Ledger.create(path)

    assert code_of(error) == "not_a_ledger"
    assert content == path.read_bytes()


def test_another_applications_database_is_not_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE stored_events (position INTEGER PRIMARY KEY)")

    with pytest.raises(LedgerUnavailable) as error:
        Ledger.open_to_read(path)

    assert code_of(error) == "not_a_ledger"


def test_a_folder_is_not_a_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable) as error:
        Ledger.open_to_read(tmp_path)

    assert code_of(error) == "not_a_file"


def test_a_ledger_of_a_newer_schema_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "custody.db"
    Ledger.create(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA user_version = 99")

    with pytest.raises(LedgerUnavailable) as error:
        Ledger.open_to_write(path)

    assert code_of(error) == "other_schema"


def test_an_empty_file_left_by_an_interrupted_creation_becomes_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "custody.db"
    path.touch()

    ledger = Ledger.create(path)

    assert ledger.position() == 0
    ledger.close()


def test_creating_twice_keeps_the_first_ledger(tmp_path: Path) -> None:
    path = tmp_path / "custody.db"
    first = Ledger.create(path)
    first.append(submissions(2), now=system_clock())
    first.close()

    second = Ledger.create(path)

    assert second.position() == 2
    second.close()


def test_creation_leaves_no_file_behind_when_the_schema_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "schema_script", lambda: "CREATE TABLE broken (;")

    with pytest.raises(LedgerUnavailable):
        Ledger.create(tmp_path / "custody.db")

    assert [] == list(tmp_path.iterdir())


def test_a_path_with_question_marks_and_spaces_is_one_path(tmp_path: Path) -> None:
    path = tmp_path / "what now?mode=memory #1%41.db"

    ledger = Ledger.create(path)
    ledger.append(submissions(1), now=system_clock())
    ledger.close()

    assert path.exists()
    assert [path] == [p for p in tmp_path.iterdir() if not p.name.endswith(("-wal", "-shm"))]


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    Ledger.create(tmp_path / "custody.db").close()
    reader = Ledger.open_to_read(tmp_path / "custody.db")

    with pytest.raises(LedgerUnavailable) as error:
        reader.append(submissions(1), now=system_clock())

    assert code_of(error) == "read_only"
    reader.close()


def test_a_folder_that_does_not_exist_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailable, match="cannot be used"):
        Ledger.create(tmp_path / "no" / "such" / "custody.db")


def test_the_environment_cannot_redirect_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PERSISTENCE_MODULE", "eventsourcing.popo")
    monkeypatch.setenv("SQLITE_DBNAME", ":memory:")
    monkeypatch.setenv("MAPPER_TOPIC", "eventsourcing.persistence:Mapper")

    ledger = Ledger.create(tmp_path / "custody.db")
    ledger.append(submissions(1), now=system_clock())
    ledger.close()

    reader = Ledger.open_to_read(tmp_path / "custody.db")
    assert reader.position() == 1
    reader.close()
    assert os.environ["PERSISTENCE_MODULE"] == "eventsourcing.popo"


def test_a_removed_ledgers_write_ahead_log_is_never_merged_into_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "custody.db"
    path.with_name("custody.db-wal").write_bytes(b"frames of another ledger")

    with pytest.raises(LedgerUnavailable) as error:
        Ledger.create(path)

    assert code_of(error) == "unmerged_log"
    assert not path.exists()


def test_opening_a_ledger_twice_keeps_it_safe_from_another_process_that_leaves(tmp_path: Path) -> None:
    """To open and close the file by oneself would let go of SQLite's locks, and whoever leaves would remove its log."""
    path = tmp_path / "custody.db"
    append = (
        "import sys; from pathlib import Path; from adapters.store.ledger import Ledger, system_clock; "
        "from tests.builders import submissions; ledger = Ledger.open_to_write(Path(sys.argv[1])); "
        "ledger.append(submissions(int(sys.argv[2])), now=system_clock()); ledger.close()"
    )
    with closing(Ledger.create(path)) as first:
        first.append(submissions(1), now=system_clock())
        Ledger.open_to_read(path).close()
        for count in (2, 3):
            subprocess.run([sys.executable, "-c", append, str(path), str(count)], check=True)
            assert count == first.position()
