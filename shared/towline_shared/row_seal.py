"""Columns of a database sealed one by one, each bound to the place it stands in.

AES-256-GCM under one key with a random nonce a value (NIST SP 800-38D, 8.2.2: good for 2^32 values
under one key, which is 130 years at one a second). What it is bound to is the place: a value that
was moved to another row, column or file does not open. A sealed value is
``1`` ``nonce (12)`` ``text and tag``, as bytes; a clear one is text, so both can stand in a table
while it is being sealed.
"""

from __future__ import annotations

import os

from towline_shared.crypto import Forged, crypto
from towline_shared.envelope import Unopenable
from towline_shared.errors import Misuse

__all__ = ["KEY_BYTES", "RowSeal"]

KEY_BYTES = 32
_FORM = b"\x01"
_NONCE = 12


class RowSeal:
    """Seals and opens values under one key."""

    def __init__(self, key: bytes) -> None:
        """Use a key of :data:`KEY_BYTES` bytes."""
        if len(key) != KEY_BYTES:
            raise Misuse(f"A key for rows has {KEY_BYTES} bytes.")
        self._key = key
        self._crypto = crypto()

    @staticmethod
    def make_key() -> bytes:
        """Return a new key from the operating system's randomness."""
        return os.urandom(KEY_BYTES)

    def seal(self, value: bytes, *place: object) -> bytes:
        """Seal a value for a place, such as a table, a column and the row's key."""
        nonce = os.urandom(_NONCE)
        return _FORM + nonce + self._crypto.seal(self._key, nonce, value, _bound(place))

    def open(self, sealed: bytes, *place: object) -> bytes:
        """Return the value.

        Raises:
            Unopenable: it was changed or moved, or sealed under another key.
        """
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            if sealed[:1] == _FORM:
                return self._crypto.open(self._key, nonce, body, _bound(place))
        except Forged:
            pass
        raise Unopenable(
            f"The sealed value at {' '.join(map(str, place))} can't be opened: it was changed or"
            " moved, or its key is another one.",
            hint="Restore the key file that belongs to this database.",
        )


def _bound(place: tuple[object, ...]) -> bytes:
    """Write a place without ambiguity: each part behind its length."""
    parts = [str(part).encode() for part in place]
    return b"towline row v1" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
