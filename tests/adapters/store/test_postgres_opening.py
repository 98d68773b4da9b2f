"""A database that holds no ledger, lets nobody in or takes nothing more: always said, and never with a password."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from adapters.cli.main import status
from adapters.composition import services
from adapters.store import postgres_connections
from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import Place, PostgresAddress, ledger_place
from adapters.store.postgres_database import PostgresDatabase
from domain.errors import LedgerUnavailable
from tests.builders import JAIL, submissions
from tests.kept import keep
from tests.postgres import NAME
from tests.spots import TABLES, DatabaseSpot

SECRET = "hush-hush"  # noqa: S105 - of no use to anybody


def code_of(opening, place: Place) -> str:
    """Return the code of what an attempt raises; whatever it says, no password is in it."""
    with pytest.raises(LedgerUnavailable) as error:
        opening(place).close()
    assert SECRET not in f"{error.value} {error.value.__cause__}"
    assert not isinstance(place, PostgresAddress) or str(place) in error.value.where
    return error.value.code


def test_opening_a_database_without_a_ledger_makes_none(database: DatabaseSpot) -> None:
    assert "ledger_not_found" == code_of(Ledger.open_to_read, database.place)
    assert "ledger_not_found" == code_of(Ledger.open_to_write, database.place)
    assert 0 == database.server.run(sql.SQL("SELECT FROM pg_namespace WHERE nspname = 'custody'"), database.address)


def test_a_database_that_does_not_exist_is_named(database: DatabaseSpot) -> None:
    nowhere = ledger_place(database.server.named(dbname="custody_nowhere"))

    assert "ledger_not_found" == code_of(Ledger.create, nowhere)


def test_a_server_that_does_not_answer_cannot_be_connected_to() -> None:
    away = ledger_place(f"postgresql://w:{SECRET}@127.0.0.1:9/custody")

    assert "cannot_connect" == code_of(Ledger.open_to_read, away)


def test_a_user_who_does_not_exist_is_let_in_nowhere(database: DatabaseSpot) -> None:
    stranger = ledger_place(database.server.named(dbname=NAME, user="custody_nobody", password=SECRET))

    assert "no_permission" == code_of(Ledger.open_to_read, stranger)


def test_a_schema_of_that_name_that_is_no_ledger_is_left_as_it_is(database: DatabaseSpot) -> None:
    database.run("CREATE SCHEMA custody", "CREATE TABLE custody.stored_events (notes text)")

    assert "not_a_ledger" == code_of(Ledger.create, database.place)
    assert "not_a_ledger" == code_of(Ledger.open_to_read, database.place)


def test_a_ledger_of_a_newer_schema_is_not_touched(database: DatabaseSpot) -> None:
    database.ledger().close()
    database.run("COMMENT ON SCHEMA custody IS 'custody ledger, schema 99'")

    assert "other_schema" == code_of(Ledger.create, database.place)
    assert "other_schema" == code_of(Ledger.open_to_write, database.place)


def test_a_database_that_does_not_store_unicode_is_refused(database: DatabaseSpot) -> None:
    name = sql.Identifier(f"{NAME}_latin")
    made = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'").format(name)
    database.server.run(made)
    try:
        assert "other_encoding" == code_of(Ledger.create, ledger_place(database.server.named(dbname=f"{NAME}_latin")))
    finally:
        database.server.run(sql.SQL("DROP DATABASE {}").format(name))


def create(place: Place) -> None:
    Ledger.create(place).close()


def test_creating_twice_also_at_once_keeps_the_first_ledger(database: DatabaseSpot) -> None:
    context = multiprocessing.get_context("spawn")
    makers = [context.Process(target=create, args=(database.place,)) for _ in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(timeout=120)
    first = database.ledger()
    first.append(submissions(2), now=system_clock())
    first.close()

    again = database.ledger()

    assert [0] * 4 == [maker.exitcode for maker in makers]
    assert 2 == again.position()
    again.close()


def test_a_ledger_opened_to_read_cannot_write(database: DatabaseSpot) -> None:
    database.ledger().close()
    reader = Ledger.open_to_read(database.place)

    with pytest.raises(LedgerUnavailable) as error:
        reader.append(submissions(1), now=system_clock())

    assert "read_only" == error.value.code
    reader.close()


def test_a_writer_waits_for_the_lock_and_then_says_who_keeps_it(
    database: DatabaseSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = postgres_connections.SETTINGS.replace("lock_timeout = '30s'", "lock_timeout = '50ms'")
    monkeypatch.setattr(postgres_connections, "SETTINGS", settings)
    ledger = database.ledger()
    with psycopg.connect(database.address) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [0x43555354])

        with pytest.raises(LedgerUnavailable) as error:
            ledger.append(submissions(1), now=system_clock())

    assert "ledger_busy" == error.value.code
    assert 1 == ledger.append(submissions(1), now=system_clock())[0].position
    ledger.close()


def test_a_full_disk_is_said_and_what_was_stored_stays(database: DatabaseSpot) -> None:
    ledger = database.ledger()
    ledger.append(submissions(1), now=system_clock())
    database.run(
        "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$",
        "CREATE TRIGGER filled BEFORE INSERT ON event_refs EXECUTE FUNCTION fill()",
    )

    with pytest.raises(LedgerUnavailable) as error:
        ledger.append(submissions(5, start=2), now=system_clock())

    assert "disk_full" == error.value.code
    assert 1 == ledger.position()
    ledger.close()


@contextmanager
def roles(database: DatabaseSpot) -> Iterator[tuple[str, str]]:
    """Make a ledger with a role that writes and one that reads; both are gone after."""
    writer, reader = f"{NAME}_writer", f"{NAME}_reader"
    PostgresDatabase(database.place).create()
    PostgresDatabase(database.place).grant(writer=writer, reader=reader)
    try:
        for role in (writer, reader):
            database.server.run(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), SECRET))
        yield writer, reader
    finally:
        drop_roles(database, writer, reader)


def drop_roles(database: DatabaseSpot, *roles: str) -> None:
    for role in roles:
        database.server.run(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)), database.address)
        database.server.run(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def as_role(database: DatabaseSpot, role: str) -> PostgresAddress:
    place = ledger_place(database.server.named(dbname=NAME, user=role, password=SECRET))
    assert isinstance(place, PostgresAddress)
    return place


def test_a_writer_can_insert_and_select_and_nothing_else(database: DatabaseSpot) -> None:
    with roles(database) as (writer, _):
        place = as_role(database, writer)
        ledger = Ledger.create(place)
        ledger.append(submissions(3), now=system_clock())
        assert 3 == ledger.position()
        ledger.close()

        assert [("INSERT", table) for table in sorted(TABLES)] == granted(place, "INSERT")
        assert [("SELECT", table) for table in sorted(TABLES)] == granted(place, "SELECT")
        assert [] == granted(place, "UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES")


def test_a_reader_can_select_and_nothing_else(database: DatabaseSpot) -> None:
    with roles(database) as (_, reader):
        place = as_role(database, reader)
        ledger = Ledger.open_to_read(place)
        assert 0 == ledger.position()
        ledger.close()

        assert "read_only" == code_of(Ledger.open_to_write, place)
        assert "read_only" == code_of(Ledger.create, place)
        assert [("SELECT", table) for table in sorted(TABLES)] == granted(place, "SELECT")
        assert [] == granted(place, "INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES")


def granted(place: PostgresAddress, *rights: str) -> list[tuple[str, str]]:
    """Return which of these rights the place's own user has on which table."""
    with psycopg.connect(place.conninfo) as connection:
        return connection.execute(
            "SELECT r, relname FROM pg_class, unnest(%s::text[]) AS r WHERE relnamespace = 'custody'::regnamespace "
            "AND relkind = 'r' AND has_table_privilege(oid, r) ORDER BY 1, 2",
            [list(rights)],
        ).fetchall()


