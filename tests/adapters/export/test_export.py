"""What an export holds: the same bytes for the same log, wherever it is kept, and enough to check it without us."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pytest
from pyarrow import parquet

from adapters.cli.output import progress_bar
from adapters.composition import Services, services
from adapters.export import files, sources
from adapters.export.columns import MOMENT, POSITIONS
from adapters.export.export import Export, Wanted
from adapters.export.files import Format
from adapters.export.references import references
from adapters.places.register import minnesota_register
from adapters.read_models.answers import in_memory
from adapters.simulator.run import simulate
from adapters.store.ledger import Ledger
from domain.canonical import leaf_hash
from domain.envelope import Submission, admit
from domain.errors import InputRefused, IntegrityProblem
from domain.merkle import EMPTY_TREE
from projections.folding.table import Kind
from tests.builders import JAIL, MONDAY, booked, released
from tests.kept import keep
from tests.spots import FileSpot, Spot

NOW = datetime(2026, 2, 1, tzinfo=UTC)


def winter(count: int) -> list[Submission]:
    period = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}
    return [admit(one) for one in simulate(events=count, seed=3, register=minnesota_register(), **period)]


@contextmanager
def holding(spot: Spot, *batches: list[Submission]) -> Iterator[tuple[Services, Ledger]]:
    """Make a ledger with these events, each batch an hour after the one before."""
    ledger = spot.ledger()
    for number, batch in enumerate(batches):
        ledger.append(batch, now=NOW + number * timedelta(hours=1))
    yield services(spot.place), ledger
    ledger.close()


def exported(
    found: Services,
    ledger: Ledger,
    folder: Path,
    *names: str,
    upto: int | None = None,
    is_history: bool = True,
    form: Format = Format.PARQUET,
) -> dict[str, Any]:
    wanted = Wanted(names, ledger.position() if upto is None else upto, is_history, form)
    listed = references(found.register.facilities, list)
    return Export(ledger, found.models(), listed, wanted).write(folder, progress_bar, replace=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def table(folder: Path, name: str) -> pa.Table:
    return parquet.read_table(folder / name)


def test_the_same_log_gives_the_same_bytes_wherever_it_is_kept_and_whoever_folded_it(
    spot: Spot, tmp_path: Path
) -> None:
    events = winter(1_500)
    with holding(FileSpot(tmp_path / "other.db"), events) as (found, ledger):
        exported(found, ledger, tmp_path / "folded")
    with holding(spot, events) as (found, ledger):
        keep(found.models(), ledger)
        exported(found, ledger, tmp_path / "kept")

    assert contents(tmp_path / "folded") == contents(tmp_path / "kept")


@pytest.mark.parametrize("form", Format)
def test_a_log_as_known_earlier_gives_the_bytes_it_gave_then(tmp_path: Path, form: Format) -> None:
    events = winter(1_200)
    with holding(FileSpot(tmp_path / "short.db"), events[:700]) as (found, ledger):
        exported(found, ledger, tmp_path / "then", form=form)
    with holding(FileSpot(tmp_path / "long.db"), events[:700], events[700:]) as (found, ledger):
        keep(found.models(), ledger)
        exported(found, ledger, tmp_path / "now", upto=700, form=form)

    assert contents(tmp_path / "then") == contents(tmp_path / "now")


def test_the_manifest_lists_every_file_with_its_digest_and_the_models_as_the_status_shows_them(
    spot: Spot, tmp_path: Path
) -> None:
    with holding(spot, winter(600)) as (found, ledger):
        manifest = exported(found, ledger, tmp_path / "out")
        models = found.models()
        digests = {}
        for name in models.folds:
            with closing(in_memory(models, ledger, name, 600)) as model:
                digests[name] = model.digest()

    there = contents(tmp_path / "out")
    assert manifest == orjson.loads(there.pop("manifest.json"))
    assert {file["path"]: file["sha256"] for file in manifest["files"]} == {
        path: sha256(body).hexdigest() for path, body in there.items()
    }
    assert all(file["bytes"] == len(there[file["path"]]) for file in manifest["files"])
    assert digests == {model["model"]: model["digest"] for model in manifest["models"]}
    assert 600 == manifest["position"]


def test_the_leaves_and_the_root_can_be_had_from_the_parquet_files_alone(spot: Spot, tmp_path: Path) -> None:
    events = winter(500)
    with holding(spot, events[:200], events[200:]) as (found, ledger):
        manifests = {upto: exported(found, ledger, tmp_path / str(upto), "events", upto=upto) for upto in (0, 150, 500)}

    for upto, manifest in manifests.items():
        rows = table(tmp_path / str(upto), "events").to_pylist()
        assert list(range(1, upto + 1)) == [row["position"] for row in rows]
        assert [event.body for event in events[:upto]] == [row["event"] for row in rows]
        leaves = [leaf_hash(row["event"]) for row in rows]
        assert leaves == [row["leaf_hash"] for row in rows]
        assert manifest["root"] == EMPTY_TREE.grow(leaves).root.hex()


def test_every_table_of_every_read_model_is_exported_and_names_its_events_by_position(tmp_path: Path) -> None:
    with holding(FileSpot(tmp_path / "custody.db"), winter(100)) as (found, ledger):
        manifest = exported(found, ledger, tmp_path / "out")
        tables = [table for fold in found.models().folds.values() for table in fold.tables]

    names = [one["table"] for one in manifest["tables"]]
    assert ["events", "facilities", "agreements", *(one.name for one in tables)] == names
    assert len(set(names)) == len(names)
    assert [] == [one.name for one in tables if one.columns.get("events", Kind.POSITIONS) is not Kind.POSITIONS]
    for one in tables:
        schema = table(tmp_path / "out", one.name).schema
        assert ["known_from", "known_to"] == schema.names[-2:]
        if one.is_interval:
            assert [MOMENT, MOMENT] == [schema.field(name).type for name in ("valid_from", "valid_to")]


def test_moments_are_utc_and_what_is_no_exact_time_keeps_its_bounds_and_precision(tmp_path: Path) -> None:
    events = [admit(booked(1)), admit(released(1, at=MONDAY + timedelta(hours=9)))]
    with holding(FileSpot(tmp_path / "custody.db"), events) as (found, ledger):
        exported(found, ledger, tmp_path / "out")

    (first, second) = table(tmp_path / "out", "custody").sort_by("known_from").to_pylist()
    since = {"since_earliest": MONDAY, "since_latest": MONDAY, "since_precision": "exact", "certain": True}
    assert since.items() <= first.items()
    assert (MONDAY, None, 1, 2) == tuple(first[name] for name in ("valid_from", "valid_to", "known_from", "known_to"))
    assert (MONDAY + timedelta(hours=9), 2, None) == tuple(second[k] for k in ("valid_to", "known_from", "known_to"))
    event = table(tmp_path / "out", "events").to_pylist()[0]
    assert (MONDAY, "exact", f"{JAIL}.1", "s-1", NOW) == tuple(
        event[name] for name in ("occurred_earliest", "occurred_precision", "episode", "subject", "recorded_at")
    )
    assert POSITIONS == table(tmp_path / "out", "detainers").schema.field("events").type


def test_without_history_only_what_is_known_then_is_exported(tmp_path: Path) -> None:
    with holding(FileSpot(tmp_path / "custody.db"), winter(800)) as (found, ledger):
        manifest = exported(found, ledger, tmp_path / "now", is_history=False)
        exported(found, ledger, tmp_path / "all")

    rows = table(tmp_path / "all", "custody").to_pylist()
    known = [row for row in rows if row["known_to"] is None]
    assert "as_known" == manifest["rows"]
    assert known == table(tmp_path / "now", "custody").to_pylist()
    assert len(known) < len(rows)


def test_a_large_table_is_cut_into_files_of_which_the_full_ones_stay_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "ROWS_AT_ONCE", 50)
    monkeypatch.setattr(files, "ROWS_A_FILE", 200)
    with holding(FileSpot(tmp_path / "custody.db"), winter(700)) as (found, ledger):
        early = exported(found, ledger, tmp_path / "early", "events", upto=500)
        late = exported(found, ledger, tmp_path / "late", "events")

    assert [200, 200, 100] == [file["rows"] for file in early["files"]]
    assert [200, 200, 200, 100] == [file["rows"] for file in late["files"]]
    assert early["files"][:2] == late["files"][:2]
    assert table(tmp_path / "late", "events").column("position").to_pylist() == list(range(1, 701))


def test_csv_is_as_rfc_4180_has_it_and_says_the_same_as_parquet(tmp_path: Path) -> None:
    with holding(FileSpot(tmp_path / "custody.db"), winter(400)) as (found, ledger):
        manifest = exported(found, ledger, tmp_path / "csv", form=Format.CSV)
        exported(found, ledger, tmp_path / "parquet")

    for name in (one["table"] for one in manifest["tables"]):
        path = tmp_path / "csv" / name / "part-00001.csv"
        assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file, strict=True)
        typed = table(tmp_path / "parquet", name)
        assert typed.schema.names == header
        assert [[shown(value) for value in row.values()] for row in typed.to_pylist()] == rows


def shown(value: Any) -> str:
    """Write a value as the page on exports says that CSV has it."""
    readings: dict[type, Callable[[Any], str]] = {
        datetime: lambda moment: f"{moment:%Y-%m-%d %H:%M:%S.%f}Z",
        bytes: lambda raw: raw.hex() if len(raw) == 32 else raw.decode(),
        list: lambda found: orjson.dumps(found).decode(),
        bool: lambda truth: str(truth).lower(),
        type(None): lambda _: "",
    }
    return readings.get(type(value), str)(value)


def test_an_unknown_table_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with holding(FileSpot(tmp_path / "custody.db"), []) as (found, ledger), pytest.raises(InputRefused) as refused:
        exported(found, ledger, tmp_path / "out", "prisons")

    assert "unknown_table" == refused.value.code
    assert "events, custody, holds" in refused.value.mend
    assert not (tmp_path / "out").exists()


def test_stored_bytes_that_are_no_event_are_named_by_their_position(tmp_path: Path) -> None:
    spot = FileSpot(tmp_path / "custody.db")
    with holding(spot, winter(5)) as (found, ledger):
        spot.tamper("UPDATE stored_events SET state = CAST('{' AS BLOB) WHERE position = 3")
        with pytest.raises(IntegrityProblem) as problem:
            exported(found, ledger, tmp_path / "out", "events")

    assert ("bad_event", "position 3") == (problem.value.code, problem.value.where)
    assert not (tmp_path / "out").exists()
