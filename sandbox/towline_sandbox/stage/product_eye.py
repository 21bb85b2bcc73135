"""The stage's eye on the product itself: the relay's events page and the agent's status page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import ClientError, ClientSession

from towline_sandbox.stage.world import AgentView, RelayEvent, RelayView
from towline_shared.clock import parse_utc

__all__ = ["ProductEye", "agent_view", "relay_view"]

_NEWEST = 12


class ProductEye:
    """Reads the same JSON twins an operator's scripts would read."""

    def __init__(
        self, session: ClientSession, *, relay_url: str, relay_token: str, agent_url: str
    ) -> None:
        self._session = session
        self._events = f"{relay_url.rstrip('/')}/admin/events.json"
        self._status = f"{agent_url.rstrip('/')}/status.json"
        self._headers = {"Authorization": f"Bearer {relay_token}"}

    async def relay(self) -> RelayView | None:
        """Look at the relay; None when it does not answer."""
        said = await self._get(self._events, params={"limit": str(_NEWEST)}, headers=self._headers)
        return None if said is None else relay_view(said)

    async def agent(self) -> AgentView | None:
        """Look at the agent; None when it does not answer."""
        said = await self._get(self._status)
        return None if said is None else agent_view(said)

    async def _get(self, url: str, **how: Any) -> Mapping[str, Any] | None:
        try:
            async with self._session.get(url, **how) as answer:
                if answer.status != 200:
                    return None
                said = await answer.json()
        except (ClientError, TimeoutError, ValueError):
            return None
        return said if isinstance(said, dict) else None


def relay_view(said: Mapping[str, Any]) -> RelayView:
    """Read the relay's events page."""
    return RelayView(
        counts={(row["entity"], row["state"]): row["count"] for row in said["by_entity"]},
        events=tuple(
            RelayEvent(
                serial=row["serial"],
                event_id=row["id"],
                entity=row["entity"],
                key=row["key"],
                state=row["state"],
                reason=row["reason"],
                direction=row["direction"],
                seen_at=parse_utc(row["seen_at"]),
                changed_at=parse_utc(row["changed_at"]),
            )
            for row in said["events"]
        ),
    )


def agent_view(said: Mapping[str, Any]) -> AgentView:
    """Read the agent's status page: two links apart, and what waits between them."""
    ibmi, buffer = said["ibmi"], said["buffer"]
    return AgentView(
        connected=bool(said["relay"]["connected"]),
        ibmi=ibmi["status"],
        backlog=buffer["backlog"],
        oldest_unsent_s=buffer["oldest_unsent_s"],
        inbox=buffer["inbox"],
        version=said["agent"]["version"],
        detail=ibmi["detail"],
    )
