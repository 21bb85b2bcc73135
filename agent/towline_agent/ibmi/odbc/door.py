"""One ODBC connection with a thread of its own and a limit on every call: the only pyodbc here.

The driver has no time limit that ends a running statement (the query time-out is a limit on an
estimate: https://www.ibm.com/support/pages/node/641523), so a watchdog stands outside: past its
limit a call is cancelled, and if the driver does not obey, the connection is given up with its
thread. What the server job does with an abandoned statement is unknown; so nothing that would harm
twice is sent without a key that makes it harmless.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

import pyodbc

from towline_agent.ibmi.errors import LinkLost, Restricted
from towline_agent.ibmi.given_up import give_up, hanging
from towline_agent.ibmi.odbc.settings import OdbcSettings, connection_string
from towline_agent.ibmi.odbc.verdicts import DataFault, raised, seen
from towline_agent.ibmi.port import Purpose
from towline_shared.errors import Misconfigured, Misuse, TowlineError

__all__ = ["Column", "Door", "Rows", "installed_drivers"]

T = TypeVar("T")

pyodbc.pooling = False  # a pool hands out dead connections: IBM/node-odbc issue 63

_GRACE_S = 5.0  # after a cancel
_MOST_ABANDONED = 8  # threads that hang at once before a restart of the agent is the better answer


@dataclass(frozen=True, slots=True)
class Column:
    """A result column: upper-case name, Python type of its cells, whether NULL is allowed."""

    name: str
    type: type
    nullable: bool


@dataclass(frozen=True, slots=True)
class Rows:
    """An answer read to its end."""

    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]


def installed_drivers() -> list[str]:
    """Name the ODBC drivers the driver manager knows."""
    return sorted(pyodbc.drivers())


class Door:
    """One connection; every call runs on its own thread, one after the other.

    Attributes:
        lost: the connection is dead or was given up; nothing more can be asked of it.
        statements: statements sent so far.
    """

    def __init__(self, settings: OdbcSettings) -> None:
        """Use :meth:`open`."""
        self._settings = settings
        self._work: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._cursor: pyodbc.Cursor | None = None
        self._cancelling = threading.Lock()  # a cancel meets the statement it is meant for, or none
        self._raw: pyodbc.Connection | None = None
        self._closed = False
        self.lost = False
        self.statements = 0
        self._thread = threading.Thread(target=self._serve, name="odbc-door", daemon=True)
        self._thread.start()

    @classmethod
    def open(
        cls, settings: OdbcSettings, purpose: Purpose, *, autocommit: bool | None = None
    ) -> Door:
        """Sign on.

        Args:
            autocommit: by default only a writing connection with a journal has none.

        Raises:
            Restricted: not reachable now.
            SignOnRefused: profile or password; never repeat by itself.
            Misconfigured: the driver or a keyword.
        """
        if hanging() >= _MOST_ABANDONED:
            raise Restricted(
                f"{hanging()} calls to the IBM i never came back; no new connection is opened.",
                hint="Restart the agent; if it recurs, look at the server jobs (QZDASOINIT).",
                retry_after_s=300.0,
            )
        if autocommit is None:
            autocommit = purpose is not Purpose.WRITE or settings.site.unique_key
        door = cls(settings)
        text = connection_string(settings, purpose)
        try:
            door._call(
                lambda: door._connect(text, autocommit),
                limit_s=settings.connect_s + _GRACE_S,
                doing=f"signing on to {settings.where}",
                connecting=True,
            )
        except TowlineError:
            door.close()
            raise
        return door

    def query(
        self,
        sql: str,
        parameters: Sequence[Any] = (),
        *,
        doing: str,
        limit_s: float | None = None,
    ) -> Rows:
        """Run a SELECT, read it to its end and close the cursor.

        Args:
            doing: what for, in words, for the sentence of an error.
            limit_s: instead of the setting ``statement_s``.
        """
        return self._call(lambda: self._query(sql, parameters), limit_s=limit_s, doing=doing)

    def execute(
        self,
        sql: str,
        parameters: Sequence[Any] = (),
        *,
        doing: str,
        limit_s: float | None = None,
    ) -> int:
        """Run a statement; returns the number of rows it changed, -1 where there is none."""
        return self._call(lambda: self._execute(sql, [parameters]), limit_s=limit_s, doing=doing)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]], *, doing: str) -> int:
        """Run a statement once for each row of parameters; returns the rows changed."""
        given = list(rows)
        return self._call(lambda: self._execute(sql, given), limit_s=None, doing=doing)

    def commit(self, *, doing: str) -> None:
        """Commit; after LinkLost the outcome is unknown and has to be looked up."""
        self._call(lambda: self._connection().commit(), limit_s=None, doing=doing)

    def rollback(self) -> None:
        """Roll back; harmless when there is nothing to roll back or nobody to ask.

        A rollback that fails says nothing about what went before it: neither does an error of it
        hide that one, nor may a commit or a send be repeated for it. The connection is given up
        instead, and its server job rolls back when it ends.
        """
        if self.lost or self._closed:
            return
        try:
            self._call(lambda: self._connection().rollback(), limit_s=None, doing="rolling back")
        except TowlineError:
            self.lost = True

    def driver(self) -> str:
        """Name the ODBC driver and its version, as it tells them itself."""
        return self._call(self._driver, limit_s=None, doing="asking the driver for its version")

    def close(self) -> None:
        """Close; harmless when closed. A call that hangs is left behind with its thread.

        Always on the door's own thread, also where the link is dead: disconnecting may hang, and
        what is left to the garbage collector would hang whichever thread drops the last reference.
        """
        if self._closed:
            return
        self._closed = True
        self._work.put(self._disconnect)
        self._work.put(None)
        if not self.lost:
            self._thread.join(timeout=_GRACE_S)
        if self._thread.is_alive():
            give_up(self._thread)

    # -- on the door's thread ---------------------------------------------------------------------

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            work()

    def _connect(self, text: str, autocommit: bool) -> None:
        self._raw = pyodbc.connect(
            text, autocommit=autocommit, timeout=max(1, round(self._settings.connect_s))
        )

    def _connection(self) -> pyodbc.Connection:
        if self._raw is None:
            raise Misuse("A connection to the IBM i was used that was never opened.")
        return self._raw

    def _driver(self) -> str:
        tell = self._connection().getinfo
        return f"{tell(pyodbc.SQL_DRIVER_NAME)} {tell(pyodbc.SQL_DRIVER_VER)}"

    def _disconnect(self) -> None:
        raw, self._raw = self._raw, None
        if raw is None:
            return
        try:
            if not raw.autocommit:
                raw.rollback()
            raw.close()
        except pyodbc.Error:
            pass  # it is gone, which is what was wanted

    def _query(self, sql: str, parameters: Sequence[Any]) -> Rows:
        cursor = self._cursor = self._connection().cursor()
        try:
            self.statements += 1
            cursor.execute(sql, *parameters)
            columns = tuple(
                Column(str(each[0]).upper(), each[1], bool(each[6])) for each in cursor.description
            )
            return Rows(columns, [tuple(row) for row in cursor.fetchall()])
        except (ValueError, ArithmeticError) as error:  # the driver's bytes are no text, date...
            raise DataFault(f"{type(error).__name__}: a cell that has no form in Python.") from None
        finally:
            self._finish(cursor)

    def _execute(self, sql: str, rows: Sequence[Sequence[Any]]) -> int:
        cursor = self._cursor = self._connection().cursor()
        changed = 0
        try:
            for parameters in rows:
                self.statements += 1
                cursor.execute(sql, *parameters)
                changed += max(0, cursor.rowcount)
            return changed
        finally:
            self._finish(cursor)

    def _finish(self, cursor: pyodbc.Cursor) -> None:
        """Close a cursor, so that it holds no lock; a cancel under way ends first."""
        with self._cancelling:
            self._cursor = None
        with contextlib.suppress(pyodbc.Error):  # on a dead connection that fails, which is fine
            cursor.close()

    # -- on the caller's thread -------------------------------------------------------------------

    def _call(
        self,
        work: Callable[[], T],
        *,
        limit_s: float | None,
        doing: str,
        connecting: bool = False,
    ) -> T:
        """Run on the door's thread and wait; past the limit cancel, then give up."""
        if self._closed:
            raise Misuse("A closed connection to the IBM i was used.")
        if self.lost:
            raise LinkLost(f"The connection to {self._settings.where} is gone.")
        answer = _Answer[T]()
        self._work.put(lambda: answer.run(work))
        limit = limit_s if limit_s is not None else self._settings.statement_s
        late = not answer.done.wait(limit)
        if late:
            self._cancel()
            if not answer.done.wait(_GRACE_S):
                self._abandon(doing, limit, connecting=connecting)
        if answer.error is None:
            return answer.value  # type: ignore[return-value]
        raise self._explained(answer.error, doing=doing, connecting=connecting) from None

    def _cancel(self) -> None:
        """Ask the driver to stop; from a thread of its own, because that may hang too."""
        cursor = self._cursor
        if cursor is not None:
            threading.Thread(target=self._cancel_if_running, args=(cursor,), daemon=True).start()

    def _cancel_if_running(self, cursor: pyodbc.Cursor) -> None:
        with self._cancelling, contextlib.suppress(pyodbc.Error):
            running = self._cursor
            if running is not None and running is cursor:
                running.cancel()

    def _abandon(self, doing: str, limit_s: float, *, connecting: bool) -> None:
        give_up(self._thread)
        self.lost = True
        what = f"No answer within {limit_s:.0f} s while {doing}; the connection was given up."
        if connecting:
            raise Restricted(what, hint="Check address, ports and firewall: towline-agent check.")
        raise LinkLost(what, hint="The agent connects again; what was in flight is looked up.")

    def _explained(self, error: BaseException, *, doing: str, connecting: bool) -> BaseException:
        if not isinstance(error, pyodbc.Error):
            return error
        found = seen(*_told(error), connecting=connecting)
        explained = raised(found, doing=doing)
        if isinstance(explained, LinkLost | Restricted):
            self.lost = True
        if connecting and isinstance(explained, Misconfigured):
            return self._setup(explained)
        return explained

    def _setup(self, error: Misconfigured) -> Misconfigured:
        name, there = self._settings.odbc_driver, installed_drivers()
        if self._settings.whole or name in there:
            return error
        return Misconfigured(
            f"The ODBC driver {name!r} is not installed here;"
            f" installed: {', '.join(there) or 'none'}.",
            hint="Install IBM's package ibm-iaccess, or name another one in ibmi.odbc_driver.",
        )


class _Answer(Generic[T]):
    """What a call left behind."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.value: T | None = None
        self.error: BaseException | None = None

    def run(self, work: Callable[[], T]) -> None:
        try:
            self.value = work()
        except BaseException as error:  # handed to the caller's thread, whatever it is
            self.error = error
        self.done.set()


def _told(error: pyodbc.Error) -> tuple[str, str]:
    """Return SQLSTATE and message; in its own errors pyodbc puts them the other way round."""
    first, second, *_ = (*map(str, error.args), "", "")
    return (second, first) if len(second) == 5 and len(first) != 5 else (first, second)
