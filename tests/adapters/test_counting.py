"""Laws of counts over random histories, and files of counts of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.composition import Services, services
from adapters.counting import SOURCES_OF, counts_with, named_counts, rows_of
from adapters.known import amendments
from adapters.places.register import minnesota_register
from adapters.read_models.answers import answering
from adapters.simulator.run import simulate
from adapters.store.ledger import Ledger, system_clock
from domain.counts.fields import FIELDS, Of
from domain.envelope import admit
from domain.errors import InputRefused
from domain.events.handoff import ReleaseNoticeSent
from domain.events.record import IdentityLinked, IdentityUnlinked
from domain.instants import MINNESOTA, microseconds
from projections.persons import LINKING_TYPES, Persons
from projections.tally import EVER, Period, Tally
from tests.adapters.read_models.histories import JAILS, histories
from tests.builders import JAIL, MONDAY, body
from tests.kept import keep
from tests.projections.counted_one_by_one import RowsOneByOne, TallyOneByOne, Told
from tests.projections.tallies import booked, out, prepared
from tests.spots import Spot

laws = settings(max_examples=60, deadline=None)
links = st.lists(st.tuples(st.booleans(), st.permutations(["s-1", "s-2", "s-3"])), max_size=3)
moments = st.one_of(st.none(), st.integers(-5, 70).map(lambda hours: MONDAY + timedelta(hours=hours)))
TABLES = ("detainers", "custody", "departures", "notices", "handoffs")
LATE = MONDAY + timedelta(days=400)


def with_links(bodies: list[bytes], told_links: list[tuple[bool, list[str]]]) -> list[bytes]:
    linking = [
        body(IdentityLinked if stands else IdentityUnlinked, f"l-{n}", subject=one, same_as=other)
        for n, (stands, (one, other, _)) in enumerate(told_links)
    ]
    return [*bodies[: len(bodies) // 2], *linking, *bodies[len(bodies) // 2 :]]


@contextmanager
def ledger_of(bodies: list[bytes]) -> Iterator[tuple[Services, Ledger]]:
    with TemporaryDirectory() as directory:
        ledger = Ledger.create(Path(directory) / "custody.db")
        ledger.append([admit(one) for one in bodies], now=system_clock())
        yield services(Path(directory) / "custody.db"), ledger
        ledger.close()


def tally(found: Services, ledger: Ledger, upto: int, at: Any = None, period: Period = EVER) -> Tally:
    return Tally(named_counts(), rows_of(found, ledger, upto, microseconds(at or LATE)), period)


def everything(one: Tally) -> list[Any]:
    """What a count can be asked: its groups, and its rows."""
    groups = list(one.counted(["custodian_kind", "lift_reason", "month", "facility"]))
    return [groups, [one.members(count) for count in one.definitions]]


def one_by_one(found: Services, ledger: Ledger, upto: int, at: Any = None, facility: str | None = None) -> Any:
    """The same counts, of what each read model knows at the position, made by the oracle."""
    persons = Persons(amendments(ledger, upto).apply(ledger.recorded(upto=upto, topics=LINKING_TYPES)))
    rows = {}
    for name, sources in SOURCES_OF.items():
        with answering(found.models(), ledger, name, upto) as model:
            rows |= {source.table: list(model.rows(source.table, upto)) for source in sources}
    told = Told(*(rows[name] for name in TABLES), persons, found.custodians())
    only = {"facility": [facility]} if facility else {}
    return TallyOneByOne(named_counts(), RowsOneByOne(told, microseconds(at or LATE)), EVER, only)


def buckets(one: Any) -> list[Any]:
    """What lies between the counts, written out."""
    pairs = [(one.definitions.get(inner.within), inner) for inner in one.definitions if inner.within]
    found = [bucket for pair in pairs for bucket in one.between(*pair)]
    return [bucket if isinstance(bucket, dict) else bucket.as_json() for bucket in found]


@settings(max_examples=200, deadline=None)
@given(histories(most=24), links, st.integers(0, 24), moments, st.sampled_from([None, *JAILS]))
def test_counts_made_by_column_are_those_made_one_by_one(
    bodies: list[bytes], told_links: list[tuple[bool, list[str]]], position: int, at: Any, facility: str | None
) -> None:
    with ledger_of(with_links(bodies, told_links)) as (found, ledger):
        for upto in (min(position, ledger.position()), ledger.position()):
            moment = microseconds(at or LATE)
            mine = Tally(named_counts(), rows_of(found, ledger, upto, moment, facility))
            theirs = one_by_one(found, ledger, upto, at, facility)

            assert everything(theirs) == everything(mine)
            assert buckets(theirs) == buckets(mine)
            assert [theirs.value(count) for count in theirs.definitions] == [
                mine.value(count) for count in mine.definitions
            ]


def test_counts_grow_with_the_log_on_every_database_whether_models_are_kept_or_not(spot: Spot) -> None:
    january = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}
    told = [admit(one) for one in simulate(events=1_500, seed=3, register=minnesota_register(), **january)]
    with closing(spot.ledger()) as ledger:
        found = services(spot.place)
        for some in (told[:500], told[500:501], told[501:]):
            ledger.append(some, now=system_clock())
            if len(some) == 1:
                keep(found.models(), ledger)
            for upto in (ledger.position(), ledger.position() // 2):
                for at in (LATE, datetime(2026, 1, 20, tzinfo=MINNESOTA)):
                    mine, theirs = tally(found, ledger, upto, at), one_by_one(found, ledger, upto, at)
                    assert everything(theirs) == everything(mine)
                    assert buckets(theirs) == buckets(mine)
        assert tally(found, ledger, ledger.position()).value(named_counts().get("N3")) > 5


def test_a_facility_s_counts_are_those_of_its_group_also_by_a_notice_sent_from_elsewhere() -> None:
    told = (prepared("d-1", "s-1"), booked("s-1"), out("s-1"))
    sent = {"facility": "mn-cook-jail", "subject": "s-1", "detainer": "d-1", "to_agency": "us-ice"}
    elsewhere = body(ReleaseNoticeSent, "h-1", at=MONDAY + timedelta(hours=1), **sent)
    with ledger_of([*told, elsewhere]) as (found, ledger):
        rows = rows_of(found, ledger, ledger.position(), microseconds(LATE), JAIL)
        alone = [row for row in Tally(named_counts(), rows).counted() if row["id"] == "N7" and row["value"]]
        grouped = [row for row in tally(found, ledger, ledger.position()).counted(["facility"]) if row["id"] == "N7"]

    assert [("at_least_48_hours", 1)] == [(row["by"]["notice"], row["value"]) for row in alone]
    assert [("at_least_48_hours", 1)] == [(row["by"]["notice"], row["value"]) for row in grouped]


@laws
@given(histories(), links, st.integers(0, 14), moments)
def test_counts_on_a_position_never_change_when_later_events_come(
    bodies: list[bytes], told_links: list[tuple[bool, list[str]]], position: int, at: Any
) -> None:
    events = with_links(bodies, told_links)
    position = min(position, len(events))
    with ledger_of(events[:position]) as then, ledger_of(events) as now:
        last = then[1].position()  # a body that came twice has one position
        assert everything(tally(*then, last, at)) == everything(tally(*now, last, at))


@laws
@given(histories(), links, moments, st.integers(-30, 60), st.integers(0, 60))
def test_the_buckets_between_two_counts_add_up_to_their_difference(
    bodies: list[bytes], told_links: list[tuple[bool, list[str]]], at: Any, begins: int, lasts: int
) -> None:
    first = MONDAY + timedelta(hours=begins)
    period = Period(microseconds(first), microseconds(first + timedelta(hours=lasts)))
    with ledger_of(with_links(bodies, told_links)) as (found, ledger):
        for asked in (EVER, period):
            one = tally(found, ledger, ledger.position(), at, asked)
            for inner in one.definitions:
                if inner.within:
                    outer = one.definitions.get(inner.within)
                    between = list(one.between(outer, inner))

                    assert one.value(outer) - one.value(inner) == sum(bucket.value for bucket in between)
                    assert all(bucket.refs() for bucket in between)


@laws
@given(histories(), st.integers(-30, 60))
def test_periods_that_follow_each_other_share_what_has_a_time(bodies: list[bytes], hours: int) -> None:
    cut = microseconds(MONDAY + timedelta(hours=hours))
    with ledger_of(bodies) as (found, ledger):
        upto = ledger.position()
        parts = [tally(found, ledger, upto, None, one) for one in (Period(None, cut - 1_000_000), Period(cut, None))]
        whole = tally(found, ledger, upto)
        for name in ("N0", "N1"):
            count = whole.definitions.get(name)
            timed = [row["ref"] for row in whole.members(count) if row[count.when] is not None]
            assert sorted(timed) == sorted(row["ref"] for part in parts for row in part.members(count))


@laws
@given(histories(), st.sampled_from(["status", "in_custody", "facility", "left_while_active"]))
def test_the_groups_of_a_count_without_distinct_add_up_to_it(bodies: list[bytes], name: str) -> None:
    with ledger_of(bodies) as (found, ledger):
        one = tally(found, ledger, ledger.position())
        groups = list(one.counted([name]))
        for count in one.definitions:
            if count.of is Of.DETAINERS and not count.distinct:
                assert one.value(count) == sum(row["value"] for row in groups if row["id"] == count.id)


MINE = """schema: custody-counts/1
counts:
- id: G1
  label: notice-only forms
  of: detainers
  within: N1
  when: prepared
  where:
    form: [I-247G, I-247N]
  counted: x
  left_out: x
  whose_word: x
