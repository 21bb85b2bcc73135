"""The sink port: one document in, once."""

from __future__ import annotations

from typing import Protocol

from towline_agent.ibmi.port import Applied
from towline_shared.events import Event

__all__ = ["Sink"]


class Sink(Protocol):
    """Where downlink events take effect on the IBM i."""

    async def write(self, event: Event) -> Applied:
        """Give the event its effect; a repetition with the same event id has none.

        Raises:
            Retryable: not now; the caller repeats it before any later event.
            Refused: understood and declined, with the reason.
            Permanent: it can never work as it stands.
        """
        ...
