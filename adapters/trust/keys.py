"""Keys: made here, kept in files that openssl reads, named by a digest of their public half.

    cass.pem       -----BEGIN PRIVATE KEY-----   PKCS#8, not encrypted; mode 0600, never overwritten,
                                                  and never used while others may read it
    cass.pem.pub   -----BEGIN PUBLIC KEY-----    SubjectPublicKeyInfo; this one is handed to whoever runs a ledger

A key id is SHA-256, in hex, over the DER of the public half:
`openssl pkey -pubin -in cass.pem.pub -outform DER | sha256sum`.

A key signs events one by one, or many at once (`domain.batch_signature`): whoever checks takes either.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from shlex import quote

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)
from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from domain.batch_signature import EventTree, is_batch, read_batch, signed_root
from domain.dsse import pae
from domain.errors import InputRefused
from domain.events.agency import Algorithm, PublicKey

ECDSA = ec.ECDSA(SHA256())
KEYS_KEPT = 4_096
TREES_KEPT = 4_096  # a quarter of a million events, if each tree is full
TREE_EVENTS = 64  # more make checking no faster: what is left of it is the audit path, which grows
OWNER_ONLY = 0o600
TO_OTHERS = 0o077

Verifies = Callable[[bytes, bytes], object]  # of signature and message; raises what `NOT_SIGNED` names
NOT_SIGNED = (InvalidSignature, CryptoError, ValueError, TypeError, UnsupportedAlgorithm)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and its public half."""

    private: Ed25519PrivateKey | ec.EllipticCurvePrivateKey
    public: PublicKey

    def sign(self, body: bytes) -> bytes:
        """Return the signature over a body's pre-authentication encoding: 64 bytes, or for ECDSA DER."""
        return self._signature(pae(body))

    def sign_all(self, bodies: Sequence[bytes]) -> Iterator[bytes]:
        """Yield what lies beside each body, in order: one signature for up to 64; for one alone as `sign` does."""
        for at in range(0, len(bodies), TREE_EVENTS):
            several = bodies[at : at + TREE_EVENTS]
            if len(several) == 1:
                yield self.sign(several[0])
            else:
                tree = EventTree(several)
                yield from tree.beside(self._signature(tree.signed))

    def _signature(self, message: bytes) -> bytes:
        if isinstance(self.private, Ed25519PrivateKey):
            return self.private.sign(message)
        return self.private.sign(message, ECDSA)


