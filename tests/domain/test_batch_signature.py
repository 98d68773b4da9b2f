"""One signature over many events: each of them verifies alone, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.batch_signature import PLAIN_BYTES_MAX, BatchSignature, EventTree, is_batch, read_batch, signed_root
from domain.canonical import leaf_hash
from domain.dsse import pae
from domain.merkle import node_hash

SIGNATURE = b"s" * 64
BODIES = st.lists(st.binary(max_size=40), min_size=2, max_size=70, unique=True)


def signed_by(one: BatchSignature, body: bytes) -> bytes:
    """Return what the key has signed, if the body is the event that this lies beside."""
    return signed_root(one.tree_size, one.root(body))


def composites(bodies: list[bytes]) -> tuple[bytes, list[bytes]]:
    """Return what the key signs for all bodies, and what lies beside each."""
    tree = EventTree(bodies)
    return tree.signed, tree.beside(SIGNATURE)


@given(BODIES)
def test_every_event_of_a_tree_leads_to_what_was_signed(bodies):
    signed, beside = composites(bodies)
    for body, one in zip(bodies, beside, strict=True):
        assert is_batch(one)
        assert signed_by(read_batch(one), body) == signed
        assert read_batch(one).signature == SIGNATURE
        assert read_batch(one).as_bytes() == one


@given(BODIES, st.data())
def test_what_lies_beside_one_event_says_nothing_of_another(bodies, data):
    signed, beside = composites(bodies)
    which = data.draw(st.integers(0, len(bodies) - 1))
    other = data.draw(st.sampled_from([*bodies, b"never in the tree, for it is longer than forty bytes"]))
    assert (signed_by(read_batch(beside[which]), other) == signed) is (other == bodies[which])


@given(BODIES, st.data())
def test_a_changed_byte_leads_elsewhere_or_is_refused(bodies, data):
    signed, beside = composites(bodies)
    which = data.draw(st.integers(0, len(bodies) - 1))
    at = data.draw(st.integers(0, len(beside[which]) - 1))
    changed = bytearray(beside[which])
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        read = read_batch(bytes(changed))
    except ValueError:
        return
    assert (signed_by(read, bodies[which]), read.signature) != (signed, SIGNATURE)


@given(BODIES, st.data())
def test_another_index_or_size_leads_elsewhere(bodies, data):
    signed, beside = composites(bodies)
    which = data.draw(st.integers(0, len(bodies) - 1))
    _, _, path, signature = read_batch(beside[which])
    size = data.draw(st.integers(2, 2**32 - 1) | st.integers(2, 80))
    index = data.draw(st.integers(0, min(size - 1, 80)) | st.integers(0, size - 1))
    try:
        read = read_batch(BatchSignature(index, size, path, signature).as_bytes())
    except ValueError:
        return
    same = (index, size) == (which, len(bodies))
    assert (signed_by(read, bodies[which]) == signed) is same


@given(BODIES, st.data())
def test_a_path_that_lacks_a_hash_or_has_one_more_is_refused_or_leads_elsewhere(bodies, data):
    signed, beside = composites(bodies)
    which = data.draw(st.integers(0, len(bodies) - 1))
    index, size, path, signature = read_batch(beside[which])
    other = data.draw(st.sampled_from([path[1:], path[:-1], [*path, path[0]], [b"h" * 32, *path]]))
    try:
        read = read_batch(BatchSignature(index, size, other, signature).as_bytes())
    except ValueError:
        return
    assert (signed_by(read, bodies[which]), read.signature) != (signed, signature)


def test_an_inner_node_is_no_event_though_its_children_are_one_text():
    """Hashes of leaves and of nodes begin with different bytes (RFC 9162 2.1.1)."""
    bodies = [b"a", b"b", b"c", b"d"]
    signed, beside = composites(bodies)
    left, right = (leaf_hash(body) for body in bodies[:2])
    assert node_hash(left, right) != leaf_hash(left + right)
    _, _, path, signature = read_batch(beside[0])
    for forged in (left + right, b"\x01" + left + right):
        for shape in ((0, 2), (0, 4)):
            hashes = path[-1:] if shape == (0, 2) else path
            assert signed_by(BatchSignature(*shape, hashes, signature), forged) != signed


@given(st.binary(max_size=200))
def test_what_is_signed_for_a_tree_is_never_what_is_signed_for_an_event(body):
    signed, _ = composites([b"a", b"b"])
    assert pae(body) != signed
    assert not pae(body).startswith(signed[:20])


@given(st.binary(max_size=PLAIN_BYTES_MAX))
def test_what_may_be_a_signature_over_one_event_is_never_read_as_one_over_a_tree(signature):
    assert not is_batch(signature)
    with pytest.raises(ValueError, match="no signature over a tree"):
        read_batch(signature)


@given(st.binary(min_size=PLAIN_BYTES_MAX + 1, max_size=1_200))
def test_whatever_is_longer_is_read_as_we_would_write_it_or_not_at_all(signature):
    try:
        read = read_batch(signature)
    except ValueError:
        return
    assert read.as_bytes() == signature


@pytest.mark.parametrize(
    "bad",
    [
        lambda one: b"\x02" + one[1:],
        lambda one: one + b"\0" * 9,
        lambda one: one[: -len(SIGNATURE)],
        lambda one: one[:1] + (4).to_bytes(4) + one[5:],
        lambda one: one[:1] + bytes(4) + (1).to_bytes(4) + one[9:],
        lambda one: one[:1] + bytes(8) + one[9:],
    ],
    ids=["another version", "trailing bytes", "no signature", "an index beyond", "a tree of one", "an empty tree"],
)
def test_what_is_not_in_form_is_refused(bad):
    _, beside = composites([b"a", b"b", b"c", b"d"])
    with pytest.raises(ValueError, match=r"tree|path"):
        read_batch(bad(beside[1]))


def test_the_largest_tree_has_thirty_two_hashes_and_its_bytes_are_bounded():
    path = [bytes([number]) * 32 for number in range(32)]
    largest = BatchSignature(2**32 - 2, 2**32 - 1, path[:31], b"s" * 72)
    assert len(BatchSignature(0, 2**32 - 1, path, b"s" * 72).as_bytes()) == 9 + 32 * 32 + 72
    assert read_batch(largest.as_bytes()) == largest