"""


def test_a_file_of_counts_adds_to_those_that_ship(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)

    assert "G1" == list(counts_with(path))[-1].id


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        (MINE.replace("form:", "colour:"), "bad_counts", "mine.yaml, line 9: counts.0.where.colour"),
        (MINE.replace("I-247N", "I-247M"), "bad_counts", "mine.yaml, line 9: counts.0.where.form"),
        (MINE.replace("G1", "N1"), "duplicate_count", "mine.yaml, line 3: counts.0"),
        (MINE.replace("label: notice-only forms", "label: &a x"), "bad_yaml", "mine.yaml, line 4"),
        ("counts: 5", "bad_counts", "mine.yaml, line 1: schema"),
        ("[]", "bad_counts", "mine.yaml, line 1: "),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, code: str, where: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)

    with pytest.raises(InputRefused) as refused:
        counts_with(path)

    assert (code, where) == (refused.value.code, refused.value.where)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"\xff\xfe")

    for name, code in (("nowhere.yaml", "unreadable"), ("latin.yaml", "bad_encoding")):
        with pytest.raises(InputRefused) as refused:
            counts_with(tmp_path / name)
        assert code == refused.value.code


def test_the_page_shows_a_file_that_is_valid_and_names_every_field(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/counts.md").read_text(encoding="utf-8")
    path = tmp_path / "page.yaml"
    path.write_text(page.partition("```yaml\n")[2].partition("```")[0], encoding="utf-8")

    assert ["N0", "N1", "G1"] == [one.id for one in counts_with(path).chain(counts_with(path).get("G1"))]
    assert [] == [name for of in Of for name in FIELDS[of] if f"`{name}`" not in page]
