"""Quiet by a sign on the IBM i itself: a data area that says so, or a job that runs.

Shops tell their programs to keep still by a data area or by the mere presence of a job; both can be
asked through SQL services (https://ibm.com/support/pages/ibm-i-services-sql).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from towline_agent.calendar import Work
from towline_agent.ibmi.port import IbmI

__all__ = ["DataArea", "JobActive", "Signal"]


@dataclass(frozen=True, slots=True)
class DataArea:
    """Quiet while a character data area holds a text (compared right-trimmed)."""

    library: str
    name: str
    equals: str

    def __str__(self) -> str:
        return f"data area {self.library}/{self.name}"

    def ask(self) -> Callable[[IbmI], bool]:
        """Return the question for the reading connection."""
        return lambda ibmi: ibmi.data_area(self.library, self.name).rstrip() == self.equals


@dataclass(frozen=True, slots=True)
class JobActive:
    """Quiet while a job of this name is active."""

    name: str

    def __str__(self) -> str:
        return f"job {self.name}"

    def ask(self) -> Callable[[IbmI], bool]:
        """Return the question for the reading connection."""
        return lambda ibmi: ibmi.job_active(self.name)


@dataclass(frozen=True, slots=True)
class Signal:
    """A sign and what rests while it stands."""

    name: str
    rests: frozenset[Work]
    sign: DataArea | JobActive
