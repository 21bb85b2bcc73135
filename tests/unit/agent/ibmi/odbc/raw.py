"""A scripted pyodbc connection: answers by text, fails or hangs on request."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyodbc
import pytest

from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.port import Purpose, Site

SETTINGS = OdbcSettings(
    system="as400", user="TWAGENT", password="s3cret", statement_s=20.0, connect_s=1.0
)
Answer = Any


def failure(state: str, message: str, kind: type[pyodbc.Error] = pyodbc.Error) -> pyodbc.Error:
    """Return an error as the driver manager raises it."""
    return kind(state, f"[{state}] [IBM][System i Access ODBC Driver]{message}")


@dataclass
class RawConnection:
    """What all cursors of one connection share.

    Attributes:
        answers: text that a statement must contain -> rows, an error, or a function of both.
        columns: the same for ``cursor.description``; by default columns C1, C2...
        log: statements with their parameters, and COMMIT, ROLLBACK, CLOSE.
    """

    autocommit: bool = False
    answers: dict[str, Answer] = field(default_factory=dict)
    columns: dict[str, list[tuple[str, type, bool]]] = field(default_factory=dict)
    log: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    closed_cursors: int = 0
    on_commit: Exception | None = None
    on_rollback: Exception | None = None
    on_close: threading.Event | None = None

    def cursor(self) -> RawCursor:
        return RawCursor(self)

    def commit(self) -> None:
        self.log.append(("COMMIT", ()))
        if self.on_commit is not None:
            raise self.on_commit

    def rollback(self) -> None:
        self.log.append(("ROLLBACK", ()))
        if self.on_rollback is not None:
            raise self.on_rollback

    def close(self) -> None:
        self.log.append(("CLOSE", ()))
        if self.on_close is not None:
            self.on_close.wait(20)

    @property
    def texts(self) -> list[str]:
        return [" ".join(text.split()) for text, _ in self.log]


class RawCursor:
    """One cursor."""

    def __init__(self, connection: RawConnection) -> None:
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self.rowcount = -1
        self.description: list[tuple[Any, ...]] = []

    def execute(self, sql: str, *parameters: Any) -> None:
        self._connection.log.append((sql, parameters))
        answer: Answer = []
        for part, given in self._connection.answers.items():
            if part in sql:
                answer = given
                break
        if callable(answer):
            answer = answer(sql, parameters)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            self.rowcount, answer = answer, []
        self._rows = list(answer)
        self.description = self._described(sql)

    def _described(self, sql: str) -> list[tuple[Any, ...]]:
        for part, columns in self._connection.columns.items():
            if part in sql:
                return [(n, t, None, None, None, None, null) for n, t, null in columns]
        width = len(self._rows[0]) if self._rows else 1
        return [(f"C{n}", str, None, None, None, None, True) for n in range(1, width + 1)]

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._rows

    def cancel(self) -> None:
        self._connection.cancelled.set()

    def close(self) -> None:
        self._connection.closed_cursors += 1


@contextmanager
def opened(
    raw: RawConnection,
    monkeypatch: pytest.MonkeyPatch,
    *,
    purpose: Purpose = Purpose.READ,
    settings: OdbcSettings = SETTINGS,
) -> Iterator[Door]:
    """Open a door onto the scripted connection."""

    def connect(text: str, *, autocommit: bool, timeout: int) -> RawConnection:
        raw.autocommit = autocommit
        return raw

    monkeypatch.setattr(pyodbc, "connect", connect)
    door = Door.open(settings, purpose)
    try:
        yield door
    finally:
        door.close()


def hangs_until(event: threading.Event, then: Exception) -> Callable[..., Exception]:
    """An answer that does not come before the event; then the statement fails."""

    def answer(sql: str, parameters: tuple[Any, ...]) -> Exception:
        event.wait(20)
        return then

    return answer


__all__ = ["SETTINGS", "Decimal", "RawConnection", "Site", "failure", "hangs_until", "opened"]
