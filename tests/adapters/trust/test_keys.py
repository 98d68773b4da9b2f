"""Keys and signatures, checked against openssl and against published vectors."""

from __future__ import annotations

import subprocess
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.trust.keys import described, has_signed, load_public_key, load_signing_key, make_key, public_path
from adapters.trust.signed import Signed, unwrapped, wrapped
from adapters.trust.signing import signed_lines
from domain.dsse import PAYLOAD_TYPE, pae
from domain.envelope import admit
from domain.errors import InputRefused
from domain.events.agency import Algorithm, PublicKey
from tests.builders import booked
from tests.signing import new_key

BODY = booked(1)
BOTH = pytest.mark.parametrize("algorithm", Algorithm)
OPENSSL_MAKE = {
    Algorithm.ED25519: ["-algorithm", "ed25519"],
    Algorithm.ECDSA_P256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
}
KEYS = {algorithm: new_key(algorithm) for algorithm in Algorithm}
SIGNATURES = {algorithm: key.sign(BODY) for algorithm, key in KEYS.items()}


def openssl(*arguments: object, text: bytes = b"") -> bytes:
    done = subprocess.run(["openssl", *map(str, arguments)], input=text, capture_output=True, check=False)
    assert 0 == done.returncode, done.stderr
    return done.stdout


def flipped(data: bytes, bit: int) -> bytes:
    at = bit % (len(data) * 8)
    return bytes(byte ^ (1 << (at % 8) if index == at // 8 else 0) for index, byte in enumerate(data))


def test_the_encoding_that_is_signed_is_the_one_of_the_protocols_own_example() -> None:
    assert b"DSSEv1 29 http://example.com/HelloWorld 11 hello world" == pae(
        b"hello world", "http://example.com/HelloWorld"
    )
    assert pae(BODY).startswith(b"DSSEv1 28 application/cloudevents+json %d {" % len(BODY))


def test_a_key_of_rfc_8032_signs_as_the_rfc_says_and_has_the_id_of_its_der() -> None:
    private = Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    der = bytes.fromhex("302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    ) == private.sign(b"")
    assert (b64encode(der).decode(), sha256(der).hexdigest()) == (
        (key := described(private.public_key())).spki,
        key.key_id,
    )


@BOTH
def test_a_pair_made_here_is_the_owners_alone_and_is_never_overwritten(tmp_path: Path, algorithm: Algorithm) -> None:
    path = tmp_path / "cass.pem"
    public = make_key(path, algorithm)
    before = path.read_bytes()

    assert 0o600 == path.stat().st_mode & 0o777
    assert public == load_public_key(public_path(path)) == load_signing_key(path).public
    for taken in (path, tmp_path / "other.pem"):
        (tmp_path / "other.pem.pub").touch()
        with pytest.raises(InputRefused) as refused:
            make_key(taken, algorithm)
        assert "file_exists" == refused.value.code
    assert before == path.read_bytes()
    assert not (tmp_path / "other.pem").exists()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620, 0o601])
def test_a_private_key_to_which_others_have_access_is_not_used_until_that_is_mended(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "the key.pem"
    make_key(path, Algorithm.ED25519)
    path.chmod(mode)
    (tmp_path / "link.pem").symlink_to(path)

    for named in (path, tmp_path / "link.pem"):
        with pytest.raises(InputRefused, match=f"{mode:04o}") as refused:
            load_signing_key(named)
        assert ("key_open_to_others", str(named)) == (refused.value.code, refused.value.where)
        assert f"chmod 600 '{named}'" in refused.value.mend or named != path
    for own in (0o600, 0o400):
        path.chmod(own)
        assert load_public_key(public_path(path)) == load_signing_key(path).public


def test_a_private_key_never_goes_through_a_link_that_lies_there(tmp_path: Path) -> None:
    (tmp_path / "k.pem").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(InputRefused):
        make_key(tmp_path / "k.pem", Algorithm.ED25519)
    assert not (tmp_path / "elsewhere").exists()


@BOTH
def test_openssl_reads_our_keys_agrees_on_the_id_and_verifies_our_signatures(
    tmp_path: Path, algorithm: Algorithm
) -> None:
    path = tmp_path / "k.pem"
    public = make_key(path, algorithm)
    (tmp_path / "sig").write_bytes(load_signing_key(path).sign(BODY))
    (tmp_path / "pae").write_bytes(pae(BODY))

    der = openssl("pkey", "-pubin", "-in", public_path(path), "-outform", "DER")
    assert public.key_id == sha256(der).hexdigest()
    check = ["pkeyutl", "-verify", "-pubin", "-inkey", public_path(path), "-sigfile", tmp_path / "sig", "-rawin"]
    digest = [] if algorithm is Algorithm.ED25519 else ["-digest", "sha256"]
    assert b"Verified Successfully" in openssl(*check, *digest, "-in", tmp_path / "pae")


@BOTH
def test_keys_and_signatures_that_openssl_made_are_taken(tmp_path: Path, algorithm: Algorithm) -> None:
    private, public, text = tmp_path / "k.pem", tmp_path / "k.pub", tmp_path / "pae"
    openssl("genpkey", *OPENSSL_MAKE[algorithm], "-out", private)
    openssl("pkey", "-in", private, "-pubout", "-out", public)
    text.write_bytes(pae(BODY))
    if algorithm is Algorithm.ED25519:
        signature = openssl("pkeyutl", "-sign", "-rawin", "-inkey", private, "-in", text)
    else:
        signature = openssl("dgst", "-sha256", "-sign", private, text)

    key = load_public_key(public)
    assert key == load_signing_key(private).public
    assert algorithm is key.algorithm
    assert has_signed(key, BODY, signature)
    assert not has_signed(key, booked(2), signature)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        ["-algorithm", "X25519"],
        ["-algorithm", "ed25519", "-aes256", "-pass", "pass:secret"],
    ],
    ids=["RSA", "another curve", "a key that does not sign", "an encrypted key"],
)
def test_other_kinds_of_keys_are_refused_with_what_to_do(tmp_path: Path, arguments: list[str]) -> None:
    openssl("genpkey", *arguments, "-out", tmp_path / "k.pem")

    for load in (load_signing_key, load_public_key):
        with pytest.raises(InputRefused) as refused:
            load(tmp_path / "k.pem")
        assert "bad_key_file" == refused.value.code
        assert "keygen" in refused.value.mend


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(Algorithm), st.integers(min_value=0), st.sampled_from(["body", "signature", "key", "key id"]))
def test_any_bit_flipped_in_body_signature_or_key_is_no_signature(algorithm: Algorithm, bit: int, where: str) -> None:
    key, signature = KEYS[algorithm].public, SIGNATURES[algorithm]
    body, changed = BODY, key
    if where == "body":
        body = flipped(BODY, bit)
    elif where == "signature":
        signature = flipped(signature, bit)
    elif where == "key":
        changed = key.model_copy(update={"spki": b64encode(flipped(b64decode(key.spki), bit)).decode()})
    else:
        changed = key.model_copy(update={"key_id": flipped(bytes.fromhex(key.key_id), bit).hex()})

    assert has_signed(key, BODY, SIGNATURES[algorithm])
    assert not has_signed(changed, body, signature)


