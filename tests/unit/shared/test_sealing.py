"""Keys and seals: against published vectors, and against every change on the way."""

from __future__ import annotations

import base64
import re
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_shared.errors import PeerFault
from towline_shared.sealing import (
    Ephemeral,
    Seal,
    SigningKey,
    fingerprint,
    frame_keys,
    is_public_key,
    same,
    transcript,
    verify,
)

KEY = bytes(range(32))
HEADER = b"\x01\x02"


def text(hexadecimal: str) -> str:
    """Write public test vectors in our form of keys: base64url with padding."""
    return base64.urlsafe_b64encode(bytes.fromhex(hexadecimal)).decode("ascii")


# -- published vectors -------------------------------------------------------------------------

# RFC 8032, section 7.1, tests 1 (empty message) and 2 (one byte).
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_signatures_are_those_of_rfc_8032(
    secret: str, public: str, message: str, signature: str
) -> None:
    """The text forms hold what anybody's Ed25519 computes."""
    key = SigningKey.from_text(text(secret))
    assert key.public == text(public)
    assert key.secret_text() == text(secret)
    assert key.sign(bytes.fromhex(message)) == text(signature)
    assert verify(text(public), text(signature), bytes.fromhex(message))


def test_the_shared_secret_is_that_of_rfc_7748() -> None:
    """Section 6.1: Alice's and Bob's keys give the same published secret on both ends."""
    alice, bob = (
        Ephemeral(fresh=bytes.fromhex(secret))
        for secret in (
            "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
            "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
        )
    )
    assert alice.public == text("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    secret = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    assert alice.shared(bob.public).hex() == bob.shared(alice.public).hex() == secret


def test_a_secret_is_shared() -> None:
    """Both ends compute the same, and another end another one."""
    left, right, other = Ephemeral(), Ephemeral(), Ephemeral()
    assert left.shared(right.public) == right.shared(left.public)
    assert left.shared(right.public) != left.shared(other.public)


@pytest.mark.parametrize("point", ["00" * 32, "01" + "00" * 31])
def test_a_point_of_low_order_is_the_peers_fault(point: str) -> None:
    """It would make the secret known to everybody (RFC 7748, section 6.1)."""
    with pytest.raises(PeerFault, match="gives no secret"):
        Ephemeral().shared(text(point))


# -- signatures --------------------------------------------------------------------------------


def test_only_the_key_and_the_message_signed_verify() -> None:
    """Another key, another message and another signature are told apart without raising."""
    key, other = SigningKey.generate(), SigningKey.generate()
    signature = key.sign(b"message")
    assert verify(key.public, signature, b"message")
    assert not verify(other.public, signature, b"message")
    assert not verify(key.public, signature, b"massage")
    assert not verify(key.public, other.sign(b"message"), b"message")


_MALFORMED = [
    "",
    "A",
    "AAAA",
    "ü" * 44,
    "\ud83d",
    "not base64 at all, but as long as a key is!!",
    text("00" * 31),
    text("00" * 33),
    text(RFC_8032[0][1]).rstrip("="),
    text(RFC_8032[0][1]) + "\n",
    " " + text(RFC_8032[0][1]),
    text("ff" * 32).replace("_", "/"),
    text(RFC_8032[0][1])[:-2] + "p=",  # the same bytes with loose bits set
]


@pytest.mark.parametrize("malformed", _MALFORMED)
def test_malformed_key_texts_are_the_peers_fault(malformed: str) -> None:
    """A key has one text form; nothing else is read as a key, and a check never raises."""
    with pytest.raises(PeerFault, match="wrong form"):
        SigningKey.from_text(malformed)
    with pytest.raises(PeerFault, match="wrong form"):
        Ephemeral().shared(malformed)
    assert not is_public_key(malformed)
    key = SigningKey.generate()
    assert not verify(malformed, key.sign(b""), b"")
    assert not verify(key.public, malformed, b"")


@given(st.text(max_size=60))
def test_any_text_is_a_key_or_not(garbage: str) -> None:
    """What a stranger enrols with never raises."""
    assert is_public_key(garbage) in (True, False)


def test_no_secret_shows() -> None:
    """Keys end up in logs and tracebacks by their repr: it shows the public fingerprint only."""
    key = SigningKey.generate()
    shown = repr(key) + str(key) + repr(Seal(KEY)) + repr([key])
    assert key.secret_text() not in shown
    assert KEY.hex() not in shown
    assert repr(KEY)[2:20] not in shown
    assert fingerprint(key.public) in shown


def test_a_fingerprint_can_be_read_over_the_telephone() -> None:
    """Five words of five letters, another for every key, the same for the same."""
    public = text(RFC_8032[0][1])
    assert fingerprint(public) == fingerprint(public)
    words = {fingerprint(SigningKey.generate().public) for _ in range(50)} | {fingerprint(public)}
    assert len(words) == 51
    for each in words:
        assert re.fullmatch(r"([bdfghjklmnprstvz][aiou]){2}[bdfghjklmnprstvz]", each[:5])
        assert [len(word) for word in each.split("-")] == [5] * 5


def test_secrets_are_compared_whole() -> None:
    """Equal or not, whatever the characters."""
    assert same("grüße", "grüße")
    assert not same("a", "b")
    assert not same("a", "aa")


# -- transcript and keys -----------------------------------------------------------------------


def test_parts_cannot_be_moved_into_another() -> None:
    """Each part counts with its length, so that no two handshakes hash alike."""
    assert transcript(b"ab", b"c") != transcript(b"a", b"bc")
    assert transcript(b"ab") != transcript(b"ab", b"")
    assert transcript(b"a", b"b") != transcript(b"b", b"a")


def test_each_direction_and_each_session_has_its_own_key() -> None:
    """Same secret, other transcript: other keys; and never one key for both directions."""
    secret = bytes(range(32, 64))
    up, down = frame_keys(secret, transcript(b"one"))
    assert len(up) == len(down) == 32
    assert len({up, down, *frame_keys(secret, transcript(b"two"))}) == 4


# -- sealed frames -----------------------------------------------------------------------------


@given(frames=st.lists(st.binary(max_size=100), max_size=5))
def test_frames_open_in_their_order(frames: list[bytes]) -> None:
    """The reader needs nothing but the key and the order."""
    writer, reader = Seal(KEY), Seal(KEY)
    sealed = [writer.seal(frame, HEADER) for frame in frames]
    assert [reader.open(each, HEADER) for each in sealed] == frames
    assert len(set(sealed)) == len(sealed)


@given(data=st.data())
def test_a_changed_frame_does_not_open(data: st.DataObject) -> None:
    """Any bit, anywhere, also in the tag."""
    sealed = bytearray(Seal(KEY).seal(b"twelve bytes", HEADER))
    position = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[position // 8] ^= 1 << position % 8
    with pytest.raises(PeerFault, match="changed, repeated or left out"):
        Seal(KEY).open(bytes(sealed), HEADER)


@pytest.mark.parametrize("length", [0, 1, 15, 16, 20])
def test_a_frame_cut_off_does_not_open(length: int) -> None:
    """Not even when less than a tag is left."""
    sealed = Seal(KEY).seal(b"twelve bytes", HEADER)
    with pytest.raises(PeerFault):
        Seal(KEY).open(sealed[:length], HEADER)


def test_a_replayed_frame_does_not_open() -> None:
    """The counter has moved on."""
    writer, reader = Seal(KEY), Seal(KEY)
    sealed = writer.seal(b"one", HEADER)
    reader.open(sealed, HEADER)
    with pytest.raises(PeerFault):
        reader.open(sealed, HEADER)


def test_a_dropped_frame_shows_at_the_next() -> None:
    """Leaving one out can't go unnoticed."""
    writer, reader = Seal(KEY), Seal(KEY)
    writer.seal(b"one", HEADER)
    with pytest.raises(PeerFault):
        reader.open(writer.seal(b"two", HEADER), HEADER)


@pytest.mark.parametrize("order", [order for order in permutations(range(3)) if order != (0, 1, 2)])
def test_reordered_frames_do_not_open(order: tuple[int, ...]) -> None:
    """At the latest the first one out of its place fails."""
    writer, reader = Seal(KEY), Seal(KEY)
    sealed = [writer.seal(bytes([n]), HEADER) for n in range(3)]
    opened: list[bytes] = []
    with pytest.raises(PeerFault):
        opened.extend(reader.open(sealed[n], HEADER) for n in order)
    assert opened == [bytes([n]) for n in range(len(opened))]


def test_a_frame_does_not_open_in_the_other_direction() -> None:
    """What the agent said can't be played back to it as the relay's word."""
    up, down = frame_keys(KEY, transcript())
    with pytest.raises(PeerFault):
        Seal(down).open(Seal(up).seal(b"one", HEADER), HEADER)


def test_the_header_is_readable_and_cannot_be_changed() -> None:
    """Flags say how to read the body, so they are authenticated with it."""
    sealed = Seal(KEY).seal(b"one", b"\x01\x02")
    with pytest.raises(PeerFault):
        Seal(KEY).open(sealed, b"\x01\x03")


def test_a_session_ends_before_its_counter_does() -> None:
    """No nonce is ever used twice under one key."""
    with pytest.raises(PeerFault, match="used up"):
        Seal(KEY, counter=1 << 48).seal(b"one", HEADER)
