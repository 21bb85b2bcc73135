"""Orders onto a data queue, as JSON.

A send is not under commitment control and has no key to look up afterwards, so a crash between the
send and our own note sends the entry again: at least once. The entry begins with the event id, and
the program that reads the queue keeps it as a unique key.
"""

from __future__ import annotations

from towline_agent.ibmi.ccsid import encode_text
from towline_agent.ibmi.port import Applied, QueueName
from towline_agent.ibmi.staging import noun_of
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.sinks.documents import document_of, document_text
from towline_shared.errors import Refused
from towline_shared.events import Event

__all__ = ["OrderQueue"]


class OrderQueue:
    """Sends each order as one entry."""

    def __init__(self, worker: IbmIWorker, queue: QueueName, *, ccsid: int) -> None:
        """Use the writing connection; ``ccsid`` is the entry's (1208 = UTF-8)."""
        self._worker = worker
        self._queue = queue
        self._ccsid = ccsid

    async def write(self, event: Event) -> Applied:
        """See :class:`~towline_agent.sinks.base.Sink`; at least once, see the module."""
        document = document_of(event)
        try:
            data = encode_text(document_text(event), self._ccsid)
        except ValueError as error:
            raise Refused(
                f"The {noun_of(document)} {event.key} {error}; it can't be sent to {self._queue}.",
                hint="Set ccsid = 1208 where agent.toml names the queue, and let the program read"
                " UTF-8.",
            ) from None
        await self._worker.call(lambda ibmi: ibmi.queue_send(self._queue, data))
        return Applied.WRITTEN
