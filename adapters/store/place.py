"""Where a ledger is: a file, or a PostgreSQL database.

    custody.db                                     a file
    postgresql://writer@db.example:5432/custody    a database, as libpq writes it, its parameters after `?`

What stands for a database is never shown with its password, nor with anything that could be a part of one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.errors import InputRefused

SCHEMES = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A database: `conninfo` is what libpq gets, with any password; `str()` is what people see, without."""

    conninfo: str = field(repr=False)
    shown: str

    def __str__(self) -> str:
        return self.shown


Place = Path | PostgresAddress


def ledger_place(text: str) -> Place:
    """Return the place that `--ledger` names; raise InputRefused(bad_address), which does not repeat the text."""
    if text.startswith(SCHEMES):
        return _address(text)
    if "://" in text or "password=" in text:
        raise _bad_address()
    return Path(text)


def _address(text: str) -> PostgresAddress:
    from psycopg import Error
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts = conninfo_to_dict(text)
    except (Error, UnicodeError):  # their words quote what they could not read, which may be the password
        raise _bad_address() from None
    # A password with an @ or a / that is not escaped spills over into these.
    if any("@" in str(parts.get(name, "")) for name in ("host", "dbname")) or not _is_ports(parts.get("port", "")):
        raise _bad_address()
    return PostgresAddress(text, _shown(parts))


def _is_ports(port: Any) -> bool:
    return all(one == "" or one.isdecimal() for one in str(port).split(","))


def _shown(parts: dict[str, Any]) -> str:
    """Write an address anew from what names the server, the user and the database; nothing else is repeated."""
    host, port, service = str(parts.get("host", "")), parts.get("port"), parts.get("service")
    is_socket = host.startswith("/")
    host = f"[{host}]" if ":" in host else host
    user = f"{parts['user']}@" if "user" in parts else ""
    server = ("" if is_socket else host) + (f":{port}" if port else "")
    query = "&".join([f"host={host}"] * is_socket + [f"service={service}"] * bool(service))
    return f"postgresql://{user}{server}/{parts.get('dbname', '')}{query and '?'}{query}"


def _bad_address() -> InputRefused:
    return InputRefused(
        "bad_address",
        "this is neither a file nor the address of a PostgreSQL database",
        where="--ledger",
        mend="write postgresql://user@host:port/database; a password is best kept in ~/.pgpass or PGPASSWORD, "
        "and in an address its @ is written %40, its / %2F",
    )
