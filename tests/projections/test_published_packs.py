"""Published packs: a text counts when all of it is there and has its digest."""

from __future__ import annotations

from domain.events.record import EventRetracted
from domain.instants import Instant
from domain.rules.publishing import REGISTRAR, part_events, publication_event
from domain.rules.rulebook import Rulebook, build_rulebook
from projections.amendments import AMENDING_TYPES, Amendments
from projections.published_packs import PublishedPacks
from tests.builders import MONDAY, body, recorded
from tests.domain.rules.small import ENGINE, book, pack, rule

LONG = book(rule("A", "request", note="x" * 1500), *(rule(f"B-{n}", "request", note="y" * 1900) for n in range(20)))
AT = Instant.exact(MONDAY)


def events(rulebook: Rulebook) -> list[bytes]:
    return [*part_events(rulebook), publication_event(rulebook, AT, None, None)]


def folded(*bodies: bytes) -> PublishedPacks:
    told = recorded(*bodies)
    amending = Amendments(event for event in told if event.type in AMENDING_TYPES)
    return PublishedPacks(amending.apply(told))


def test_the_parts_joined_in_order_give_the_text() -> None:
    *parts, published = events(LONG)
    assert len(parts) > 2
    found = folded(*reversed(parts), published)
    assert found.text(LONG.digest) == LONG.text.decode()
    latest = found.latest("small")
    assert latest is not None
    assert (latest.digest, latest.position, latest.version) == (LONG.digest, len(parts) + 1, "1")


def test_a_text_with_a_part_missing_is_not_used() -> None:
    found = folded(*events(LONG)[1:])
    assert [one.whole for one in found.history()] == [False]
    assert found.latest("small") is None


def test_what_another_source_says_of_a_digest_does_not_spoil_it() -> None:
    parts = events(LONG)
    bad = [one.replace(REGISTRAR.encode(), b"agency:mn-cass-sheriff").replace(b"yyyy", b"zzzz") for one in parts[:1]]
    found = folded(*bad, *parts)
    assert found.text(LONG.digest) == LONG.text.decode()


def test_a_pack_published_under_the_name_of_another_is_not_used() -> None:
    other = [one.replace(b'"pack":"small"', b'"pack":"us-mn"') for one in events(book(rule("A", "request")))]
    found = folded(*other)
    assert [(one.pack, one.whole) for one in found.history()] == [("us-mn", False)]


def test_a_pack_whose_base_is_not_there_is_not_used() -> None:
    base = book(rule("A", "request"))
    document = {**pack(rule("B", "request")), "pack": "wider", "extends": "small"}
    wider = build_rulebook(document, ENGINE, base)
    assert folded(*events(wider)).latest("wider") is None
    assert folded(*events(base), *events(wider)).latest("wider") is not None


def test_a_retracted_publication_gives_way_to_the_one_before() -> None:
    first, second = book(rule("A", "request")), book(rule("A", "permission"))
    told = recorded(*events(first), *events(second))
    newest = told[-1].envelope
    retraction = body(
        EventRetracted,
        "rules-registrar",
        agency="rules-registrar",
        correctionof=newest.id,
        reason="published by mistake",
    )
    found = folded(*events(first), *events(second), retraction)
    latest = found.latest("small")
    assert latest is not None
    assert latest.digest == first.digest


def test_the_same_text_gives_the_same_parts_whenever_it_is_published() -> None:
    assert list(part_events(LONG)) == list(part_events(LONG))
    earlier, later = (publication_event(LONG, AT, None, previous) for previous in (None, "an-event"))
    assert earlier != later
