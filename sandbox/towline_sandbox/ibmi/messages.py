"""The operator's message queue, QSYSOPR, in small: informational messages only."""

from __future__ import annotations

from towline_sandbox.ibmi.storage import Storage

__all__ = ["MessageQueue"]


class MessageQueue:
    """Messages for people; one per new condition, never the same one twice in a row."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def send(self, message_id: str, text: str, *, severity: int = 20) -> None:
        """Send a message unless the newest one says the same."""
        with self._storage.write() as db:
            last = db.execute(
                'SELECT MSGTEXT FROM "SYS.MESSAGES" ORDER BY SEQ DESC LIMIT 1'
            ).fetchone()
            if last is None or last[0] != text:
                db.execute(
                    'INSERT INTO "SYS.MESSAGES" (SENTTS, MSGID, SEVERITY, MSGTEXT)'
                    " VALUES (?, ?, ?, ?)",
                    (self._storage.timestamp(), message_id, severity, text),
                )

    def count(self) -> int:
        """Count the messages."""
        with self._storage.lock:
            return int(
                self._storage.db.execute('SELECT count(*) FROM "SYS.MESSAGES"').fetchone()[0]
            )

    def newest(self, count: int) -> list[dict[str, str | int]]:
        """Return the newest messages, newest first."""
        with self._storage.lock:
            rows = self._storage.db.execute(
                'SELECT * FROM "SYS.MESSAGES" ORDER BY SEQ DESC LIMIT ?', (count,)
            ).fetchall()
        return [
            {
                "at": row["SENTTS"],
                "id": row["MSGID"],
                "severity": row["SEVERITY"],
                "text": row["MSGTEXT"],
            }
            for row in rows
        ]
