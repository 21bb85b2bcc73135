"""Health as data: named checks, each with a status, a since and a hint; the worst one counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from towline_shared.clock import utc_text

__all__ = ["Check", "Status", "worst"]


class Status(IntEnum):
    """Ordered from well to bad, so that max() is the worst."""

    OK = 0
    WARNING = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that can be well or not.

    Attributes:
        name: stable, lower case with blanks, for people and for scripts.
        status: how it is.
        since: when it last changed to this status (aware UTC).
        detail: one sentence about what is seen.
        hint: one sentence about what to do; empty when it is well.
    """

    name: str
    status: Status
    since: datetime
    detail: str
    hint: str = ""

    def as_dict(self) -> dict[str, str]:
        """Return the check as JSON-ready text fields."""
        return {
            "name": self.name,
            "status": self.status.name.lower(),
            "since": utc_text(self.since),
            "detail": self.detail,
            "hint": self.hint,
        }


def worst(checks: Iterable[Check]) -> Status:
    """Return the worst status; nothing checked is not well, it is unknown and so a warning."""
    return max((check.status for check in checks), default=Status.WARNING)
