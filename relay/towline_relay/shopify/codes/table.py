"""How a table of user-error codes is written down: most codes need somebody, few heal."""

from __future__ import annotations

from collections.abc import Mapping

from towline_relay.shopify.models import Remedy

__all__ = ["BY_KEY", "WORDS_ONLY", "Table", "park"]

Table = Mapping[str, Remedy]

# The errors of these mutations carry no code, only Shopify's words: somebody must read them.
WORDS_ONLY: Table = {}

# Of every mutation with @idempotent: https://shopify.dev/docs/api/usage/implementing-idempotency
BY_KEY: Table = {
    "IDEMPOTENCY_CONCURRENT_REQUEST": Remedy.RETRY,
    "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": Remedy.NEW_KEY,
    "IDEMPOTENCY_KEY_PARAMETER_MISMATCH": Remedy.NEW_KEY,
}


def park(*codes: str) -> dict[str, Remedy]:
    """Return codes that repeating can't heal."""
    return dict.fromkeys(codes, Remedy.PARK)
