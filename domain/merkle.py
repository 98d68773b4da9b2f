"""The Merkle tree of RFC 9162 2.1 over leaf hashes, grown from its right edge.

A tree of size n is kept as its peaks: the roots of the perfect subtrees that the binary form of n names,
largest first. Size 5 = 0b101 has two peaks, of four leaves and of one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

EMPTY_ROOT = hashlib.sha256(b"").digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return `SHA-256(0x01 || left || right)`."""
    return hashlib.sha256(b"\x01" + left + right).digest()


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
        size, peaks = self.size, list(self.peaks)
        for leaf in leaves:
            node, carry = leaf, size
            while carry & 1:
                node = hashlib.sha256(b"\x01" + peaks.pop() + node).digest()
                carry >>= 1
            peaks.append(node)
            size += 1
        return Tree(size, tuple(peaks))

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
