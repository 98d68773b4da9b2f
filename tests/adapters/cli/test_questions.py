"""history, diff, since, late and hindsight: their keys, what they say, and how they refuse; the same from Python."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from adapters.cli.main import status
from adapters.composition import services
from adapters.questions.ask import open_questions
from adapters.store.ledger import Ledger, system_clock
from domain.envelope import admit
from domain.errors import InputRefused
from domain.events.episode import HoldPlaced, ReleasedToCommunity
from domain.events.instrument import RuleSuspendedByCourt
from domain.events.record import EventRetracted
from tests.builders import JAIL, MONDAY, SHERIFF, body, booked, released
from tests.kept import keep
from tests.spots import Spot

HOUR = timedelta(hours=1)
STORIES = Path(__file__).resolve().parents[3] / "deploy/stories.jsonl"
STORY = "mn-freeborn-jail.story-1"


@pytest.fixture
def told(path: Path) -> Path:
    """A booking, its release, and the retraction of that."""
    out = released(1, at=MONDAY + 9 * HOUR)
    back = body(EventRetracted, "r-1", correctionof=admit(out).envelope.id, reason="clerical")
    with closing(Ledger.create(path)) as ledger:
        ledger.append([admit(one) for one in (booked(1), out, back)], now=system_clock())
    return path


@pytest.mark.usefixtures("told")
def test_diff_names_the_row_before_and_after_and_the_events(custody) -> None:
    (change,) = custody("diff", 1, 2, "--model", "custody", "--json").json

    assert {"what", "before", "after", "events"} == set(change)
    assert {"model": "custody", "table": "custody", "ref": f"episode/{JAIL}.1"} == change["what"]
    assert (None, "2026-01-12T17:00:00-06:00") == (change["before"]["valid_to"], change["after"]["valid_to"])
    (event,) = change["events"]
    assert (2, "custody.released_to_community", SHERIFF) == (event["position"], event["type"], event["agency"])


@pytest.mark.usefixtures("told")
def test_diff_of_what_was_taken_back_is_empty_and_of_a_moment_tells_what_held_then(custody) -> None:
    assert [] == custody("diff", 1, 3, "--json").json
    assert [] == custody("diff", 1, 2, "--at", "2026-01-11", "--json").json
    assert [] == custody("diff", 1, 2, "--facility", "mn-cook-jail", "--json").json
    (gone,) = custody("diff", 1, 2, "--at", "2026-01-13", "--json").json
    assert gone["after"] is None
    assert "valid to: nothing became 2026-01-12T17:00:00-06:00" in custody("diff", 1, 2).out


@pytest.mark.usefixtures("told")
def test_history_has_both_clocks_and_as_known_earlier_nothing_of_later(custody) -> None:
    rows = custody("history", f"{JAIL}.1", "--model", "custody", "--json").json

    assert {"what", "valid_from", "valid_to", "known_from", "known_to", "row"} == set(rows[0])
    assert [(None, 1, 2), ("2026-01-12T17:00:00-06:00", 2, 3), (None, 3, None)] == [
        (row["valid_to"], row["known_from"], row["known_to"]) for row in rows
    ]
    assert [(1, None)] == [
        (row["known_from"], row["known_to"]) for row in custody("history", JAIL, "--known", 1, "--json").json
    ]
    assert 2 == len(custody("history", JAIL, "--at", "2026-01-13", "--model", "custody", "--json").json)
    assert "custody" in custody("history", f"episode/{JAIL}.1").out


@pytest.mark.usefixtures("told")
def test_since_gives_what_is_new_and_a_root_that_verify_takes(custody) -> None:
    news = custody("since", 1, "--json").json

    assert {"since", "position", "root", "events", "changes"} == set(news)
    assert ([2, 3], 3, []) == ([event["position"] for event in news["events"]], news["position"], news["changes"])
    assert 0 == custody("verify", "--size", news["position"], "--root", news["root"]).status
    assert f"position 3, root {news['root']}" in custody("since", 1).out


@pytest.mark.usefixtures("told")
def test_late_tells_the_ledger_from_the_source_and_lists_agencies_by_name(custody, path) -> None:
    ice = body(HoldPlaced, f"{JAIL}.1", agency="aa-agency", facility=JAIL, subject="s-1", hold="1", kind="immigration")
    with closing(Ledger.create(path)) as ledger:
        ledger.append([admit(ice)], now=system_clock())

    document = custody("late", "--over", "3d", "--json").json

    assert {"known", "over_minutes", "late", "agencies"} == set(document)
    assert (3 * 1440, ["aa-agency", SHERIFF]) == (
        document["over_minutes"],
        [one["agency"] for one in document["agencies"]],
    )
    assert [None] * 3 == [one["by_source"] for one in document["late"]]
    assert all(one["in_ledger"]["exact"] and one["in_ledger"]["minutes"] > 3 * 1440 for one in document["late"])
    assert [4] == [one["position"] for one in custody("late", "--agency", "aa-agency", "--json").json["late"]]
    assert "3 reports more than 72 h after" in custody("late", "--over", "72h").out


def test_hindsight_names_the_event_that_made_a_determination_another(custody, path) -> None:
    custody("import", "events", STORIES)
    assert [] == custody("hindsight", "--json").json
    stop = body(
        RuleSuspendedByCourt, "i-1", agency="mn-courts", rule="MN-287G-FREEBORN-WSO", court="District Court", at=MONDAY
    )
    with closing(Ledger.create(path)) as ledger:
        ledger.append([admit(stop)], now=system_clock())

    rows = custody("hindsight", STORY, "--json").json

    assert {
        "ref",
        "facility",
        "decision_point",
        "at",
        "moment",
        "then",
        "now",
        "rules_then",
        "rules_now",
        "events",
    } == set(rows[0])
    (notice,) = rows
    assert ("mn-freeborn-jail", "release_notice") == (notice["facility"], notice["decision_point"])
    assert (5, "undetermined", "no_rule") == (notice["moment"], notice["then"], notice["now"])
    assert [("rule.suspended_by_court", "mn-courts", 23)] == [
        (event["type"], event["agency"], event["position"]) for event in notice["events"]
    ]
    assert rows == custody("hindsight", "--facility", "mn-freeborn-jail", "--json").json
    assert [] == custody("hindsight", "--facility", "mn-cook-jail", "--json").json
    assert [] == custody("hindsight", "--until", "2026-01-01", "--json").json
    assert [] == custody("hindsight", "--known", 22, "--json").json
    assert "rule.suspended_by_court of mn-courts (position 23)" in " ".join(custody("hindsight").out.split())


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize("command", ["handoffs", "pickups", "notices", "detainers"])
def test_every_list_takes_a_moment_and_a_position(custody, command) -> None:
    custody("import", "events", STORIES)
    columns = {"handoffs": "said", "pickups": "outcome", "notices": "outcome", "detainers": "status"}

    now = custody(command, "--json").json
    early = custody(command, "--at", "2026-01-17T12:00", "--json").json

    assert [] == custody(command, "--at", "2026-01-01", "--json").json
    assert [] == custody(command, "--known", 2, "--json").json
    assert early
    assert len(early) <= len(now)
    assert {columns[command]} <= set(early[0])
    if command == "handoffs":
        assert (["no_transfer"], ["agreed"]) == ([row["status"] for row in early], [row["status"] for row in now])


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["history", "nobody"], "unknown_reference"),
        (["history", f"agreement/{JAIL}"], "unknown_reference"),
        (["history", JAIL, "--model", "weather"], "unknown_read_model"),
        (["diff", 1, 9], "unknown_position"),
        (["diff", 1, 2, "--facility", "mn-fribourg-jail"], "unknown_facility"),
        (["since", 9], "unknown_position"),
        (["since", "soon"], "usage"),
        (["late", "--over", "soon"], "usage"),
        (["late", "--agency", "nobody"], "unknown_agency"),
        (["hindsight", "nobody"], "unknown_reference"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_code(custody, command, code) -> None:
    ran = custody(*command, "--json")

    assert (2, code) == (ran.status, ran.json["error"]["code"])


def test_python_gives_on_every_backend_what_the_command_prints(
    spot: Spot, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with closing(spot.ledger()) as ledger:
        ledger.append([admit(line) for line in STORIES.read_bytes().splitlines()], now=system_clock())
    address = getattr(spot, "address", str(spot.place))

    def printed(*words: str) -> object:
        assert 0 == status(["--ledger", address, *words, "--json"])
        return orjson.loads(capfdbinary.readouterr().out)

    with open_questions(address) as ask:
        at = "2026-01-17T12:00"
        asked: dict[tuple[str, ...], Callable[[], object]] = {
            ("state", "mn-freeborn-jail", "--at", at): lambda: ask.state("mn-freeborn-jail", at=at).as_json(),
            ("history", STORY): lambda: [one.as_json() for one in ask.history(STORY)],
            ("diff", "3", "20"): lambda: [one.as_json() for one in ask.diff(3, 20)],
            ("since", "20"): lambda: ask.since(20).as_json(),
            ("late", "--known", "9"): lambda: ask.late(known=9).as_json(),
            ("hindsight",): lambda: [one.as_json() for one in ask.hindsight()],
        }
        for words, answer in asked.items():
            assert printed(*words) == answer(), words
        assert ["scheduled"] == [row["outcome"] for row in ask.rows("pickups", known=10, facility="mn-freeborn-jail")]
        assert ask.rows("holds", at=at)
        assert sum(1 for _ in ask.determinations(STORY)) > 5


def test_who_is_there_is_the_same_with_and_without_kept_models_where_an_episode_names_another_facility(
    spot: Spot,
) -> None:
    elsewhere = {"facility": "mn-cook-jail", "subject": "s-1"}
    told = [booked(1), body(ReleasedToCommunity, f"{JAIL}.1", at=MONDAY + 9 * HOUR, **elsewhere)]
    with closing(spot.ledger()) as ledger:
        ledger.append([admit(one) for one in told], now=system_clock())
        with open_questions(getattr(spot, "address", str(spot.place))) as ask:
            moments = [MONDAY + HOUR, MONDAY + 12 * HOUR]
            folded = [ask.state(JAIL, at=moment).as_json() for moment in moments]
            keep(services(spot.place).models(), ledger, "custody")

            assert folded == [ask.state(JAIL, at=moment).as_json() for moment in moments]
            assert [1, 0] == [state["count"] for state in folded]


def test_python_refuses_what_it_cannot_read(told: Path) -> None:
    with open_questions(told) as ask:
        for call, code in (
            (lambda: ask.state(JAIL, at="soon"), "bad_time"),
            (lambda: ask.state(JAIL, at=MONDAY.replace(tzinfo=None)), "bad_time"),
            (lambda: ask.rows("weather"), "unknown_table"),
            (lambda: ask.late(known=9), "unknown_position"),
            (lambda: ask.late(known="soon"), "bad_time"),
        ):
            with pytest.raises(InputRefused) as refused:
                call()
            assert code == refused.value.code
