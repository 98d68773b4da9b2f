"""The Merkle tree of RFC 9162 2.1 over leaf hashes, grown from its right edge.

A tree of size n is kept as its peaks: the roots of the perfect subtrees that the binary form of n names,
largest first. Size 5 = 0b101 has two peaks, of four leaves and of one.
"""

from __future__ import annotations

from collections.abc import Iterable
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
