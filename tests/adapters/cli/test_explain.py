"""`custody explain`: text, page and JSON of the decisions of a case, also of one that means harm."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from domain.events import detainer, episode, handoff
from tests.builders import body
from tests.projections.test_decisions import Case

FREEBORN = Case("mn-freeborn-jail")
POINTS = [
    "release_notice",
    "hold_past_release",
    "hand_over",
    "issue_detainer",
    "serve_admin_warrant",
    "post_transfer_hold",
    "publish_handoff",
]
HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>\"'><img src=//evil.example/x onerror=x>"
    "{{7*7}}\u202e\nSTATUS: required"
)


@pytest.fixture
def story(custody, tmp_path) -> str:
    """A person held past release in Freeborn, then handed over; return the episode's reference."""
    file = tmp_path / "e.jsonl"
    notice = FREEBORN.handoff(
        handoff.ReleaseNoticeSent,
        -7,
        to_agency="us-ice",
        decision_basis="written_policy",
        cited_rules=[{"rule": "MN-HENNEPIN-2021", "cited_by_role": "jail administrator"}],
    )
    events = [
        FREEBORN.form(),
        notice,
        FREEBORN.hold(hold_text=HOSTILE),
        FREEBORN.eligible(),
        FREEBORN.served(),
        FREEBORN.episode(episode.ReleasedToAgency, 30, to_agency="us-ice", legal_basis=HOSTILE),
    ]
    file.write_bytes(b"".join(one + b"\n" for one in events))
    custody("import", "events", file)
    return "episode/e-1"


