"""The Merkle tree against the public vectors of RFC 6962 and a plain reading of RFC 9162 2.1.1.

The vectors are those of `transparency-dev/merkle`, `rfc6962_test.go` and `testonly/constants.go` (found).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.canonical import leaf_hash
from domain.merkle import EMPTY_ROOT, EMPTY_TREE, Tree, audit_paths, node_hash, path_length, root_by_path

INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# Every subtree hash over single bytes 0x00..0x81, accumulated (draft-ietf-plants-merkle-tree-certs; found).
ALL_SUBTREES = "b82806ad4265bb151c1119c0f4db437bb4d1a1f887b3a7fba1cd4ebf552e3e81"
# And the audit path of every leaf in each of them (same).
ALL_PATHS = "ac2a8f989e44d99e399db448050ff5f19757df53cfb716aa81015d3955d8163f"


def plain_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 9162 2.1.1, recursion and all."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    left, right = plain_root(leaves[:half]), plain_root(leaves[half:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def test_the_leaf_and_node_hashes_are_those_of_rfc_6962():
    assert leaf_hash(b"").hex() == ROOTS[0]
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"


def test_the_empty_tree_has_the_hash_of_nothing():
    assert EMPTY_TREE.root == EMPTY_ROOT
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_of_one_to_eight_leaves_are_the_published_ones(size):
    leaves = [leaf_hash(bytes.fromhex(text)) for text in INPUTS[:size]]
    assert EMPTY_TREE.grow(leaves).root.hex() == ROOTS[size - 1]


def subtrees(width_min: int) -> Iterator[tuple[int, int]]:
    """Every subtree of up to 130 leaves, in the order of the accumulated vectors."""
    for end in range(131):
        for start in range(end + 1):
            width = end - start
            span = 1 << (width - 1).bit_length() if width else 1
            if width >= width_min and (start == 0 or width == 0 or start % span == 0):
                yield start, end


def test_every_subtree_up_to_130_leaves_accumulates_to_the_published_hash():
    leaves = [leaf_hash(bytes([number])) for number in range(130)]
    lines = hashlib.sha256()
    for start, end in subtrees(width_min=0):
        root = EMPTY_TREE.grow(leaves[start:end]).root
        lines.update(f"[{start}, {end}) {root.hex()}\n".encode())
    assert lines.hexdigest() == ALL_SUBTREES


def test_every_audit_path_up_to_130_leaves_accumulates_to_the_published_hash_and_leads_to_the_root():
    leaves = [leaf_hash(bytes([number])) for number in range(130)]
    lines = hashlib.sha256()
    for start, end in subtrees(width_min=1):
        inside = leaves[start:end]
        root, size = EMPTY_TREE.grow(inside).root, end - start
        for index, path in enumerate(audit_paths(inside)):
            assert len(path) == path_length(index, size)
            assert root_by_path(inside[index], index, size, path) == root
            hashes = "".join(f" {one.hex()}" for one in path)
            lines.update(f"{start + index} [{start}, {end}){hashes}\n".encode())
    assert lines.hexdigest() == ALL_PATHS


@given(st.lists(st.lists(st.binary(min_size=0, max_size=4), max_size=9), max_size=9))
def test_growing_in_any_batches_gives_the_root_of_the_definition(batches):
    tree, leaves = EMPTY_TREE, []
    for batch in batches:
        hashed = [leaf_hash(body) for body in batch]
        tree = tree.grow(iter(hashed))
        leaves += hashed
        assert (tree.size, tree.root) == (len(leaves), plain_root(leaves))


@given(st.lists(st.binary(max_size=4), max_size=40))
def test_a_tree_keeps_one_peak_for_each_one_bit_of_its_size(bodies):
    tree = EMPTY_TREE.grow(leaf_hash(body) for body in bodies)
    assert len(tree.peaks) == tree.size.bit_count()


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=40), st.data())
def test_changing_one_leaf_changes_the_root(bodies, data):
    which = data.draw(st.integers(0, len(bodies) - 1))
    altered = [body + b"!" if number == which else body for number, body in enumerate(bodies)]
    roots = [EMPTY_TREE.grow(leaf_hash(body) for body in some).root for some in (bodies, altered)]
    assert roots[0] != roots[1]


def test_growing_leaves_the_earlier_tree_as_it_was():
    before = EMPTY_TREE.grow([leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")])
    kept = Tree(before.size, before.peaks)
    after = before.grow([leaf_hash(b"d")])
    assert before == kept
    assert after.size == 4
