"""The agent's buffer: progress and effect are one commit, and a reported commit survives all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.link_world import prices
from towline_agent.buffer import Buffer
from towline_shared.clock import ManualClock
from towline_shared.codec import encode
from towline_shared.errors import Misuse, Permanent
from towline_shared.events import Delivered, Event, event_id
from towline_shared.stream_log import Received, next_chain

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "buffer.db"


@pytest.fixture
def buffer(path: Path, clock: ManualClock) -> Iterator[Buffer]:
    opened = Buffer(path, clock=clock)
    yield opened
    opened.close()


def sent(buffer: Buffer, stream: str = "changes", *, after: int = 0) -> list[int]:
    return [row.seq for row in buffer.unsent(stream, after=after, rows=99, most=1 << 20).result()]


def deliver(buffer: Buffer, stream: str, first: int, events: list[Event]) -> tuple[Received, int]:
    rows = [(event.id, event.entity, event.key, encode(event)) for event in events]
    return buffer.receive(stream, stream_id="theirs", first=first, rows=rows).result()


def report(number: int) -> Event:
    body = Delivered(event_id=str(number), outcome="written")
    return Event(event_id("report", str(number)), str(number), "agent", NOW, body)


# -- capture -------------------------------------------------------------------------------------


def test_events_outbox_ids_and_position_are_one_commit(buffer: Buffer) -> None:
    """What was captured and how far the source was read can't come apart."""
    last = buffer.capture(
        stream="changes", events=prices(1, 3), outbox_ids=[7, 8], position=("ITMMST", "8")
    )
    assert last.result() == 3
    assert sent(buffer) == [1, 2, 3]
    assert buffer.taken([6, 7, 8, 9]).result() == {7, 8}
    assert buffer.position("ITMMST").result() == "8"
    assert (buffer.highest_taken().result(), buffer.outbox_waiting().result()) == (8, 2)


def test_a_capture_that_fails_leaves_nothing(buffer: Buffer) -> None:
    """One event that can't be written takes its whole unit back, and no other."""
    bad = Event("bad\ud83d", "k", "test", NOW, prices(1, 1)[0].body)
    failed = buffer.capture(
        stream="changes", events=[*prices(1, 2), bad], outbox_ids=[1], position=("S", "1")
    )
    following = buffer.capture(stream="changes", events=prices(3, 3), outbox_ids=[2])
    with pytest.raises(Permanent, match="half a surrogate pair"):
        failed.result()
    assert following.result() == 1
    assert buffer.taken([1, 2]).result() == {2}
    assert buffer.position("S").result() is None


def test_outbox_rows_are_deletable_once_the_relay_has_their_events(buffer: Buffer) -> None:
    """Before the acknowledgement the row on the IBM i is the second copy."""
    buffer.capture(stream="changes", events=prices(1, 2), outbox_ids=[10, 11]).result()
    buffer.capture(stream="changes", events=prices(3, 3), outbox_ids=[12]).result()
    assert buffer.deletable(9).result() == []
    buffer.acked("changes", 1).result()
    assert buffer.deletable(9).result() == []
    buffer.acked("changes", 2).result()
    assert buffer.deletable(9).result() == [10, 11]
    buffer.acked("changes", 3).result()
    assert buffer.deletable(2).result() == [10, 11]
    buffer.deleted([10, 11]).result()
    assert buffer.deletable(9).result() == [12]


def test_an_acknowledgement_of_another_stream_frees_nothing(buffer: Buffer) -> None:
    """Numbers count per stream."""
    buffer.capture(stream="changes", events=prices(1, 1), outbox_ids=[1]).result()
    buffer.capture(stream="bulk", events=prices(2, 9), outbox_ids=[2]).result()
    buffer.acked("bulk", 8).result()
    assert buffer.deletable(9).result() == [2]


def test_outbox_rows_that_needed_no_event_are_deletable_at_once(buffer: Buffer) -> None:
    """A change nobody maps is done when it is noted."""
    buffer.capture(stream="changes", events=[], outbox_ids=[5, 6]).result()
    assert buffer.deletable(9).result() == [5, 6]


def test_taking_an_outbox_row_twice_keeps_the_first_event(buffer: Buffer) -> None:
    """A re-read after a crash can't move a row to another event."""
    buffer.capture(stream="changes", events=prices(1, 1), outbox_ids=[1]).result()
    buffer.capture(stream="changes", events=[], outbox_ids=[1]).result()
    assert buffer.deletable(9).result() == []
    buffer.acked("changes", 1).result()
    assert buffer.deletable(9).result() == [1]


# -- data queues ---------------------------------------------------------------------------------


