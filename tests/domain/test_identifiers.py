"""Event ids: the layout of RFC 9562 version 7, and ids derived from what a source printed."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identifiers import derived_uuid7, uuid7
from domain.instants import EPOCH

MILLISECONDS = st.integers(0, 2**48 - 1)
RANDOM_BITS = st.integers(0, 2**74 - 1)
MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001 - same
    timezones=st.just(UTC),
)


def test_the_example_of_rfc_9562_comes_out_bit_for_bit():
    # RFC 9562 A.6: 2022-02-22 14:22:22.00 -05:00, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F (from memory)
    random_bits = 0xCC3 << 62 | 0x18C4DC0C0C07398F
    assert uuid7(0x017F22E279B0, random_bits) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(MILLISECONDS, RANDOM_BITS)
def test_every_id_is_version_7_of_the_rfc_variant_and_keeps_all_its_bits(unix_ms, random_bits):
    made = uuid.UUID(uuid7(unix_ms, random_bits))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == unix_ms
    rand_a, rand_b = made.int >> 64 & 0xFFF, made.int & (2**62 - 1)
    assert rand_a << 62 | rand_b == random_bits


@given(MILLISECONDS, MILLISECONDS, RANDOM_BITS, RANDOM_BITS)
def test_ids_sort_as_their_milliseconds_do(one, other, bits, other_bits):
    if one != other:
        assert (uuid7(one, bits) < uuid7(other, other_bits)) == (one < other)


@given(MOMENTS, st.lists(st.text(), max_size=4))
def test_a_derived_id_carries_the_exact_millisecond_and_is_the_same_again(moment, parts):
    made = derived_uuid7(moment, *parts)
    assert made == derived_uuid7(moment, *parts)
    assert timedelta(milliseconds=uuid.UUID(made).int >> 80) == moment - EPOCH - timedelta(
        microseconds=moment.microsecond % 1000
    )


@given(st.lists(st.text(max_size=6), max_size=4), st.lists(st.text(max_size=6), max_size=4))
def test_different_parts_never_share_an_id_however_they_join(one, other):
    same = derived_uuid7(EPOCH, *one) == derived_uuid7(EPOCH, *other)
    assert same == (one == other)


@pytest.mark.parametrize(
    "moment", [None, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2, 1, 1, tzinfo=UTC)]
)
def test_a_moment_unknown_or_before_1970_leaves_the_time_field_zero(moment):
    made = uuid.UUID(derived_uuid7(moment, "a"))
    assert (made.version, made.int >> 80) == (7, 0)


def test_the_same_moment_in_another_offset_gives_the_same_id():
    moment = datetime(2026, 1, 16, 23, 0, tzinfo=UTC)
    assert derived_uuid7(moment, "a") == derived_uuid7(moment.astimezone(timezone(timedelta(hours=-6))), "a")
