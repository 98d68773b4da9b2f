"""Pages that were made are kept up to so many bytes; those asked for longest ago go first."""

from __future__ import annotations

from adapters.web.made_pages import MadePage, MadePages


def test_what_was_asked_for_longest_ago_goes_first_and_a_page_counts_once() -> None:
    pages = MadePages(bytes_kept=10)
    for key in "ab":
        pages.keep(key, MadePage(b"12345", ""))
    pages.keep("a", MadePage(b"1234", "case"))
    pages.get("b")

    pages.keep("c", MadePage(b"12", ""))

    assert [True, False, False] == [pages.get(key) is None for key in "abc"]
    assert MadePage(b"12345", "") == pages.get("b")


def test_a_page_larger_than_all_that_is_kept_is_not() -> None:
    pages = MadePages(bytes_kept=3)
    pages.keep("a", MadePage(b"1234", ""))

    assert pages.get("a") is None