def test_kept_entries_are_taken_one_by_one_in_order(buffer: Buffer) -> None:
    """Peek, keep, take: an entry is forgotten only when the queue has given it up."""
    entries = [(b"first", b"k1"), (b"second", b""), (b"\x00\xff", b"k3")]
    assert buffer.keep_entries("DISTLIB/Q", entries, events=prices(1, 3)).result() == 3
    assert sent(buffer) == [1, 2, 3]
    kept = buffer.kept_entries("DISTLIB/Q").result()
    assert [(entry.data, entry.key) for entry in kept] == entries
    buffer.entry_taken("DISTLIB/Q", kept[0].n).result()
    assert [entry.data for entry in buffer.kept_entries("DISTLIB/Q").result()] == [
        b"second",
        b"\x00\xff",
    ]


def test_nothing_is_kept_over_what_is_kept_already(buffer: Buffer) -> None:
    """A second peek sees the same entries again; keeping them would double their events."""
    buffer.keep_entries("Q", [(b"a", b"")], events=prices(1, 1)).result()
    assert buffer.keep_entries("Q", [(b"a", b"")], events=prices(1, 1)).result() == 0
    assert sent(buffer) == [1]
    assert buffer.keep_entries("OTHER", [(b"a", b"")], events=prices(2, 2)).result() == 1
    buffer.entry_taken("Q", 0).result()
    assert buffer.keep_entries("Q", [(b"b", b"")], events=prices(3, 3)).result() == 1
    assert sent(buffer) == [1, 2, 3]


# -- inbox ---------------------------------------------------------------------------------------


def test_documents_are_handed_out_in_order_and_again_until_applied(buffer: Buffer) -> None:
    """Reading has no effect; within a stream nothing overtakes."""
    orders = prices(1, 3)
    assert deliver(buffer, "orders", 1, orders) == (Received.NEW, 3)
    assert deliver(buffer, "commands", 1, prices(9, 9)) == (Received.NEW, 1)
    for _ in range(2):
        rows = buffer.inbox(10).result()
        assert [(row.stream, row.seq) for row in rows] == [
            ("orders", 1), ("orders", 2), ("orders", 3), ("commands", 1),
        ]  # fmt: skip
        assert [row.event for row in rows[:3]] == orders
    assert len(buffer.inbox(2).result()) == 2


def test_an_effect_and_the_report_about_it_are_one_commit(buffer: Buffer) -> None:
    """The relay learns of every effect, and of none that was not."""
    deliver(buffer, "orders", 1, prices(1, 2))
    first, second = buffer.inbox(10).result()
    buffer.applied(first, report(1)).result()
    assert [row.seq for row in buffer.inbox(10).result()] == [2]
    assert sent(buffer, "results") == [1]
    failing = Event("bad\ud83d", "k", "agent", NOW, report(2).body)
    with pytest.raises(Permanent):
        buffer.applied(second, failing).result()
    assert [row.seq for row in buffer.inbox(10).result()] == [2]
    buffer.applied(second, None).result()
    assert buffer.inbox(10).result() == []
    assert sent(buffer, "results") == [1]


def test_a_document_that_cannot_be_read_carries_its_error(buffer: Buffer) -> None:
    """It comes in its place, is reported like any other, and blocks nothing behind it."""
    good = prices(2, 2)[0]
    rows = [
        ("bad", "order", "k", '{"v":2}'),
        (good.id, good.entity, good.key, encode(good)),
    ]
    buffer.receive("orders", stream_id="theirs", first=1, rows=rows).result()
    bad, fine = buffer.inbox(10).result()
    assert (bad.event, bad.event_id, bad.key) == (None, "bad", "k")
    assert "version 2" in bad.error
    assert (fine.event, fine.error) == (good, "")
    buffer.applied(bad, report(1)).result()
    assert buffer.inbox(10).result() == [fine]


def test_a_batch_that_comes_again_changes_nothing(buffer: Buffer) -> None:
    """Duplicates, gaps and foreign batches are told apart and leave the inbox as it is."""
    assert deliver(buffer, "orders", 1, prices(1, 2)) == (Received.NEW, 2)
    assert deliver(buffer, "orders", 1, prices(1, 2)) == (Received.DUPLICATE, 2)
    assert deliver(buffer, "orders", 4, prices(4, 4)) == (Received.GAP, 2)
    foreign = buffer.receive("orders", stream_id="x", first=3, rows=[("i", "e", "k", "{}")])
    assert foreign.result() == (Received.FOREIGN, 2)
    assert [row.seq for row in buffer.inbox(10).result()] == [1, 2]


# -- the link's side -----------------------------------------------------------------------------


def test_looking_at_the_inbox_names_no_stream(buffer: Buffer) -> None:
    """Down streams are offered once the relay has named them, not because somebody looked."""
    assert buffer.inbox(10).result() == []
    offers = buffer.offers().result()
    assert [(state.name, first) for state, first in offers] == [
        ("changes", 1), ("bulk", 1), ("results", 1),
    ]  # fmt: skip
    buffer.expect("orders", "theirs").result()
    state, _ = buffer.offers().result()[-1]
    assert (state.name, state.direction, state.stream_id) == ("orders", "in", "theirs")


