"""What the two processes said and what their files hold, held against the invariants.

Read from the files of dead processes: a process that lives holds its file exclusively.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from tests.faults.events import BULK, order_id, price_id
from tests.faults.kills.agent_process import ERP_SCHEMA
from tests.faults.kills.site import Site
from towline_shared.events import event_id
from towline_shared.stream_log import SCHEMA

__all__ = ["Acknowledged", "History"]

# What a peer may say of a wire that is bad, and must never have a reason to say of the other end.
_NEVER = re.compile(
    r"Traceback|beyond its credit|sent was|possible is|unknown stream|another stream id"
    r"|empty batch|differs|another id|older copy|old join counter|no longer kept|unexpected"
)


class Acknowledged:
    """Follows the history of one process; reads only what is new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.upto: dict[str, int] = {}

    def look(self) -> dict[str, int]:
        """Return the highest acknowledged number of each stream."""
        with contextlib.suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(self._offset)
            lines = file.read()
            whole = lines.rfind(b"\n") + 1
            self._offset += whole
            for line in lines[:whole].decode().splitlines():
                stream, number = line.split()
                self.upto[stream] = max(self.upto.get(stream, 0), int(number))
        return self.upto


class History:
    """Checks after each kill what is new since the last look, and everything at the end."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.agent = Acknowledged(site.told("agent"))
        self.relay = Acknowledged(site.told("relay"))
        self.wrong: list[str] = []
        self._got = 0  # rows of the relay's table that are checked
        self._seqs: dict[str, int] = {}
        self._applied = 0  # likewise of the ERP's

    def progress(self) -> int:
        """Return how many events were acknowledged, in both directions."""
        return sum(self.agent.look().values()) + sum(self.relay.look().values())

    def relay_is_dead(self) -> None:
        """Acknowledged up means durable here; each event came once, in order, none between."""
        with _opened(self._site.relay, SCHEMA) as db:
            heads = _heads(db, "in")
            for stream, upto in self.agent.look().items():
                if heads.get(stream, 0) < upto:
                    self._say(
                        f"{stream}: {upto} was acknowledged, the relay has {heads.get(stream, 0)}"
                    )
            rows = db.execute("SELECT n, stream, seq, event_id FROM got WHERE n>?", (self._got,))
            for n, stream, seq, name in rows:
                self._got = n
                self._next(stream, seq, name)
            for stream, last in heads.items():
                if self._seqs.get(stream, 0) != last:
                    self._say(f"{stream}: ends at {last}, effects at {self._seqs.get(stream, 0)}")

    def _next(self, stream: str, seq: int, name: str) -> None:
        if seq != self._seqs.get(stream, 0) + 1:
            self._say(f"{stream}: {seq} came after {self._seqs.get(stream, 0)}")
        if name not in _expected(stream, seq):
            self._say(f"{stream}: {seq} is another event than the one captured")
        self._seqs[stream] = seq

    def agent_is_dead(self) -> None:
        """Acknowledged down means durable here; the ERP has each order once, in order."""
        with _opened(self._site.buffer, SCHEMA) as db:
            last = _heads(db, "in").get("orders", 0)
            row = db.execute("SELECT consumed FROM stream_head WHERE name='orders'").fetchone()
            consumed = int(row[0]) if row else 0
        upto = self.relay.look().get("orders", 0)
        if last < upto:
            self._say(f"orders: {upto} was acknowledged, the agent has {last}")
        with _opened(self._site.erp, ERP_SCHEMA) as db:
            rows = db.execute("SELECT n, event_id FROM applied WHERE n>?", (self._applied,))
            for n, name in rows:
                if n != self._applied + 1 or name != order_id(n):
                    self._say(f"orders: the ERP's {n}. is another one")
                self._applied = n
        if not consumed <= self._applied <= consumed + 1:
            self._say(f"orders: {self._applied} are applied, {consumed} are marked so")

    def at_the_end(self) -> None:
        """Everything is everywhere, once; nothing waits; both files are sound."""
        self.relay_is_dead()
        self.agent_is_dead()
        totals = self._site.totals
        for stream in ("changes", "bulk", "results"):
            if self._seqs.get(stream, 0) != totals[stream]:
                self._say(f"{stream}: {self._seqs.get(stream, 0)} of {totals[stream]} arrived")
        if self._applied != totals["orders"]:
            self._say(f"orders: {self._applied} of {totals['orders']} are applied")
        with _opened(self._site.relay, SCHEMA) as db:
            self._sound(db, "relay")
            events, ids = db.execute("SELECT count(*), count(DISTINCT id) FROM event").fetchone()
            up = sum(totals.values()) - totals["orders"]
            if (events, ids) != (up, up):
                self._say(f"the store has {events} events with {ids} ids, not {up}")
            self._nothing_waits(db, "relay")
        with _opened(self._site.buffer, SCHEMA) as db:
            self._sound(db, "agent")
            self._nothing_waits(db, "agent")
        for who in ("agent", "relay"):
            self._read_log(who)

    def ended_by_itself(self, who: str) -> None:
        """Note a process that nobody killed, with its last words."""
        lines = self._site.log(who).read_text(errors="replace").splitlines()
        self._say(f"the {who} ended by itself: {' / '.join(lines[-3:])[:500]}")

    def _sound(self, db: sqlite3.Connection, who: str) -> None:
        verdict = db.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            self._say(f"the {who}'s file: {verdict}")

    def _nothing_waits(self, db: sqlite3.Connection, who: str) -> None:
        waiting = db.execute(
            "SELECT name, last, acked, consumed FROM stream_head"
            " WHERE (direction='out' AND acked<last) OR (direction='in' AND consumed<last)"
        ).fetchall()
        if waiting:
            self._say(f"the {who} still has a backlog: {waiting}")

    def _read_log(self, who: str) -> None:
        for line in self._site.log(who).read_text(errors="replace").splitlines():
            if _NEVER.search(line):
                self._say(f"the {who}'s log: {line.strip()[:300]}")

    def _say(self, sentence: str) -> None:
        if len(self.wrong) < 50:
            self.wrong.append(sentence)


def _expected(stream: str, seq: int) -> set[str]:
    if stream == "results":
        outcomes = ("written", "already there")
        return {event_id("delivered", order_id(seq), outcome) for outcome in outcomes}
    return {price_id(seq + (BULK if stream == "bulk" else 0))}


def _heads(db: sqlite3.Connection, direction: str) -> dict[str, int]:
    rows = db.execute("SELECT name, last FROM stream_head WHERE direction=?", (direction,))
    return {str(name): int(last) for name, last in rows}


@contextlib.contextmanager
def _opened(path: Path, schema: str) -> Iterator[sqlite3.Connection]:
    """Open a dead process's file; one that died before it had made its tables left none."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(schema)
        yield db
