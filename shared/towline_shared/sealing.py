"""Identity and sealing on the wire, of well-known parts only; :mod:`envelope` seals at rest.

Each side owns a signing key. The handshake signs a transcript that contains both fresh keys;
HKDF-SHA256 over their shared secret, salted with the transcript's hash, gives one AES-256-GCM key
per direction; every frame is sealed with a counter as nonce. A proxy that ends the TLS sees sealed
frames only, and a replayed, dropped or reordered frame fails to open.

Keys are Ed25519 and X25519, or P-256 for both where rules ask for it (FIPS 140). A text says which
by its prefix. RFC 8032, RFC 7748, FIPS 186-5, RFC 5869 (HKDF), NIST SP 800-38D (GCM).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

from towline_shared.crypto import ED25519, P256, Forged, Suite, crypto
from towline_shared.errors import PeerFault
from towline_shared.words import as_words

__all__ = [
    "ED25519",
    "P256",
    "Ephemeral",
    "Seal",
    "SigningKey",
    "algorithm_of",
    "fingerprint",
    "frame_keys",
    "is_public_key",
    "same",
    "transcript",
    "verify",
]

_INFO = b"towline.link.v1 frame keys"
_PREFIX = {ED25519: "", P256: "p256:"}
_SECRET = 32  # bytes of a signing key of either kind
_MOST_FRAMES = 1 << 48  # far below the GCM limit for one key; a session is renewed long before


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode("ascii")


def _raw(text: str, size: int) -> bytes:
    """Read base64 of an exact size in its one canonical form; else it is the peer's fault.

    The standard decoder skips foreign characters and loose bits: one key would have many texts, and
    so many fingerprints.
    """
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii"))
    except ValueError:
        raw = b""
    if len(raw) != size or _text(raw) != text:
        raise PeerFault("The peer sent a key or signature of the wrong form.")
    return raw


def algorithm_of(text: str) -> str:
    """Tell of which kind a key's text says it is: Ed25519 ones have no prefix."""
    return P256 if text.startswith(_PREFIX[P256]) else ED25519


def _read(text: str, *, secret: bool = False) -> tuple[Suite, bytes]:
    algorithm = algorithm_of(text)
    suite = crypto().suite(algorithm)
    return suite, _raw(text.removeprefix(_PREFIX[algorithm]), _SECRET if secret else suite.point)


class SigningKey:
    """A private key of either kind; its text form is a secret, its public form is not."""

    def __init__(self, secret: bytes, algorithm: str = ED25519) -> None:
        """Take a key of 32 bytes; ValueError when it is none of that kind."""
        self.algorithm = algorithm
        self._suite = crypto().suite(algorithm)
        self._secret = secret
        self.public = _PREFIX[algorithm] + _text(self._suite.public_of(secret))

    @classmethod
    def generate(cls, algorithm: str = ED25519) -> SigningKey:
        """Make a new key from the operating system's randomness."""
        return cls(crypto().suite(algorithm).new_secret(), algorithm)

    @classmethod
    def from_text(cls, text: str) -> SigningKey:
        """Read what :meth:`secret_text` wrote."""
        _, secret = _read(text, secret=True)
        try:
            return cls(secret, algorithm_of(text))
        except ValueError:
            raise PeerFault("The peer sent a key or signature of the wrong form.") from None

    def secret_text(self) -> str:
        """Return the key as text, for a file with mode 0600 and nowhere else."""
        return _PREFIX[self.algorithm] + _text(self._secret)

    def sign(self, message: bytes) -> str:
        """Return a signature as base64."""
        return _text(self._suite.sign(self._secret, message))

    def __repr__(self) -> str:
        return f"SigningKey({fingerprint(self.public)})"


def verify(public: str, signature: str, message: bytes) -> bool:
    """Tell whether a signature is the key's; never raises for a wrong one."""
    try:
        suite, key = _read(public)
        return suite.verifies(key, _raw(signature, 64), message)
    except PeerFault:
        return False


def is_public_key(text: str) -> bool:
    """Tell whether a text is a public key in our form, of either kind."""
    try:
        suite, key = _read(text)
    except PeerFault:
        return False
    return suite.is_point(key)


def fingerprint(public: str) -> str:
    """Return 80 bits of a key's hash as five words people can compare by telephone.

    80, because a relay's key lives long: whoever wants another key with the same words must make
    2^80 of them, which nobody can; 40 bits would be a matter of days.
    """
    digest = hashlib.sha256(b"towline key " + public.encode("ascii")).digest()
    return as_words(digest[:10])


def transcript(*parts: bytes) -> bytes:
    """Hash the handshake's parts so that none can be moved into another."""
    digest = hashlib.sha256(b"towline.link.v1 transcript")
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


class Ephemeral:
    """A fresh key of one handshake, of either kind."""

    def __init__(self, algorithm: str = ED25519, *, fresh: bytes | None = None) -> None:
        """Make a key; one is given by test vectors only, since it must never be used twice."""
        self._algorithm = algorithm
        self._suite = crypto().suite(algorithm)
        self._fresh = fresh if fresh is not None else self._suite.new_fresh()

    @property
    def public(self) -> str:
        """The public key as text."""
        return _PREFIX[self._algorithm] + _text(self._suite.fresh_public(self._fresh))

    def shared(self, peer_public: str) -> bytes:
        """Return the shared secret.

        Raises:
            PeerFault: the peer's key is malformed, of another kind, or a point of low order.
        """
        if algorithm_of(peer_public) != self._algorithm:
            raise PeerFault("The peer answered with a fresh key of another kind.")
        _, point = _read(peer_public)
        try:
            return self._suite.agree(self._fresh, point)
        except ValueError:
            raise PeerFault("The peer sent an ephemeral key that gives no secret.") from None


def frame_keys(secret: bytes, transcript_hash: bytes) -> tuple[bytes, bytes]:
    """Derive (agent to relay, relay to agent) keys of 32 bytes each."""
    okm = crypto().derive(secret, salt=transcript_hash, info=_INFO, length=64)
    return okm[:32], okm[32:]


@dataclass
class Seal:
    """One direction of a sealed session; the counter makes each nonce unique and order binding."""

    key: bytes = field(repr=False)
    counter: int = 0

    def seal(self, frame: bytes, header: bytes) -> bytes:
        """Seal a frame; ``header`` is authenticated and stays readable."""
        return crypto().seal(self.key, self._nonce(), frame, header)

    def open(self, sealed: bytes, header: bytes) -> bytes:
        """Open the next frame.

        Raises:
            PeerFault: changed, replayed, dropped or reordered on the way.
        """
        try:
            return crypto().open(self.key, self._nonce(), sealed, header)
        except Forged:
            raise PeerFault(
                "A sealed frame was changed, repeated or left out on the way."
            ) from None

    def _nonce(self) -> bytes:
        if self.counter >= _MOST_FRAMES:
            raise PeerFault("The session has used up its frame numbers; reconnect.")
        nonce = self.counter.to_bytes(12, "big")
        self.counter += 1
        return nonce


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left.encode("utf-8"), right.encode("utf-8"))
