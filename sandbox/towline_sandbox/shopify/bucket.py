"""The leaky bucket of query cost: https://shopify.dev/docs/api/usage/limits"""

from __future__ import annotations

from towline_shared.clock import Clock

__all__ = ["Bucket"]


class Bucket:
    """Points that are spent by calls and come back with time.

    Attributes:
        maximum: points the bucket holds.
        restore_rate: points that come back per second.
    """

    def __init__(self, clock: Clock, *, maximum: int, restore_rate: float) -> None:
        self._clock = clock
        self.maximum = maximum
        self.restore_rate = restore_rate
        self._level = float(maximum)
        self._at = clock.monotonic()

    @property
    def available(self) -> float:
        """Points that can be spent now."""
        now = self._clock.monotonic()
        self._level = min(float(self.maximum), self._level + (now - self._at) * self.restore_rate)
        self._at = now
        return self._level

    def take(self, points: float) -> bool:
        """Spend points; False, and nothing spent, when there are too few."""
        if self.available < points:
            return False
        self._level -= points
        return True

    def refund(self, points: float) -> None:
        """Give back what was requested and not used."""
        self._level = min(float(self.maximum), self.available + max(0.0, points))

    def squeeze(self, *, maximum: int, restore_rate: float) -> None:
        """Shrink and empty the bucket, as Shopify may to protect its platform."""
        self.relax(maximum=maximum, restore_rate=restore_rate)
        self._level = 0.0

    def relax(self, *, maximum: int, restore_rate: float) -> None:
        """Change size and rate, keeping the level as far as it fits."""
        _ = self.available
        self.maximum, self.restore_rate = maximum, restore_rate
        self._level = min(self._level, float(maximum))
