"""Data queues: FIFO, LIFO or keyed, with waits that block until an entry comes.

- One entry goes to exactly one waiter:
  https://www.ibm.com/docs/en/i/7.3?topic=ssw_ibm_i_73/apis/qrcvdtaq.htm . There the waiter with the
  highest run priority wins; here any.
- A receive from a keyed queue needs a key, and only there:
  https://ibm.com/support/knowledgecenter/ssw_ibm_i_75/rzajq/rzajqudfreceivedtaq.htm . Of equal keys
  the oldest entry comes first (general knowledge). KEY_ORDER is always EQ here.
- Looking shows FIFO, LIFO or ascending key order:
  https://ibm.com/docs/en/i/7.5?topic=services-data-queue-entries-table-function
- Neither sends nor receives belong to a unit of work (general knowledge): no rollback brings an
  entry back.
- A full queue fails its sender with CPF950A (general knowledge); a longer entry than MAXLEN is an
  error: https://yumpu.com/en/document/view/16981973/data-queue-apis-categories-ftp-directory-listing-ibm/35
- Entries stand in the file, as with FORCE(*YES). What FORCE(*NO) loses at an abnormal IPL is not
  modelled.
- Ghost receiver: a wait whose client went away goes on here as it may on a real system, and takes
  the next entry with it (see :mod:`towline_sandbox.ibmi.server`).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable

from towline_agent.ibmi.errors import SiteFault
from towline_agent.ibmi.port import QueueEntry, QueueInfo
from towline_sandbox.ibmi.storage import Storage
from towline_sandbox.ibmi.towline_files import QUEUES, QueueLayout
from towline_shared.errors import Permanent, Retryable

__all__ = ["DataQueues", "QueueFull"]

_ENTRIES = 'SELECT * FROM "SYS.DTAQ_ENTRIES" WHERE QUEUE = ?'


class QueueFull(Retryable):
    """CPF950A: the queue's SIZE is reached; it empties when its reader comes."""


class DataQueues:
    """All data queues of the partition."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._arrived = {name: threading.Condition(storage.lock) for name in QUEUES}
        with storage.write() as db:
            self._depth = {name: _count(db, name) for name in QUEUES}
        storage.undone.append(self._recount)

    def send(self, name: str, data: bytes, *, key: bytes = b"", sender: str = "") -> None:
        """Append an entry and wake one waiter.

        Raises:
            Permanent: no such queue, the entry is longer than MAXLEN, or the key has not KEYLEN.
            QueueFull: SIZE is reached.
        """
        queue = _known(name)
        if len(data) > queue.max_length:
            raise Permanent(
                f"CPF2498: an entry of {len(data)} bytes is longer than MAXLEN"
                f" {queue.max_length} of {name}."
            )
        if len(key) != queue.key_length:
            raise Permanent(
                f"SQL0443: {name} wants a key of {queue.key_length} bytes, not {len(key)}."
            )
        with self._storage.write() as db:
            if self._depth[name] >= queue.most:
                raise QueueFull(f"CPF950A: data queue {name} is full with {queue.most} entries.")
            db.execute(
                'INSERT INTO "SYS.DTAQ_ENTRIES" (QUEUE, KEYDATA, DATA, SENDER, SENTTS)'
                " VALUES (?, ?, ?, ?, ?)",
                (name, key, data, sender, self._storage.timestamp()),
            )
            self._depth[name] += 1
            self._arrived[name].notify()

    def take(self, name: str, *, key: bytes = b"") -> QueueEntry | None:
        """Remove and return the first entry, of a keyed queue the first with this key; or None.

        Raises:
            Permanent: no such queue, or a key where none belongs, or one that has not KEYLEN.
        """
        _fits(_known(name), key)
        with self._storage.write() as db:
            return self._take(db, name, key)

    def wait(self, name: str, *, seconds: float, alive: Callable[[], None]) -> QueueEntry | None:
        """Block until an entry comes, take it and return it; None after ``seconds``.

        Args:
            alive: raises when the waiting job was ended; asked after every wake-up.
        """
        _fits(_known(name), b"")
        deadline = time.monotonic() + seconds
        with self._storage.lock:
            while True:
                alive()
                if self._depth[name]:
                    return self.take(name)
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._arrived[name].wait(left)

    def peek(self, name: str, *, limit: int) -> list[QueueEntry]:
        """Return the first entries in queue order; nothing is removed."""
        queue = _known(name)
        with self._storage.lock:
            rows = self._storage.db.execute(
                f"{_ENTRIES} ORDER BY {_order(queue)} LIMIT ?",
                (name, limit),
            ).fetchall()
        return [_entry(row) for row in rows]

    def info(self, name: str) -> QueueInfo:
        """Return depth and limits."""
        queue = _known(name)
        with self._storage.lock:
            return QueueInfo(
                entries=self._depth[name],
                most=queue.most,
                max_length=queue.max_length,
                sequence=queue.sequence,
            )

    def wake_all(self) -> None:
        """Make every waiter look whether its job still lives."""
        with self._storage.lock:
            for condition in self._arrived.values():
                condition.notify_all()

    def _recount(self) -> None:
        """Count anew: a step that was undone took sends or receives with it."""
        self._depth = {name: _count(self._storage.db, name) for name in QUEUES}

    def _take(self, db: sqlite3.Connection, name: str, key: bytes) -> QueueEntry | None:
        # entries of a queue without keys all have the empty one
        row = db.execute(
            f"{_ENTRIES} AND KEYDATA = ? ORDER BY {_order(_known(name))} LIMIT 1",
            (name, key),
        ).fetchone()
        if row is None:
            return None
        db.execute('DELETE FROM "SYS.DTAQ_ENTRIES" WHERE SEQ = ?', (row["SEQ"],))
        self._depth[name] -= 1
        return _entry(row)


def _known(name: str) -> QueueLayout:
    queue = QUEUES.get(name)
    if queue is None:
        raise SiteFault(
            f"CPF9801: data queue {name} was not found.",
            hint="Check the queue's name and library in agent.toml.",
        )
    return queue


def _fits(queue: QueueLayout, key: bytes) -> None:
    if queue.key_length and not key:
        raise Permanent(f"SQL0443: a receive from the keyed queue {queue.object} needs a key.")
    if len(key) != queue.key_length:
        raise Permanent(
            f"SQL0443: {queue.object} wants a key of {queue.key_length} bytes, not {len(key)}."
        )


def _order(queue: QueueLayout) -> str:
    return {"FIFO": "SEQ", "LIFO": "SEQ DESC", "KEYED": "KEYDATA, SEQ"}[queue.sequence]


def _entry(row: sqlite3.Row) -> QueueEntry:
    return QueueEntry(
        data=bytes(row["DATA"]), key=bytes(row["KEYDATA"]), sender_job=str(row["SENDER"])
    )


def _count(db: sqlite3.Connection, name: str) -> int:
    found = db.execute('SELECT count(*) FROM "SYS.DTAQ_ENTRIES" WHERE QUEUE = ?', (name,))
    return int(found.fetchone()[0])
