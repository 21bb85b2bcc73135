"""Identity and sealing on the wire, of well-known parts only; :mod:`envelope` seals at rest.

Each side owns an Ed25519 key. The handshake signs a transcript that contains both fresh X25519
keys; HKDF-SHA256 over their shared secret, salted with the transcript's hash, gives one AES-256-GCM
key per direction; every frame is sealed with a counter as nonce. A proxy that ends the TLS sees
sealed frames only, and a replayed, dropped or reordered frame fails to open.

RFC 8032 (Ed25519), RFC 7748 (X25519), RFC 5869 (HKDF), NIST SP 800-38D (GCM).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from towline_shared.errors import PeerFault
from towline_shared.words import as_words

__all__ = [
    "Ephemeral",
    "Seal",
    "SigningKey",
    "fingerprint",
    "frame_keys",
    "is_public_key",
    "same",
    "transcript",
    "verify",
]

_INFO = b"towline.link.v1 frame keys"
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


class SigningKey:
    """An Ed25519 private key; its text form is a secret, its public form is not."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a new key from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_text(cls, text: str) -> SigningKey:
        """Read what :meth:`secret_text` wrote."""
        return cls(Ed25519PrivateKey.from_private_bytes(_raw(text, 32)))

    def secret_text(self) -> str:
        """Return the key as base64, for a file with mode 0600 and nowhere else."""
        return _text(self._key.private_bytes_raw())

    @property
    def public(self) -> str:
        """The public key as base64."""
        return _text(self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> str:
        """Return a signature as base64."""
        return _text(self._key.sign(message))

    def __repr__(self) -> str:
        return f"SigningKey({fingerprint(self.public)})"


def verify(public: str, signature: str, message: bytes) -> bool:
    """Tell whether a signature is the key's; never raises for a wrong one."""
    try:
        key = Ed25519PublicKey.from_public_bytes(_raw(public, 32))
        key.verify(_raw(signature, 64), message)
    except (InvalidSignature, PeerFault, ValueError):
        return False
    return True


def is_public_key(text: str) -> bool:
    """Tell whether a text is an Ed25519 public key in our form."""
    try:
        Ed25519PublicKey.from_public_bytes(_raw(text, 32))
    except (PeerFault, ValueError):
        return False
    return True


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
    """A fresh X25519 key of one handshake."""

    def __init__(self, key: X25519PrivateKey | None = None) -> None:
        """Make a key; one is given by test vectors only, since it must never be used twice."""
        self._key = key if key is not None else X25519PrivateKey.generate()

    @property
    def public(self) -> str:
        """The public key as base64."""
        return _text(self._key.public_key().public_bytes_raw())

    def shared(self, peer_public: str) -> bytes:
        """Return the shared secret.

        Raises:
            PeerFault: the peer's key is malformed or a point of low order.
        """
        try:
            return self._key.exchange(X25519PublicKey.from_public_bytes(_raw(peer_public, 32)))
        except ValueError:
            raise PeerFault("The peer sent an ephemeral key that gives no secret.") from None


def frame_keys(secret: bytes, transcript_hash: bytes) -> tuple[bytes, bytes]:
    """Derive (agent to relay, relay to agent) keys of 32 bytes each."""
    okm = HKDF(algorithm=hashes.SHA256(), length=64, salt=transcript_hash, info=_INFO).derive(
        secret
    )
    return okm[:32], okm[32:]


@dataclass
class Seal:
    """One direction of a sealed session; the counter makes each nonce unique and order binding."""

    key: bytes = field(repr=False)
    counter: int = 0

    def seal(self, frame: bytes, header: bytes) -> bytes:
        """Seal a frame; ``header`` is authenticated and stays readable."""
        return AESGCM(self.key).encrypt(self._nonce(), frame, header)

    def open(self, sealed: bytes, header: bytes) -> bytes:
        """Open the next frame.

        Raises:
            PeerFault: changed, replayed, dropped or reordered on the way.
        """
        try:
            return AESGCM(self.key).decrypt(self._nonce(), sealed, header)
        except (InvalidTag, ValueError):
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