def test_a_role_without_rights_is_told_who_gives_them(database: DatabaseSpot) -> None:
    with roles(database) as (_, reader):
        database.run(f"REVOKE ALL ON SCHEMA custody FROM {reader}")

        assert "no_permission" == code_of(Ledger.open_to_read, as_role(database, reader))


def test_rights_given_twice_are_the_same_rights(database: DatabaseSpot) -> None:
    with roles(database) as (writer, reader):
        PostgresDatabase(database.place).grant(writer=writer, reader=None)

        assert [] == granted(as_role(database, reader), "INSERT")


def test_what_is_durable_does_not_depend_on_the_servers_defaults(database: DatabaseSpot) -> None:
    database.run(f"ALTER DATABASE {conninfo_to_dict(database.address)['dbname']} SET synchronous_commit = off")
    ledger = database.ledger()

    assert "on" == ledger.facts.rows("SHOW synchronous_commit")[0]["synchronous_commit"]
    ledger.close()
    database.run(f"ALTER DATABASE {NAME} RESET synchronous_commit")


def test_the_command_line_makes_the_roles_and_shows_no_password(
    database: DatabaseSpot, capfd: pytest.CaptureFixture[str]
) -> None:
    writer, reader = f"{NAME}_writer", f"{NAME}_reader"
    address = ledger_place(database.server.named(dbname=NAME, password=SECRET))
    assert isinstance(address, PostgresAddress)

    code = status(["--ledger", address.conninfo, "init", "--writer", writer, "--reader", reader])

    try:
        said = capfd.readouterr()
        assert (0, f"{address}: a ledger of 0 events\n") == (code, said.out)
        assert SECRET not in said.out + said.err
        for role in (writer, reader):
            database.server.run(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), SECRET))
        assert 4 == status(["--ledger", as_role(database, reader).conninfo, "import", "events", "deploy/stories.jsonl"])
        assert "[read_only]" in capfd.readouterr().err
    finally:
        drop_roles(database, writer, reader)


def test_whoever_may_read_the_log_is_answered_whether_or_not_kept_models_are_theirs_to_read(
    database: DatabaseSpot, capfd: pytest.CaptureFixture[str]
) -> None:
    with roles(database) as (_, reader):
        found = services(database.place)
        ledger = found.writing()
        ledger.append(submissions(2), now=system_clock())
        keep(found.models(), ledger, "custody")
        address = as_role(database, reader)
        command = ["--ledger", address.conninfo, "state", JAIL, "--at", "2026-01-12", "--json"]
        assert services(address).models().live("custody", ledger) is None
        assert 0 == status(command)
        from_log = capfd.readouterr().out

        database.run(
            f"GRANT USAGE ON SCHEMA custody_models TO {reader}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA custody_models TO {reader}",
        )
        with closing(services(address).models().live("custody", ledger)) as model:
            assert 2 == model.position
        assert 0 == status(command)
        assert from_log == capfd.readouterr().out

        ledger.append(submissions(1, start=3), now=system_clock())  # the reader cannot bring the model up to it
        assert 0 == status(command)
        assert '"count":3' in capfd.readouterr().out
        ledger.close()
