"""Is this body signed with one of the app's secrets?

HMAC-SHA256 over the raw body, base64, keyed with the client secret:
https://shopify.dev/docs/apps/build/webhooks/verify-deliveries. While a secret is being rotated
Shopify signs with the oldest one that is not revoked, for up to an hour after the change, so
several are accepted:
https://shopify.dev/docs/apps/build/authentication-authorization/client-secrets/rotate-revoke-client-credentials
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

__all__ = ["sign", "signed_by"]


def sign(body: bytes, secret: str) -> str:
    """Return the signature Shopify would send with a body."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def signed_by(body: bytes, signature: str, secrets: Sequence[str]) -> int | None:
    """Return the index of the secret that signed the body, or None.

    Every secret is tried, each compared in constant time, so that the time tells neither how much
    of a guess was right nor which secret is in use. Any header text is accepted as input: bytes
    outside ASCII are simply a wrong signature.

    Args:
        body: the raw bytes as they came over the wire.
        signature: text of the header; empty when it is missing.
        secrets: the app's client secrets.
    """
    given = signature.encode("utf-8", "surrogateescape")
    found: int | None = None
    for index, secret in enumerate(secrets):
        right = hmac.compare_digest(sign(body, secret).encode(), given)
        if right and found is None:
            found = index
    return found
