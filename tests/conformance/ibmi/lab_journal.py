"""The kit's journal on the ODBC lab, kept by hand: Derby journals nothing that could be shown.

So a check of the journal proves there what the driver makes of QSYS2.DISPLAY_JOURNAL over real
ODBC, and nothing of what a real journal holds.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.columns import store
from towline_agent.ibmi.odbc.bench_hand import Image, Key
from towline_agent.ibmi.odbc.door import Door
from towline_sandbox.ibmi.journal import image

__all__ = ["LabJournal"]

_ENTRY = (
    "INSERT INTO LAB.JOURNAL (RECEIVER_LIBRARY, RECEIVER_NAME, SEQUENCE_NUMBER, JOURNAL_CODE,"
    " JOURNAL_ENTRY_TYPE, COUNT_OR_RRN, ENTRY_DATA, OBJECT_LIBRARY, OBJECT_NAME, MEMBER,"
    " COMMIT_CYCLE) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_RECEIVER = (
    "INSERT INTO LAB.RECEIVERS (JOURNAL_LIBRARY, JOURNAL_NAME, RECEIVER_LIBRARY, RECEIVER_NAME,"
    " CHAIN_ORDER) VALUES (?, 'QSQJRN', ?, ?, ?)"
)


class LabJournal:
    """Implements :class:`~towline_agent.ibmi.odbc.bench_hand.JournalHand`."""

    def __init__(self, officer: Callable[[], Door], library: str) -> None:
        """``officer`` gives a connection that may write to the lab's own tables."""
        self._officer = officer
        self._library = library
        self._receivers = 0
        self._sequence = 0
        self._cycles: dict[str, int] = {}
        self._numbers: dict[tuple[str, Key], int] = {}

    def wrote(
        self, job: str, layout: FileLayout, key: Key, before: Image | None, after: Image | None
    ) -> None:
        cycle = self._cycles.get(job) or self._begin(job)
        types = {(False, True): ("", "PT"), (True, True): ("UB", "UP"), (True, False): ("DL", "")}
        names = types[before is not None, after is not None]
        for kind, cells in zip(names, (before, after), strict=True):
            if kind and cells is not None:
                self._add("R", kind, cycle, layout, key, _bytes(layout, cells))

    def ended(self, job: str, *, committed: bool) -> None:
        cycle = self._cycles.pop(job, None)
        if cycle is not None:
            self._add("C", "CM" if committed else "RB", cycle)

    def change_receiver(self) -> None:
        self._receivers += 1
        given = (self._library, self._library, self._name(), self._receivers)
        self._officer().execute(_RECEIVER, given, doing="attaching a receiver")
        self._add("J", "PR", 0)

    def delete_receivers(self) -> None:
        text = "DELETE FROM LAB.{} WHERE RECEIVER_LIBRARY = ? AND RECEIVER_NAME <> ?"
        for table in ("JOURNAL", "RECEIVERS"):
            given = (self._library, self._name())
            self._officer().execute(text.format(table), given, doing="deleting receivers")

    def _begin(self, job: str) -> int:
        cycle = self._cycles[job] = self._sequence + 1
        self._add("C", "SC", cycle)
        return cycle

    def _name(self) -> str:
        return f"QSQJRN{self._receivers:04d}"

    def _add(
        self,
        code: str,
        kind: str,
        cycle: int,
        layout: FileLayout | None = None,
        key: Key = (),
        data: bytes | None = None,
    ) -> None:
        self._sequence += 1
        file = layout.name if layout else None
        library = self._library if layout else None
        number = self._numbers.setdefault((file, key), len(self._numbers) + 1) if file else 0
        given: tuple[Any, ...] = (
            self._library, self._name(), self._sequence, code, kind, number, data, library, file,
            file, cycle,
        )  # fmt: skip
        self._officer().execute(_ENTRY, given, doing="writing a journal entry")


def _bytes(layout: FileLayout, cells: Image) -> bytes:
    kinds = [field.type for field in layout.fields]
    stored = {
        field.name: store(kind, Decimal(cell) if kind.is_number else cell, where=field.name)
        for field, kind, cell in zip(layout.fields, kinds, cells, strict=True)
    }
    return image(layout, stored)