def make_key(path: Path, algorithm: Algorithm) -> PublicKey:
    """Make a key pair in `path` and `path.pub`; raise InputRefused(file_exists, cannot_write)."""
    ours = algorithm is Algorithm.ED25519
    private = Ed25519PrivateKey.generate() if ours else ec.generate_private_key(ec.SECP256R1())
    public = private.public_key()
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    beside = public_path(path)
    if beside.exists():
        raise _file_exists(beside)
    _write_new(path, secret, OWNER_ONLY)
    try:
        _write_new(beside, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    except InputRefused:
        path.unlink()  # half a pair would only stand in the way
        raise
    return described(public)


def public_path(path: Path) -> Path:
    """Return where the public half of a key lies."""
    return path.with_name(f"{path.name}.pub")


def _write_new(path: Path, text: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    except FileExistsError:
        raise _file_exists(path) from None
    except OSError as error:
        raise _cannot_write(path, error) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink()
        raise _cannot_write(path, error) from None


def _cannot_write(path: Path, error: OSError) -> InputRefused:
    what, mend = (
        f"the key cannot be written: {error.strerror}",
        "give a path in a folder that is yours, on a disk with room",
    )
    return InputRefused("cannot_write", what, where=str(path), mend=mend)


def _file_exists(path: Path) -> InputRefused:
    what, mend = "a file is there already, and no key is ever overwritten", "name a new file"
    return InputRefused("file_exists", what, where=str(path), mend=mend)


def load_signing_key(path: Path) -> SigningKey:
    """Read a private key; raise InputRefused(file_not_found, bad_key_file, key_open_to_others)."""
    try:
        private = load_pem_private_key(_read(path, forbidden=TO_OTHERS), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _bad_key_file(path, "a private key in PEM (PKCS#8), not encrypted") from None
    if not isinstance(private, Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
        raise _bad_key_file(path, "an Ed25519 or ECDSA P-256 key")
    try:
        return SigningKey(private, described(private.public_key()))
    except ValueError:
        raise _bad_key_file(path, "an Ed25519 or ECDSA P-256 key") from None


def load_public_key(path: Path) -> PublicKey:
    """Read a public key; raise InputRefused(file_not_found, bad_key_file)."""
    try:
        return described(load_pem_public_key(_read(path)))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _bad_key_file(path, "an Ed25519 or ECDSA P-256 public key in PEM") from None


def _read(path: Path, *, forbidden: int = 0) -> bytes:
    """Return what a file holds of which none of these bits of its mode is set, where files have an owner and others."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & forbidden and os.name == "posix":
                raise _open_to_others(path, mode)
            return file.read()
    except OSError as error:
        what = f"the key cannot be read: {error.strerror}"
        raise InputRefused("file_not_found", what, where=str(path), mend="check the path") from None


def _open_to_others(path: Path, mode: int) -> InputRefused:
    what = f"others on this machine have access to the private key: its mode is {mode & 0o777:04o}"
    mend = f"chmod 600 {quote(str(path))}; if somebody else may have read it, replace the key by a new one"
    return InputRefused("key_open_to_others", what, where=str(path), mend=mend)


def _bad_key_file(path: Path, wanted: str) -> InputRefused:
    what, mend = f"the file does not hold {wanted}", "`custody agency keygen FILE` makes a pair"
    return InputRefused("bad_key_file", what, where=str(path), mend=mend)


def described(public: object) -> PublicKey:
    """Return a public key as events carry it; raise ValueError for a kind that we do not take."""
    if isinstance(public, Ed25519PublicKey):
        algorithm = Algorithm.ED25519
    elif isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        algorithm = Algorithm.ECDSA_P256
    else:
        raise ValueError("neither Ed25519 nor ECDSA P-256")  # noqa: TRY004 - it is the file's content
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(algorithm=algorithm, key_id=sha256(spki).hexdigest(), spki=b64encode(spki).decode())


def has_signed(key: PublicKey, body: bytes, signature: bytes) -> bool:
    """Say whether the signature, over the body or over a tree that it is in, is this key's.

    A key that is none has signed nothing.
    """
    try:
        if is_batch(signature):
            batch = read_batch(signature)
            _check_tree(key.spki, key.key_id, batch.tree_size, batch.root(body), batch.signature)
        else:
            _verifier(key.spki, key.key_id)(signature, pae(body))
    except NOT_SIGNED:
        return False
    return True


@lru_cache(TREES_KEPT)
def _check_tree(spki: str, key_id: str, tree_size: int, root: bytes, signature: bytes) -> None:
    """Raise what `NOT_SIGNED` names, or remember for the other events of the tree that the key has signed it."""
    _verifier(spki, key_id)(signature, signed_root(tree_size, root))


@lru_cache(KEYS_KEPT)
def _verifier(spki: str, key_id: str) -> Verifies:
    """Return what verifies by a key as an event carries it; raise ValueError if it is not the one its id names.

    libsodium takes less than OpenSSL does, and nothing more: no key or signature of small order.
    """
    public = load_der_public_key(b64decode(spki))
    its = described(public)
    if (its.spki, its.key_id) != (spki, key_id):  # OpenSSL reads a point of ECDSA also as it was not written
        raise ValueError("these are not the bytes of the key, or the id is not their digest")
    if isinstance(public, Ed25519PublicKey):
        by = VerifyKey(public.public_bytes_raw())
        return lambda signature, message: by.verify(message, signature)
    assert isinstance(public, ec.EllipticCurvePublicKey)  # noqa: S101 - `described` takes nothing else
    return lambda signature, message: public.verify(signature, message, ECDSA)
