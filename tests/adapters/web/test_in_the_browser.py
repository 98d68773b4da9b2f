"""The pages as people meet them: in a browser, at three widths, with and without script, with the keyboard alone."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from adapters.cli.main import status
from tests.adapters.web.copies import copied
from tests.builders import booked
from tests.serving import Served, serving

AXE = (Path(__file__).parent / "data/axe.min.js").read_text()
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
WIDTHS = (360, 768, 1280)
AT = "2026-01-25"
HELD = "episode/mn-freeborn-jail.story-1"
PAGES = {
    "map": "/",
    "map of another point": "/?point=release_notice",
    "facility": "/facilities/mn-hennepin-jail",
    "facility with an agreement": "/facilities/mn-freeborn-jail",
    "case": f"/cases/{HELD}",
    "conflict": f"/determinations/hold_past_release/{HELD}",
    "claims": "/claims",
    "findings": "/findings?facility=mn-freeborn-jail",
    "rules": "/rules?before=us-mn&after=us",
    "rule": "/rules/MN-631.50",
    "what if": "/whatif?facility=mn-freeborn-jail&fact=agreement_wso&value=no",
    "public figures": "/public",
    "error": "/facilities/nowhere",
}


def opened(browser: Browser, server: Served, path: str, **context: object) -> Page:
    page = browser.new_context(**context).new_page()
    page.goto(server.address + path + ("&" if "?" in path else "?") + urlencode({"at": AT}))
    return page


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_page_meets_wcag_asks_nothing_of_others_and_fits_every_width(
    browser: Browser, server: Served, path: str
) -> None:
    page = browser.new_context().new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))

    response = page.goto(server.address + path + ("&" if "?" in path else "?") + urlencode({"at": AT}))

    assert response is not None
    page.evaluate(AXE)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", STANDARDS)
        assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in asked if not url.startswith(server.address)] == []
    assert [words for words in said if "status of 4" not in words] == []
    assert page.context.cookies() == []


def test_without_script_the_form_gives_the_map_of_another_point_and_month(browser: Browser, server: Served) -> None:
    page = opened(browser, server, "/", java_script_enabled=False)

    page.select_option("#point", "release_notice")
    page.locator("#month").fill("3")
    page.click("form.choose button >> nth=0")

    assert "Tell ICE of the release, as of Wed 30 Apr 2025" in page.inner_text("#answer-title")
    assert "point=release_notice" in page.url
    assert "known=" in page.url


def test_with_script_the_slider_exchanges_the_map_and_the_address_is_one_to_cite(
    browser: Browser, server: Served
) -> None:
    page = opened(browser, server, "/")

    page.focus("#month")
    page.keyboard.press("ArrowLeft")

    expect(page.locator("#answer-title")).to_contain_text("Wed 31 Dec 2025")
    expect(page).to_have_url(re.compile("at=2025-12-31"))
    assert "known=" in page.url
    assert "at=2025-12-31" in page.inner_text("#cite")


def test_the_table_says_what_the_map_says(browser: Browser, server: Served) -> None:
    page = opened(browser, server, "/?point=release_notice")

    drawn = page.eval_on_selector_all(
        ".map a", "all => all.map(one => one.getAttribute('aria-label').split(' County: '))"
    )
    listed = page.eval_on_selector_all(
        "#answer tbody tr",
        """rows => rows.flatMap(row => {
            const says = row.querySelector("th").innerText.split("(")[0].trim();
            return [...row.cells[1].querySelectorAll("a[href*='-jail?']")].map(one => [one.textContent, says]);
        })""",
    )

    assert len(drawn) == 87
    assert {(county, says) for county, says in drawn} <= {(county, says) for county, says in listed}


@pytest.mark.parametrize(
    ("story", "then", "shows"),
    [
        ("A no-show, told by both sides", None, "pickup no show"),
        ("A county with a warrant service officer agreement", None, "MN-287G-FREEBORN-WSO"),
        ("A county without a written policy", None, "MN-NONE"),
        ("Kept for 20 minutes to 6 hours", "#overholds ~ div a >> nth=0", "release eligible"),
        ("Kept while bail was refused", "#overholds ~ div a >> nth=0", "release eligible"),
        ("The largest county", "#handoffs ~ div a >> nth=0", "Who says so"),
        ("Handoffs from a state prison", "#handoffs ~ div a >> nth=0", "Who says so"),
        ("1,360 against 301", None, "1,360 against 301"),
    ],
)
def test_every_story_is_two_clicks_from_the_first_page(
    browser: Browser, server: Served, story: str, then: str | None, shows: str
) -> None:
    page = opened(browser, server, "/")

    page.click(f"text={story}")
    page.wait_for_load_state()
    if then:
        page.click(then)
        page.wait_for_load_state()  # the head of a page comes first

    assert shows in page.inner_text("main")


def test_the_keyboard_reaches_the_content_first_then_every_county(browser: Browser, server: Served) -> None:
    page = opened(browser, server, "/")

    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.innerText")
    page.focus(".map a >> nth=0")
    page.keyboard.press("Enter")
    page.wait_for_url("**/facilities/mn-aitkin-jail?**")

    assert first == "Skip to the content"
    assert page.inner_text("h1") == "Aitkin County Jail"


def test_on_paper_the_forms_are_left_out(browser: Browser, server: Served) -> None:
    page = opened(browser, server, "/")

    page.emulate_media(media="print")

    assert not page.is_visible("form.choose >> nth=0")
    assert page.is_visible("#answer")
    assert page.is_visible("#cite")


def test_a_page_says_once_that_the_ledger_has_grown_since_and_stays_as_it_is(
    browser: Browser, ledger: str, tmp_path: Path
) -> None:
    copy = copied(ledger, tmp_path)
    with serving(copy, "--open-as", "oversight") as served:
        opens, cited = (browser.new_context().new_page() for _ in range(2))
        opens.goto(f"{served.address}/facilities/mn-freeborn-jail")
        cited.goto(opens.url)
        before = opens.url, opens.inner_text("main")
        events = tmp_path / "events.jsonl"
        events.write_bytes(booked(1, facility="mn-freeborn-jail") + b"\n")

        assert opens.inner_text("#grown") == ""
        assert status(["--ledger", copy, "import", "events", str(events)]) == 0

        expect(opens.locator("#grown")).to_contain_text("The ledger has grown since this page was made.")
        assert (opens.url, opens.inner_text("main")) == before
        opens.evaluate(AXE)
        assert opens.evaluate("rules => axe.run(document, {runOnly: rules})", STANDARDS)["violations"] == []
        opens.click("text=Show this moment as known now")
        assert opens.url != before[0]
        assert parse_qs(urlsplit(opens.url).query)["at"] == parse_qs(urlsplit(before[0]).query)["at"]
        assert cited.inner_text("#grown") == ""


def test_without_leave_to_follow_nothing_tells_when_the_ledger_grows(browser: Browser, public: Served) -> None:
    page = opened(browser, public, "/")

    assert page.locator("#grown").count() == 0
    assert page.request.get(f"{public.address}/grown?after=1").status == 401
