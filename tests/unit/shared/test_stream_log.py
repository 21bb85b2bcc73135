"""The numbered log: no gap, no double, one chain, and numbers that outlive their rows."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_shared.clock import ManualClock
from towline_shared.errors import Misuse
from towline_shared.events import Event, Price, event_id
from towline_shared.stream_log import SCHEMA, LogRow, Received, StreamLog, next_chain

PEER = "relay"
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def prices(first: int, last: int, *, text: str = "") -> list[Event]:
    return [
        Event(event_id("price", str(n)), f"S{n}", "test", NOW, Price(sku=f"S{n}", row={"T": text}))
        for n in range(first, last + 1)
    ]


def wire(rows: Sequence[LogRow]) -> list[tuple[str, str, str, str]]:
    return [(row.text, row.event_id, row.entity, row.key) for row in rows]


@contextlib.contextmanager
def opened() -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.executescript(SCHEMA)
        yield connection


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with opened() as connection:
        yield connection


@pytest.fixture
def far() -> Iterator[sqlite3.Connection]:
    with opened() as connection:
        yield connection


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def log(clock: ManualClock) -> StreamLog:
    return StreamLog(clock=clock)


def unsent(
    log: StreamLog, db: sqlite3.Connection, *, after: int = 0, rows: int = 1000, most: int = 1 << 30
) -> list[LogRow]:
    return log.unsent(db, PEER, "changes", after=after, rows=rows, most=most)


# -- outgoing ------------------------------------------------------------------------------------


def test_numbers_start_at_one_and_have_no_gaps(log: StreamLog, db: sqlite3.Connection) -> None:
    """Whatever is appended in whatever portions, the numbers are 1, 2, 3..."""
    assert log.append(db, PEER, "changes", prices(1, 3)) == 3
    assert log.append(db, PEER, "changes", []) == 3
    assert log.append(db, PEER, "changes", prices(4, 4)) == 4
    assert [row.seq for row in unsent(log, db)] == [1, 2, 3, 4]
    assert log.state(db, PEER, "changes", "out").last == 4


def test_streams_and_peers_are_numbered_apart(log: StreamLog, db: sqlite3.Connection) -> None:
    """A snapshot in bulk doesn't move the numbers of changes, nor one agent those of another."""
    log.append(db, PEER, "changes", prices(1, 2))
    assert log.append(db, PEER, "bulk", prices(1, 5)) == 5
    assert log.append(db, "another", "changes", prices(1, 1)) == 1
    ids = {state.stream_id for state in [*log.states(db, PEER), *log.states(db, "another")]}
    assert len(ids) == 3
    assert log.state(db, PEER, "changes", "out").last == 2


def test_the_chain_is_the_chain_of_the_texts(log: StreamLog, db: sqlite3.Connection) -> None:
    """Each row's value extends the one before it; the head holds the last."""
    log.append(db, PEER, "changes", prices(1, 3))
    chain = b""
    for row in unsent(log, db):
        chain = next_chain(chain, row.seq, row.text)
        assert row.chain == chain == log.chain_at(db, PEER, "changes", "out", row.seq)
    assert log.state(db, PEER, "changes", "out").chain == chain
    assert log.chain_at(db, PEER, "changes", "out", 0) == b""
    assert log.chain_at(db, PEER, "changes", "out", 4) is None


def test_unsent_keeps_to_rows_and_bytes(log: StreamLog, db: sqlite3.Connection) -> None:
    """A batch ends before it exceeds either limit, and starts after what was sent."""
    log.append(db, PEER, "changes", prices(1, 10))
    size = len(unsent(log, db)[0].text)
    assert [row.seq for row in unsent(log, db, after=3, rows=2)] == [4, 5]
    assert [row.seq for row in unsent(log, db, most=3 * size)] == [1, 2, 3]
    assert [row.seq for row in unsent(log, db, most=3 * size - 1)] == [1, 2]
    assert unsent(log, db, after=10) == []


def test_no_credit_means_no_row(log: StreamLog, db: sqlite3.Connection) -> None:
    """Zero rows allowed is zero rows, even when the log is full of them."""
    log.append(db, PEER, "changes", prices(1, 1))
    assert unsent(log, db, rows=0) == []


def test_one_large_row_always_passes(log: StreamLog, db: sqlite3.Connection) -> None:
    """An event above the batch limit travels alone instead of blocking its stream for ever."""
    log.append(db, PEER, "changes", prices(1, 1, text="x" * 5000) + prices(2, 3))
    assert [row.seq for row in unsent(log, db, most=100)] == [1]
    assert [row.seq for row in unsent(log, db, after=1, most=100)] == [2]


