"""One person under several pseudonyms: links join, an undone link joins nothing."""

from __future__ import annotations

from domain.events.record import IdentityLinked, IdentityUnlinked
from projections.persons import Persons
from tests.builders import body, recorded


def link(first: str, second: str) -> bytes:
    return body(IdentityLinked, "r", subject=first, same_as=second)


def test_links_join_through_others_whatever_their_order() -> None:
    for links in ((link("a", "b"), link("c", "b")), (link("b", "c"), link("b", "a"))):
        persons = Persons(recorded(*links))

        assert ["a", "a", "a", "x"] == [persons.one(subject) for subject in "abcx"]
        assert {"b", "c"} == set(persons.others)


def test_a_link_that_was_undone_joins_nothing_until_it_is_made_again() -> None:
    undone = body(IdentityUnlinked, "r", subject="b", same_as="a")

    assert "b" == Persons(recorded(link("a", "b"), undone)).one("b")
    assert "a" == Persons(recorded(link("a", "b"), undone, body(IdentityLinked, "s", subject="a", same_as="b"))).one(
        "b"
    )
