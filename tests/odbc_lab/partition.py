"""A partition as the tests see it: connections by profile, and statements in one line."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pyodbc

from towline_sandbox.odbc.lab import OFFICER, OFFICER_PASSWORD, LabServer

__all__ = ["Partition", "failure", "run"]

pyodbc.pooling = False


def run(connection: pyodbc.Connection, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run a statement; return its rows, none where it has no answer."""
    cursor = connection.execute(sql, *values)
    rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
    cursor.close()
    return rows


def failure(error: pyodbc.Error) -> tuple[str, str]:
    """Return SQLSTATE and text of an ODBC error."""
    return str(error.args[0]), str(error.args[1])


class Partition:
    """One library on the shared server."""

    def __init__(self, server: LabServer, library: str, closing: ExitStack) -> None:
        self.server = server
        self.library = library
        self._closing = closing
        self.officer = self.connect()

    def connect(
        self, user: str = OFFICER, password: str = OFFICER_PASSWORD, *, autocommit: bool = True
    ) -> pyodbc.Connection:
        """Sign on; the connection is closed when the test ends."""
        text = self.server.connection_string(user, password)
        connection = pyodbc.connect(text, autocommit=autocommit)
        self._closing.callback(_close, connection)
        return connection

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement as the security officer; ``{lib}`` is the test's library."""
        return run(self.officer, sql.replace("{lib}", self.library), *values)

    def command(self, text: str) -> None:
        """Run a CL command as the security officer."""
        self.run("CALL QSYS2.QCMDEXC(?)", text.replace("{lib}", self.library))

    def profile(self, name: str, password: str) -> None:
        """Create a profile, or give an existing one its first state again."""
        exists = self.run("SELECT 1 FROM QSYS2.USER_INFO WHERE AUTHORIZATION_NAME = ?", name)
        verb = "CHGUSRPRF" if exists else "CRTUSRPRF"
        state = "STATUS(*ENABLED) PWDEXP(*NO)"
        self.command(f"{verb} USRPRF({name}) PASSWORD({password}) {state} SPCAUT(*NONE)")


def _close(connection: pyodbc.Connection) -> None:
    try:
        connection.rollback()
        connection.close()
    except pyodbc.Error:
        return  # it was cut or its server killed; that is what the test was about
