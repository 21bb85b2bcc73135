"""Data-queue verbs: blocking waits, looking without taking, order, limits."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest

from tests.conformance.ibmi.world import DOORBELL, WEBPRICE, World
from towline_agent.ibmi.port import Purpose, QueueEntry, QueueName
from towline_shared.errors import Permanent


def test_a_wait_ends_with_none_when_nothing_comes(ibmi: World) -> None:
    """No entry in time is None, not an error."""
    assert ibmi.connect(Purpose.WAIT).wait(DOORBELL, seconds=0.02) is None


def test_a_wait_of_no_time_takes_what_is_there(ibmi: World) -> None:
    """Zero seconds empties a doorbell without waiting."""
    ibmi.send(DOORBELL, b"\x40")
    waiter = ibmi.connect(Purpose.WAIT)
    assert waiter.wait(DOORBELL, seconds=0.0) is not None
    assert waiter.wait(DOORBELL, seconds=0.0) is None


def test_a_wait_is_woken_by_an_entry_and_takes_it(ibmi: World) -> None:
    """The waiter gets the entry while it waits; the queue is empty afterwards."""
    waiter = ibmi.connect(Purpose.WAIT)
    got: list[QueueEntry | None] = []
    thread = threading.Thread(target=lambda: got.append(waiter.wait(DOORBELL, seconds=20)))
    thread.start()
    ibmi.send(DOORBELL, b"\x40")
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert got[0] is not None
    assert got[0].data == b"\x40"
    assert ibmi.connect().queue_info(DOORBELL).entries == 0


def test_a_change_rings_the_doorbell(ibmi: World) -> None:
    """The trigger sends an entry that carries nothing."""
    (sku,) = ibmi.skus(1)
    ibmi.set_price(sku, Decimal("12.34"))
    assert ibmi.connect(Purpose.WAIT).wait(DOORBELL, seconds=20) is not None


def test_looking_takes_nothing_and_keeps_the_order(ibmi: World) -> None:
    """Peeking twice shows the same entries, byte for byte, up to the limit."""
    for number in range(3):
        ibmi.send(WEBPRICE, bytes([number]))
    connection = ibmi.connect()
    assert [entry.data for entry in connection.queue_peek(WEBPRICE, limit=2)] == [b"\x00", b"\x01"]
    assert [entry.data for entry in connection.queue_peek(WEBPRICE, limit=9)] == [
        b"\x00", b"\x01", b"\x02",
    ]  # fmt: skip
    assert connection.queue_info(WEBPRICE).entries == 3


def test_taking_removes_the_first_entry_at_once(ibmi: World) -> None:
    """Entries are taken in queue order; an empty queue gives None without waiting."""
    for number in range(2):
        ibmi.send(WEBPRICE, bytes([number]))
    writer = ibmi.connect(Purpose.WRITE)
    taken = [writer.queue_take(WEBPRICE) for _ in range(3)]
    assert [entry and entry.data for entry in taken] == [b"\x00", b"\x01", None]


def test_sent_bytes_arrive_unchanged(ibmi: World) -> None:
    """Every byte value survives; nothing is converted between CCSIDs."""
    data = bytes(range(60)) + bytes([0xFF, 0x00, 0x40])
    ibmi.connect(Purpose.WRITE).queue_send(WEBPRICE, data)
    (entry,) = ibmi.connect().queue_peek(WEBPRICE, limit=1)
    assert entry.data == data


def test_a_longer_entry_than_maxlen_is_permanent(ibmi: World) -> None:
    """Nothing is cut; the queue stays as it was."""
    connection = ibmi.connect(Purpose.WRITE)
    longest = connection.queue_info(WEBPRICE).max_length
    with pytest.raises(Permanent):
        connection.queue_send(WEBPRICE, b"\x40" * (longest + 1))
    assert connection.queue_info(WEBPRICE).entries == 0


def test_a_missing_queue_is_permanent(ibmi: World) -> None:
    """The sentence names it; the connection stays usable."""
    connection = ibmi.connect()
    with pytest.raises(Permanent, match="NOSUCH"):
        connection.queue_peek(QueueName("TOWLINE", "NOSUCH"), limit=1)
    assert connection.queue_info(WEBPRICE).sequence
