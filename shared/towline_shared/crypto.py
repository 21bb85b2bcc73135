"""The door to cryptography: what the link needs of a crypto library, and the one that is there.

Everything above it (``sealing``, ``envelope``) is the same whichever library answers. In PASE,
where no wheel can be built, the library is an RPM; where there is none, nothing is ever sent or
kept unsealed: the program says so and stops.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Protocol

from towline_shared.errors import Misconfigured

__all__ = ["ED25519", "P256", "Crypto", "Forged", "Suite", "crypto"]

ED25519, P256 = "ed25519", "p256"


class Forged(Exception):
    """A sealed text does not open: changed, moved, or by another key."""


class Suite(Protocol):
    """Signing and key agreement of one kind; secrets, points and signatures as bytes."""

    #: Bytes of a public key, of a fresh one too.
    point: int

    def new_secret(self) -> bytes:
        """Make a signing key of 32 bytes."""
        ...

    def public_of(self, secret: bytes) -> bytes:
        """Return the public half of a signing key; ValueError when it is none."""
        ...

    def sign(self, secret: bytes, message: bytes) -> bytes:
        """Sign; 64 bytes."""
        ...

    def verifies(self, public: bytes, signature: bytes, message: bytes) -> bool:
        """Tell whether a signature is the key's; never raises."""
        ...

    def is_point(self, public: bytes) -> bool:
        """Tell whether bytes are the public half of a signing key."""
        ...

    def new_fresh(self) -> bytes:
        """Make a key for one agreement."""
        ...

    def fresh_public(self, fresh: bytes) -> bytes:
        """Return its public half."""
        ...

    def agree(self, fresh: bytes, public: bytes) -> bytes:
        """Return 32 shared bytes; ValueError when the peer's point gives none."""
        ...


class Crypto(Protocol):
    """A library."""

    def suite(self, name: str) -> Suite:
        """Return the suite of a name, :data:`ED25519` or :data:`P256`."""
        ...

    def derive(self, secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
        """Return bytes by HKDF-SHA256 (RFC 5869)."""
        ...

    def seal(self, key: bytes, nonce: bytes, plain: bytes, bound: bytes) -> bytes:
        """Seal by AES-256-GCM; ``bound`` is the associated data."""
        ...

    def open(self, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        """Open what :meth:`seal` made.

        Raises:
            Forged: it does not open.
        """
        ...


@cache
def crypto() -> Crypto:
    """Return the library.

    Raises:
        Misconfigured: there is none that can be imported; nothing goes on unsealed.
    """
    try:
        found: Crypto = importlib.import_module("towline_shared.crypto_pyca").PYCA
    except ImportError as error:
        raise Misconfigured(
            "Nothing can be sealed here: Python's cryptography package can't be imported"
            f" ({error}).",
            hint="pip install cryptography; in PASE install its RPM for the Python in use"
            " (yum list 'python3.13*') and make the environment with --system-site-packages."
            " Towline sends and keeps nothing unsealed.",
        ) from None
    return found
