"""The stand-in partition of a soak: an ERP of two files, Towline's own, and what stands in them."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyodbc

from towline_agent.ibmi.install.ddl import create_table
from towline_agent.ibmi.install.objects import Table
from towline_agent.ibmi.towline_files import STAGING, TOWLINE_FILES
from towline_sandbox.odbc.lab import LabServer, find_lab

__all__ = ["AGENT", "PASSWORD", "SKUS", "Machine"]

pyodbc.pooling = False
AGENT, PASSWORD = "TWAGENT", "kettle4711"
SKUS = tuple(f"S{number:03d}" for number in range(40))
_TABLES = (
    "CREATE TABLE ERPLIB.PRICES (SKU CHAR(15) NOT NULL PRIMARY KEY, PRICE DECIMAL(9, 2) NOT NULL)",
    "CREATE TABLE ERPLIB.FACTORS (SKU CHAR(15) NOT NULL PRIMARY KEY, FACTOR INTEGER NOT NULL)",
)
_QUEUES = (
    "QSYS/CRTDTAQ DTAQ(TOWLINE/DOORBELL) MAXLEN(8) SEQ(*FIFO)",
    "QSYS/CRTDTAQ DTAQ(TOWLINE/WEBPRICE) MAXLEN(64) SEQ(*FIFO) SIZE(200 200)",
)


class Machine:
    """One server process on a port that outlives it, so that connections find it again.

    Attributes:
        changing: held while a fault is being made, so that nobody starts what another stops.
    """

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.server = LabServer(find_lab(), folder, port=self.port, lock_wait_s=2)
        self.changing = threading.Lock()

    def prepare(self) -> None:
        """Start it and make everything an administrator and an ERP would have made."""
        self.server.start()
        with self.session() as officer:
            for text in ("CREATE SCHEMA TOWLINE", "CREATE SCHEMA ERPLIB", *_TABLES):
                officer.execute(text)
            for layout in TOWLINE_FILES:
                officer.execute(create_table(Table("TOWLINE", layout, 37)))
            for command in (
                *_QUEUES,
                f"QSYS/CRTUSRPRF USRPRF({AGENT}) PASSWORD({PASSWORD}) SPCAUT(*NONE)",
            ):
                officer.execute("CALL QSYS2.QCMDEXC(?)", command)
            for sku in SKUS:
                officer.execute("INSERT INTO ERPLIB.PRICES VALUES (?, 0)", sku)
                officer.execute("INSERT INTO ERPLIB.FACTORS VALUES (?, 0)", sku)
            self._grant(officer)

    def _grant(self, officer: pyodbc.Connection) -> None:
        officer.execute(f"GRANT SELECT, DELETE ON TOWLINE.OUTBOX TO {AGENT}")
        officer.execute(f"GRANT SELECT ON TOWLINE.MISSED TO {AGENT}")
        for table in STAGING:
            officer.execute(f"GRANT SELECT, INSERT ON TOWLINE.{table} TO {AGENT}")
        for table in ("PRICES", "FACTORS"):
            officer.execute(f"GRANT SELECT ON ERPLIB.{table} TO {AGENT}")
        for queue in ("DOORBELL", "WEBPRICE"):
            officer.execute(
                "CALL QSYS2.QCMDEXC(?)",
                f"QSYS/GRTOBJAUT OBJ(TOWLINE/{queue}) OBJTYPE(*DTAQ) USER({AGENT}) AUT(*USE)",
            )

    @contextlib.contextmanager
    def session(self, *, autocommit: bool = True) -> Iterator[pyodbc.Connection]:
        """Sign on as the security officer, past the wire that is cut."""
        text = self.server.connection_string_via(self.port, "QSECOFR", "officer1")
        connection = pyodbc.connect(text, autocommit=autocommit, timeout=5)
        try:
            yield connection
        finally:
            with contextlib.suppress(pyodbc.Error):
                if not autocommit:
                    connection.rollback()
                connection.close()

    # -- what is true -----------------------------------------------------------------------------

    def truth(self) -> dict[str, tuple[Decimal, int]]:
        """Return the committed price and factor of each item."""
        rows = self._ask(
            "SELECT P.SKU, P.PRICE, F.FACTOR FROM ERPLIB.PRICES P JOIN ERPLIB.FACTORS F"
            " ON F.SKU = P.SKU"
        )
        return {str(sku).rstrip(): (Decimal(price), int(factor)) for sku, price, factor in rows}

    def count(self, what: str) -> int:
        """Return a count, such as ``DISTINCT ORDGID) FROM TOWLINE.WEBORDH``."""
        return int(self._ask(f"SELECT COUNT({what}")[0][0])

    def queued(self) -> int:
        """Return how many entries wait in the data queue."""
        return self.count(
            "*) FROM TABLE(QSYS2.DATA_QUEUE_ENTRIES(DATA_QUEUE => 'WEBPRICE',"
            " DATA_QUEUE_LIBRARY => 'TOWLINE')) AS T"
        )

    def _ask(self, sql: str) -> list[Any]:
        with self.session() as officer:
            return list(officer.execute(sql).fetchall())