def test_acknowledgements_are_cumulative(log: StreamLog, db: sqlite3.Connection) -> None:
    """One number stands for all before it; an old or repeated one changes nothing."""
    log.append(db, PEER, "changes", prices(1, 5))
    assert log.acked(db, PEER, "changes", 3)
    assert not log.acked(db, PEER, "changes", 3)
    assert not log.acked(db, PEER, "changes", 1)
    state = log.state(db, PEER, "changes", "out")
    assert (state.acked, state.backlog) == (3, 2)


def test_what_was_never_sent_cannot_be_acknowledged(log: StreamLog, db: sqlite3.Connection) -> None:
    """The window refuses that before; here it would be our own bug."""
    log.append(db, PEER, "changes", prices(1, 5))
    with pytest.raises(Misuse, match="up to 6, but ends at 5"):
        log.acked(db, PEER, "changes", 6)


def test_the_age_of_the_backlog_is_that_of_its_oldest_row(
    log: StreamLog, db: sqlite3.Connection, clock: ManualClock
) -> None:
    """The health page shows since when the relay has been behind."""
    log.append(db, PEER, "changes", prices(1, 1))
    clock.advance(60)
    log.append(db, PEER, "changes", prices(2, 2))
    assert log.state(db, PEER, "changes", "out").oldest_unacked_at == NOW
    log.acked(db, PEER, "changes", 1)
    assert log.state(db, PEER, "changes", "out").oldest_unacked_at == NOW + timedelta(seconds=60)
    log.acked(db, PEER, "changes", 2)
    assert log.state(db, PEER, "changes", "out").oldest_unacked_at is None


# -- incoming ------------------------------------------------------------------------------------


def filled(log: StreamLog, db: sqlite3.Connection, n: int) -> tuple[str, list[LogRow]]:
    log.append(db, PEER, "changes", prices(1, n))
    return log.state(db, PEER, "changes", "out").stream_id, unsent(log, db)


def test_both_ends_compute_the_same_chain(
    log: StreamLog, db: sqlite3.Connection, far: sqlite3.Connection
) -> None:
    """That is what lets them compare databases with 32 bytes."""
    stream_id, rows = filled(log, db, 5)
    outcome, fresh = log.receive(
        far, "a", "changes", stream_id=stream_id, first=1, texts=wire(rows)
    )
    assert outcome is Received.NEW
    assert fresh == rows
    here, there = log.state(db, PEER, "changes", "out"), log.state(far, "a", "changes", "in")
    assert (here.chain, here.last) == (there.chain, there.last)
    assert there.acked == there.last


@given(batches=st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=20))
def test_overlapping_batches_leave_no_gap_and_no_double(batches: list[tuple[int, int]]) -> None:
    """Batches may repeat and overlap as they like: what is stored is a prefix of what was sent."""
    log = StreamLog(clock=ManualClock(NOW))
    with opened() as db, opened() as far:
        stream_id, rows = filled(log, db, 12)
        have = 0
        for first, last in batches:
            texts = wire(rows[first - 1 : max(first, last)])
            upto = first + len(texts) - 1
            outcome, fresh = log.receive(
                far, "a", "changes", stream_id=stream_id, first=first, texts=texts
            )
            if first > have + 1:
                assert (outcome, fresh) == (Received.GAP, [])
            elif upto <= have:
                assert (outcome, fresh) == (Received.DUPLICATE, [])
            else:
                assert outcome is Received.NEW
                assert [row.seq for row in fresh] == list(range(have + 1, upto + 1))
                have = upto
            assert log.inbox(far, "a", "changes", limit=100) == rows[:have]


def test_a_foreign_stream_is_left_out(
    log: StreamLog, db: sqlite3.Connection, far: sqlite3.Connection
) -> None:
    """Numbers of another buffer mean other rows; nothing of them is written."""
    stream_id, rows = filled(log, db, 2)
    log.expect(far, "a", "changes", stream_id)
    found = log.receive(far, "a", "changes", stream_id="other", first=1, texts=wire(rows))
    assert found == (Received.FOREIGN, [])
    assert log.state(far, "a", "changes", "in").last == 0


