"""The relay compares its database with the agent's before anything flows."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.support.link_world import prices
from towline_relay.link.positions import positions, windows
from towline_shared.clock import ManualClock
from towline_shared.codec import encode
from towline_shared.errors import Refused
from towline_shared.frames import Position, StreamOffer
from towline_shared.stream_log import SCHEMA, Received, StreamLog, next_chain

AGENT = "a1"
CLOCK = ManualClock(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
LOG = StreamLog(clock=CLOCK)
UP = StreamOffer("changes", "up", "mine", 1, 9, "c0ffee")


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.executescript(SCHEMA)
        yield connection


def down(db: sqlite3.Connection, have: int) -> StreamOffer:
    """Offer what an agent says that received ``have`` of the relay's orders."""
    state = LOG.state(db, AGENT, "orders", "out")
    chain = LOG.chain_at(db, AGENT, "orders", "out", have) or b""
    return StreamOffer("orders", "down", state.stream_id, 0, have, chain.hex())


def test_a_first_meeting_binds_the_agents_streams(db: sqlite3.Connection) -> None:
    """The relay stands at 0 in what the agent writes, and names the streams it writes itself."""
    found = positions(db, LOG, AGENT, [UP])
    assert found[0] == Position("changes", "up", "mine", 0, "")
    assert [(each.name, each.direction, each.upto) for each in found[1:]] == [
        ("orders", "down", 0),
        ("commands", "down", 0),
    ]
    assert positions(db, LOG, AGENT, [UP]) == found


def test_the_agents_word_acknowledges(db: sqlite3.Connection) -> None:
    """An ACK that got lost with the connection is made good by the next HELLO."""
    LOG.append(db, AGENT, "orders", prices(1, 5))
    found = positions(db, LOG, AGENT, [down(db, 3)])
    assert LOG.state(db, AGENT, "orders", "out").acked == 3
    assert next(each for each in found if each.name == "orders").upto == 5


def test_sending_goes_on_behind_what_the_agent_has(db: sqlite3.Connection) -> None:
    """And waits for the agent's credit; what the agent writes has none yet either."""
    LOG.append(db, AGENT, "orders", prices(1, 5))
    offers = [UP, down(db, 3)]
    incoming, outgoing = windows(positions(db, LOG, AGENT, offers), offers)
    orders, changes = outgoing["orders"], incoming["changes"]
    assert (orders.last_sent, orders.acked, orders.limit, orders.room) == (3, 3, 3, 0)
    assert (changes.durable, changes.granted, changes.stream_id) == (0, 0, "mine")
    assert set(outgoing) == {"orders", "commands"}


def test_whoever_orders_rows_by_their_numbers_is_told_of_a_new_buffer(
    db: sqlite3.Connection,
) -> None:
    """Once for each stream that begins anew, and not at a meeting as always."""
    told: list[str] = []
    for stream_id, times in (("mine", 0), ("mine", 0), ("another", 1), ("another", 1)):
        offer = StreamOffer("changes", "up", stream_id, 1, 0, "")
        positions(db, LOG, AGENT, [offer], renewed=lambda: told.append("renewed"))
        assert len(told) == times


def test_a_new_buffer_behind_an_old_identity_begins_anew(db: sqlite3.Connection) -> None:
    """Its numbers start at 1 under another id: what was received stays, what follows is taken."""
    positions(db, LOG, AGENT, [UP])
    texts = [(encode(each), each.id, each.entity, each.key) for each in prices(1, 3)]
    LOG.receive(db, AGENT, "changes", stream_id="mine", first=1, texts=texts)
    found = positions(db, LOG, AGENT, [replace(UP, stream_id="fresh", first=1, last=2)])
    assert (found[0].stream_id, found[0].upto, found[0].chain) == ("fresh", 0, "")
    outcome, rows = LOG.receive(db, AGENT, "changes", stream_id="fresh", first=1, texts=texts[:2])
    assert (outcome, [row.seq for row in rows]) == (Received.NEW, [1, 2])


def test_a_buffer_with_another_id_that_is_not_whole_is_refused(db: sqlite3.Connection) -> None:
    """A fresh buffer has every number from 1 on; this one is another agent's, or an old one."""
    positions(db, LOG, AGENT, [UP])
    with pytest.raises(Refused, match="another id than before") as caught:
        positions(db, LOG, AGENT, [replace(UP, stream_id="other", first=9, last=12)])
    assert caught.value.code == "diverged"


def test_a_new_buffer_gets_what_it_has_not_reported_on(db: sqlite3.Connection) -> None:
    """Unacknowledged ones always, others by their report; under a new id, from 1, with a chain."""
    LOG.append(db, AGENT, "orders", prices(1, 6))
    before = LOG.state(db, AGENT, "orders", "out")
    LOG.acked(db, AGENT, "orders", 4)
    CLOCK.advance(1)
    LOG.append(db, AGENT, "orders", prices(7, 7))
    open_ones = {each.id for each in prices(3, 3)}
    found = positions(db, LOG, AGENT, [UP], again=open_ones.__contains__)
    orders = next(each for each in found if each.name == "orders")
    assert orders.stream_id != before.stream_id
    rows = LOG.unsent(db, AGENT, "orders", after=0, rows=99, most=1 << 20)
    assert [(row.seq, row.key) for row in rows] == [(1, "S3"), (2, "S5"), (3, "S6"), (4, "S7")]
    chain = b""
    for row in rows:
        chain = next_chain(chain, row.seq, row.text)
    assert orders.chain == chain.hex()
    again = positions(db, LOG, AGENT, [UP], again=open_ones.__contains__)
    assert next(each for each in again if each.name == "orders") == orders, "a lost WELCOME"


@pytest.mark.parametrize(
    "change",
    [
        {"stream_id": "other"},
        {"last": 6},
        {"last": -1},
        {"chain": next_chain(b"", 3, "other rows").hex()},
        {"chain": "no hexadecimal"},
        {"chain": ""},
    ],
)
def test_an_agent_that_has_what_was_never_sent_is_refused(
    db: sqlite3.Connection, change: dict[str, object]
) -> None:
    """Another stream, a number beyond the end, other rows under the same numbers, or nonsense."""
    LOG.append(db, AGENT, "orders", prices(1, 5))
    offer = replace(down(db, 3), **change)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="Stream orders differs") as caught:
        positions(db, LOG, AGENT, [offer])
    assert caught.value.code == "diverged"
    assert LOG.state(db, AGENT, "orders", "out").acked == 0


def test_an_agent_that_lost_what_is_no_longer_kept_is_refused(db: sqlite3.Connection) -> None:
    """Sending from the first row kept would leave a gap that no RESUME can fill."""
    LOG.append(db, AGENT, "orders", prices(1, 5))
    LOG.acked(db, AGENT, "orders", 4)
    CLOCK.advance(1)
    LOG.trim(db, before=CLOCK.now())
    with pytest.raises(Refused, match="up to 2 only"):
        positions(db, LOG, AGENT, [down(db, 2)])
    assert positions(db, LOG, AGENT, [down(db, 4)])
