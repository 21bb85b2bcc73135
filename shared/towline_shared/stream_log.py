"""The numbered log behind the link: contiguous, chained, credited; pure SQL over a connection.

One log serves both directions of both ends. A stream is ``(peer, name, direction)``: the agent's
peer is ``relay``, the relay's peers are its agents. Every function takes the connection of a
running unit of :class:`~towline_shared.database.Database`, so that callers put progress and effect
into one commit; none of them begins or commits.

Sequence numbers start at 1 and have no gaps. A SHA-256 chain over the texts tells a restored or
foreign copy of a database from the one the numbers were given by.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from towline_shared.clock import Clock, parse_utc, utc_text
from towline_shared.codec import encode
from towline_shared.errors import Misuse
from towline_shared.events import Event
from towline_shared.stream_rows import SCHEMA, Cover, LogRow, Received, StreamState, Veil

__all__ = [
    "DOWN_STREAMS",
    "SCHEMA",
    "UP_STREAMS",
    "LogRow",
    "Received",
    "StreamLog",
    "StreamState",
    "next_chain",
]

UP_STREAMS = ("changes", "bulk", "results")
DOWN_STREAMS = ("orders", "commands")


def next_chain(chain: bytes, seq: int, text: str) -> bytes:
    """Extend a chain by one row."""
    digest = hashlib.sha256(chain)
    digest.update(seq.to_bytes(8, "big"))
    digest.update(text.encode("utf-8"))
    return digest.digest()


class StreamLog:
    """Functions over the two tables of :data:`SCHEMA`."""

    def __init__(
        self, *, clock: Clock, cover: Cover | None = None, veil: Veil | None = None
    ) -> None:
        """Build it; ``cover`` hides outgoing texts by what they are about, ``veil`` all texts."""
        self._clock = clock
        self._cover = cover
        self._veil = veil

    # -- outgoing ------------------------------------------------------------------------------

    def append(self, db: sqlite3.Connection, peer: str, name: str, events: Sequence[Event]) -> int:
        """Number events and write them; returns the last number (the old one for no events)."""
        head = self._head(db, peer, name, "out")
        seq, chain = int(head["last"]), bytes(head["chain"])
        now = self._clock.now()
        for event in events:
            text = encode(event)
            seq += 1
            chain = next_chain(chain, seq, text)
            kept = self._cover.hide(db, peer, event, text) if self._cover else text
            row = LogRow(seq, kept, event.id, event.entity, event.key, chain, now)
            self._insert(db, (peer, name, "out"), row)
        self._advance(db, (peer, name, "out"), seq, chain)
        return seq

    def unsent(
        self, db: sqlite3.Connection, peer: str, name: str, *, after: int, rows: int, most: int
    ) -> list[LogRow]:
        """Return rows with seq > ``after``: at most ``rows`` of them and ``most`` bytes of text.

        One row is always returned if there is one and ``rows`` allows it, however large it is, so
        that a large event can't block its stream for ever.
        """
        found: list[LogRow] = []
        size = 0
        cursor = db.execute(
            "SELECT * FROM stream_row WHERE peer=? AND name=? AND direction='out' AND seq>?"
            " ORDER BY seq LIMIT ?",
            (peer, name, after, rows),
        )
        for row in map(self._row, cursor):
            shown = replace(row, text=self._cover.show(db, row.text)) if self._cover else row
            size += len(shown.text.encode("utf-8"))
            if found and size > most:
                break
            found.append(shown)
        return found

    def acked(self, db: sqlite3.Connection, peer: str, name: str, upto: int) -> bool:
        """Note a cumulative acknowledgement; returns whether it was new (an old one is harmless).

        Raises:
            Misuse: the peer acknowledged what was never sent; the link must not let that through.
        """
        head = self._head(db, peer, name, "out")
        if upto > head["last"]:
            raise Misuse(f"{name} was acknowledged up to {upto}, but ends at {head['last']}.")
        if upto <= head["acked"]:
            return False
        db.execute(
            "UPDATE stream_head SET acked=? WHERE peer=? AND name=? AND direction='out'",
            (upto, peer, name),
        )
        db.execute(
            "UPDATE stream_row SET acked_at=? WHERE peer=? AND name=? AND direction='out'"
            " AND seq>? AND seq<=?",
            (utc_text(self._clock.now()), peer, name, head["acked"], upto),
        )
        return True

    # -- incoming ------------------------------------------------------------------------------

    def expect(self, db: sqlite3.Connection, peer: str, name: str, stream_id: str) -> StreamState:
        """Bind an incoming stream to the id its writer gave it, on first sight."""
        db.execute(
            "INSERT OR IGNORE INTO stream_head (peer, name, direction, stream_id)"
            " VALUES (?,?,'in',?)",
            (peer, name, stream_id),
        )
        return self.state(db, peer, name, "in")

    def receive(
        self,
        db: sqlite3.Connection,
        peer: str,
        name: str,
        *,
        stream_id: str,
        first: int,
        texts: Sequence[tuple[str, str, str, str]],
    ) -> tuple[Received, list[LogRow]]:
        """Insert a contiguous batch; rows already there are left out.

        Args:
            stream_id: the id the writer gave the stream.
            first: number of the first row.
            texts: (text, event id, entity, key) of each row.

        Returns:
            NEW with the rows that were inserted; DUPLICATE, GAP or FOREIGN with none.
        """
        head = self._head(db, peer, name, "in", stream_id=stream_id)
        if head["stream_id"] != stream_id:
            return Received.FOREIGN, []
        seq, chain = int(head["last"]), bytes(head["chain"])
        if first > seq + 1:
            return Received.GAP, []
        fresh = texts[seq + 1 - first :]
        if not fresh:
            return Received.DUPLICATE, []
        now = self._clock.now()
        rows: list[LogRow] = []
        for text, event_id, entity, key in fresh:
            seq += 1
            chain = next_chain(chain, seq, text)
            rows.append(LogRow(seq, text, event_id, entity, key, chain, now))
            self._insert(db, (peer, name, "in"), rows[-1])
        self._advance(db, (peer, name, "in"), seq, chain)
        return Received.NEW, rows

    def inbox(self, db: sqlite3.Connection, peer: str, name: str, *, limit: int) -> list[LogRow]:
        """Return received rows whose effect is not yet committed, ascending."""
        cursor = db.execute(
            "SELECT r.* FROM stream_head h JOIN stream_row r ON r.peer=h.peer AND r.name=h.name"
            " AND r.direction=h.direction AND r.seq>h.consumed"
            " WHERE h.peer=? AND h.name=? AND h.direction='in' ORDER BY r.seq LIMIT ?",
            (peer, name, limit),
        )
        return [self._row(row) for row in cursor]

    def consume(self, db: sqlite3.Connection, peer: str, name: str, upto: int) -> None:
        """Move the consumer's cursor; call it in the commit of the effect."""
        db.execute(
            "UPDATE stream_head SET consumed=max(consumed, ?)"
            " WHERE peer=? AND name=? AND direction='in' AND ?<=last",
            (upto, peer, name, upto),
        )

    def empty(self, db: sqlite3.Connection, peer: str, name: str, seqs: Sequence[int]) -> None:
        """Empty the texts of received rows whose effect is committed; number and chain stay.

        For documents about people, which must not stay in a log longer than they are needed.
        """
        db.executemany(
            "UPDATE stream_row SET text='' WHERE peer=? AND name=? AND direction='in' AND seq=?",
            [(peer, name, seq) for seq in seqs],
        )

    # -- both ----------------------------------------------------------------------------------

    def state(self, db: sqlite3.Connection, peer: str, name: str, direction: str) -> StreamState:
        """Return one stream; creates an outgoing one on first use.

        An incoming one is named by its writer alone (:meth:`expect`): until then it is empty, with
        an empty stream id, and looking at it leaves no trace.
        """
        if direction == "in" and self._find(db, peer, name, direction) is None:
            return StreamState(name, direction, "", 0, 0, 0, b"", None)
        head = self._head(db, peer, name, direction)
        oldest = None
        if direction == "out":
            row = db.execute(
                "SELECT at FROM stream_row WHERE peer=? AND name=? AND direction='out' AND seq>?"
                " ORDER BY seq LIMIT 1",
                (peer, name, head["acked"]),
            ).fetchone()
            oldest = parse_utc(row["at"]) if row else None
        return StreamState(
            name=name,
            direction=direction,
            stream_id=head["stream_id"],
            last=head["last"],
            acked=head["acked"] if direction == "out" else head["last"],
            consumed=head["consumed"],
            chain=bytes(head["chain"]),
            oldest_unacked_at=oldest,
        )

    def states(self, db: sqlite3.Connection, peer: str) -> list[StreamState]:
        """Return all streams with a peer."""
        cursor = db.execute(
            "SELECT name, direction FROM stream_head WHERE peer=? ORDER BY direction, name", (peer,)
        ).fetchall()
        return [self.state(db, peer, row["name"], row["direction"]) for row in cursor]

    def chain_at(
        self, db: sqlite3.Connection, peer: str, name: str, direction: str, seq: int
    ) -> bytes | None:
        """Return the chain value at a number: empty bytes at 0, None when it is not there."""
        if seq == 0:
            return b""
        head = self._find(db, peer, name, direction)
        if head is not None and seq == head["last"]:
            return bytes(head["chain"])
        row = db.execute(
            "SELECT chain FROM stream_row WHERE peer=? AND name=? AND direction=? AND seq=?",
            (peer, name, direction, seq),
        ).fetchone()
        return bytes(row["chain"]) if row else None

    def first_kept(self, db: sqlite3.Connection, peer: str, name: str) -> int:
        """Return the lowest outgoing number that can still be sent again; see :class:`Cover`."""
        of = "FROM stream_row WHERE peer=? AND name=? AND direction='out'"
        emptied = db.execute(
            f"SELECT max(seq) {of} AND text=''",
            (peer, name),
        ).fetchone()[0]
        if emptied is not None:
            return int(emptied) + 1
        row = db.execute(f"SELECT min(seq) AS first {of}", (peer, name)).fetchone()
        if row["first"] is not None:
            return int(row["first"])
        return int(self._head(db, peer, name, "out")["last"]) + 1

    def trim(self, db: sqlite3.Connection, *, before: datetime) -> int:
        """Delete rows acknowledged (out) or consumed (in) before a moment; returns how many.

        Numbers and chains stay in the head, so trimming never changes what comes next.
        """
        text = utc_text(before)
        streams = db.execute("SELECT * FROM stream_head WHERE direction='out'").fetchall()
        out = sum(self._trim_out(db, stream, text) for stream in streams)
        done = db.execute(
            "DELETE FROM stream_row WHERE direction='in' AND at<? AND seq<=(SELECT consumed FROM"
            " stream_head h WHERE h.peer=stream_row.peer AND h.name=stream_row.name"
            " AND h.direction='in')",
            (text,),
        ).rowcount
        return out + done

    # -- inside --------------------------------------------------------------------------------

    @staticmethod
    def _trim_out(db: sqlite3.Connection, stream: sqlite3.Row, before: str) -> int:
        """Delete up to the first row that must stay: a clock set back must not leave holes."""
        place = (stream["peer"], stream["name"])
        keep = db.execute(
            "SELECT min(seq) FROM stream_row WHERE peer=? AND name=? AND direction='out'"
            " AND (acked_at IS NULL OR acked_at>=?)",
            (*place, before),
        ).fetchone()[0]
        return db.execute(
            "DELETE FROM stream_row WHERE peer=? AND name=? AND direction='out' AND seq<?",
            (*place, keep if keep is not None else int(stream["last"]) + 1),
        ).rowcount

    @staticmethod
    def _find(db: sqlite3.Connection, peer: str, name: str, direction: str) -> sqlite3.Row | None:
        query = "SELECT * FROM stream_head WHERE peer=? AND name=? AND direction=?"
        row: sqlite3.Row | None = db.execute(query, (peer, name, direction)).fetchone()
        return row

    def _head(
        self,
        db: sqlite3.Connection,
        peer: str,
        name: str,
        direction: str,
        *,
        stream_id: str | None = None,
    ) -> sqlite3.Row:
        row = self._find(db, peer, name, direction)
        if row is None:
            db.execute(
                "INSERT INTO stream_head (peer, name, direction, stream_id) VALUES (?,?,?,?)",
                (peer, name, direction, stream_id or secrets.token_hex(16)),
            )
            row = self._find(db, peer, name, direction)
        assert row is not None
        return row

    def _insert(self, db: sqlite3.Connection, stream: tuple[str, str, str], row: LogRow) -> None:
        text: str | bytes = row.text
        if self._veil is not None and row.text:
            text = self._veil.seal(row.text, *stream, row.seq)
        db.execute(
            "INSERT INTO stream_row (peer, name, direction, seq, event_id, entity, key, text,"
            " chain, at) VALUES (?,?,?,?,?,?,?,?,?,?)",
            (*stream, row.seq, row.event_id, row.entity, row.key, text, row.chain,
             utc_text(row.at)),
        )  # fmt: skip

    @staticmethod
    def _advance(
        db: sqlite3.Connection, stream: tuple[str, str, str], last: int, chain: bytes
    ) -> None:
        db.execute(
            "UPDATE stream_head SET last=?, chain=? WHERE peer=? AND name=? AND direction=?",
            (last, chain, *stream),
        )

    def _row(self, row: sqlite3.Row) -> LogRow:
        text = row["text"]
        if isinstance(text, bytes):
            if self._veil is None:
                raise Misuse("A sealed log was opened without its key.")
            text = self._veil.open(text, row["peer"], row["name"], row["direction"], row["seq"])
        return LogRow(
            seq=row["seq"],
            text=text,
            event_id=row["event_id"],
            entity=row["entity"],
            key=row["key"],
            chain=bytes(row["chain"]),
            at=parse_utc(row["at"]),
        )