def test_a_key_counts_only_in_the_bytes_that_its_id_is_the_digest_of() -> None:
    key = KEYS[Algorithm.ECDSA_P256].public
    der = b64decode(key.spki)
    hybrid = 6 + (der[-1] & 1)  # the point as before, but that its first byte says of y whether it is odd
    changed = key.model_copy(update={"spki": b64encode(der[:-65] + bytes([hybrid]) + der[-64:]).decode()})

    assert load_der_public_key(der) == load_der_public_key(b64decode(changed.spki))
    assert not has_signed(changed, BODY, SIGNATURES[Algorithm.ECDSA_P256])


@given(st.binary(max_size=80))
def test_whatever_stands_in_place_of_a_signature_is_an_answer_and_no_error(signature: bytes) -> None:
    assert not any(has_signed(key.public, BODY, signature) for key in KEYS.values())


def test_a_key_of_small_order_signs_nothing_though_its_equation_holds() -> None:
    """With the neutral element as key, R = 1 and S = 0 satisfy the plain equation for every message."""
    neutral = b"\x01" + b"\x00" * 31
    spki = bytes.fromhex("302a300506032b6570032100") + neutral
    key = PublicKey(algorithm=Algorithm.ED25519, key_id=sha256(spki).hexdigest(), spki=b64encode(spki).decode())
    assert not has_signed(key, BODY, neutral + b"\x00" * 32)


def test_an_envelope_holds_what_was_put_in_and_either_alphabet_of_base64_is_read() -> None:
    signed = Signed(BODY, b"\xfb\xff" * 32, "k")

    assert signed == unwrapped(wrapped(signed))
    url_safe = wrapped(signed).replace(b"+", b"-").replace(b"/", b"_")
    assert signed == unwrapped(url_safe.replace(b"application_cloudevents-json", PAYLOAD_TYPE.encode()))


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["payload", "payloadType", "signatures", "sig"]), inner)
        ),
    )
    .map(str)
    .map(str.encode)
)
def test_what_is_no_envelope_is_refused_and_never_an_error(line: bytes) -> None:
    with pytest.raises(InputRefused) as refused:
        unwrapped(line)
    assert "bad_dsse" == refused.value.code


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (PAYLOAD_TYPE.encode(), b"text/plain"),
        (b'"signatures":[', b'"signatures":[{"keyid":"k","sig":""},'),
        (b'"payload":"', b'"payload":"*'),
    ],
    ids=["another type", "two signatures", "not base64"],
)
def test_an_envelope_of_something_else_is_refused(before: bytes, after: bytes) -> None:
    with pytest.raises(InputRefused) as refused:
        unwrapped(wrapped(Signed(BODY, b"s" * 64, "k")).replace(before, after))
    assert "bad_dsse" == refused.value.code


def test_an_envelope_need_not_repeat_the_key_beside_the_event() -> None:
    assert "" == unwrapped(wrapped(Signed(BODY, b"s" * 64, "k")).replace(b'"keyid":"k",', b"")).key_id


def test_signing_a_file_names_the_key_counts_and_passes_over_blank_lines() -> None:
    key = KEYS[Algorithm.ED25519]
    lines = [booked(1) + b"\n", b"\n", booked(2) + b"\r\n"]

    signed = [unwrapped(line) for line in signed_lines(lines, key, 7)]
    assert ["7", "8"] == [admit(one.body).envelope.sequence for one in signed]
    assert all(has_signed(key.public, one.body, one.signature) for one in signed)
    assert {key.public.key_id} == {one.key_id for one in signed} | {admit(one.body).agencykey for one in signed}


@pytest.mark.parametrize(
    ("line", "code"),
    [(b"{", "not_json"), (b"[]", "not_an_object"), (b'{"agencykey":"x"}', "other_key"), (b"{}", "unknown_type")],
)
def test_a_line_that_cannot_be_signed_is_named(line: bytes, code: str) -> None:
    with pytest.raises(InputRefused) as refused:
        list(signed_lines([booked(1), line], KEYS[Algorithm.ED25519], None))
    assert code == refused.value.code
    assert refused.value.where.startswith("line 2")