def test_offers_say_where_each_stream_stands(buffer: Buffer, clock: ManualClock) -> None:
    """First, last and chain, so that the relay can compare databases."""
    buffer.capture(stream="changes", events=prices(1, 3)).result()
    buffer.acked("changes", 2).result()
    clock.advance(3600)
    assert buffer.trim(keep=timedelta(minutes=30)).result() == 2
    state, first = buffer.offers().result()[0]
    assert (state.name, first, state.last, state.acked) == ("changes", 3, 3, 2)
    row = buffer.unsent("changes", after=2, rows=1, most=1).result()[0]
    before = buffer.chain_at("changes", 2).result()
    assert before is None  # trimmed
    assert state.chain == row.chain


def test_the_backlog_counts_both_directions(buffer: Buffer, clock: ManualClock) -> None:
    """The health page shows how much and how old."""
    assert buffer.backlog().result().oldest_at is None
    buffer.capture(stream="changes", events=prices(1, 3)).result()
    clock.advance(60)
    buffer.capture(stream="bulk", events=prices(4, 5)).result()
    buffer.acked("changes", 1).result()
    deliver(buffer, "orders", 1, prices(1, 2))
    backlog = buffer.backlog().result()
    assert (backlog.unacked, backlog.inbox, backlog.oldest_at) == (4, 2, NOW)
    assert backlog.by_stream == {"changes": 2, "bulk": 2}


def test_an_acknowledgement_beyond_the_end_is_a_bug(buffer: Buffer) -> None:
    """It raises, and the file goes on serving."""
    with pytest.raises(Misuse):
        buffer.acked("changes", 1).result()
    assert buffer.capture(stream="changes", events=prices(1, 1)).result() == 1


# -- what survives -------------------------------------------------------------------------------


def test_reopening_keeps_everything(path: Path, clock: ManualClock) -> None:
    """Events, ids, positions, kept entries, inbox, counters and stream ids."""
    first = Buffer(path, clock=clock)
    first.capture(
        stream="changes", events=prices(1, 2), outbox_ids=[3], position=("S", "3")
    ).result()
    first.keep_entries("Q", [(b"a", b"b")], events=[]).result()
    first.remember("T", "9").result()
    first.set_meta("join_counter", "4").result()
    deliver(first, "orders", 1, prices(1, 2))
    first.applied(first.inbox(1).result()[0], None).result()
    offers = first.offers().result()
    first.close()
    again = Buffer(path, clock=clock)
    try:
        assert again.offers().result() == offers
        assert sent(again) == [1, 2]
        assert again.taken([3]).result() == {3}
        assert [again.position(name).result() for name in "ST"] == ["3", "9"]
        assert [entry.data for entry in again.kept_entries("Q").result()] == [b"a"]
        assert again.meta("join_counter").result() == "4"
        assert [row.seq for row in again.inbox(9).result()] == [2]
    finally:
        again.close()


def test_a_second_process_is_kept_out(buffer: Buffer, path: Path, clock: ManualClock) -> None:
    """Two writers would give the same numbers twice."""
    assert buffer.outbox_waiting().result() == 0
    with pytest.raises(Permanent, match="in use by another process"):
        Buffer(path, clock=clock)


_CHILD = """
import sys
from pathlib import Path
from tests.support.link_world import prices
from towline_agent.buffer import Buffer
from towline_shared.clock import SystemClock
buffer = Buffer(Path(sys.argv[1]), clock=SystemClock())
n = 0
while True:
    n += 1
    future = buffer.capture(
        stream="changes", events=prices(n, n), outbox_ids=[n], position=("S", str(n))
    )
    print(future.result(), flush=True)
"""


def test_a_killed_process_loses_nothing_it_reported(path: Path, clock: ManualClock) -> None:
    """After kill -9 every number that was told is there, with its outbox id and its position."""
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= 40:
                child.kill()
                break
        told = [40, *(int(line) for line in child.stdout if line.endswith("\n"))][-1]
    buffer = Buffer(path, clock=clock)
    try:
        rows = buffer.unsent("changes", after=0, rows=1 << 20, most=1 << 30).result()
        last = len(rows)
        assert last >= told
        assert [row.seq for row in rows] == list(range(1, last + 1))
        assert [row.key for row in rows] == [f"S{n}" for n in range(1, last + 1)]
        assert buffer.taken(range(1, last + 2)).result() == set(range(1, last + 1))
        assert buffer.position("S").result() == str(last)
        chain = b""
        for row in rows:
            chain = next_chain(chain, row.seq, row.text)
        assert buffer.chain_at("changes", last).result() == chain
    finally:
        buffer.close()
