"""One signature over many events: what each of them carries, so that each can be checked without the others.

An agency signs the root of the RFC 9162 tree over its events' leaf hashes. Beside an event lies then

    01 | 00 00 00 05 | 00 00 00 40 | 8b..e1  f0..2c  .. | 4d..0a
    -- | ----------- | ----------- | ------------------ | -------
    1  | the event's | the tree's  | its audit path,    | the key's signature over the root: 64 bytes of Ed25519,
       | index, from | size, from  | 32 bytes a hash,   | or ECDSA in DER
       | 0           | 2           | nearest first      |

(numbers have four bytes, the most significant first; how many hashes there are follows from index and size.) It has
more bytes than any signature over one event, which is how they are told apart. What the key signs is, as for one event,
DSSE's pre-authentication encoding, here of the tree's size and root, as another type of payload:

    DSSEv1 37 application/vnd.custody.event-tree.v1 36 | 00 00 00 40 | 9a..77
                                                         size          root, 32 bytes
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

from domain.canonical import leaf_hash
from domain.dsse import pae
from domain.merkle import EMPTY_TREE, audit_paths, path_length, root_by_path

PAYLOAD_TYPE = "application/vnd.custody.event-tree.v1"
VERSION = 1
SIZE_MIN = 2  # one event alone is signed as it is
PLAIN_BYTES_MAX = 72  # ECDSA on P-256, in DER, at its longest
HASH_BYTES = 32

_head = Struct(">BII")
_statement = Struct(">I32s")


class BatchSignature(NamedTuple):
    """A key's signature over a tree, and the way from one event of it to its root."""

    leaf_index: int
    tree_size: int
    path: Sequence[bytes]
    signature: bytes

    def as_bytes(self) -> bytes:
        """Return what lies beside the event."""
        return b"".join((_head.pack(VERSION, self.leaf_index, self.tree_size), *self.path, self.signature))

    def root(self, body: bytes) -> bytes:
        """Return the root of the tree in which the body is the event that this lies beside."""
        return root_by_path(leaf_hash(body), self.leaf_index, self.tree_size, self.path)


def signed_root(tree_size: int, root: bytes) -> bytes:
    """Return the bytes that a key signs for a tree."""
    return pae(_statement.pack(tree_size, root), PAYLOAD_TYPE)


def is_batch(signature: bytes) -> bool:
    """Say whether these bytes can only be a signature over a tree."""
    return len(signature) > PLAIN_BYTES_MAX


def read_batch(signature: bytes) -> BatchSignature:
    """Read what lies beside an event; raise ValueError for what `as_bytes` would not write."""
    if not is_batch(signature):
        raise ValueError("this is no signature over a tree")
    version, index, size = _head.unpack_from(signature)
    if version != VERSION or size < SIZE_MIN or index >= size:
        raise ValueError("there is no such event in a tree of this version and size")
    end = _head.size + HASH_BYTES * path_length(index, size)
    if not 0 < len(signature) - end <= PLAIN_BYTES_MAX:
        raise ValueError("the audit path is not as long as index and size say")
    path = [signature[at : at + HASH_BYTES] for at in range(_head.size, end, HASH_BYTES)]
    return BatchSignature(index, size, path, signature[end:])


class EventTree:
    """Events that are signed as one."""

    def __init__(self, bodies: Sequence[bytes]) -> None:
        self._leaves = [leaf_hash(body) for body in bodies]

    @property
    def signed(self) -> bytes:
        """Return the bytes that a key signs for all of them."""
        return signed_root(len(self._leaves), EMPTY_TREE.grow(self._leaves).root)

    def beside(self, signature: bytes) -> list[bytes]:
        """Return what lies beside each event, in order, once the key has signed."""
        size = len(self._leaves)
        paths = enumerate(audit_paths(self._leaves))
        return [BatchSignature(index, size, path, signature).as_bytes() for index, path in paths]
