"""The Merkle tree of RFC 9162 2.1 over leaf hashes, grown from its right edge, and what leads from a leaf to its root.

A tree of size n is kept as its peaks: the roots of the perfect subtrees that the binary form of n names,
largest first. Size 5 = 0b101 has two peaks, of four leaves and of one.

The audit path of a leaf (RFC 9162 2.1.3) is the hashes beside its way up, the leaf's own neighbour first. In a tree
of five, those of leaf 2 are [3], [0,1], [4]; that of leaf 4 is [0..3] alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return `SHA-256(0x01 || left || right)`."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of `size` leaves by its peaks (32 bytes each, largest subtree first)."""

    size: int
    peaks: tuple[bytes, ...]

    @classmethod
    def of(cls, size: int, peaks: bytes) -> Tree:
        """Return a tree as a tree head keeps it: its peaks one after the other."""
        return cls(size, tuple(peaks[start : start + 32] for start in range(0, len(peaks), 32)))

    def grow(self, leaves: Iterable[bytes]) -> Tree:
        """Return the tree with more leaves at its right edge."""
        level = list(leaves)  # the new nodes of one height, the leaves first
        peaks, smaller, carry = list(self.peaks), [], self.size
        size = self.size + len(level)
        while level:
            if carry & 1:
                level.insert(0, peaks.pop())
            if len(level) & 1:
                smaller.append(level.pop())
            pairs = zip(level[::2], level[1::2], strict=True)
            level = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
            carry >>= 1
        return Tree(size, (*peaks, *reversed(smaller)))

    @property
    def root(self) -> bytes:
        """Return the Merkle tree hash of RFC 9162 2.1.1."""
        if not self.peaks:
            return EMPTY_ROOT
        *rest, node = self.peaks
        for peak in reversed(rest):
            node = node_hash(peak, node)
        return node


EMPTY_TREE = Tree(0, ())


def audit_paths(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Return the audit path of every leaf of a tree."""
    paths: list[list[bytes]] = [[] for _ in leaves]
    level, height = list(leaves), 0
    while len(level) > 1:
        for index, path in enumerate(paths):
            beside = index >> height ^ 1
            if beside < len(level):
                path.append(level[beside])
        last = level[len(level) & ~1 :]  # one without a neighbour goes up as it is
        level = [node_hash(*pair) for pair in zip(level[::2], level[1::2], strict=False)] + last
        height += 1
    return paths


def path_length(index: int, size: int) -> int:
    """Return how many hashes the audit path of a leaf has; there must be such a leaf, from 0."""
    shared = (index ^ (size - 1)).bit_length()
    return shared + (index >> shared).bit_count()


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that a leaf's audit path leads to; it must have as many hashes as `path_length` says."""
    # Below where the ways of this leaf and of the last one meet, the index says on which side the neighbour is;
    # above it, all that is beside is on the left.
    shared = (index ^ (size - 1)).bit_length()
    node = leaf
    for height, beside in enumerate(path):
        is_left = height >= shared or index >> height & 1
        node = sha256(b"\x01" + beside + node if is_left else b"\x01" + node + beside).digest()
    return node
