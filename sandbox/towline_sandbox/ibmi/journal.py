"""The journal of library DISTLIB: what every record-level write leaves behind, and its receivers.

Modelled on what is written of real ones:

- entry types PT UB UP DL and SC CM RB, F CR for CLRPFM; images as the record lies on the disk
  (https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/rzaki/rzakicodes.htm; which types a
  rollback leaves (BR UR for a change or a delete, DR for an insert) is general knowledge);
- entries of an open unit of work are there before its COMMIT and bear its commit cycle, the
  sequence number of the SC entry (general knowledge);
- sequence numbers go on in the next receiver or start at 1 again, as the operator chose:
  https://www.ibm.com/support/knowledgecenter/en/ssw_ibm_i_73/rzarl/rzarlf02.htm ;
- a receiver that housekeeping deleted takes its entries with it: CPF7053 or CPF9801.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from towline_agent.ibmi.catalogue import FileLayout, Kind, SqlType
from towline_agent.ibmi.ccsid import encode_text
from towline_agent.ibmi.columns import Stored
from towline_agent.ibmi.errors import PositionLost
from towline_agent.ibmi.port import JournalEntry, JournalName, JournalPage, JournalPosition
from towline_sandbox.ibmi.cells import to_packed, to_zoned
from towline_sandbox.ibmi.towline_files import layout
from towline_shared.errors import Permanent

if TYPE_CHECKING:
    from towline_sandbox.ibmi.storage import Storage
    from towline_sandbox.ibmi.units import Unit

__all__ = ["JOURNAL", "JOURNALED", "Journal", "image"]

JOURNAL = JournalName("DISTLIB", "DISTJRN")
#: Files STRJRNPF was done for, with IMAGES(*BOTH).
JOURNALED = frozenset(
    f"DISTLIB/{name}" for name in ("ITMMST", "ITMPRC", "ITMBAL", "SHPHDR", "SHPLIN")
)
_LIBRARY = "DISTLIB"
Cells = Mapping[str, Stored]


class Journal:
    """The journal and its chain of receivers; off until :meth:`start`."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.on = False

    def start(self) -> None:
        """CRTJRNRCV, CRTJRN, STRJRNPF: from now on writes leave entries."""
        self.on = True
        with self._storage.write() as db:
            if db.execute('SELECT 1 FROM "SYS.RECEIVERS"').fetchone() is None:
                self._attach(db, first=1)

    # -- written by units of work ----------------------------------------------------------------

    def wrote(
        self, unit: Unit, shape: FileLayout, row: int, *, before: Cells | None, after: Cells | None
    ) -> None:
        """Note a write: PT, or UB and UP, or DL; inside the step that made it."""
        if not self.on or shape.object not in JOURNALED:
            return
        cycle = self._cycle(unit) if unit.commitment else 0
        types = {(False, True): ("", "PT"), (True, True): ("UB", "UP"), (True, False): ("DL", "")}
        names = types[before is not None, after is not None]
        for name, cells in zip(names, (before, after), strict=True):
            if name and cells is not None:
                self._add("R", name, shape, row, cycle, image(shape, cells), unit.job)

    def undone(
        self, unit: int, shape: FileLayout, row: int, *, before: Cells, after: Cells | None
    ) -> None:
        """Note that a rollback put a record back: DR for an insert, else BR and UR."""
        cycle = self._open_cycle(unit)
        if cycle is None or shape.object not in JOURNALED:
            return
        if after is None:
            self._add("R", "DR", shape, row, cycle[0], image(shape, before), cycle[1])
            return
        self._add("R", "BR", shape, row, cycle[0], image(shape, before), cycle[1])
        self._add("R", "UR", shape, row, cycle[0], image(shape, after), cycle[1])

    def ended(self, unit: int, *, committed: bool) -> None:
        """Note the commit boundary of a unit that left entries."""
        cycle = self._open_cycle(unit)
        if cycle is not None:
            self._add("C", "CM" if committed else "RB", None, 0, cycle[0], b"", cycle[1])
            self._storage.db.execute('DELETE FROM "SYS.CYCLES" WHERE UNIT = ?', (unit,))

    def _cycle(self, unit: Unit) -> int:
        found = self._open_cycle(unit.number)
        if found is not None:
            return found[0]
        number = self._add("C", "SC", None, 0, None, b"", unit.job)
        self._storage.db.execute(
            'INSERT INTO "SYS.CYCLES" VALUES (?, ?, ?)', (unit.number, number, unit.job)
        )
        return number

    def _open_cycle(self, unit: int) -> tuple[int, str] | None:
        row = self._storage.db.execute(
            'SELECT CYCLE, JOB FROM "SYS.CYCLES" WHERE UNIT = ?', (unit,)
        ).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def _add(
        self,
        code: str,
        kind: str,
        shape: FileLayout | None,
        row: int,
        cycle: int | None,
        data: bytes,
        job: str,
    ) -> int:
        """Append an entry; a ``cycle`` of None makes its own number the cycle's."""
        db = self._storage.db
        receiver = db.execute('SELECT * FROM "SYS.RECEIVERS" ORDER BY N DESC LIMIT 1').fetchone()
        number = int(receiver["NEXT"])
        db.execute('UPDATE "SYS.RECEIVERS" SET NEXT = ? WHERE N = ?', (number + 1, receiver["N"]))
        db.execute(
            'INSERT INTO "SYS.JOURNAL" (RCV, SEQ, CODE, TYPE, AT, FILE, RRN, CYCLE, DATA, JOB)'
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                receiver["N"], number, code, kind, self._storage.timestamp(),
                shape.object if shape else "", row, number if cycle is None else cycle, data, job,
            ),
        )  # fmt: skip
        return number

    # -- read by the agent's job -----------------------------------------------------------------

    def read(
        self,
        journal: JournalName,
        *,
        files: Sequence[tuple[str, str]],
        after: JournalPosition | None,
        limit: int,
    ) -> JournalPage:
        """See the port's verb ``journal``."""
        with self._storage.lock:
            if not self.on or (journal.library, journal.name) != (JOURNAL.library, JOURNAL.name):
                raise Permanent(
                    f"CPF9801: object {journal.name} type *JRN in library {journal.library} was"
                    " not found."
                )
            if after is None:
                return JournalPage((), self._last(), more=False)
            start = self._place(after)
            names = [f"{library}/{name}" for library, name in files]
            marks = ", ".join("?" for _ in names)
            rows = self._storage.db.execute(
                f'SELECT J.*, R.NAME FROM "SYS.JOURNAL" J JOIN "SYS.RECEIVERS" R ON R.N = J.RCV'  # noqa: S608
                f" WHERE J.N > ? AND (J.CODE = 'C' OR J.FILE IN ({marks})) ORDER BY J.N LIMIT ?",
                (start, *names, limit + 1),
            ).fetchall()
            entries = tuple(_entry(row) for row in rows[:limit])
            more = len(rows) > limit
            return JournalPage(entries, entries[-1].position if more else self._last(), more)

    def _last(self) -> JournalPosition:
        """Return the newest entry's position, or that before the first one of a new receiver."""
        row = self._storage.db.execute(
            'SELECT NAME, NEXT FROM "SYS.RECEIVERS" ORDER BY N DESC LIMIT 1'
        ).fetchone()
        return JournalPosition(_LIBRARY, row["NAME"], int(row["NEXT"]) - 1)

    def _place(self, after: JournalPosition) -> int:
        """Return the entry's place in the chain."""
        db = self._storage.db
        receiver = db.execute(
            'SELECT * FROM "SYS.RECEIVERS" WHERE NAME = ?', (after.receiver,)
        ).fetchone()
        if receiver is None or after.receiver_library != _LIBRARY or receiver["GONE"]:
            raise PositionLost(
                f"CPF9801: object {after.receiver} type *JRNRCV in library"
                f" {after.receiver_library} was not found."
            )
        gap = db.execute(
            'SELECT NAME FROM "SYS.RECEIVERS" WHERE GONE AND N > ?', (receiver["N"],)
        ).fetchone()
        if gap is not None or not after.sequence < receiver["NEXT"]:
            raise PositionLost(
                f"CPF7053: the chain of {JOURNAL} is broken behind entry {after.sequence} of"
                f" receiver {after.receiver}."
            )
        row = db.execute(
            'SELECT max(N) FROM "SYS.JOURNAL" WHERE RCV < ? OR (RCV = ? AND SEQ <= ?)',
            (receiver["N"], receiver["N"], after.sequence),
        ).fetchone()
        return int(row[0] or 0)

    # -- the operator's hand: console verbs ------------------------------------------------------

    def receivers(self) -> list[dict[str, Any]]:
        """WRKJRNA: the chain, oldest first."""
        with self._storage.lock:
            rows = self._storage.db.execute('SELECT * FROM "SYS.RECEIVERS" ORDER BY N').fetchall()
        return [
            {"name": row["NAME"], "next": row["NEXT"], "deleted": bool(row["GONE"])} for row in rows
        ]

    def change_receiver(self, reset: bool = False) -> dict[str, Any]:
        """CHGJRN JRNRCV(*GEN), with ``reset`` SEQOPT(*RESET).

        Raises:
            Permanent: a reset while units of work are open (general knowledge: their commit
                cycles could not be told from new ones).
        """
        with self._storage.write() as db:
            if reset and db.execute('SELECT 1 FROM "SYS.CYCLES"').fetchone():
                raise Permanent(f"CPF7018: {JOURNAL} has pending transactions; no reset.")
            last = db.execute('SELECT NEXT FROM "SYS.RECEIVERS" ORDER BY N DESC').fetchone()
            return {"receiver": self._attach(db, first=1 if reset else int(last[0]))}

    def delete_receiver(self, name: str) -> dict[str, Any]:
        """DLTJRNRCV, as housekeeping does that has not heard of readers."""
        with self._storage.write() as db:
            attached = db.execute('SELECT max(N) FROM "SYS.RECEIVERS"').fetchone()[0]
            row = db.execute('SELECT N FROM "SYS.RECEIVERS" WHERE NAME = ?', (name,)).fetchone()
            if row is None or row["N"] == attached:
                raise Permanent(f"CPF7025: receiver {name} can't be deleted or is not there.")
            db.execute('UPDATE "SYS.RECEIVERS" SET GONE = 1 WHERE N = ?', (row["N"],))
            return {
                "entries": db.execute(
                    'DELETE FROM "SYS.JOURNAL" WHERE RCV = ?', (row["N"],)
                ).rowcount
            }

    def clear_file(self, file: str) -> dict[str, Any]:
        """CLRPFM: no trigger fires, no record is journaled one by one; one entry F CR."""
        shape = layout(file)
        with self._storage.write() as db:
            cleared = db.execute(f'DELETE FROM "{shape.table}"').rowcount  # noqa: S608
            if self.on and file in JOURNALED:
                self._add("F", "CR", shape, 0, 0, b"", "048300/ERPBATCH/NIGHT")
        return {"cleared": cleared}

    def _attach(self, db: sqlite3.Connection, *, first: int) -> str:
        count = int(db.execute('SELECT count(*) FROM "SYS.RECEIVERS"').fetchone()[0])
        name = f"DISTR{count + 1:04d}"
        db.execute('INSERT INTO "SYS.RECEIVERS" (NAME, NEXT) VALUES (?, ?)', (name, first))
        self._add("J", "PR", None, 0, 0, b"", "000000/QSYS/SCPF")
        return name


def image(shape: FileLayout, cells: Cells) -> bytes:
    """Return a record as it lies on the disk: EBCDIC, packed, zoned; spoilt bytes as they are."""
    return b"".join(_bytes(shape.by_name[f.name], cells[f.name]) for f in shape.fields)


def _bytes(kind: SqlType, cell: Stored) -> bytes:
    if isinstance(cell, bytes):
        return cell
    if kind.kind is Kind.CHAR:
        return encode_text(str(cell).ljust(kind.length), kind.ccsid)
    pack = {Kind.PACKED: to_packed, Kind.ZONED: to_zoned}[kind.kind]
    return pack(Decimal(str(cell)), kind.length, kind.decimals)


def _entry(row: sqlite3.Row) -> JournalEntry:
    library, _, file = row["FILE"].partition("/")
    return JournalEntry(
        position=JournalPosition(_LIBRARY, row["NAME"], row["SEQ"]),
        code=row["CODE"],
        type=row["TYPE"],
        at=row["AT"],
        library=library,
        file=file,
        member=file,
        rrn=row["RRN"],
        commit_cycle=row["CYCLE"],
        data=row["DATA"],
        job=row["JOB"],
        user=row["JOB"].split("/")[1],
    )
