"""Secrets at rest: each in an envelope of its own, whose key is wrapped by a master key.

AES-256-GCM twice (NIST SP 800-38D): a fresh data key seals the secret, the master key wraps the
data key. Both are bound to what the secret is about, so that a row copied to another tenant or
purpose does not open. Rotation wraps the data keys anew and leaves the sealed bodies alone;
whoever throws a master key away throws away all that it wraps.

A sealed text is ``v1.<key id>.<nonce and wrapped key>.<nonce and body>``, parts in base64.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from towline_shared.crypto import Forged, crypto
from towline_shared.errors import Misuse, Permanent

__all__ = ["Keyring", "MasterKey", "Unopenable"]

_VERSION = "v1"
_NONCE = 12  # bytes; random nonces are safe here: a data key seals once, a master key few times
_KEY = 32


class Unopenable(Permanent):
    """A sealed text was changed, moved to another place, or its master key is gone."""


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A key that wraps keys; ``id`` is no secret and stands in every text it wraps."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls) -> MasterKey:
        """Make a new key from the operating system's randomness."""
        return cls(os.urandom(4).hex(), os.urandom(_KEY))


class Keyring:
    """The master keys, newest first: the first one wraps, all of them open."""

    def __init__(self, keys: Sequence[MasterKey]) -> None:
        """Build a ring of at least one key."""
        if not keys or any(len(key.secret) != _KEY for key in keys):
            raise Misuse("A keyring needs keys of 32 bytes.")
        self.keys = tuple(keys)

    def seal(self, secret: bytes, *, about: str) -> str:
        """Seal a secret.

        Args:
            secret: any bytes.
            about: what it is and whose, such as ``tenant/refresh token``; opening takes the same.
        """
        data_key = os.urandom(_KEY)
        body = _encrypt(data_key, secret, _bound("body", about))
        return ".".join([*self._wrap(data_key, about), _text(body)])

    def open(self, sealed: str, *, about: str) -> bytes:
        """Return the secret.

        Raises:
            Unopenable: the text or ``about`` is not what was sealed, or its key is not on the ring.
        """
        data_key, body = self._unwrap(sealed, about)
        return _decrypt(data_key, body, _bound("body", about))

    def rewrap(self, sealed: str, *, about: str) -> str:
        """Return the same envelope under the newest key; its body stays as it is.

        Raises:
            Unopenable: as :meth:`open`.
        """
        data_key, body = self._unwrap(sealed, about)
        _decrypt(data_key, body, _bound("body", about))  # never carry on what can't be opened
        return ".".join([*self._wrap(data_key, about), _text(body)])

    def _wrap(self, data_key: bytes, about: str) -> tuple[str, str, str]:
        key = self.keys[0]
        wrapped = _encrypt(key.secret, data_key, _bound(f"key {key.id}", about))
        return _VERSION, key.id, _text(wrapped)

    def _unwrap(self, sealed: str, about: str) -> tuple[bytes, bytes]:
        parts = sealed.split(".")
        if len(parts) != 4 or parts[0] != _VERSION:
            raise _unopenable(about, "it is not in a form this release knows")
        _, key_id, wrapped, body = parts
        key = next((key for key in self.keys if key.id == key_id), None)
        if key is None:
            raise _unopenable(about, f"its key {key_id[:16]} is not in the key file")
        try:
            raw_key, raw_body = (base64.b64decode(part, validate=True) for part in (wrapped, body))
        except ValueError:
            raise _unopenable(about, "it is damaged") from None
        return _decrypt(key.secret, raw_key, _bound(f"key {key_id}", about)), raw_body


def _bound(part: str, about: str) -> bytes:
    return f"towline envelope v1\0{part}\0{about}".encode()


def _encrypt(key: bytes, plain: bytes, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + crypto().seal(key, nonce, plain, bound)


def _decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        return crypto().open(key, sealed[:_NONCE], sealed[_NONCE:], bound)
    except Forged:
        raise _unopenable(bound.rpartition(b"\0")[2].decode(), "it was changed or moved") from None


def _unopenable(about: str, why: str) -> Unopenable:
    return Unopenable(
        f"The sealed {about} can't be opened: {why}.",
        hint="Restore the key file that belongs to this database, or give the secret anew.",
    )


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
