"""A clock whose both hands leap when told: time passes for those who look, nobody waits."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.support.scripted_relay import LeapingClock


class LeapingWall(LeapingClock):
    """Leaps with the wall clock too."""

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._ahead_s)


class WallOnly(LeapingWall):
    """Only the wall clock leaps: sessions don't think that their peer was silent."""

    def monotonic(self) -> float:
        return super().monotonic() - self._ahead_s
