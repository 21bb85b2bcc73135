"""The operator's messages on the lab: those of the ERP, and those that came by SNDMSG."""

from __future__ import annotations

import threading
from collections.abc import Callable

from towline_agent.ibmi.odbc.cells import timestamp_text
from towline_agent.ibmi.odbc.door import Door

__all__ = ["MessageQueue"]

_OURS = (
    "SELECT SENTTS, MSGID, SEVERITY, MSGTEXT FROM SANDBOX.MESSAGES ORDER BY SEQ DESC"
    " FETCH FIRST {count} ROWS ONLY WITH UR"
)
_AGENTS = (
    "SELECT SENT_AT, 'TOWLINE', 0, TEXT FROM LAB.MESSAGES WHERE QUEUE = 'QSYS/QSYSOPR'"
    " ORDER BY ID DESC FETCH FIRST {count} ROWS ONLY WITH UR"
)
_SENT = (
    "INSERT INTO SANDBOX.MESSAGES (SENTTS, MSGID, SEVERITY, MSGTEXT) VALUES (?, ?, CAST(? AS"
    " INTEGER), ?)"
)
_LAST = "reading the operator's messages"


class MessageQueue:
    """Implements :class:`~towline_sandbox.ibmi.erp.Messages`."""

    def __init__(self, door: Callable[[], Door], now: Callable[[], str]) -> None:
        """Start.

        Args:
            door: the operator's connection.
            now: local time, 26 characters.
        """
        self._door = door
        self._now = now
        self._guard = threading.Lock()

    def send(self, message_id: str, text: str, *, severity: int = 20) -> None:
        """See the port."""
        with self._guard:
            last = self.newest(1)
            if last and last[0]["text"] == text:
                return
            values = (self._now(), message_id, severity, text[:1000])
            self._door().execute(_SENT, values, doing="sending a message to the operator")

    def count(self) -> int:
        """Count the messages."""
        tables = ("SANDBOX.MESSAGES", "LAB.MESSAGES")
        texts = [f"SELECT COUNT(*) FROM {table} WITH UR" for table in tables]  # noqa: S608
        return sum(int(self._door().query(text, doing=_LAST).rows[0][0]) for text in texts)

    def newest(self, count: int) -> list[dict[str, str | int]]:
        """See the port."""
        found = [
            {"at": timestamp_text(at), "id": name, "severity": int(severity), "text": text}
            for source in (_OURS, _AGENTS)
            for at, name, severity, text in self._door()
            .query(source.format(count=int(count)), doing=_LAST)
            .rows
        ]
        return sorted(found, key=lambda message: message["at"], reverse=True)[:count]
