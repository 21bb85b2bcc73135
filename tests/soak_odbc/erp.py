"""The ERP of a soak: programs that change prices, hold units open, and send to the data queue."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pyodbc

from tests.soak_odbc.machine import SKUS, Machine

__all__ = ["Erp", "Figures"]

_OUTBOX = "INSERT INTO TOWLINE.OUTBOX (LIB, FILE, KEY1, OPER) VALUES ('ERPLIB', ?, ?, 'U')"
_SEND = "CALL QSYS2.SEND_DATA_QUEUE_BINARY(?, ?, 'TOWLINE', NULL, 'NO')"


@dataclass
class Figures:
    """What the programs did; a commit whose answer was lost counts as in doubt.

    Attributes:
        withdrawn: factor values that were written and rolled back.
    """

    committed: int = 0
    doubtful: int = 0
    rolled_back: int = 0
    sent: int = 0
    refused_full: int = 0
    withdrawn: set[tuple[str, int]] = field(default_factory=set)


class Erp:
    """Three programs, each on its thread with a connection of its own."""

    def __init__(self, machine: Machine, *, seed: int, pace_s: float) -> None:
        self.figures = Figures()
        self._machine = machine
        self._pace_s = pace_s
        self._stop = threading.Event()
        self._numbers = iter(range(1, 1_000_000_000))
        self._entry = 1
        self._rng = random.Random(seed)
        self._threads = [
            threading.Thread(target=self._program, args=(step,), daemon=True)
            for step in (self._reprice, self._hold, self._send)
        ]

    def start(self) -> None:
        """Let them work."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each finish what it does."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _program(self, step: Callable[[pyodbc.Connection], None]) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(pyodbc.Error), self._machine.session(autocommit=False) as own:
                while not self._stop.is_set():
                    step(own)
            self._stop.wait(0.5)

    def _reprice(self, own: pyodbc.Connection) -> None:
        """Change a few prices in one unit of work, each with its outbox row, and ring."""
        number = next(self._numbers)
        for sku in self._rng.sample(SKUS, self._rng.randint(1, 3)):
            own.execute("UPDATE ERPLIB.PRICES SET PRICE = ? WHERE SKU = ?", number / 100, sku)
            own.execute(_OUTBOX, "PRICES", sku)
        own.execute(_SEND, b"\x40", "DOORBELL")
        self._commit(own)
        self._stop.wait(self._pace_s)

    def _hold(self, own: pyodbc.Connection) -> None:
        """Keep a unit of work open for a while, then end it one way or the other."""
        number, sku = next(self._numbers), self._rng.choice(SKUS)
        own.execute("UPDATE ERPLIB.FACTORS SET FACTOR = ? WHERE SKU = ?", number, sku)
        own.execute(_OUTBOX, "FACTORS", sku)
        with self._machine.session(autocommit=False) as other:  # news about the same item
            other.execute("UPDATE ERPLIB.PRICES SET PRICE = ? WHERE SKU = ?", number / 100, sku)
            other.execute(_OUTBOX, "PRICES", sku)
            other.execute(_SEND, b"\x40", "DOORBELL")
            self._commit(other)
        self._stop.wait(self._rng.uniform(0.2, 1.5))
        if self._rng.random() < 0.5:
            self._commit(own)
            return
        self.figures.withdrawn.add((sku, number))
        own.rollback()
        self.figures.rolled_back += 1

    def _send(self, own: pyodbc.Connection) -> None:
        """Send the next numbered price; one whose answer was lost is sent again."""
        entry = f"Q{self._entry:06d}".ljust(15).encode("cp037")
        packed = bytes.fromhex(f"{self._entry * 100:09d}C")
        try:
            own.execute(_SEND, entry + packed + "EUR".encode("cp037"), "WEBPRICE")
        except pyodbc.Error as error:
            if "CPF950A" not in str(error):
                raise
            self.figures.refused_full += 1
            self._stop.wait(0.5)
            return
        self.figures.sent = self._entry
        self._entry += 1
        self._stop.wait(self._pace_s)

    def _commit(self, own: pyodbc.Connection) -> None:
        try:
            own.commit()
        except pyodbc.Error:
            self.figures.doubtful += 1
            raise
        self.figures.committed += 1
