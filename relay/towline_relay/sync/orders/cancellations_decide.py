"""What to do about a cancellation of the ERP's in the shop, as far as it has got. Pure.

Shopify cancels by a job: the call only begins it, and its end does not say how it ended. So the
order decides: it is cancelled, or it is not although the job is over. The call has no key and can't
be taken back; while one may be under way, no second one is made.
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/orderCancel
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from towline_relay.store.rows import Known
from towline_shared.clock import parse_utc, utc_text

__all__ = ["KIND", "Begun", "Cancelled", "Failed", "Start", "Wait", "decide_cancel"]

KIND = "cancellation"  # kind of what was last written; the target is the order
_NO_ANSWER = timedelta(minutes=1)  # after that a call without an answer has had its effect, or none
_LONGEST = timedelta(minutes=30)
_BY_HAND = (
    "Look at the order's timeline in the shop's admin: something was shipped, a payment is pending,"
    " or a return is open. Cancel it there, then retry this; or forget it."
)


@dataclass(frozen=True, slots=True)
class Begun:
    """A cancellation that was begun.

    Attributes:
        job: gid of Shopify's job; empty while the answer of the call is not known.
        at: when the call was about to be made.
    """

    job: str
    at: datetime

    def known(self, order_gid: str) -> Known:
        """Write it as a row of what was last written."""
        value = json.dumps({"job": self.job, "at": utc_text(self.at)})
        return Known(KIND, order_gid, hashlib.sha256(value.encode()).hexdigest(), value)

    @classmethod
    def read(cls, known: Known | None) -> Begun | None:
        """Read it back; None when nothing was begun."""
        if known is None:
            return None
        given = json.loads(known.value)
        return cls(given["job"], parse_utc(given["at"]))


@dataclass(frozen=True, slots=True)
class Start:
    """Nothing is under way: make the call; ``refund`` what was paid."""

    refund: bool


@dataclass(frozen=True, slots=True)
class Wait:
    """One may be under way."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The shop has cancelled the order."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It needs somebody; ``over`` when a retry is to begin anew, else it looks at the job again."""

    reason: str
    hint: str
    over: bool


def decide_cancel(
    given: Mapping[str, Any], begun: Begun | None, *, done: bool, now: datetime
) -> Start | Wait | Cancelled | Failed:
    """Decide by what stands in the shop.

    Args:
        given: the order as :meth:`Shop.order` returns it, read after ``done``.
        done: the job is over; of no account without one.
    """
    name = given["name"]
    if given["cancelledAt"]:
        return Cancelled()
    if begun is None or (not begun.job and now - begun.at >= _NO_ANSWER):
        unpaid = given["displayFinancialStatus"] in ("PENDING", "AUTHORIZED", "VOIDED")
        return Start(refund=not unpaid)
    if not begun.job:
        return Wait(f"Nobody knows yet whether Shopify began to cancel {name}; it is looked again.")
    if done:
        return Failed(
            f"Shopify's cancellation of {name} is over and the order is not cancelled.",
            _BY_HAND,
            over=True,
        )
    if now - begun.at < _LONGEST:
        return Wait(f"Shopify is cancelling {name}.")
    minutes = int((now - begun.at).total_seconds() // 60)
    return Failed(
        f"Shopify has been cancelling {name} for {minutes} minutes and is not done.",
        "Retry this to look again; if it stays so, ask Shopify's support about the job.",
        over=False,
    )
