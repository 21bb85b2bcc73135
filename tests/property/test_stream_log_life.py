"""The life of a numbered log: written, read, acknowledged, trimmed, restored from old copies.

A model beside it knows what every row is and when it was acknowledged. Clocks go forward and are
set back; both databases come back from backups; and whenever the two ends meet, either everything
that is missing can be sent, or the divergence is named: never a silent loss, never a number twice.
"""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from towline_shared.clock import ManualClock
from towline_shared.errors import Misuse
from towline_shared.events import Event, Price, event_id
from towline_shared.frames import Position, StreamOffer
from towline_shared.handshake import Diverged, check_divergence
from towline_shared.stream_log import (
    SCHEMA,
    LogRow,
    Received,
    StreamLog,
    StreamState,
    next_chain,
)

NAME = "changes"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
HOURS = st.integers(1, 48)


def _database(content: bytes | None = None) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    if content is not None:
        connection.deserialize(content)
    connection.executescript(SCHEMA)
    return connection


class LogLife(RuleBasedStateMachine):
    """A writer with retention, a reader with a consumer, and backups of both."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock(NOW)
        self.log = StreamLog(clock=self.clock)
        self.number = 0
        self._anew()

    def _anew(self) -> None:
        """Enrol anew: two new files, numbers from 1."""
        self.writer, self.reader = _database(), _database()
        self.ids: list[str] = []  # of the writer's rows: number n is at n - 1
        self.acked_at: list[datetime] = []  # of the rows that were acknowledged
        self.trimmed = 0
        self.copies: dict[str, bytes] = {}
        self.model: tuple[list[str], list[datetime], int] = ([], [], 0)

    # -- the writer ----------------------------------------------------------------------------

    @rule(n=st.integers(1, 4))
    def append(self, n: int) -> None:
        """Capture commits."""
        events = []
        for _ in range(n):
            self.number += 1
            name = event_id(str(self.number))
            events.append(Event(name, "S", "test", NOW, Price("S", row={"N": self.number})))
        last = self.log.append(self.writer, "r", NAME, events)
        self.ids += [event.id for event in events]
        assert last == len(self.ids)

    @rule(short=st.integers(-1, 5))
    def acknowledge(self, short: int) -> None:
        """An acknowledgement of what the reader has, or of less; more than was sent is refused."""
        upto = self._last("in") - short
        if upto > len(self.ids):
            with contextlib.suppress(Misuse):
                self.log.acked(self.writer, "r", NAME, upto)
                raise AssertionError("what was never written was acknowledged")
        elif 0 <= upto <= self._last("in"):
            new = self.log.acked(self.writer, "r", NAME, upto)
            assert new == (upto > len(self.acked_at))
            self.acked_at += [self.clock.now()] * (upto - len(self.acked_at))

    @rule(keep=HOURS)
    def trim(self, keep: int) -> None:
        """Exactly the rows go that were acknowledged longer ago, up to the first that stays."""
        before = self.clock.now() - timedelta(hours=keep)
        self.log.trim(self.writer, before=before)
        while self.trimmed < len(self.acked_at) and self.acked_at[self.trimmed] < before:
            self.trimmed += 1

    # -- the reader ----------------------------------------------------------------------------

    @rule(overlap=st.integers(0, 3), n=st.integers(1, 6))
    def receive(self, overlap: int, n: int) -> None:
        """A batch that may begin with rows that are here; only the others are new."""
        have = self._last("in")
        after = max(self.trimmed, have - overlap)
        if self._met() and self.trimmed <= have:
            outcome, rows = self._deliver(after, n)
            fresh = max(0, min(after + n, len(self.ids)) - have)
            assert [row.event_id for row in rows] == self.ids[have : have + fresh]
            assert outcome is (Received.NEW if fresh else Received.DUPLICATE)

    @rule(gap=st.integers(2, 9))
    def receive_what_does_not_fit(self, gap: int) -> None:
        """Rows behind a gap, or of another stream, change nothing."""
        before = self._last("in")
        text = [("text", "id", "price", "S")]
        self.log.expect(self.reader, "w", NAME, self._state("out").stream_id)
        for stream_id, first, outcome in (
            (self._state("in").stream_id, before + gap, Received.GAP),
            ("another", before + 1, Received.FOREIGN),
        ):
            found, rows = self.log.receive(
                self.reader, "w", NAME, stream_id=stream_id, first=first, texts=text
            )
            assert (found, rows, self._last("in")) == (outcome, [], before)

    @rule(n=st.integers(0, 5), keep=HOURS)
    def consume(self, n: int, keep: int) -> None:
        """Effects are committed, and what is consumed and old goes."""
        consumed = min(self._last("in"), self._state("in").consumed + n)
        self.log.consume(self.reader, "w", NAME, consumed)
        self.log.trim(self.reader, before=self.clock.now() - timedelta(hours=keep))
        waiting = self.log.inbox(self.reader, "w", NAME, limit=10_000)
        assert [row.seq for row in waiting] == list(
            range(self._state("in").consumed + 1, self._last("in") + 1)
        )

    # -- time and backups -----------------------------------------------------------------------

    @rule(hours=HOURS, back=st.sampled_from([False, False, False, True]))
    def time_passes(self, hours: int, back: bool) -> None:
        """Or somebody sets the clock back."""
        self.clock.jump(-3600 * hours if back else 3600 * hours)

    @rule(whose=st.sampled_from(["writer", "reader"]))
    def back_up(self, whose: str) -> None:
        """Keep a copy."""
        self.copies[whose] = getattr(self, whose).serialize()
        if whose == "writer":
            self.model = (list(self.ids), list(self.acked_at), self.trimmed)

    @precondition(lambda self: "reader" in self.copies)
    @rule(aged=st.booleans())
    def restore_the_reader(self, aged: bool) -> None:
        """It is behind: within the retention it gets everything again, beyond it is told so."""
        if aged and self._bound() and self._met():
            self._deliver(self._last("in"), 10_000)
            self.acknowledge(0)
            self.time_passes(24, False)
            self.trim(12)
        self.reader.close()
        self.reader = _database(self.copies["reader"])
        fits = self._last("in") >= self.trimmed
        assert self._met() == fits or not self._bound()
        if not fits:
            self._anew()

    @precondition(lambda self: "writer" in self.copies)
    @rule(held=st.integers(0, 3), news=st.integers(0, 4))
    def restore_the_writer(self, held: int, news: int) -> None:
        """It is an older copy: numbers the reader holds must not be given again unnoticed."""
        if held and self._met():
            self.append(held)
            self._deliver(self._last("in"), 10_000)
        self.writer.close()
        self.writer = _database(self.copies["writer"])
        self.ids, self.acked_at = list(self.model[0]), list(self.model[1])
        self.trimmed = self.model[2]
        diverged = self._last("in") > len(self.ids)
        if news:
            self.append(news)
        if diverged:
            assert not self._met(), "the reader holds rows this writer never wrote"
            self._anew()

    # -- what always holds -----------------------------------------------------------------------

    @invariant()
    def the_writer_keeps_what_it_must(self) -> None:
        """Every row that is not trimmed, in order, with the chain the numbers were given by."""
        rows = self.log.unsent(self.writer, "r", NAME, after=0, rows=10_000, most=1 << 40)
        assert [row.seq for row in rows] == list(range(self.trimmed + 1, len(self.ids) + 1))
        assert [row.event_id for row in rows] == self.ids[self.trimmed :]
        for before, row in pairwise(rows):
            assert row.chain == next_chain(before.chain, row.seq, row.text)
        assert self.log.first_kept(self.writer, "r", NAME) == self.trimmed + 1

    @invariant()
    def acknowledged_is_what_was_said(self) -> None:
        """Never more, never less, and it is never undone but by an older copy."""
        state = self._state("out")
        assert (state.last, state.acked) == (len(self.ids), len(self.acked_at))
        assert state.backlog == len(self.ids) - len(self.acked_at)

    def teardown(self) -> None:
        """Everything that can still be sent is sent, and both ends agree."""
        with contextlib.closing(self.writer), contextlib.closing(self.reader):
            if not self._bound() or self._met():
                while self._last("in") < len(self.ids):
                    self._deliver(self._last("in"), 7)
                assert self._state("in").chain == self._state("out").chain

    # -- inside ----------------------------------------------------------------------------------

    def _state(self, direction: str) -> StreamState:
        if direction == "out":
            return self.log.state(self.writer, "r", NAME, "out")
        return self.log.state(self.reader, "w", NAME, "in")

    def _last(self, direction: str) -> int:
        return self._state(direction).last

    def _bound(self) -> bool:
        return bool(self._state("in").stream_id)

    def _deliver(self, after: int, n: int) -> tuple[Received, list[LogRow]]:
        rows = self.log.unsent(self.writer, "r", NAME, after=after, rows=n, most=1 << 40)
        texts = [(row.text, row.event_id, row.entity, row.key) for row in rows]
        stream_id = self._state("out").stream_id
        self.log.expect(self.reader, "w", NAME, stream_id)
        return self.log.receive(
            self.reader, "w", NAME, stream_id=stream_id, first=after + 1, texts=texts
        )

    def _met(self) -> bool:
        """Meet as a handshake does; False when the two are told that they diverge."""
        here = self._state("out")
        first = self.log.first_kept(self.writer, "r", NAME)
        offer = StreamOffer(NAME, "up", here.stream_id, first, here.last, here.chain.hex())
        there = self.log.expect(self.reader, "w", NAME, offer.stream_id)
        position = Position(NAME, "up", there.stream_id, there.last, there.chain.hex())
        chain = self.log.chain_at(self.writer, "r", NAME, "out", position.upto)
        chains = {} if chain is None else {(NAME, position.upto): chain.hex()}
        try:
            check_divergence([offer], [position], chain_at=chains)
        except Diverged:
            return False
        return True


TestLogLife = LogLife.TestCase
TestLogLife.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
