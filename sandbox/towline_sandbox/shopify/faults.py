"""Faults that can be switched on, as buttons on the stage and as a test's tools."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from towline_sandbox.shopify.settings import WebhookOdds

__all__ = ["BULK_FAULTS", "CallFault", "Faults"]

_FATES = ("bulk_fails", "bulk_cancelled", "bulk_expires", "bulk_partial")
BULK_FAULTS = (*_FATES, "upload_rejected", "result_cut", "result_gone")


class CallFault(Enum):
    """What happens to one GraphQL call instead of an answer."""

    TOO_MANY = "http_429"
    SERVER_ERROR = "http_500"
    TIMEOUT_AFTER_WRITE = "timeout_after_write"


@dataclass(slots=True)
class Faults:
    """The faults that are armed now; they live in memory and end with the process.

    Attributes:
        throttle: the bucket was emptied, and is a tenth of its size and rate.
        http_429: how many of the next calls are refused with 429 and Retry-After.
        http_500: how many of the next calls fail with 500 and nothing done.
        timeout_after_write: how many of the next mutations are done and then answered with 504.
        closed: an HTTP status that every call gets until it is 0 again: 402 frozen for a payment,
            403 app refused, 423 locked, 430 taken for an attack.
        token_lost: how many of the next grants of a token are made and then answered with 504.
        webhooks_paused: nothing is sent; deliveries wait in the queue.
        bulk_fails: how many of the next bulk operations fail half-way, with a part of the result.
        bulk_cancelled: how many of them Shopify ends half-way, as it may with stalled ones.
        bulk_expires: how many of them expire half-way.
        bulk_partial: how many of them complete with result lines missing.
        upload_rejected: how many of the next staged uploads are refused.
        result_cut: how many of the next downloads of a result break off.
        result_gone: how many of the next downloads find the address expired.
        slow_jobs: how often each new job must be looked at until it is over; 0 is at once.
        odds: how webhooks travel.
    """

    odds: WebhookOdds
    throttle: bool = False
    http_429: int = 0
    http_500: int = 0
    timeout_after_write: int = 0
    closed: int = 0
    token_lost: int = 0
    webhooks_paused: bool = False
    bulk_fails: int = 0
    bulk_cancelled: int = 0
    bulk_expires: int = 0
    bulk_partial: int = 0
    upload_rejected: int = 0
    result_cut: int = 0
    result_gone: int = 0
    slow_jobs: int = 0
    _spent: dict[str, int] = field(default_factory=dict)

    def next_for_call(self) -> CallFault | None:
        """Take the fault that hits the next call before any work, None when there is none."""
        if self.http_429 > 0:
            self.http_429 -= 1
            return self._hit(CallFault.TOO_MANY)
        if self.http_500 > 0:
            self.http_500 -= 1
            return self._hit(CallFault.SERVER_ERROR)
        return None

    def next_after_write(self) -> CallFault | None:
        """Take the fault that hits after a mutation was committed."""
        if self.timeout_after_write > 0:
            self.timeout_after_write -= 1
            return self._hit(CallFault.TIMEOUT_AFTER_WRITE)
        return None

    def next_for_bulk(self) -> str | None:
        """Take the fate of the next bulk operation; None when it will be good."""
        for name in _FATES:
            if self.take(name):
                return name.removeprefix("bulk_")
        return None

    def take(self, name: str) -> bool:
        """Take one of the counted faults of bulk operations; false when none is armed."""
        if getattr(self, name) <= 0:
            return False
        setattr(self, name, getattr(self, name) - 1)
        self._spent[name] = self._spent.get(name, 0) + 1
        return True

    def next_for_token(self) -> bool:
        """Take the loss of the answer to a request for a token."""
        if self.token_lost <= 0:
            return False
        self.token_lost -= 1
        self._spent["token_lost"] = self._spent.get("token_lost", 0) + 1
        return True

    def as_dict(self) -> dict[str, object]:
        """Return what is armed, and how often each fault has struck."""
        return {
            "throttle": self.throttle,
            "http_429": self.http_429,
            "http_500": self.http_500,
            "timeout_after_write": self.timeout_after_write,
            "closed": self.closed,
            "token_lost": self.token_lost,
            "slow_jobs": self.slow_jobs,
            **{name: getattr(self, name) for name in BULK_FAULTS},
            "webhooks": {
                "late": self.odds.late,
                "twice": self.odds.twice,
                "lost": self.odds.lost,
                "late_s": self.odds.late_s,
                "shuffle_s": self.odds.shuffle_s,
                "paused": self.webhooks_paused,
            },
            "struck": dict(self._spent),
        }

    def _hit(self, fault: CallFault) -> CallFault:
        self._spent[fault.value] = self._spent.get(fault.value, 0) + 1
        return fault
