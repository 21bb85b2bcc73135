"""Payloads of the buffer at rest: rows of streams and kept queue entries, sealed in place.

Numbers, ids, keys and the chain stay clear: the link and its proofs are as before, and the chain is
over the clear texts. A buffer of an earlier release is sealed when it is opened, in batches that
each are a commit, so a kill in between costs nothing; then the file is written anew (VACUUM), since
what was clear stands in its free pages too.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from towline_agent.buffer_key import BufferKey
from towline_agent.buffer_rows import KeptEntry
from towline_shared.envelope import Unopenable
from towline_shared.errors import Permanent
from towline_shared.row_seal import RowSeal

__all__ = ["BufferSeal", "open_seal"]

_CHECK, _STEP = "seal check", "seal step"
_ROWS, _QUEUES, _VACUUM = "rows", "queues", "vacuum"
_BATCH = 500


class BufferSeal:
    """The seal of one buffer; see :class:`towline_shared.stream_rows.Veil`."""

    def __init__(self, seal: RowSeal) -> None:
        self._seal = seal

    def seal(self, text: str, *place: object) -> bytes:
        """Return what is stored instead of a row's text."""
        return self._seal.seal(text.encode("utf-8"), "stream_row", *place)

    def open(self, stored: bytes, *place: object) -> str:
        """Return the text of a row."""
        return self._seal.open(stored, "stream_row", *place).decode("utf-8")

    def seal_entry(self, queue: str, entry: KeptEntry) -> tuple[bytes, bytes]:
        """Return what is stored of a kept entry: data and key."""
        place = ("queue_kept", queue, entry.n)
        return self._seal.seal(entry.data, *place, "data"), self._seal.seal(
            entry.key, *place, "key"
        )

    def open_entry(self, queue: str, stored: KeptEntry) -> KeptEntry:
        """Return a kept entry as it came from the queue."""
        place = ("queue_kept", queue, stored.n)
        return KeptEntry(
            stored.n,
            self._seal.open(stored.data, *place, "data"),
            self._seal.open(stored.key, *place, "key"),
        )


def open_seal(db: sqlite3.Connection, path: str, keys: BufferKey) -> BufferSeal:
    """Find or make the buffer's key and seal what is still clear; outside of a transaction.

    Raises:
        Permanent: the buffer is sealed, and its key is lost or another one.
        Misconfigured: the key's file can't be read or written.
    """
    check = db.execute("SELECT value FROM meta WHERE name=?", (_CHECK,)).fetchone()
    key = keys.read()
    if check is None:
        seal = RowSeal(key if key is not None else keys.make())
        _begin(db, seal)
    elif key is None:
        raise _lost(path, f"its key {keys.where} is missing")
    else:
        seal = RowSeal(key)
        try:
            seal.open(bytes.fromhex(check["value"]), _CHECK)
        except Unopenable:
            raise _lost(path, f"{keys.where} is another key") from None
    sealed = BufferSeal(seal)
    _finish(db, sealed)
    return sealed


def _begin(db: sqlite3.Connection, seal: RowSeal) -> None:
    """Bind the file to its key; what is clear is to be sealed from now on."""
    check = seal.seal(b"towline", _CHECK).hex()
    with _commit(db):
        db.execute("INSERT INTO meta VALUES (?,?)", (_CHECK, check))
        if db.execute(
            "SELECT EXISTS(SELECT 1 FROM stream_row) OR EXISTS(SELECT 1 FROM queue_kept)"
        ).fetchone()[0]:
            db.execute("INSERT INTO meta VALUES (?,?)", (_STEP, _ROWS))


def _finish(db: sqlite3.Connection, sealed: BufferSeal) -> None:
    """Go on with sealing a clear file at the step it has come to."""
    step = db.execute("SELECT value FROM meta WHERE name=?", (_STEP,)).fetchone()
    if step is None:
        return
    db.execute("PRAGMA secure_delete=ON")  # overwrites the clear texts in the file's pages
    at = step["value"]
    if at == _ROWS:
        _seal_rows(db, sealed)
        at = _QUEUES
    if at == _QUEUES:
        _seal_queues(db, sealed)
    with contextlib.suppress(sqlite3.OperationalError):  # no room to write it anew: at next start
        db.execute("VACUUM")
        db.execute("DELETE FROM meta WHERE name=?", (_STEP,))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _seal_rows(db: sqlite3.Connection, sealed: BufferSeal) -> None:
    last: tuple[object, ...] = ("", "", "", 0)
    while True:
        rows = db.execute(
            "SELECT peer, name, direction, seq, text FROM stream_row"
            " WHERE (peer, name, direction, seq) > (?,?,?,?) AND typeof(text)='text' AND text<>''"
            " ORDER BY peer, name, direction, seq LIMIT ?",
            (*last, _BATCH),
        ).fetchall()
        with _commit(db):
            for *place, text in rows:
                db.execute(
                    "UPDATE stream_row SET text=? WHERE peer=? AND name=? AND direction=?"
                    " AND seq=?",
                    (sealed.seal(text, *place), *place),
                )
            if not rows:
                db.execute("UPDATE meta SET value=? WHERE name=?", (_QUEUES, _STEP))
                return
        last = tuple(rows[-1])[:4]


def _seal_queues(db: sqlite3.Connection, sealed: BufferSeal) -> None:
    """Seal all entries in one commit with the note of it: bytes don't show whether they are."""
    rows = db.execute("SELECT queue, n, data, key FROM queue_kept").fetchall()
    with _commit(db):
        for queue, n, data, key in rows:
            db.execute(
                "UPDATE queue_kept SET data=?, key=? WHERE queue=? AND n=?",
                (*sealed.seal_entry(queue, KeptEntry(n, bytes(data), bytes(key))), queue, n),
            )
        db.execute("UPDATE meta SET value=? WHERE name=?", (_VACUUM, _STEP))


@contextlib.contextmanager
def _commit(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _lost(path: str, why: str) -> Permanent:
    return Permanent(
        f"The payloads of {path} can't be read: {why}.",
        hint="Restore that key from the backup. If it is lost, move the buffer aside and start: a"
        " fresh one is begun and everything the IBM i and the relay still have is read anew.",
    )
