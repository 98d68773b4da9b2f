"""The pages over HTTP: what URL they have, what they tell whom, and what is recorded of that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from adapters.access import grant
from adapters.cli.main import status
from adapters.questions.ask import open_questions
from adapters.questions.knowledge import moment_of
from adapters.store.ledger import Ledger, system_clock
from adapters.store.place import ledger_place
from domain.events.record import AccessDisclosed, Role
from tests.adapters.web.copies import copied
from tests.builders import booked
from tests.serving import PATIENCE_SECONDS, Served, serving

AT = "2026-01-25T12:00:00-06:00"
HELD = "episode/mn-freeborn-jail.story-1"
EPISODE = re.compile(r"mn-[a-z-]+-jail\.2026-\d+")
PATHS = (
    "/",
    "/facilities/mn-freeborn-jail",
    f"/cases/{HELD}",
    f"/determinations/hold_past_release/{HELD}",
    "/claims",
    "/findings?facility=mn-freeborn-jail",
    "/rules",
    "/whatif?facility=mn-freeborn-jail&fact=agreement_wso&value=no",
    "/public",
)


@pytest.fixture(scope="module")
def client(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.address, follow_redirects=True, timeout=PATIENCE_SECONDS) as opened:
        yield opened


def read(client: httpx.Client, path: str, **parameters: str) -> httpx.Response:
    return client.get(path, params={"at": AT, **parameters} if "?" not in path else None)


def test_a_url_that_leaves_a_clock_open_leads_to_the_one_to_cite(client: httpx.Client) -> None:
    first = client.get("/facilities/mn-cass-jail", follow_redirects=False)
    position = open_position(client)

    assert first.status_code == 303
    assert re.search(r"\?at=\d{4}-[^&]+&known=\d+$", first.headers["location"])
    assert first.headers["location"].endswith(f"known={position}")
    assert client.get(first.headers["location"], follow_redirects=False).status_code == 200


def open_position(client: httpx.Client) -> int:
    return int(client.get("/rules", follow_redirects=True).url.params["known"])


def test_what_a_page_showed_it_shows_after_more_has_been_recorded(tmp_path: Path, ledger: str) -> None:
    copy = copied(ledger, tmp_path)
    with (
        serving(copy, "--open-as", "oversight") as served,
        httpx.Client(base_url=served.address, timeout=PATIENCE_SECONDS) as client,
    ):
        cited = [str(client.get(path, follow_redirects=True).url) for path in PATHS]
        before = [client.get(url).text for url in cited]
        events = tmp_path / "events.jsonl"
        events.write_bytes(b"".join(booked(n, facility="mn-freeborn-jail") + b"\n" for n in range(50)))
        assert status(["--ledger", copy, "import", "events", str(events)]) == 0

        assert open_position(client) > int(httpx.URL(cited[0]).params["known"])
        assert [client.get(url).text for url in cited] == before


@pytest.mark.parametrize("path", PATHS)
def test_a_page_holds_no_script_or_style_of_its_own_and_sets_no_cookie(client: httpx.Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=\"/static/)", answer.text)


def test_the_public_reads_rules_and_nobody_s_case(public: Served) -> None:
    with httpx.Client(base_url=public.address, follow_redirects=True, timeout=PATIENCE_SECONDS) as client:
        facility = read(client, "/facilities/mn-hennepin-jail")
        refused = {path: client.get(path).status_code for path in PATHS[2:6]}

        assert "MN-HENNEPIN-2021" in facility.text
        assert not EPISODE.search(facility.text)
        assert set(refused.values()) == {401}
        assert "whoever runs the ledger grants it" in client.get("/claims").text


def test_what_is_shown_of_persons_is_recorded_first_and_changes_no_answer(ledger: str, client: httpx.Client) -> None:
    before = open_position(client)

    read(client, f"/cases/{HELD}")

    opened = Ledger.open_to_read(ledger_place(ledger))
    told = [event.data for event in opened.recorded(topics=(AccessDisclosed.TYPE,))]
    opened.close()
    assert (told[-1].role, told[-1].target) == ("oversight", "case")
    assert open_position(client) == before


def disclosed(ledger: str) -> int:
    opened = Ledger.open_to_read(ledger_place(ledger))
    found = sum(1 for _ in opened.recorded(topics=(AccessDisclosed.TYPE,)))
    opened.close()
    return found


def test_a_page_shown_again_is_the_same_and_recorded_again_but_not_where_the_reader_has_it(
    ledger: str, client: httpx.Client
) -> None:
    url = str(read(client, f"/cases/{HELD}").url)
    before = disclosed(ledger)

    again = client.get(url)
    assert disclosed(ledger) == before + 1
    assert again.headers["cache-control"] == "private, no-cache"

    had = client.get(url, headers={"If-None-Match": again.headers["etag"]})
    assert (had.status_code, had.content) == (304, b"")
    assert disclosed(ledger) == before + 1
    assert client.get(url, headers={"If-None-Match": '"other"'}).content == again.content


def test_what_was_made_for_one_reader_is_not_shown_to_another(tmp_path: Path, ledger: str) -> None:
    copy = copied(ledger, tmp_path)
    token = token_for_oversight(copy)
    with serving(copy, "--open-as", "public") as served, httpx.Client(base_url=served.address) as client:
        url = str(client.get("/facilities/mn-hennepin-jail", params={"at": AT}, follow_redirects=True).url)
        told = client.get(url, headers={"Authorization": f"Bearer {token}"})
        untold = client.get(url)

    assert EPISODE.search(told.text)
    assert not EPISODE.search(untold.text)
    assert untold.headers["cache-control"].startswith("public")
    assert told.headers["vary"] == untold.headers["vary"] == "Authorization"


def token_for_oversight(ledger: str) -> str:
    with closing(Ledger.open_to_write(ledger_place(ledger))) as opened:
        return grant(opened, "house-research", Role.OVERSIGHT, "a test", system_clock()).token


def test_the_lists_of_a_facility_go_on_and_each_part_has_a_url(client: httpx.Client) -> None:
    path = "/facilities/mn-hennepin-jail"
    first = read(client, path).text
    onward = re.search(r'href="([^"#]+listed=custody[^"#]*)#custody"', first)
    assert onward
    second = client.get(onward.group(1).replace("&amp;", "&")).text

    listed = [EPISODE.findall(page.partition("<tbody>")[2].partition("</tbody>")[0]) for page in (first, second)]
    assert all(listed)
    assert not set(listed[0]) & set(listed[1])


def test_the_cases_a_facilitys_findings_are_of_go_on_to_the_first(ledger: str, client: httpx.Client) -> None:
    page, asked = client.get("/findings", params={"facility": "mn-ramsey-jail", "at": AT}).text, 0
    while page:
        (count,) = re.findall(r"in (\d+) cases? that had begun", page)
        asked += int(count)
        onward = re.search(r'href="([^"]+)">Further cases', page)
        page = client.get(onward.group(1).replace("&amp;", "&")).text if onward else ""

    with open_questions(ledger) as questions:
        rows = questions.rows("custody", facility="mn-ramsey-jail")
    begun = {row["episode"] for row in rows if moment_of(row["valid_from"]) <= moment_of(AT)}
    assert asked == len(begun) > 15


@pytest.mark.parametrize(
    ("at", "handoff", "pickup"),
    [
        ("2026-01-17T10:00:00-06:00", None, "scheduled"),
        ("2026-01-18T09:30:00-06:00", "one sided", "no show"),
        (AT, "agreed", "no show"),
    ],
)
def test_as_of_a_moment_a_facility_tells_of_no_later_word(
    client: httpx.Client, at: str, handoff: str | None, pickup: str
) -> None:
    page = client.get("/facilities/mn-freeborn-jail", params={"at": at}).text

    rows = re.findall(r"<tr><th[^>]*><a[^>]*>story-h1</a>.*?<strong>([^<]+)</strong>", page, re.DOTALL)
    assert rows == [word for word in (handoff, pickup) if word]


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("/facilities/nowhere", 422, "nowhere"),
        ("/no/such/page", 404, "Not Found"),
        ("/cases/episode/nobody", 404, "no event mentions"),
        (f"/determinations/house_for_ice/{HELD}", 404, "did not arise"),
        ("/?point=nonsense", 400, "point"),
        ("/rules?at=yesterday", 400, "is not a date"),
        ("/rules?known=99999999", 400, "the ledger ends"),
        ("/rules?before=pyproject.toml&after=us-mn", 422, "no pack that is offered here"),
        ("/whatif?facility=mn-cass-jail&fact=agreement_wso&value=perhaps", 422, "agreement_wso"),
        ("/whatif?facility=mn-cass-jail&pack=README.md", 422, "no pack that is offered here"),
    ],
)
def test_what_cannot_be_shown_is_said_as_a_page_with_what_to_do(
    client: httpx.Client, path: str, code: int, says: str
) -> None:
    answer = client.get(path, headers={"Accept": "text/html"})

    assert answer.headers["content-type"].startswith("text/html")
    assert says in answer.text
    assert "What to do" in answer.text
    assert answer.status_code == code


def test_a_case_is_found_by_its_bare_id(client: httpx.Client) -> None:
    found = client.get("/cases", params={"ref": "mn-freeborn-jail.story-1"})

    assert found.url.path == f"/cases/{HELD}"


def test_as_of_an_earlier_moment_a_case_tells_no_more_than_had_happened(client: httpx.Client) -> None:
    whole = read(client, f"/cases/{HELD}").text
    early = client.get(f"/cases/{HELD}", params={"at": "2026-01-15T12:00:00-06:00"}).text

    assert "pickup no show" in whole
    assert "pickup no show" not in early
    assert "detainer received" in early


def test_the_registry_says_which_packs_ship_and_are_not_published(client: httpx.Client) -> None:
    page = read(client, "/rules").text
    before = client.get("/rules", params={"at": AT, "known": "1"}).text

    shipped = [re.findall(r"<li>(us\S*) ", one.partition("not published by then")[2]) for one in (page, before)]
    assert "us-tx" in shipped[0]
    assert {"us", "us-mn"} == {*shipped[1]} - {*shipped[0]}


def test_nobody_s_words_become_markup(client: httpx.Client) -> None:
    answer = client.get("/facilities/%3Cimg src=x%3E")

    assert "<img" not in answer.text
    assert "&lt;img" in answer.text
