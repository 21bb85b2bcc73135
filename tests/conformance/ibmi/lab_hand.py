"""The ODBC lab's hand for the kit's bench: restricted state, jobs, messages, programs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.conformance.ibmi.lab_journal import LabJournal
from towline_agent.conformance.bench import Bench, Capability
from towline_agent.ibmi.odbc.bench import odbc_bench
from towline_agent.ibmi.odbc.bench_hand import JournalHand
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.port import Purpose
from towline_sandbox.odbc.lab import OFFICER, OFFICER_PASSWORD, LabServer, find_lab

__all__ = ["LabHand", "lab_bench"]

os.environ.setdefault("LC_ALL", "C.UTF-8")  # IBM's driver takes its code page from here

_LIBRARY = "TOWTEST"
_AGENT, _PASSWORD = "KITAGENT", "kit1pass"


class LabHand:
    """Implements :class:`~towline_agent.ibmi.odbc.bench_hand.Hand` for a running lab."""

    lacks: Mapping[Capability, str] = {}
    # Derby has no procedures in SQL; these two methods of Java do and refuse as well.
    programs: tuple[str, ...] = (
        f"CREATE PROCEDURE {_LIBRARY}.KITOK() LANGUAGE JAVA PARAMETER STYLE JAVA"
        " EXTERNAL NAME 'java.lang.Thread.yield'",
        f"CREATE PROCEDURE {_LIBRARY}.KITNO(P1 VARCHAR(10)) LANGUAGE JAVA PARAMETER STYLE JAVA"
        " EXTERNAL NAME 'java.lang.System.load'",
    )
    reads_messages = True

    def __init__(self, server: LabServer, officer: OdbcSettings) -> None:
        """Take a hand in a server; ``officer`` signs on to it."""
        self._server = server
        self._settings = officer
        self._door: Door | None = None
        self._restricted = False
        self.journal: JournalHand | None = LabJournal(self._officer, _LIBRARY)

    def make_profile(self, name: str, password: str) -> None:
        """Make the agent's profile, and attach the first receiver."""
        command = f"QSYS/CRTUSRPRF USRPRF({name}) PASSWORD({password})"
        self._run("CALL QSYS2.QCMDEXC(?)", command)
        if self.journal is not None:
            self.journal.change_receiver()

    def cut(self) -> None:
        self.restrict()
        self.resume()

    def restrict(self) -> None:
        self._restricted = True
        self._server.restrict()

    def resume(self) -> None:
        self._server.release()
        self._restricted = False

    def set_active_jobs(self, names: Sequence[str]) -> None:
        self._run("DELETE FROM LAB.JOBS WHERE JOB_NAME LIKE '900%/QPGMR/%'")
        for number, name in enumerate(names):
            self._run(
                "INSERT INTO LAB.JOBS (JOB_NAME) VALUES (?)", f"{900000 + number}/QPGMR/{name}"
            )

    def messages(self) -> list[str]:
        text = "SELECT TEXT FROM LAB.MESSAGES WHERE QUEUE = ? ORDER BY ID"
        rows = self._officer().query(text, (f"{_LIBRARY}/KITMSGQ",), doing="reading messages").rows
        return [str(row[0]) for row in rows]

    def clean(self) -> None:
        if self._restricted:
            self.resume()
        self._run("DELETE FROM LAB.JOBS WHERE JOB_NAME LIKE '900%/QPGMR/%'")
        self._run("DELETE FROM LAB.MESSAGES")

    def close(self) -> None:
        if self._door is not None:
            self._door.close()

    def _run(self, text: str, *given: object) -> None:
        self._officer().execute(text, given, doing="setting the lab")

    def _officer(self) -> Door:
        if self._door is None or self._door.lost:
            self._door = Door.open(self._settings, Purpose.WRITE, autocommit=True)
        return self._door


@contextmanager
def lab_bench() -> Iterator[Bench]:
    """A bench on a lab of its own; the agent under test has nothing but the kit's grants."""
    lab = find_lab()
    with (
        TemporaryDirectory(prefix="towline-kit-lab-") as folder,
        LabServer(lab, Path(folder)) as server,
    ):
        officer = _settings(lab.target(server.port), OFFICER, OFFICER_PASSWORD)
        hand = LabHand(server, officer)
        hand.make_profile(_AGENT, _PASSWORD)
        agent = _settings(lab.target(server.port), _AGENT, _PASSWORD)
        try:
            with odbc_bench(
                agent, _LIBRARY, lambda: (OFFICER, OFFICER_PASSWORD), hand=hand
            ) as bench:
                yield bench
        finally:
            hand.close()


def _settings(target: str, user: str, password: str) -> OdbcSettings:
    return OdbcSettings(
        system="", user=user, password=password, whole=target, statement_s=60.0, connect_s=10.0
    )
