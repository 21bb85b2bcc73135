"""When an authorised payment that nobody took must be brought to somebody's notice. Pure.

An authorisation lapses after some days (``authorizationExpiresAt``), and what was shipped after it
is not paid. So people are warned: once for each number of days the rules name, and when it has
lapsed. A later warning takes the place of the earlier one; once the money is taken none is left.
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/OrderTransaction
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from towline_relay.sync.orders.capture import Authorization, authorizations
from towline_shared.clock import parse_utc
from towline_shared.money import plain

__all__ = ["ENTITY", "LAPSED", "Warned", "warnings"]

ENTITY = "authorization"  # of the events that carry warnings; the key is the transaction
LAPSED = 0  # the level after the last day
_TAKE = "Ship the order or capture the payment in the shop's admin; then this goes by itself."
_GONE = (
    "Ask the buyer to pay anew from the shop's admin, or stop the delivery; forget this when it is"
    " settled."
)


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning about one authorisation; ``level`` is a number of days, 0 when it has lapsed."""

    gid: str
    level: int
    reason: str
    hint: str


def warnings(given: Mapping[str, Any], days: Sequence[int], *, now: datetime) -> Iterator[Warned]:
    """Yield what must be said of an order's authorised payments now, one a payment.

    Args:
        given: the order, with its transactions.
        days: the levels; none says nothing at all.
    """
    if given["cancelledAt"] or not days:
        return
    for held in authorizations(given):
        if not held.expires_at:
            continue
        left = parse_utc(held.expires_at) - now
        reached = [level for level in days if left <= timedelta(days=level)]
        if left <= timedelta(0):
            yield Warned(held.gid, LAPSED, _words(given, held, "has lapsed"), _GONE)
        elif reached:
            yield Warned(held.gid, min(reached), _words(given, held, "lapses"), _TAKE)


def _words(given: Mapping[str, Any], held: Authorization, verb: str) -> str:
    at = parse_utc(held.expires_at)
    return (
        f"The authorised payment of {given['name']} ({plain(held.left)} {held.currency} not"
        f" captured) {verb} at {at:%Y-%m-%d %H:%M} UTC."
    )
