"""Keys that sign many events at once: every event verifies alone and by this key only, whoever checks."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.trust.keys import TREE_EVENTS, has_signed
from adapters.trust.signed import unwrapped
from adapters.trust.signing import signed_lines
from domain.batch_signature import EventTree, is_batch, read_batch, signed_root
from domain.events.agency import Algorithm
from tests.builders import booked
from tests.signing import new_key

PAGE = Path(__file__).parents[3] / "docs/agencies.md"
BODIES = [booked(number) for number in range(1, 2 * TREE_EVENTS + 2)]
KEYS = {algorithm: new_key(algorithm) for algorithm in Algorithm}
SIGNED = {algorithm: list(key.sign_all(BODIES)) for algorithm, key in KEYS.items()}
BOTH = pytest.mark.parametrize("algorithm", Algorithm)


@BOTH
def test_each_event_verifies_by_the_key_that_signed_its_tree_and_by_no_other(algorithm: Algorithm) -> None:
    key = KEYS[algorithm].public
    assert all(has_signed(key, *pair) for pair in zip(BODIES, SIGNED[algorithm], strict=True))
    for stranger in (new_key(algorithm), *(other for kind, other in KEYS.items() if kind is not algorithm)):
        assert not any(has_signed(stranger.public, *pair) for pair in zip(BODIES, SIGNED[algorithm], strict=True))


@BOTH
def test_sixty_four_events_share_a_signature_and_one_that_is_left_over_is_signed_as_it_is(algorithm: Algorithm) -> None:
    *together, alone = SIGNED[algorithm]
    assert 2 == len({read_batch(one).signature for one in together})
    assert not is_batch(alone)
    assert not any(map(is_batch, KEYS[algorithm].sign_all(BODIES[:1])))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(Algorithm), st.integers(0, 2 * TREE_EVENTS - 1), st.integers(min_value=0), st.integers(1, 255))
def test_any_changed_byte_is_no_signature(algorithm: Algorithm, which: int, at: int, by: int) -> None:
    key, body, signature = KEYS[algorithm].public, BODIES[which], bytearray(SIGNED[algorithm][which])
    signature[at % len(signature)] ^= by
    assert has_signed(key, body, SIGNED[algorithm][which])
    assert not has_signed(key, body, bytes(signature))


@settings(deadline=None)
@given(st.sampled_from(Algorithm), st.integers(0, 2 * TREE_EVENTS - 1), st.integers(0, 2 * TREE_EVENTS))
def test_what_lies_beside_one_event_is_no_signature_over_another(algorithm: Algorithm, one: int, other: int) -> None:
    assert has_signed(KEYS[algorithm].public, BODIES[other], SIGNED[algorithm][one]) is (one == other)


@BOTH
def test_a_signature_over_the_root_is_none_over_an_event_nor_the_other_way_round(algorithm: Algorithm) -> None:
    key, read = KEYS[algorithm], read_batch(SIGNED[algorithm][0])
    statement = read.tree_size.to_bytes(4) + read.root(BODIES[0])
    for body in (statement, signed_root(read.tree_size, read.root(BODIES[0]))):
        assert not has_signed(key.public, body, read.signature)
    assert not has_signed(key.public, BODIES[0], read.signature)
    swapped = read._replace(signature=key.sign(BODIES[0]))
    assert not has_signed(key.public, BODIES[0], swapped.as_bytes())


@given(st.binary(max_size=1_200))
def test_whatever_stands_in_place_of_a_long_signature_is_an_answer_and_no_error(signature: bytes) -> None:
    assert not any(has_signed(key.public, BODIES[0], signature) for key in KEYS.values())


def test_signing_a_file_of_several_events_signs_them_together() -> None:
    key = KEYS[Algorithm.ED25519]
    signed = [unwrapped(line) for line in signed_lines([body + b"\n" for body in BODIES], key, 1)]
    assert [True] * (2 * TREE_EVENTS) + [False] == [is_batch(one.signature) for one in signed]
    assert all(has_signed(key.public, one.body, one.signature) for one in signed)


def plain_root(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The algorithm of RFC 9162 2.1.3.2, word for word."""
    number, last, node = index, size - 1, leaf
    for beside in path:
        assert last != 0
        if number & 1 or number == last:
            node = hashlib.sha256(b"\x01" + beside + node).digest()
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + beside).digest()
        number, last = number >> 1, last >> 1
    assert last == 0
    return node


def test_the_example_in_the_documentation_verifies_by_what_the_documentation_says_alone() -> None:
    (block,) = re.findall(r"```json\n(\{\s*\"key\".*?)```", PAGE.read_text(), re.DOTALL)
    example = json.loads(block)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(example["key"]))
    for body, hexed in zip(example["bodies"], example["beside"], strict=True):
        beside = bytes.fromhex(hexed.replace(" ", ""))
        index, size = int.from_bytes(beside[1:5]), int.from_bytes(beside[5:9])
        hashes, signature = beside[9:-64], beside[-64:]
        path = [hashes[at : at + 32] for at in range(0, len(hashes), 32)]
        leaf = hashlib.sha256(b"\x00" + body.encode()).digest()
        root = plain_root(leaf, index, size, path)
        kind = "application/vnd.custody.event-tree.v1"
        signed = f"DSSEv1 {len(kind)} {kind} 36 ".encode() + size.to_bytes(4) + root
        key.verify(signature, signed)
        assert (1, example["root"]) == (beside[0], root.hex())

    bodies = [body.encode() for body in example["bodies"]]
    tree = EventTree(bodies)
    assert tree.signed.hex() == example["signed"].replace(" ", "")
    assert [one.hex() for one in tree.beside(signature)] == [one.replace(" ", "") for one in example["beside"]]
