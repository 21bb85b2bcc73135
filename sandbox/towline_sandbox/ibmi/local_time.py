"""The partition's clock: local time in the forms the files use."""

from __future__ import annotations

from datetime import datetime, timedelta

from towline_shared.clock import Clock

__all__ = ["LocalTime"]


class LocalTime:
    """Local time at a fixed distance from UTC (QUTCOFFSET)."""

    def __init__(self, clock: Clock, *, utc_offset_h: float) -> None:
        self._clock = clock
        self._offset = timedelta(hours=utc_offset_h)

    def timestamp(self) -> str:
        """Return the local time as Db2 writes it: 26 characters."""
        return self._now().strftime("%Y-%m-%d-%H.%M.%S.%f")

    def cymd(self) -> int:
        """Return the local date as CYYMMDD."""
        local = self._now()
        return (local.year - 1900) * 10000 + local.month * 100 + local.day

    def hms(self) -> int:
        """Return the local time as HHMMSS."""
        return int(self._now().strftime("%H%M%S"))

    def _now(self) -> datetime:
        return self._clock.now() + self._offset