def test_a_stream_is_bound_to_its_writer_once(log: StreamLog, far: sqlite3.Connection) -> None:
    """The first id stays, so that a second writer shows."""
    assert log.expect(far, "a", "orders", "one").stream_id == "one"
    assert log.expect(far, "a", "orders", "two").stream_id == "one"


def test_looking_at_an_incoming_stream_does_not_name_it(
    log: StreamLog, far: sqlite3.Connection
) -> None:
    """Its writer alone gives the id: an agent that looks before it ever met the relay is nobody's.

    An id made up here would be offered to the relay and refused as a foreign database for ever.
    """
    assert log.inbox(far, "a", "orders", limit=10) == []
    assert log.chain_at(far, "a", "orders", "in", 3) is None
    assert log.state(far, "a", "orders", "in").stream_id == ""
    assert log.states(far, "a") == []
    assert log.expect(far, "a", "orders", "theirs").stream_id == "theirs"


def test_consuming_moves_a_cursor_forward_only(
    log: StreamLog, db: sqlite3.Connection, far: sqlite3.Connection
) -> None:
    """What has an effect is not handed out again; beyond the end or backwards changes nothing."""
    stream_id, rows = filled(log, db, 5)
    log.receive(far, "a", "changes", stream_id=stream_id, first=1, texts=wire(rows))
    for upto, consumed in ((2, 2), (1, 2), (9, 2), (5, 5)):
        log.consume(far, "a", "changes", upto)
        state = log.state(far, "a", "changes", "in")
        assert (state.consumed, state.backlog) == (consumed, 5 - consumed)
        found = log.inbox(far, "a", "changes", limit=10)
        assert [row.seq for row in found] == list(range(consumed + 1, 6))


# -- trimming ------------------------------------------------------------------------------------


def test_trimming_keeps_numbers_and_chain(
    log: StreamLog, db: sqlite3.Connection, clock: ManualClock
) -> None:
    """Acknowledged rows go after their time; what comes next has the number it would have had."""
    log.append(db, PEER, "changes", prices(1, 5))
    log.acked(db, PEER, "changes", 3)
    before = log.state(db, PEER, "changes", "out")
    assert log.trim(db, before=clock.now()) == 0
    clock.advance(1)
    assert log.trim(db, before=clock.now()) == 3
    assert log.state(db, PEER, "changes", "out") == before
    assert log.first_kept(db, PEER, "changes") == 4
    assert log.append(db, PEER, "changes", prices(6, 6)) == 6
    row = unsent(log, db, after=5)[0]
    assert row.chain == next_chain(before.chain, 6, row.text)


def test_an_empty_log_starts_where_it_ended(
    log: StreamLog, db: sqlite3.Connection, clock: ManualClock
) -> None:
    """When all rows are trimmed, the first that can be sent is the next."""
    assert log.first_kept(db, PEER, "changes") == 1
    log.append(db, PEER, "changes", prices(1, 2))
    log.acked(db, PEER, "changes", 2)
    clock.advance(1)
    assert log.trim(db, before=clock.now()) == 2
    assert log.first_kept(db, PEER, "changes") == 3
    assert log.chain_at(db, PEER, "changes", "out", 1) is None
    assert log.chain_at(db, PEER, "changes", "out", 2) is not None


def test_a_clock_set_back_leaves_no_hole(log: StreamLog, db: sqlite3.Connection) -> None:
    """Rows acknowledged later but dated earlier stay until all before them may go."""
    log.append(db, PEER, "changes", prices(1, 4))
    log.acked(db, PEER, "changes", 2)
    earlier = StreamLog(clock=ManualClock(NOW - timedelta(hours=1)))
    earlier.acked(db, PEER, "changes", 4)
    assert log.trim(db, before=NOW - timedelta(minutes=30)) == 0
    assert log.first_kept(db, PEER, "changes") == 1
    assert log.trim(db, before=NOW + timedelta(seconds=1)) == 4


def test_received_rows_are_trimmed_once_they_have_an_effect(
    log: StreamLog, db: sqlite3.Connection, far: sqlite3.Connection, clock: ManualClock
) -> None:
    """A document nobody has applied stays, however old it is."""
    stream_id, rows = filled(log, db, 4)
    log.receive(far, "a", "changes", stream_id=stream_id, first=1, texts=wire(rows))
    log.consume(far, "a", "changes", 3)
    clock.advance(3600)
    assert log.trim(far, before=clock.now()) == 3
    assert [row.seq for row in log.inbox(far, "a", "changes", limit=10)] == [4]
    assert log.state(far, "a", "changes", "in").last == 4