class Page(HTMLParser):
    """What a page is made of: its tags with their attributes, its headings, its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def pack_file(folder: Path, **changes: str) -> Path:
    """Write a small pack whose one rule asks for a hold."""
    words = {"citation": "somewhere", "effect": "hold", **changes}
    lines = [
        "schema: custody-rules/1",
        "pack: mine",
        "version: '1'",
        "jurisdiction: US-MN",
        "zone: America/Chicago",
        "vocabulary: custody-facts/1",
        "interpretation: {author: a test, basis: made up}",
        "ranks: [statute]",
        "rules:",
        "- id: MINE",
        *(f"  {key}: {value}" for key, value in words.items()),
        "  authority: a test",
        "  bindingness: statute",
        "  decision_points: [hold_past_release]",
        "  modality: obligation",
        "  in_force: {from: null, to: null}",
        "  verified: memory",
        "  scope: {applies_to: everybody}",
        "tests:",
        "- {name: t, at: '2026-01-20', decision_point: hold_past_release, facts: {},",
        "   expect: {status: required, stands: [MINE]}}",
    ]
    file = folder / "mine.yaml"
    file.write_text("\n".join(lines).replace("at: '2026-01-20'", "at: '2026-01-20T12:00:00-06:00'"))
    return file


def test_json_is_a_list_with_one_object_for_each_point_that_arose(custody, story) -> None:
    ran = custody("explain", story, "--json")

    assert ran.status == 0
    assert sorted(POINTS) == sorted(one["decision_point"] for one in ran.json)
    assert {story} == {one["ref"] for one in ran.json}
    assert {6} == {one["known"] for one in ran.json}


def test_json_of_one_decision_point_is_one_object_and_agrees_with_the_trail(custody, story) -> None:
    hold = custody("explain", story, "--decision-point", "hold_past_release", "--json").json
    trail = custody("trail", story, "--json").json["decisions"]

    told = next(one for one in trail if one["decision_point"] == "hold_past_release")
    assert (hold["status"], hold["missing"], hold["facts"]) == (told["status"], told["missing"], told["facts"])
    assert (hold["pack"]["digest"], hold["facts_digest"]) == (told["pack_digest"], told["facts_digest"])
    assert {one["id"] for one in hold["rules"]} == {one["id"] for one in told["rules"]}


def test_a_point_that_did_not_arise_is_an_error_that_names_those_that_did(custody, story) -> None:
    ran = custody("explain", story, "--decision-point", "commitment_notice", "--json")

    assert (2, "point_not_arisen") == (ran.status, ran.json["error"]["code"])
    assert all(point in ran.json["error"]["mend"] for point in POINTS)


def test_a_case_in_which_nothing_arose_says_so_in_every_form(custody, tmp_path) -> None:
    file = tmp_path / "e.jsonl"
    file.write_bytes(FREEBORN.episode(episode.SubjectBooked, 0) + b"\n")
    custody("import", "events", file)

    words = "No decision point has arisen in episode/e-1."
    assert words in custody("explain", "e-1").out
    assert words in custody("explain", "e-1", "--format", "html").out
    assert [] == custody("explain", "e-1", "--json").json


def test_a_past_view_does_not_change_when_more_becomes_known(custody, story) -> None:
    before = custody("explain", story, "--known", 5, "--decision-point", "hold_past_release")

    assert "positions 1 to 5 of the ledger" in " ".join(before.out.split())
    assert "released to agency" not in before.out
    assert "released to agency" in custody("explain", story, "--decision-point", "hold_past_release").out


def test_text_begins_with_the_answer_and_keeps_to_eighty_columns_in_a_pipe(custody, story) -> None:
    lines = custody("explain", story, "--decision-point", "hold_past_release").out.splitlines()

    assert lines[:2] == ["HOLD PAST RELEASE: UNDETERMINED", story]
    assert lines[3].startswith("At hold past release, on Friday 2026-01-16, 17:00 CST, the status for")
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line != line.rstrip()]


def test_text_tells_its_parts_in_the_order_a_reader_asks(custody, story) -> None:
    out = custody("explain", story, "--decision-point", "hold_past_release").out

    parts = ["Rules that stand", "What is not known", "Clocks of", "What agencies cited", "What this rests on"]
    places = [out.index(part) for part in parts]
    assert places == sorted(places)
    assert "Known        positions 1 to 6 of the ledger" in out
    assert "It decides" in out


def test_a_cited_rule_is_recorded_under_and_never_judged(custody, story) -> None:
    out = " ".join(custody("explain", story, "--decision-point", "release_notice").out.split())

    assert "recorded under MN-HENNEPIN-2021, says Freeborn County Sheriff's Office (mn-freeborn-sheriff)" in out
    assert "it is not among the rules that speak here and then to this custodian" in out
    assert not re.search("unlawful|illegal|violat|sanctuary", out)


@pytest.mark.parametrize("command", ["explain", "trail"])
def test_no_word_of_an_event_can_steer_the_terminal_or_pose_as_a_line_of_ours(custody, story, command) -> None:
    out = custody(command, story).out

    assert "\\x1b[2J" in out.replace("\n", "")
    assert not [character for character in out if not character.isprintable() and character != "\n"]
    assert not [line for line in out.splitlines() if line.startswith("STATUS")]


def test_a_page_escapes_what_events_say_and_makes_no_request(custody, story) -> None:
    html = custody("explain", story, "--format", "html").out
    page = Page(html)

    assert html.startswith("<!doctype html>")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert not {"script", "img", "link", "iframe", "object", "form"} & {tag for tag, _ in page.tags}
    assert not [
        (t, a) for t, attributes in page.tags for a in attributes if a.startswith("on") or a in ("src", "style")
    ]
    assert all(str(link["href"]).startswith("#") for link in page.all("a"))
    assert not re.search(r"url\(|@import|\x1b|\u202e", html)
    assert "{{7*7}}" in html
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert str(policy).startswith("default-src 'none'")


def test_a_page_has_the_structure_that_a_screen_reader_needs(custody, story) -> None:
    page = Page(custody("explain", story, "--format", "html").out)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]

    assert page.all("html") == [{"lang": "en"}]
    assert [1] == [level for level in levels if level == 1]
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert all(len(page.all(landmark)) == 1 for landmark in ("header", "nav", "main", "footer", "title"))
    assert len(ids) == len(set(ids))
    assert {str(link["href"])[1:] for link in page.all("a")} <= set(ids)
    assert {attributes["aria-labelledby"] for attributes in page.all("article")} <= set(ids)
    assert all(cell.get("scope") in ("row", "col") for cell in page.all("th"))


def test_a_page_gives_local_time_with_its_zone_and_the_same_in_utc(custody, story) -> None:
    html = custody("explain", story, "--format", "html").out
    assert '<time datetime="2026-01-16T23:00:00Z">Friday 2026-01-16, 17:00 CST</time>' in html


def test_output_goes_to_a_new_file_and_never_over_one_that_is_there(custody, story, path, tmp_path) -> None:
    page = tmp_path / "page.html"

    written = custody("explain", story, "--format", "html", "-o", page)

    assert (0, "") == (written.status, written.out)
    assert page.read_text() == custody("explain", story, "--format", "html").out
    before = path.read_bytes()
    for there in (page, path):
        ran = custody("explain", story, "-o", there)
        assert 2 == ran.status
        assert "file_exists" in ran.err
    assert path.read_bytes() == before


@pytest.mark.parametrize("form", [("--json",), ()])
def test_text_and_json_go_to_a_file_too(custody, story, tmp_path, form) -> None:
    file = tmp_path / "out"
    custody("explain", story, *form, "-o", file)
    assert "hold" in file.read_text()
    assert file.read_text().endswith("\n")


def test_another_pack_gives_another_answer_with_its_own_name(custody, story, tmp_path) -> None:
    mine = pack_file(tmp_path, effect='"be \\e[31m bold <b>"')

    hold = custody("explain", story, "--pack", mine, "--decision-point", "hold_past_release", "--json").json
    text = custody("explain", story, "--pack", mine).out
    html = custody("explain", story, "--pack", mine, "--format", "html").out

    assert (hold["status"], hold["pack"]["id"]) == ("required", "mine")
    assert "be \\x1b[31m bold <b>" in text
    assert "be \\x1b[31m bold &lt;b&gt;" in html


def test_what_an_agency_said_it_would_do_is_shown_with_its_basis(custody, tmp_path) -> None:
    case = Case("mn-cook-jail")
    decided = case.episode(episode.ReleasedToCommunity, 1)
    response: dict[str, Any] = {"facility": case.facility, "episode": "e-1", "decision_basis": "none_written"}
    answered = body_of_response(case, **response)
    file = tmp_path / "e.jsonl"
    file.write_bytes(b"".join(one + b"\n" for one in (case.form(), answered, case.eligible(), decided)))
    custody("import", "events", file)

    out = custody("explain", "e-1", "--decision-point", "hand_over").out
    document = custody("explain", "e-1", "--decision-point", "hand_over", "--json").json

    assert "basis stated: no written policy" in out
    assert ["none_written"] == [response["basis"] for response in document["responses"]]


def body_of_response(case: Case, **data: Any) -> bytes:
    elements = {"will_hold": False, "will_notify": False}
    return body(detainer.DetainerResponseDecided, "d-1", at=case.at(-10), agency=case.agency, elements=elements, **data)


def test_json_and_a_page_exclude_each_other(custody, story) -> None:
    ran = custody("explain", story, "--json", "--format", "html")
    assert (2, "usage") == (ran.status, ran.json["error"]["code"])
