"""How far two machines' clocks are apart, as a heartbeat shows it. Pure.

A BEAT says the sender's time; what it took on the way makes the gap look a little larger or
smaller, which does not matter for a warning that begins at two minutes.
"""

from __future__ import annotations

from datetime import datetime

from towline_shared.clock import parse_utc

__all__ = ["WARN_FROM_S", "gap_s", "gap_sentence", "is_worth_a_warning"]

WARN_FROM_S = 120.0


def gap_s(at: str, now: datetime) -> float | None:
    """Return by how many seconds the sender's clock is ahead of ours; None when it says no time."""
    try:
        return round((parse_utc(at) - now).total_seconds(), 1)
    except (ValueError, OverflowError):
        return None


def is_worth_a_warning(gap: float | None) -> bool:
    """Tell whether a gap is more than a slow network and a lazy time server explain."""
    return gap is not None and abs(gap) >= WARN_FROM_S


def gap_sentence(gap: float, *, ours: str, theirs: str) -> str:
    """Say a gap in words, such as ``the agent's clock is 3 min behind the relay's``."""
    size = abs(gap)
    words = f"{size:.0f} s" if size < WARN_FROM_S else f"{size / 60:.0f} min"
    if size >= 2 * 86400:
        words = f"{size / 86400:.0f} days"
    elif size >= 7200:
        words = f"{size / 3600:.0f} h"
    return f"{theirs} clock is {words} {'ahead of' if gap > 0 else 'behind'} {ours}"
