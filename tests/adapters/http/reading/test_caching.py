"""What caches are told: an answer known at a position never changes."""

from __future__ import annotations

from contextlib import closing

from adapters.store.ledger import Ledger, system_clock
from domain.envelope import admit
from tests.adapters.http.reading.conftest import FREEBORN, Ask
from tests.builders import booked

FOR_EVER = "max-age=31536000, immutable"


def canonical(answered) -> str:
    return answered.headers["link"].partition(">")[0].removeprefix("<")


def test_who_has_the_answer_is_told_so_and_nothing_is_recorded(ask: Ask, read) -> None:
    etag = ask("tables/holds").headers["etag"]
    before = len(read())

    again = ask("tables/holds", headers={"If-None-Match": f'W/"other", {etag}'})

    assert (304, b"") == (again.status_code, again.content)
    assert etag == again.headers["etag"]
    assert before == len(read())
    assert 200 == ask("tables/holds", headers={"If-None-Match": '"other"'}).status_code
    assert 401 == ask("tables/holds", "public", headers={"If-None-Match": etag}).status_code


def test_an_etag_is_that_of_a_question_in_one_form(ask: Ask) -> None:
    as_json, as_csv = (ask("tables/holds", headers={"Accept": one}) for one in ("application/json", "text/csv"))
    other = ask("tables/holds", size=3)

    assert 3 == len({answered.headers["etag"] for answered in (as_json, as_csv, other)})


def test_the_canonical_url_gives_the_same_after_more_is_known_and_may_be_kept_for_ever(ask: Ask, place) -> None:
    before = ask(f"facilities/{FREEBORN}/state")
    assert "private, no-cache" == before.headers["cache-control"]

    with closing(Ledger.open_to_write(place)) as ledger:
        ledger.append([admit(booked(900, facility=FREEBORN))], now=system_clock())

    again = ask(canonical(before))
    assert before.json() == again.json()
    assert f"private, {FOR_EVER}" == again.headers["cache-control"]
    assert before.json()["count"] + 1 == ask(f"facilities/{FREEBORN}/state").json()["count"]
    assert canonical(before) == canonical(again)


def test_what_goes_by_the_present_moment_is_not_kept_even_where_the_position_is_given(ask: Ask) -> None:
    assert "private, no-cache" == ask("duties", known=20).headers["cache-control"]
    assert f"private, {FOR_EVER}" == ask("duties", known=20, at="2026-01-20").headers["cache-control"]
    assert f"public, {FOR_EVER}" == ask("tree", "public", known=20).headers["cache-control"]
    assert "public, no-cache" == ask("tree", "public").headers["cache-control"]


def test_answers_run_nothing_frame_nowhere_and_set_no_cookie(ask: Ask) -> None:
    for answered in (ask("tree"), ask("handoffs", "public"), ask("nowhere")):
        assert "default-src 'none'; frame-ancestors 'none'" == answered.headers["content-security-policy"]
        assert "nosniff" == answered.headers["x-content-type-options"]
        assert "no-referrer" == answered.headers["referrer-policy"]
        assert "set-cookie" not in answered.headers
