"""How fast an initial load may read: a share of time, and rows a minute. Pure."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LoadBudget"]


@dataclass(frozen=True, slots=True)
class LoadBudget:
    """What a load may take from the partition.

    Attributes:
        busy_percent: share of time the load may keep the reading connection busy, 1 to 100.
        rows_per_minute: most rows it may read in a minute; 0 = as many as the share allows.
    """

    busy_percent: int = 50
    rows_per_minute: int = 120_000

    def rest_s(self, *, rows: int, took_s: float) -> float:
        """Return the rest in seconds after a page of ``rows`` that took ``took_s`` seconds.

        A slow page means a busy partition, so the rest grows with it by itself.
        """
        by_share = took_s * (100 - self.busy_percent) / self.busy_percent
        by_rate = rows * 60.0 / self.rows_per_minute - took_s if self.rows_per_minute else 0.0
        return max(0.0, by_share, by_rate)
