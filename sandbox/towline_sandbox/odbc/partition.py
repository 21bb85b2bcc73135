"""The ERP's partition on the ODBC lab: the machine is Derby in a JVM of its own.

The ERP's programs sign on as ERPBATCH with the rights that Towline's script gives that profile; the
operator's console is the security officer. The agent signs on as TWAGENT from outside and never
meets this process.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from towline_agent.ibmi.errors import Restricted
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.port import Purpose
from towline_sandbox.ibmi.erp import Figures, Record, Where
from towline_sandbox.ibmi.local_time import LocalTime
from towline_sandbox.ibmi.record_select import order_text, where_key, where_text
from towline_sandbox.ibmi.settings import IbmISettings
from towline_sandbox.ibmi.subsystem import Subsystem
from towline_sandbox.ibmi.towline_files import DOORBELL, WEBPRICE, layout
from towline_sandbox.odbc.hand_locks import HandLocks
from towline_sandbox.odbc.messages import MessageQueue
from towline_sandbox.odbc.queues import OperatorQueues
from towline_sandbox.odbc.sessions import Session, Sessions
from towline_sandbox.odbc.unit import OdbcUnit, columns, key_values
from towline_sandbox.odbc.values import parameter, record
from towline_shared.clock import Clock, SystemClock
from towline_shared.errors import Permanent, TowlineError
from towline_shared.events import Scalar

__all__ = ["OdbcPartition", "Power"]


class Power(Protocol):
    """The levers of the machine under the partition."""

    def sign_on(self, user: str, purpose: Purpose, *, autocommit: bool | None = None) -> Door:
        """Open a connection for a profile."""
        ...

    def restrict(self, *, on: bool) -> None:
        """Enter restricted state (every connection ends, none is taken) or leave it."""
        ...

    @property
    def target(self) -> str:
        """Connection string without sign-on."""
        ...

    def stop(self) -> None:
        """Power down."""
        ...

    def kill(self) -> None:
        """Cut the power."""
        ...


class OdbcPartition:
    """Implements :class:`~towline_sandbox.ibmi.erp.Machine`."""

    def __init__(
        self, power: Power, settings: IbmISettings, *, officer: str, erp: str,
        clock: Clock | None = None,
    ) -> None:  # fmt: skip
        """Take over a machine whose libraries are there.

        Args:
            officer: profile of the console; ``erp`` that of the ERP's programs.
        """
        self.settings = settings
        clock = clock or SystemClock()
        self.local = LocalTime(clock, utc_offset_h=settings.utc_offset_h)
        self.messages = MessageQueue(self._operator, self.local.timestamp)
        self.queues = OperatorQueues(self._operator, clock)
        self.restricted = False
        self._power = power
        self._officer = officer
        self._erp = erp
        self._console: Door | None = None
        self._console_guard = threading.Lock()
        self._changing_state = threading.Lock()
        self._numbers = itertools.count(1)
        self._known_counts: dict[tuple[object, ...], int] = {}
        self._known_figures = Figures(0, 0, 0, 0, {})
        self._on_ended: list[Callable[[], None]] = []
        self._sessions = Sessions(lambda: self._session(erp))
        self._locks = HandLocks(lambda: self._session(officer))
        self.subsystem = Subsystem(self)

    # -- the port of the ERP's programs -----------------------------------------------------------

    def begin(self, job: str) -> OdbcUnit:
        """Start a unit of work; ``job`` is told by the connection itself."""
        return OdbcUnit(
            next(self._numbers),
            self._sessions.take(),
            fresh_ids=self._fresh_ids,
            ended=self._sessions.give,
        )

    def select(
        self, file: str, *where: Where, order: Sequence[str] = (), most: int | None = None
    ) -> list[Record]:
        """Read records without waiting."""
        shape = layout(file)
        condition, values = self._condition(file, where)
        limit = "" if most is None else f" FETCH FIRST {int(most)} ROWS ONLY"
        text = (
            f"SELECT {columns(shape)} FROM {shape.table}{condition}"  # noqa: S608
            f"{order_text(shape, order)}{limit} WITH UR"
        )
        rows = self._operator().query(text, values, doing=f"reading {file}").rows
        return [record(shape, row) for row in rows]

    def count(self, file: str, *where: Where) -> int:
        """Count records; in restricted state the figure of before."""
        name = (file, *where)
        if not self.restricted:
            condition, values = self._condition(file, where)
            text = f"SELECT COUNT(*) FROM {layout(file).table}{condition} WITH UR"  # noqa: S608
            rows = self._operator().query(text, values, doing=f"counting {file}").rows
            self._known_counts[name] = int(rows[0][0])
        return self._known_counts.get(name, 0)

    def timestamp(self) -> str:
        """Return the local time, 26 characters."""
        return self.local.timestamp()

    def cymd(self) -> int:
        """Return the local date as CYYMMDD."""
        return self.local.cymd()

    def hms(self) -> int:
        """Return the local time as HHMMSS."""
        return self.local.hms()

    def programs_wake(self) -> None:
        """Tell the programs that there may be work."""
        self.subsystem.wake()

    # -- the operator's levers --------------------------------------------------------------------

    def jobs(self) -> list[str]:
        """Name the jobs of the ERP; the agent's own are seen in the lab only."""
        return self._sessions.names()

    def figures(self) -> Figures:
        """Return the counters: each outbox row rang once; refused rings are not counted here."""
        if not self.restricted:
            text = "VALUES SYSCS_UTIL.SYSCS_PEEK_AT_IDENTITY('TOWLINE', 'OUTBOX')"
            rows = self._operator().query(text, doing="counting outbox rows").rows
            drawn = int(rows[0][0]) - 1
            queues = {name: self.queues.info(name).entries for name in (DOORBELL, WEBPRICE)}
            self._known_figures = Figures(drawn, drawn, 0, self.messages.count(), queues)
        return self._known_figures

    def hold(self, file: str, key: Sequence[str], *, job: str, seconds: float | None) -> str:
        """Lock a record or a file by hand."""
        return self._locks.hold(file, key, job=job, seconds=seconds)

    def release(self, file: str, key: Sequence[str]) -> bool:
        """Let a lock go."""
        return self._locks.release(file, key)

    def release_all(self) -> None:
        """Let all locks go."""
        self._locks.release_all()

    def held(self) -> list[str]:
        """Say what is locked by hand."""
        return self._locks.sentences()

    def spoil(self, file: str, key: Sequence[Scalar], field: str, data: bytes) -> int:
        """Put NULL into a number, which stands for bytes that are none."""
        shape = layout(file)
        kind = shape.by_name.get(field)
        if kind is None:
            raise Permanent(f"SQL0206: column {field} is not in {file}.")
        if not kind.is_number or field in shape.key:
            raise Permanent(
                f"{field} of {file} can't be spoiled on the lab.",
                hint="Only a number that is no key can hold NULL, which stands for wrong bytes.",
            )
        text = f'UPDATE {shape.table} SET "{field}" = NULL WHERE {where_key(shape)}'  # noqa: S608
        return self._operator().execute(text, key_values(shape, key), doing=f"spoiling {file}")

    def set_data_area(self, name: str, value: str) -> None:
        """Create, change or delete a data area."""
        commands = [f"DLTDTAARA DTAARA({name})"]
        if value:
            quoted = value.replace("'", "''")
            commands.append(f"CRTDTAARA DTAARA({name}) TYPE(*CHAR) LEN(2000) VALUE('{quoted}')")
        for command in commands:
            text = "CALL QSYS2.QCMDEXC(?)"
            self._operator().execute(text, (command,), doing=f"setting data area {name}")

    def set_active_jobs(self, names: Sequence[str]) -> None:
        """Name the active jobs."""
        door = self._operator()
        door.execute("DELETE FROM LAB.JOBS", doing="naming active jobs")
        for number, name in enumerate(names, start=900_001):
            text = "INSERT INTO LAB.JOBS (JOB_NAME) VALUES (?)"
            door.execute(text, (f"{number}/QPGMR/{name}",), doing="naming active jobs")

    def own_verbs(self) -> Sequence[Callable[..., Any]]:
        """Return nothing: the lab has no verbs of its own."""
        return ()

    # -- restricted state and power ---------------------------------------------------------------

    def end_subsystem(self) -> None:
        """ENDSBS *ALL: the programs end after the order they are at, then every connection."""
        with self._changing_state:
            if self.restricted:
                return
            self.messages.send("CPF0968", "System ended to restricted condition.", severity=0)
            self.figures()
            self.restricted = True
            self.subsystem.stop()
            self.drop_jobs()  # before they are cut: closing a dead connection takes the driver 5 s
            self._power.restrict(on=True)
            for tell in self._on_ended:
                tell()

    def start_subsystem(self) -> None:
        """Back to work; a message that can't be sent keeps no program down."""
        with self._changing_state:
            if not self.restricted:
                return
            self._power.restrict(on=False)
            self.restricted = False
            if self.settings.programs:
                self.subsystem.start()
            self.messages.send("CPF1124", "Host servers started.", severity=0)

    def on_ended(self, tell: Callable[[], None]) -> None:
        """Call this when the jobs are ended with their subsystem."""
        self._on_ended.append(tell)

    def drop_jobs(self) -> None:
        """Let go of every connection of ours that nobody works with."""
        self._locks.release_all()
        self._sessions.close_idle()
        with self._console_guard:
            console, self._console = self._console, None
        if console is not None:
            console.close()

    def close(self) -> None:
        """Stop the programs and power down."""
        self.subsystem.stop()
        self.drop_jobs()
        self._power.stop()

    def lose_power(self) -> None:
        """End as a power cut would; whatever is open here fails at its next use."""
        self._power.kill()

    @property
    def target(self) -> str:
        """Where the agent connects: a connection string without sign-on."""
        return self._power.target

    # -- connections ------------------------------------------------------------------------------

    def _operator(self) -> Door:
        """Return the console's connection; a lost one is opened anew."""
        with self._console_guard:
            if self._console is None or self._console.lost:
                self._console = self._sign_on(self._officer, autocommit=True)
            return self._console

    def _sign_on(self, user: str, *, autocommit: bool) -> Door:
        """Open a connection; in restricted state say so at once, since the driver tries for 5 s."""
        if self.restricted:
            raise Restricted("The system is in restricted state and takes no connections.")
        return self._power.sign_on(user, Purpose.WRITE, autocommit=autocommit)

    def _session(self, user: str) -> Session:
        door = self._sign_on(user, autocommit=False)
        try:
            rows = door.query("VALUES QSYS2.JOB_NAME", doing="asking for the job's name").rows
            door.commit(doing="asking for the job's name")
            text = "SELECT MAX(ID) FROM TOWLINE.OUTBOX WITH UR"
            newest = self._operator().query(text, doing="reading the outbox").rows
        except TowlineError:
            door.close()
            raise
        return Session(door, str(rows[0][0]).strip(), int(newest[0][0] or 0))

    def _fresh_ids(self, session: Session) -> list[int]:
        text = "SELECT ID FROM TOWLINE.OUTBOX WHERE ID > ? AND CHGJOB = ? ORDER BY ID WITH UR"
        values = (session.last_id, session.job)
        rows = self._operator().query(text, values, doing="reading the outbox").rows
        return [int(row[0]) for row in rows]

    @staticmethod
    def _condition(file: str, where: Sequence[Where]) -> tuple[str, list[Any]]:
        shape = layout(file)
        condition, values = where_text(shape, where)
        kinds = [shape.by_name[each.column] for each in where for _ in each.several]
        return condition, [parameter(k, v) for k, v in zip(kinds, values, strict=True)]
