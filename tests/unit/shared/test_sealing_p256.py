"""The P-256 kind of keys: published vectors, one text form a key, never mixed with the other."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_shared.errors import PeerFault
from towline_shared.sealing import (
    ED25519,
    P256,
    Ephemeral,
    SigningKey,
    algorithm_of,
    fingerprint,
    is_public_key,
    verify,
)

# RFC 6979, appendix A.2.5: P-256 with SHA-256, messages "sample" and "test".
SECRET = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
X = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
Y = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
SIGNED = {
    b"sample": "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    b"test": "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
    "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
}
# NIST CAVP, ECC CDH primitive, P-256, count 0 (KAS_ECC_CDH_PrimitiveTest.txt).
CAVS = {
    "theirs": "700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287"
    "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
    "ours": "7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534",
    "shared": "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b",
}


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii")


def compressed(x: str, y: str) -> str:
    """Write a point in our form."""
    return "p256:" + text(bytes((2 + int(y, 16) % 2,)) + bytes.fromhex(x))


PUBLIC = compressed(X, Y)


def key() -> SigningKey:
    return SigningKey.from_text("p256:" + text(bytes.fromhex(SECRET)))


@pytest.mark.parametrize(("message", "signature"), SIGNED.items())
def test_signatures_of_the_standard_are_good(message: bytes, signature: str) -> None:
    """The published key has the published public half, and its signatures verify."""
    assert key().public == PUBLIC
    assert verify(PUBLIC, text(bytes.fromhex(signature)), message)
    assert not verify(PUBLIC, text(bytes.fromhex(signature)), message + b".")


@pytest.mark.parametrize(("message", "signature"), SIGNED.items())
def test_signing_needs_no_randomness(message: bytes, signature: str) -> None:
    """By RFC 6979 with the package of this environment; an older one may sign at random."""
    assert key().sign(message) == text(bytes.fromhex(signature))


def test_the_shared_secret_is_that_of_the_standard() -> None:
    """The x coordinate, 32 bytes."""
    ours = Ephemeral(P256, fresh=bytes.fromhex(CAVS["ours"]))
    theirs = compressed(CAVS["theirs"][:64], CAVS["theirs"][64:])
    assert ours.shared(theirs).hex() == CAVS["shared"]


def test_keys_survive_their_text() -> None:
    """The prefix says the kind; what is kept is what was made."""
    made = SigningKey.generate(P256)
    again = SigningKey.from_text(made.secret_text())
    assert again.public == made.public
    assert (again.algorithm, algorithm_of(made.public)) == (P256, P256)
    assert algorithm_of(SigningKey.generate().public) == ED25519
    assert made.secret_text() not in repr(made)
    assert fingerprint(made.public) in repr(made)


def test_the_kinds_are_not_mixed_up() -> None:
    """A signature of one kind is nothing to the other, nor is a fresh key."""
    one, other = SigningKey.generate(), SigningKey.generate(P256)
    assert not verify(one.public, other.sign(b"m"), b"m")
    assert not verify(other.public, one.sign(b"m"), b"m")
    with pytest.raises(PeerFault, match="of another kind"):
        Ephemeral(P256).shared(Ephemeral().public)
    with pytest.raises(PeerFault, match="of another kind"):
        Ephemeral().shared(Ephemeral(P256).public)


_RAW = bytes.fromhex("03" + X)  # y is odd


@pytest.mark.parametrize(
    "malformed",
    [
        "p256:",
        text(_RAW),  # no prefix
        "p256:" + text(_RAW[:32]),
        "p256:" + text(bytes.fromhex("04" + X + Y)),  # not compressed: the key's second text
        "p256:" + text(b"\x05" + _RAW[1:]),
        "p256:" + text(b"\x02" + b"\xff" * 32),  # beyond the field
        "p256:" + text(b"\x02" + bytes(31) + b"\x01"),  # no point of the curve has this x
        "p256:p256:" + text(_RAW),
        "P256:" + text(_RAW),
        PUBLIC + "\n",
    ],
)
def test_malformed_keys_are_none(malformed: str) -> None:
    """A key has one text form; a check never raises."""
    assert is_public_key(PUBLIC)
    assert not is_public_key(malformed)
    assert not verify(malformed, text(bytes.fromhex(SIGNED[b"test"])), b"test")
    with pytest.raises(PeerFault):
        Ephemeral(P256).shared(malformed)


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32, b"\x01" * 31])
def test_numbers_that_are_no_key_are_refused(secret: bytes) -> None:
    """Zero, a number beyond the group's order, and one of another length."""
    with pytest.raises(PeerFault, match="wrong form"):
        SigningKey.from_text("p256:" + text(secret))


@given(message=st.binary(max_size=50), place=st.integers(0, 63), flip=st.integers(1, 255))
def test_a_changed_signature_is_none(message: bytes, place: int, flip: int) -> None:
    """Whatever byte of it was changed."""
    made = SigningKey.generate(P256)
    raw = bytearray(base64.urlsafe_b64decode(made.sign(message)))
    assert verify(made.public, text(bytes(raw)), message)
    raw[place] ^= flip
    assert not verify(made.public, text(bytes(raw)), message)
