"""The partition's single-level store in small: one SQLite file with every object in it.

Tables bear the names ``LIB.FILE``; those of ``SYS.`` are the machine's own. One connection writes,
under one lock; other processes may read at any time (WAL).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from towline_agent.ibmi.catalogue import Kind, SqlType
from towline_agent.ibmi.columns import Stored, store
from towline_sandbox.ibmi.local_time import LocalTime
from towline_sandbox.ibmi.schema import statements
from towline_shared.clock import Clock
from towline_shared.errors import Permanent

__all__ = ["Storage"]


@dataclass
class Context:
    """Who writes: what triggers learn about the job that fired them."""

    unit: int = 0
    job: str = ""
    user: str = ""
    rings: int = 0


class Storage:
    """The open file."""

    def __init__(
        self, path: Path, *, clock: Clock, utc_offset_h: float, triggers: bool = True
    ) -> None:
        """Open or create the file with its tables and triggers.

        Args:
            triggers: False drops those on the ERP's own files; the library TOWLINE keeps its own.
        """
        self.lock = threading.RLock()
        self.context = Context()
        self.raised: Permanent | None = None
        self.undone: list[Callable[[], None]] = []
        self.local = LocalTime(clock, utc_offset_h=utc_offset_h)
        self._depth = 0
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.row_factory = sqlite3.Row
        # NORMAL keeps the file consistent when the process is killed; the stand-in is not meant to
        # survive a power cut.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "case_sensitive_like=ON"):
            self.db.execute(f"PRAGMA {pragma}")
        self._register()
        for statement in statements(triggers=triggers):
            self.db.execute(statement)

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in."""
        with self.lock:
            self.db.close()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One atomic step of the machine; steps nest. Never wait for anything inside one."""
        with self.lock:
            if self._depth == 0:
                self.db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self.db
            except BaseException:
                if self._depth == 1:
                    self.db.execute("ROLLBACK")
                    for tell in self.undone:
                        tell()
                raise
            else:
                if self._depth == 1:
                    self.db.execute("COMMIT")
            finally:
                self._depth -= 1

    @property
    def inside_step(self) -> bool:
        """Whether the calling thread, which holds the lock, is inside a step."""
        return self._depth > 0

    def timestamp(self) -> str:
        """Return the partition's local time as Db2 writes it: 26 characters."""
        return self.local.timestamp()

    def fact(self, name: str, default: str = "") -> str:
        """Return a remembered fact of the machine."""
        row = self.db.execute('SELECT VALUE FROM "SYS.FACTS" WHERE NAME = ?', (name,)).fetchone()
        return default if row is None else str(row[0])

    def remember(self, name: str, value: str) -> None:
        """Remember a fact of the machine."""
        self.db.execute('INSERT OR REPLACE INTO "SYS.FACTS" VALUES (?, ?)', (name, value))

    def count_up(self, name: str, by: int = 1) -> None:
        """Add to a remembered counter."""
        self.remember(name, str(int(self.fact(name, "0")) + by))

    def _register(self) -> None:
        make = self.db.create_function
        make("acting_unit", 0, lambda: self.context.unit)
        make("acting_job", 0, lambda: self.context.job)
        make("acting_user", 0, lambda: self.context.user)
        make("partition_time", 0, self.local.timestamp)
        make("ring_doorbell", 0, self._ring)
        make("ebcdic", 1, _ebcdic, deterministic=True)
        make("readable_number", 2, self._readable_number, deterministic=True)
        make("digits", 3, _digits, deterministic=True)
        make("to_decimal", 3, self._to_decimal, deterministic=True)

    def _ring(self) -> int:
        self.context.rings += 1
        return 1

    def _readable_number(self, stored: Stored, column: str) -> Stored:
        """Refuse to compute with bytes that are no number."""
        if isinstance(stored, bytes):
            self.raised = Permanent(
                f"SQL0802: data mapping error on column {column} outside the select list;"
                f" a row holds X'{stored.hex().upper()}'.",
                hint="Leave the column out of WHERE and ON, or have the field corrected.",
            )
            raise ArithmeticError("SQL0802")  # noqa: TRY004 - becomes SQLite's error, see queries
        return float(stored) if isinstance(stored, str) else stored

    def _to_decimal(self, stored: Stored, digits: int, decimals: int) -> Stored:
        """CAST to DECIMAL; a text that is no number is an error as in Db2 (SQL0420)."""
        if stored is None or isinstance(stored, bytes):
            return stored
        kind = SqlType(Kind.PACKED, digits, decimals)
        try:
            number = Decimal(str(stored).strip())
            cut = Decimal(int(number.scaleb(decimals))).scaleb(-decimals)
            return store(kind, cut, where="CAST")
        except ArithmeticError:
            self.raised = Permanent(f"SQL0420: {stored!r} in CAST is no number.")
        except Permanent as error:
            self.raised = error
        raise ArithmeticError("CAST")


def _ebcdic(value: Stored) -> Stored:
    """Return the bytes a CHAR sorts by on the partition (sort sequence *HEX)."""
    if not isinstance(value, str):
        return value
    return value.rstrip(" ").encode("cp037", "replace")


def _digits(value: Stored, length: int, decimals: int) -> Stored:
    """DIGITS: the digits without sign and decimal point, zero-filled to the field's length."""
    if value is None or isinstance(value, bytes):
        return value
    whole = abs(int(Decimal(str(value)).scaleb(decimals)))
    return f"{whole:0{length}d}"
