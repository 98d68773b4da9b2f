"""Who is told what, and that it is recorded first."""

from __future__ import annotations

import httpx
import pytest

from tests.adapters.http.reading.conftest import FREEBORN, SHERIFF, STORY, Ask
from tests.serving import PATIENCE_SECONDS, serving

AT = "2026-01-17T12:00"
OPEN = [
    "facilities",
    "tables",
    "counts/definitions",
    "agreements",
    "tree",
    "rules",
    "rules/MN-631.50",
    "rules/packs",
    "rules/differences?before=us&after=us-mn",
    f"rules/coverage?facility={FREEBORN}",
    f"rules/coverage/history?facility={FREEBORN}",
]
FIGURES = ["counts", "events/live"]
PERSONS = [
    f"facilities/{FREEBORN}/state",
    "tables/custody",
    "handoffs",
    f"trail?ref={STORY}",
    f"explain?ref={STORY}",
    f"determinations?ref={STORY}",
    f"history?ref={STORY}",
    "diff?before=1",
    "since?after=1",
    "late",
    f"hindsight?ref={STORY}",
    "findings",
    "findings/nothing",
    "overholds",
    "duties",
    "counts/N0/rows",
    "claims",
    f"whatif?facility={FREEBORN}",
]
LOG = ["events", "events/1"]


@pytest.mark.parametrize("path", OPEN)
def test_what_is_about_nobody_is_told_to_everybody_and_not_recorded(ask: Ask, read, path: str) -> None:
    before = len(read())

    assert 200 == ask(path, "public").status_code
    assert before == len(read())


@pytest.mark.parametrize("path", [*FIGURES, *PERSONS, *LOG])
def test_the_public_is_told_of_nobody(ask: Ask, read, path: str) -> None:
    before = len(read())
    answered = ask(path, "public")

    assert (401, "token_needed", "Bearer") == (
        answered.status_code,
        answered.json()["code"],
        answered.headers["www-authenticate"],
    )
    assert before == len(read())


@pytest.mark.parametrize("path", LOG)
@pytest.mark.parametrize("role", ["oversight", "publisher"])
def test_the_events_themselves_are_for_auditors(ask: Ask, role: str, path: str) -> None:
    answered = ask(path, role)

    assert (403, "role_not_allowed") == (answered.status_code, answered.json()["code"])


@pytest.mark.parametrize("role", ["revoked", "never-granted"])
def test_a_token_that_is_not_good_opens_nothing_not_even_what_the_public_sees(ask: Ask, role: str) -> None:
    for path in ("tree", "handoffs"):
        answered = ask(path, role)
        assert (401, "unknown_token") == (answered.status_code, answered.json()["code"])


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "é".encode()])
def test_a_header_that_is_no_bearers_opens_nothing(served, header) -> None:
    answered = httpx.get(f"{served.address}/v1/tree", headers={"Authorization": header}, timeout=PATIENCE_SECONDS)

    assert (401, "unknown_token") == (answered.status_code, answered.json()["code"])


@pytest.mark.parametrize("path", [path for path in PERSONS if path != "findings/nothing"])
def test_what_is_told_of_persons_is_recorded_once_with_reader_role_purpose_and_question(
    ask: Ask, read, path: str
) -> None:
    before = len(read())

    answered = ask(path, "oversight")

    assert 200 == answered.status_code
    (disclosed,) = read()[before:]
    assert ("house-research", "oversight", "a test") == tuple(disclosed[name] for name in ("reader", "role", "purpose"))
    assert f"/v1/{path.partition('?')[0]}" == disclosed["question"].partition("?")[0]
    assert f"known={answered.headers['etag'][1:].partition('-')[0]}" in disclosed["question"]


def test_reading_changes_no_answer_and_not_what_is_known(ask: Ask) -> None:
    first, second = ask("tables/custody", size=3), ask("tables/custody", size=3)

    assert first.json() == second.json()
    assert first.headers["etag"] == second.headers["etag"]


def test_what_is_refused_or_not_found_is_not_recorded(ask: Ask, read) -> None:
    before = len(read())
    for question in ("trail", "explain", "determinations", "history"):
        answered = ask(question, ref="nothing")
        assert (404, "unknown_reference") == (answered.status_code, answered.json()["code"])
    ask("facilities/nowhere/state")
    ask("findings/nothing")

    assert before == len(read())


@pytest.mark.parametrize(
    "path",
    [
        f"facilities/{FREEBORN}/state",
        f"tables/custody?facility={FREEBORN}",
        f"trail?ref={STORY}",
        f"explain?ref={STORY}",
        f"determinations?ref={STORY}",
        f"history?ref={STORY}",
        f"history?ref={FREEBORN}",
        f"duties?agency={SHERIFF}",
        f"late?agency={SHERIFF}",
        f"counts?facility={FREEBORN}",
        f"whatif?facility={FREEBORN}",
    ],
)
def test_a_publisher_is_told_of_its_own_facilities(ask: Ask, path: str) -> None:
    assert 200 == ask(path, "publisher").status_code


@pytest.mark.parametrize(
    "path",
    [
        "facilities/mn-cook-jail/state",
        "tables/custody",
        "tables/custody?facility=mn-cook-jail",
        "trail?ref=mn-cook-jail.story-2",
        "explain?ref=mn-cook-jail.story-2",
        "determinations?ref=mn-cook-jail.story-2",
        "history?ref=mn-cook-jail",
        "history?ref=mn-cook-jail.story-2",
        "duties",
        "duties?agency=mn-cook-sheriff",
        "late",
        "since?after=1",
        "diff?before=1",
        "findings",
        "hindsight",
        "counts",
        "claims",
        "counts/N0/rows",
        "overholds",
        "handoffs",
        "whatif?facility=mn-cook-jail",
    ],
)
def test_a_publisher_is_told_of_no_others(ask: Ask, read, path: str) -> None:
    before = len(read())
    answered = ask(path, "publisher")

    assert (403, "facility_not_the_readers") == (answered.status_code, answered.json()["code"])
    assert before == len(read())


def test_a_server_opens_as_another_role_on_this_machine_alone(place, custody_status) -> None:
    with serving(str(place), "--open-as", "oversight") as opened:
        assert 200 == httpx.get(f"{opened.address}/v1/handoffs", timeout=PATIENCE_SECONDS).status_code
        assert 403 == httpx.get(f"{opened.address}/v1/events", timeout=PATIENCE_SECONDS).status_code

    assert 2 == custody_status("serve", "--open-as", "auditor", "--host", "jail.example")


@pytest.fixture
def custody_status(place):
    from adapters.cli.main import status

    return lambda *arguments: status(["--ledger", str(place), *arguments])
