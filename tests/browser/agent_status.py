"""A status of the agent as its health page gets it, for pages and their readers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from towline_agent.buffer import Backlog
from towline_agent.capture import CaptureState
from towline_agent.clearing import ClearingState
from towline_agent.deliver import DeliveryState
from towline_agent.doorbell import DoorbellState
from towline_agent.health.status import About, AgentStatus
from towline_agent.ibmi.port import Purpose
from towline_agent.ibmi.worker import WorkerState
from towline_agent.link_client import LinkState
from towline_agent.loading import LoadingState

__all__ = ["NOW", "sample_status"]

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def sample_status(*, trouble: str = "") -> AgentStatus:
    """An agent in the middle of its day; with trouble the link is down and says why."""
    up = WorkerState(status="up", since=NOW, last_good_at=NOW, jobs=1)
    return AgentStatus(
        about=About(
            version="0.1.0",
            agent_id="agent-1",
            tenant="nordwind",
            name="Nordwind Berlin",
            words="amber bolt canal",
            driver="simulated",
            started_at=NOW - timedelta(hours=3),
            most_events=100_000,
        ),
        now=NOW,
        connections=dict.fromkeys(Purpose, up),
        description=None,
        link=LinkState(
            relay_url="wss://relay.example/link",
            connected=not trouble,
            since=NOW,
            last_error=trouble,
        ),
        backlog=Backlog(unacked=3, oldest_at=NOW, by_stream={"changes": 3}, inbox=1),
        outbox_waiting=2,
        capture=CaptureState(events=40),
        doorbell=DoorbellState(rings=12),
        clearing=ClearingState(),
        queues=[],
        loading=LoadingState(),
        delivery=DeliveryState(),
    )
