"""Orders into staging tables: one transaction whose unique key is the event id."""

from __future__ import annotations

from towline_agent.ibmi.port import Applied
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.sinks.documents import document_of
from towline_shared.events import Event

__all__ = ["OrderTables"]


class OrderTables:
    """Writes through the port's ``apply_order``; exactly once, whatever breaks in between."""

    def __init__(self, worker: IbmIWorker) -> None:
        """Use the writing connection."""
        self._worker = worker

    async def write(self, event: Event) -> Applied:
        """See :class:`~towline_agent.sinks.base.Sink`."""
        document = document_of(event)
        return await self._worker.call(lambda ibmi: ibmi.apply_order(document, event_id=event.id))
