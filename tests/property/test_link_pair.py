"""Two real logs, the pure windows between them, and a wire that does everything wires do.

The rules append, send, deliver, lose, repeat, cut, and crash either end before and after its
commits; after every step the invariants hold, and once the faults stop everything arrives.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from towline_shared.clock import ManualClock
from towline_shared.events import Event, Price, event_id
from towline_shared.frames import Ack, Credit, Data, Frame, Position, StreamOffer, pack, unpack
from towline_shared.frames import Resume as ResumeFrame
from towline_shared.handshake import check_divergence
from towline_shared.stream_log import SCHEMA, LogRow, Received, StreamLog
from towline_shared.window import Incoming, Outgoing, text_bytes

NAME = "changes"
WINDOW = 7
WINDOW_BYTES = 2500  # less than two large rows
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def _database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.executescript(SCHEMA)
    return connection


@dataclass
class Session:
    """What both ends hold in memory, and the bytes between them; a cut forgets all of it."""

    out: Outgoing
    into: Incoming
    up: deque[bytes] = field(default_factory=deque)
    down: deque[bytes] = field(default_factory=deque)


class LinkPair(RuleBasedStateMachine):
    """A writer, a reader, and whatever may happen between them."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(NOW)
        self.log = StreamLog(clock=self.clock)
        self.writer, self.reader = _database(), _database()
        self.session: Session | None = None
        self.written: list[str] = []  # event ids the writer committed, in order
        self.number = 0
        self.ready = True
        self.seen_acked = 0

    # -- the writer's life -------------------------------------------------------------------

    @rule(n=st.integers(1, 5), size=st.sampled_from([0, 0, 2000]))
    def append(self, n: int, size: int) -> None:
        """Capture commits."""
        self.writer.execute("BEGIN")
        self.written += self._append(n, size)
        self.writer.execute("COMMIT")

    @precondition(lambda self: self.session is not None)
    @rule(crash=st.booleans())
    def cut(self, crash: bool) -> None:
        """The connection ends, and what was under way is gone; by itself or with the writer.

        Kill -9 before a commit: the rows are gone too, and their numbers are given again.
        """
        if crash:
            self.writer.execute("BEGIN")
            self._append(2, 0)
            self.writer.execute("ROLLBACK")
        self.session = None

    @rule()
    def trim(self) -> None:
        """Keep house: acknowledged rows go."""
        self.clock.advance(1)
        self.log.trim(self.writer, before=self.clock.now())

    @rule(rows=st.integers(1, 3), most=st.sampled_from([1, 500, 100_000]))
    def send(self, rows: int, most: int) -> None:
        """One batch within the credit goes on the wire; the ends meet first if they must."""
        if self.session is None:
            self.session = self._met()
        out = self.session.out
        found = self.log.unsent(
            self.writer,
            "r",
            NAME,
            after=out.last_sent,
            rows=min(out.room, rows),
            most=min(out.room_bytes, most),
        )
        if found:
            out.sent(text_bytes([row.text for row in found]))
            batch = tuple((row.event_id, row.entity, row.key, row.text) for row in found)
            self.session.up.append(pack(Data(NAME, out.stream_id, found[0].seq, batch)))

    # -- the wire -----------------------------------------------------------------------------

    @precondition(lambda self: self.session is not None)
    @rule(data=st.data(), upward=st.booleans())
    def lose(self, data: st.DataObject, upward: bool) -> None:
        """Any message under way disappears, and the session lives on."""
        assert self.session is not None
        wire = self.session.up if upward else self.session.down
        if wire:
            del wire[data.draw(st.integers(0, len(wire) - 1))]

    @precondition(lambda self: self.session is not None)
    @rule(data=st.data(), upward=st.booleans())
    def repeat(self, data: st.DataObject, upward: bool) -> None:
        """Any message but RESUME arrives again, at any later time."""
        assert self.session is not None
        wire = self.session.up if upward else self.session.down
        if wire:
            message = wire[data.draw(st.integers(0, len(wire) - 1))]
            if not isinstance(unpack(message), ResumeFrame):
                wire.append(message)

    # -- the reader's life --------------------------------------------------------------------

    @rule(ready=st.booleans())
    def pause(self, ready: bool) -> None:
        """The reader is busy, or no longer."""
        self.ready = ready
        if self.session is not None and ready:
            self._reply(self.session.into.credit(ready=True))

    @precondition(lambda self: self.session is not None and self.session.up)
    @rule(fate=st.sampled_from([*["well"] * 8, "before commit", "before ack"]))
    def deliver_up(self, fate: str) -> None:
        """A batch arrives; the reader may crash before its commit or between commit and ACK."""
        assert self.session is not None
        frame = unpack(self.session.up.popleft())
        assert isinstance(frame, Data)
        gap = self.session.into.check(frame)
        if gap is not None:
            self._reply(gap)
            return
        texts = [(text, event_id, entity, key) for event_id, entity, key, text in frame.rows]
        self.reader.execute("BEGIN")
        outcome, _ = self.log.receive(
            self.reader, "w", NAME, stream_id=frame.stream_id, first=frame.first, texts=texts
        )
        assert outcome in (Received.NEW, Received.DUPLICATE)
        self.reader.execute("ROLLBACK" if fate == "before commit" else "COMMIT")
        if fate != "well":
            self.session = None
            return
        upto = self.log.state(self.reader, "w", NAME, "in").last
        self._reply(self.session.into.stored(frame, upto, ready=self.ready))

    @precondition(lambda self: self.session is not None and self.session.down)
    @rule(crash=st.sampled_from([*[False] * 8, True]))
    def deliver_down(self, crash: bool) -> None:
        """An answer arrives; the writer may crash before it notes it."""
        assert self.session is not None
        frame = unpack(self.session.down.popleft())
        if crash:
            self.session = None
        elif isinstance(frame, Ack):
            if self.session.out.on_ack(frame):
                assert self.log.acked(self.writer, "r", NAME, frame.upto)
        elif isinstance(frame, Credit):
            self.session.out.on_credit(frame)
        else:
            assert isinstance(frame, ResumeFrame)
            self.session.out.on_resume(frame)

    # -- what always holds ----------------------------------------------------------------------

    @invariant()
    def the_reader_has_a_prefix(self) -> None:
        """Every row once, in order, none that was never committed."""
        rows = self._received()
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert [row.event_id for row in rows] == self.written[: len(rows)]

    @invariant()
    def acknowledged_means_durable(self) -> None:
        """What the writer may forget, the reader has; and an acknowledgement is never undone."""
        acked = self.log.state(self.writer, "r", NAME, "out").acked
        assert self.seen_acked <= acked <= len(self._received())
        self.seen_acked = acked

    @invariant()
    def credit_holds(self) -> None:
        """Never more under way than one window beyond what is durable."""
        if self.session is not None:
            out, into = self.session.out, self.session.into
            assert out.acked <= into.durable == len(self._received())
            assert out.last_sent <= out.limit <= into.granted <= into.durable + WINDOW
            assert out.limit_bytes <= into.granted_bytes <= into.durable_bytes + WINDOW_BYTES
            assert sum(self._under_way()[:-1]) < WINDOW_BYTES

    @invariant()
    def what_is_missing_can_be_sent(self) -> None:
        """Trimming never takes what the reader lacks."""
        first = self.log.first_kept(self.writer, "r", NAME)
        assert first <= len(self._received()) + 1

    def teardown(self) -> None:
        """The faults stop: one more meeting, and everything arrives in bounded steps."""
        with contextlib.closing(self.writer), contextlib.closing(self.reader):
            self.ready = True
            self.session = self._met()
            for _ in range(4 * len(self.written) + 4):
                self.send(5, 100_000)
                while self.session is not None and self.session.up:
                    self.deliver_up("well")
                while self.session is not None and self.session.down:
                    self.deliver_down(False)
            state = self.log.state(self.writer, "r", NAME, "out")
            assert [row.event_id for row in self._received()] == self.written
            assert (state.acked, state.last) == (len(self.written), len(self.written))
            assert state.chain == self.log.state(self.reader, "w", NAME, "in").chain

    # -- inside -------------------------------------------------------------------------------

    def _met(self) -> Session:
        """Meet anew: only what both databases say counts."""
        here = self.log.state(self.writer, "r", NAME, "out")
        first = self.log.first_kept(self.writer, "r", NAME)
        offer = StreamOffer(NAME, "up", here.stream_id, first, here.last, here.chain.hex())
        there = self.log.expect(self.reader, "w", NAME, offer.stream_id)
        position = Position(NAME, "up", there.stream_id, there.last, there.chain.hex())
        chain = self.log.chain_at(self.writer, "r", NAME, "out", position.upto)
        chains = {} if chain is None else {(NAME, position.upto): chain.hex()}
        check_divergence([offer], [position], chain_at=chains)
        upto = position.upto
        self.log.acked(self.writer, "r", NAME, upto)
        into = Incoming(NAME, there.stream_id, upto, upto, window=WINDOW, window_bytes=WINDOW_BYTES)
        limit = into.grant(ready=self.ready)
        return Session(Outgoing(NAME, here.stream_id, upto, limit.upto, limit.limit_bytes), into)

    def _append(self, n: int, size: int) -> list[str]:
        events = []
        for _ in range(n):
            self.number += 1
            body = Price(sku=str(self.number), row={"T": "x" * size})
            events.append(Event(event_id(str(self.number)), body.sku, "test", NOW, body))
        self.log.append(self.writer, "r", NAME, events)
        return [event.id for event in events]

    def _reply(self, frame: Frame) -> None:
        assert self.session is not None
        self.session.down.append(pack(frame))

    def _under_way(self) -> list[int]:
        """Return the bytes of each row the writer has sent and the reader does not have."""
        assert self.session is not None
        durable, n = self.session.into.durable, self.session.out.last_sent
        rows = self.log.unsent(
            self.writer, "r", NAME, after=durable, rows=max(0, n - durable), most=1 << 40
        )
        return text_bytes([row.text for row in rows])

    def _received(self) -> list[LogRow]:
        return self.log.inbox(self.reader, "w", NAME, limit=10_000)


TestLinkPair = LinkPair.TestCase
TestLinkPair.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
