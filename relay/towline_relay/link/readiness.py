"""Whether more may be asked of agents, stream by stream. Pure: told the load, it decides.

What holds a stream back is the backlog of the lanes it feeds, and the disk. While Shopify takes
little, a smaller backlog is enough: more of it at the relay would only age here instead of being
superseded on the IBM i. Answers about orders have marks of their own, so that a catalogue that is
full does not stop them; they stop last when the disk is short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from towline_shared.filling import Marks
from towline_shared.stream_log import UP_STREAMS
from towline_shared.window import WINDOW_ROWS

__all__ = ["Inflow", "InflowLimits", "ShopState", "decide", "is_short", "marks"]

_SHORT = Marks(high=0.75, low=0.5)  # of the bucket of points, as its empty share
_RESUME = 0.5  # of a backlog's mark
_DISK_AGAIN = 1.25  # of the reserve


@dataclass(frozen=True, slots=True)
class InflowLimits:
    """When to hold agents back.

    Attributes:
        events: due changes of one tenant's catalogue and customers that are enough.
        events_short: how many are enough while the shop takes little.
        results: due answers and shipments of one tenant that are enough.
        reserve_bytes: free disk below which changes stop; answers stop below half of it.
        window: rows of a stream that may be under way; so many may still come after a stop.
    """

    events: int = 50_000
    events_short: int = 10_000
    results: int = 10_000
    reserve_bytes: int = 512 << 20
    window: int = WINDOW_ROWS


@dataclass(frozen=True, slots=True)
class ShopState:
    """How much a shop takes.

    Attributes:
        full: how full the bucket of points is, 0 to 1.
        trouble: sentence, while the shop takes nothing at all; empty otherwise.
    """

    full: float = 1.0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Inflow:
    """What one tenant's streams meet at the relay.

    Attributes:
        changes: due events that came as changes or in bulk.
        results: due events that came as results.
        free_bytes: free disk under the store.
    """

    changes: int
    results: int
    free_bytes: int
    shop: ShopState = field(default_factory=ShopState)

    def level(self, stream: str) -> int:
        """Return the backlog a stream adds to."""
        return self.results if stream == "results" else self.changes


def is_short(shop: ShopState, *, was: bool) -> bool:
    """Tell whether the shop takes little: in trouble, or its bucket nearly empty."""
    return bool(shop.trouble) or _SHORT.shut(1.0 - shop.full, was=was)


def marks(stream: str, limits: InflowLimits, *, short: bool) -> Marks:
    """Return at which backlog a stream is held, and below which it flows again."""
    if stream == "results":
        high = limits.results
    else:
        high = min(limits.events, limits.events_short) if short else limits.events
        high = max(1, high // 2) if stream == "bulk" else high  # a load never fills all of it
    return Marks(high=high, low=max(1, int(high * _RESUME)))


def decide(
    inflow: Inflow, limits: InflowLimits, *, held: Mapping[str, str], short: bool
) -> dict[str, str]:
    """Return the streams that are held, each with a sentence why.

    Args:
        held: what was held so far: each mark has its own way back.
        short: whether the shop takes little, see :func:`is_short`.
    """
    found: dict[str, str] = {}
    for stream in UP_STREAMS:
        was = stream in held
        reserve = limits.reserve_bytes // 2 if stream == "results" else limits.reserve_bytes
        if reserve and inflow.free_bytes < reserve * (_DISK_AGAIN if was else 1.0):
            found[stream] = (
                f"Only {inflow.free_bytes >> 20} MiB are free on the relay's disk;"
                f" {reserve >> 20} are kept in reserve."
            )
            continue
        level = inflow.level(stream)
        mark = marks(stream, limits, short=short)
        if mark.shut(level, was=was):
            found[stream] = _sentence(level, mark, short=short, shop=inflow.shop)
    return found


def _sentence(level: int, mark: Marks, *, short: bool, shop: ShopState) -> str:
    why = ""
    if short:
        why = f" ({shop.trouble})" if shop.trouble else " (the shop's bucket of points is empty)"
    return (
        f"{level:,} events wait at the relay, {mark.high:,.0f} are enough{why};"
        f" it goes on below {mark.low:,.0f}."
    )
