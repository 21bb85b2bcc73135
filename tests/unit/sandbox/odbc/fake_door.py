"""A door that remembers statements and answers by what they begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from towline_agent.ibmi.odbc.door import Door, Rows
from towline_sandbox.odbc.sessions import Session

Answer = Sequence[tuple[Any, ...]] | int | Exception


@dataclass
class FakeDoor:
    """Answers: the beginning of a statement -> rows, a row count, or an error to raise."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    lost: bool = False
    closed: bool = False
    asked: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    def query(self, sql: str, parameters: Sequence[Any] = (), *, doing: str) -> Rows:
        """Answer with rows."""
        found = self._answer(sql, parameters)
        return Rows((), list(found) if isinstance(found, Sequence) else [])

    def execute(self, sql: str, parameters: Sequence[Any] = (), *, doing: str) -> int:
        """Answer with a count; 1 unless told otherwise."""
        found = self._answer(sql, parameters)
        return found if isinstance(found, int) else 1

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]], *, doing: str) -> int:
        """Note each row."""
        return sum(self.execute(sql, row, doing=doing) for row in rows)

    def commit(self, *, doing: str) -> None:
        """Note it."""
        self._answer("COMMIT", ())

    def rollback(self) -> None:
        """Note it."""
        self._answer("ROLLBACK", ())

    def close(self) -> None:
        """Note it."""
        self.closed = True

    @property
    def texts(self) -> list[str]:
        """What was asked, without values."""
        return [sql for sql, _ in self.asked]

    def _answer(self, sql: str, parameters: Sequence[Any]) -> Answer | None:
        self.asked.append((sql, tuple(parameters)))
        for beginning, answer in self.answers.items():
            if sql.startswith(beginning):
                if isinstance(answer, Exception):
                    raise answer
                return answer
        return None


def door(**answers: Answer) -> tuple[FakeDoor, Door]:
    """Return a fake twice: to look into, and as the type that is asked for."""
    made = FakeDoor({name.replace("_", " "): answer for name, answer in answers.items()})
    return made, cast("Door", made)


def session(made: FakeDoor) -> Session:
    """Return a session over a fake."""
    return Session(cast("Door", made), "100001/QUSER/QZDASOINIT")


def opener(*doors: FakeDoor) -> Callable[[], Session]:
    """Return what opens the sessions of these doors, one after the other."""
    left = list(doors)
    return lambda: session(left.pop(0))
