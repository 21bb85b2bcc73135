"""Connections of the ERP's jobs: one unit of work uses one, alone; then the next may."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from towline_agent.ibmi.odbc.door import Door

__all__ = ["Session", "Sessions"]


@dataclass
class Session:
    """A server job of the ERP under commitment control.

    Attributes:
        job: its qualified name, as outbox rows of its changes bear it.
        last_id: outbox rows of its earlier units have this id at most.
    """

    door: Door
    job: str
    last_id: int = 0


class Sessions:
    """Idle and busy sessions; a lost one is never lent again."""

    def __init__(self, opened: Callable[[], Session]) -> None:
        self._opened = opened
        self._idle: list[Session] = []
        self._busy: list[Session] = []
        self._guard = threading.Lock()

    def take(self) -> Session:
        """Lend a session; it is the caller's until :meth:`give`.

        Raises:
            Restricted: the system takes no connections.
        """
        with self._guard:
            while self._idle:
                session = self._idle.pop()
                if not session.door.lost:
                    self._busy.append(session)
                    return session
        session = self._opened()
        with self._guard:
            self._busy.append(session)
        return session

    def give(self, session: Session) -> None:
        """Take a session back; its unit of work has ended."""
        with self._guard:
            self._busy.remove(session)
            if not session.door.lost:
                self._idle.append(session)
                return
        session.door.close()

    def names(self) -> list[str]:
        """Name the jobs that are there."""
        with self._guard:
            return sorted(session.job for session in (*self._idle, *self._busy))

    def close_idle(self) -> None:
        """Close what nobody uses; the rest goes when its unit ends and it is lost."""
        with self._guard:
            idle, self._idle = self._idle, []
        for session in idle:
            session.door.close()
