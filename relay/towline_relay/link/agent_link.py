"""What the agents page shows of a live session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from towline_shared.events import Heartbeat

__all__ = ["AgentLink"]


@dataclass(frozen=True, slots=True)
class AgentLink:
    """A live session; moments aware UTC, ``address`` is the last hop's.

    Attributes:
        clock_gap_s: by how much the agent's clock is ahead of ours; None before it said so.
    """

    agent_id: str
    epoch: int
    since: datetime
    last_seen_at: datetime
    address: str
    version: str
    fingerprint: str
    heartbeat: Heartbeat | None = None
    clock_gap_s: float | None = None
