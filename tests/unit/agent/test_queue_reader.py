"""Peek, keep, take: an entry is in the buffer before it leaves the queue, and is read once."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.agent_house import ORIGIN, PRICE_RECORD, WEBPRICE, AgentHouse, agent_house
from towline_agent.ibmi.errors import LinkLost
from towline_agent.ibmi.port import QueueEntry
from towline_agent.ibmi.records import encode
from towline_shared.events import Price, Unreadable

PRINT = ORIGIN.fingerprint


def entry(sku: str, price: str) -> QueueEntry:
    values = {"SKU": sku, "PRICE": Decimal(price), "CURRENCY": "EUR"}
    return QueueEntry(encode(PRICE_RECORD.record, values))


def put(house: AgentHouse, *entries: QueueEntry) -> None:
    house.partition.queues[str(WEBPRICE)].extend(entries)


def prices(house: AgentHouse) -> list[tuple[str, object]]:
    return [
        (event.key, event.body.row["PRICE"])
        for event in house.events()
        if isinstance(event.body, Price)
    ]


def test_entries_become_events_in_order_and_leave_the_queue(tmp_path: Path) -> None:
    """Record format, key and amount are decoded; the queue is empty afterwards."""
    with agent_house(tmp_path) as house:
        put(house, entry("A", "1.10"), entry("B", "2.20"), entry("A", "1.30"))
        asyncio.run(house.queue_reader().read(PRINT))
        assert prices(house) == [
            ("A", Decimal("1.10")), ("B", Decimal("2.20")), ("A", Decimal("1.30")),
        ]  # fmt: skip
        assert not house.partition.queues[str(WEBPRICE)]
        assert house.buffer.kept_entries(str(WEBPRICE)).result() == []


def test_nothing_is_taken_before_it_is_kept(tmp_path: Path) -> None:
    """The first verbs are looks; the first take comes after the buffer's commit."""
    with agent_house(tmp_path) as house:
        put(house, entry("A", "1.10"))
        house.partition.failures["queue_take"] = [LinkLost("The line broke.")]
        with pytest.raises(LinkLost):
            asyncio.run(house.queue_reader().read(PRINT))
        assert prices(house) == [("A", Decimal("1.10"))]
        assert len(house.partition.queues[str(WEBPRICE)]) == 1


@pytest.mark.parametrize("taken", [0, 1])
def test_a_crash_around_a_take_neither_loses_nor_doubles(tmp_path: Path, taken: int) -> None:
    """Whether the take had its effect or not, each entry becomes exactly one event."""

    async def scenario(house: AgentHouse) -> None:
        put(house, entry("A", "1.10"), entry("B", "2.20"))
        house.partition.failures["queue_take"] = [LinkLost("The line broke.")]
        with pytest.raises(LinkLost):
            await house.queue_reader().read(PRINT)
        for _ in range(taken):
            house.partition.queues[str(WEBPRICE)].popleft()
        await house.restart()
        put(house, entry("C", "3.30"))
        house.clock.advance(60)
        await house.queue_reader().read(PRINT)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert [key for key, _ in prices(house)] == ["A", "B", "C"]
        assert not house.partition.queues[str(WEBPRICE)]


def test_two_equal_entries_are_two_facts(tmp_path: Path) -> None:
    """An entry has no identity on the queue; it gets one when it is kept."""
    with agent_house(tmp_path) as house:
        put(house, entry("A", "1.10"), entry("A", "1.10"))
        asyncio.run(house.queue_reader().read(PRINT))
        first, second = house.events()
        assert first.id != second.id


def test_an_unreadable_entry_travels_and_the_rest_flows_on(tmp_path: Path) -> None:
    """Blank packed bytes and a short record are parked facts with their hex."""
    with agent_house(tmp_path) as house:
        bad = entry("B", "2.20").data.replace(bytes.fromhex("000000220F"), b"\x40" * 5)
        put(house, entry("A", "1.10"), QueueEntry(bad), QueueEntry(b"\xc1"), entry("C", "3.30"))
        asyncio.run(house.queue_reader().read(PRINT))
        assert [event.entity for event in house.events()] == [
            "price", "unreadable", "unreadable", "price",
        ]  # fmt: skip
        blank, short = house.events()[1].body, house.events()[2].body
        assert isinstance(blank, Unreadable)
        assert isinstance(short, Unreadable)
        assert (blank.keys, blank.field, blank.raw_hex) == (("B",), "PRICE", "4040404040")
        assert "has 1 bytes; its format has 23" in short.reason


def test_another_reader_is_noticed_and_loses_us_nothing(tmp_path: Path) -> None:
    """An entry that is not the kept one is captured as it is; the page names the queue."""

    async def scenario(house: AgentHouse) -> None:
        put(house, entry("A", "1.10"))
        house.partition.failures["queue_take"] = [LinkLost("The line broke.")]
        reader = house.queue_reader()
        with pytest.raises(LinkLost):
            await reader.read(PRINT)
        house.clock.advance(60)
        kept = house.buffer.kept_entries(str(WEBPRICE)).result()
        house.partition.queues[str(WEBPRICE)].clear()
        put(house, entry("B", "2.20"))
        await reader._take(kept, PRINT)
        assert reader.state.strangers == 1

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert [key for key, _ in prices(house)] == ["A", "B"]
