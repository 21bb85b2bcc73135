"""Data queues from the operator's side, through the services that everybody uses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.queues import Queues
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.port import QueueEntry, QueueInfo, QueueName
from towline_shared.clock import Clock

__all__ = ["OperatorQueues"]


class OperatorQueues:
    """Implements :class:`~towline_sandbox.ibmi.erp.Queues`."""

    def __init__(self, door: Callable[[], Door], clock: Clock) -> None:
        """Start; ``door`` returns the operator's connection."""
        self._door = door
        self._clock = clock
        self._settings = OdbcSettings(system="", user="", password="")

    def send(self, name: str, data: bytes, *, key: bytes = b"", sender: str = "") -> None:
        """See the port; the sender is the operator's own job."""
        self._queues().send(_name(name), data, key=key)

    def peek(self, name: str, *, limit: int) -> Sequence[QueueEntry]:
        """See the port."""
        return self._queues().peek(_name(name), limit=limit)

    def info(self, name: str) -> QueueInfo:
        """See the port."""
        return self._queues().info(_name(name))

    def _queues(self) -> Queues:
        return Queues(self._door(), self._settings, clock=self._clock)


def _name(text: str) -> QueueName:
    library, _, name = text.partition("/")
    return QueueName(library, name)
