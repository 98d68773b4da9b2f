"""Where a ledger is, in words: no password, and nothing that might be a part of one, is ever shown."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from adapters.store.place import PostgresAddress, ledger_place
from domain.errors import InputRefused


def test_anything_without_a_scheme_is_a_file() -> None:
    assert Path("what now?mode=memory #1%41.db") == ledger_place("what now?mode=memory #1%41.db")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://writer@db.example:5433/custody", "postgresql://writer@db.example:5433/custody"),
        ("postgres://w:hush@db/custody?sslmode=require", "postgresql://w@db/custody"),
        ("postgresql:///custody?host=/run/postgresql&password=hush", "postgresql:///custody?host=/run/postgresql"),
        ("postgresql://w@/custody?service=prod", "postgresql://w@/custody?service=prod"),
        ("postgresql://w:hu%40sh%2F@[::1]:5432/custody", "postgresql://w@[::1]:5432/custody"),
        ("postgresql://a:1,b:2/custody", "postgresql://a,b:1,2/custody"),
        ("postgresql://", "postgresql:///"),
    ],
)
def test_an_address_is_shown_without_its_password(text: str, shown: str) -> None:
    place = ledger_place(text)

    assert isinstance(place, PostgresAddress)
    assert shown == str(place)
    assert text == place.conninfo
    assert "hush" not in repr(place)
    assert place == pickle.loads(pickle.dumps(place))  # noqa: S301 - our own


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://w:hu/sh@db/custody",
        "postgresql://w:hu@sh@db/custody",
        "postgresql://w:1/hush@db/custody",
        "postgresql://w:hu?sh/x@db/custody",
        "postgresql://w:hu sh@db/custody",
        "postgresql://w:hu%zzsh@db/custody",
        "postgresql://w:hush@db/custody?nothing=1",
        "mysql://w:hush@db/custody",
        "postgresql+psycopg://w:hush@db/custody",
        "host=db user=w password=hush",
    ],
)
def test_what_cannot_be_read_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InputRefused) as refused:
        ledger_place(text)

    assert "bad_address" == refused.value.code
    assert not any(part in str(refused.value) + repr(refused.value) for part in ("hush", "hu", "sh@"))
