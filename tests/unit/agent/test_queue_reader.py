"""Peek, keep, take: an entry is in the buffer before it leaves the queue, and is read once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.agent_house import (
    ORIGIN,
    PRICE_RECORD,
    WEBPRICE,
    AgentHouse,
    agent_house,
    until,
)
from tests.support.fake_ibmi import FakePartition
from towline_agent.ibmi.errors import InUse, LinkLost
from towline_agent.ibmi.port import QueueEntry
from towline_agent.ibmi.records import RecordFormat, encode
from towline_shared.errors import Permanent, Retryable, TowlineError
from towline_shared.events import Price, Row, Unreadable

PRINT = ORIGIN.fingerprint


def entry(sku: str, price: str) -> QueueEntry:
    assert isinstance(PRICE_RECORD.entries, RecordFormat)
    values: Row = {"SKU": sku, "PRICE": Decimal(price), "CURRENCY": "EUR"}
    return QueueEntry(encode(PRICE_RECORD.entries, values))


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
    """It took what we keep; what came behind is read once, and the page names the queue."""

    async def scenario(house: AgentHouse) -> None:
        put(house, entry("A", "1.10"), entry("B", "2.20"))
        house.partition.failures["queue_take"] = [LinkLost("The line broke.")]
        reader = house.queue_reader()
        with pytest.raises(LinkLost):
            await reader.read(PRINT)
        house.clock.advance(60)
        house.partition.queues[str(WEBPRICE)].clear()
        put(house, entry("C", "3.30"))
        await reader.read(PRINT)
        assert reader.state.strangers == 1

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert [key for key, _ in prices(house)] == ["A", "B", "C"]


class Racing(FakePartition):
    """A partition where other jobs are faster: ``meanwhile`` runs just before each take."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[], object]] = []

    def take(self, queue: str, key: bytes = b"") -> QueueEntry | None:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        return super().take(queue, key)


def test_what_another_reader_leaves_in_our_place_is_captured_at_once(tmp_path: Path) -> None:
    """A foreign entry in our hands becomes durable before anything else; ours stay kept."""
    partition = Racing()
    queue = partition.queues[str(WEBPRICE)]

    def steal() -> None:
        queue.clear()
        queue.append(entry("X", "9.90"))

    with agent_house(tmp_path, partition=partition) as house:
        put(house, entry("A", "1.10"))
        partition.meanwhile = [steal]
        reader = house.queue_reader()
        assert asyncio.run(reader.read(PRINT)) is False
        assert [key for key, _ in prices(house)] == ["A", "X"]
        assert reader.state.strangers == 1
        assert len(house.buffer.kept_entries(str(WEBPRICE)).result()) == 1
        asyncio.run(reader.read(PRINT))
        assert [key for key, _ in prices(house)] == ["A", "X"]
        assert house.buffer.kept_entries(str(WEBPRICE)).result() == []


def test_a_lifo_queue_is_read_whole_and_its_oldest_entry_is_the_first_fact(tmp_path: Path) -> None:
    """Of two prices of one item the one sent later counts, however many entries wait."""
    with agent_house(tmp_path) as house:
        house.partition.sequences[str(WEBPRICE)] = "LIFO"
        put(house, *(entry(f"S-{n}", "1.10") for n in range(300)), entry("S-0", "2.20"))
        asyncio.run(house.queue_reader().read(PRINT))
        found = prices(house)
        assert len(found) == 301
        assert found[0] == ("S-0", Decimal("1.10"))
        assert found[-1] == ("S-0", Decimal("2.20"))
        assert not house.partition.queues[str(WEBPRICE)]


def test_a_newcomer_on_top_of_a_lifo_queue_is_kept_before_it_is_taken(tmp_path: Path) -> None:
    """It came after the look; the first turn leaves it there, the second keeps it, then takes."""
    partition = Racing()
    partition.sequences[str(WEBPRICE)] = "LIFO"
    queue = partition.queues[str(WEBPRICE)]

    with agent_house(tmp_path, partition=partition) as house:
        put(house, entry("A", "1.10"), entry("B", "2.20"), entry("C", "3.30"))
        # the first take is C's; D comes after it and stands where B stood
        partition.meanwhile = [lambda: queue.insert(2, entry("D", "4.40"))]
        reader = house.queue_reader()
        assert asyncio.run(reader.read(PRINT)) is True
        assert [key for key, _ in prices(house)] == ["A", "B", "C"]
        assert [e.data for e in queue] == [entry(s, p).data for s, p in (
            ("A", "1.10"), ("B", "2.20"), ("D", "4.40"),
        )]  # fmt: skip
        asyncio.run(reader.read(PRINT))
        assert [key for key, _ in prices(house)] == ["A", "B", "C", "D"]
        assert not queue
        assert reader.state.strangers == 0


def test_a_newcomer_of_the_last_millisecond_is_captured_and_the_kept_one_taken_later(
    tmp_path: Path,
) -> None:
    """Between the look at the top and the take a LIFO queue may still get an entry."""
    partition = Racing()
    partition.sequences[str(WEBPRICE)] = "LIFO"
    queue = partition.queues[str(WEBPRICE)]
    with agent_house(tmp_path, partition=partition) as house:
        put(house, entry("A", "1.10"))
        partition.meanwhile = [lambda: queue.append(entry("B", "2.20"))]
        reader = house.queue_reader()
        asyncio.run(reader.read(PRINT))
        assert [key for key, _ in prices(house)] == ["A", "B"]
        assert len(queue) == 1
        asyncio.run(reader.read(PRINT))
        assert [key for key, _ in prices(house)] == ["A", "B"]
        assert not queue
        assert reader.state.strangers == 0


def test_a_keyed_queue_is_taken_by_the_keys_of_what_is_kept(tmp_path: Path) -> None:
    """A newcomer with a lower key, come after the look, is neither lost nor in the way."""
    partition = Racing()
    partition.sequences[str(WEBPRICE)] = "KEYED"
    queue = partition.queues[str(WEBPRICE)]

    def keyed(sku: str, price: str, key: bytes) -> QueueEntry:
        return QueueEntry(entry(sku, price).data, key)

    with agent_house(tmp_path, partition=partition) as house:
        put(house, keyed("B", "2.20", b"k2"), keyed("A", "1.10", b"k1"), keyed("C", "3.30", b"k2"))
        partition.meanwhile = [lambda: queue.append(keyed("D", "4.40", b"k0"))]
        reader = house.queue_reader()
        asyncio.run(reader.read(PRINT))
        assert [key for key, _ in prices(house)] == ["A", "B", "C"]
        assert [e.key for e in queue] == [b"k0"]
        asyncio.run(reader.read(PRINT))
        assert [key for key, _ in prices(house)] == ["A", "B", "C", "D"]
        assert not queue
        assert (reader.state.strangers, reader.state.sequence) == (0, "KEYED")


def test_a_full_buffer_still_lets_go_of_what_is_kept(tmp_path: Path) -> None:
    """What is durable here leaves the queue; a LIFO newcomer on top of it waits with all below."""

    async def scenario(house: AgentHouse) -> None:
        put(house, entry("A", "1.10"), entry("B", "2.20"))
        house.partition.failures["queue_take"] = [LinkLost("The line broke.")]
        with pytest.raises(LinkLost):
            await house.queue_reader().read(PRINT)
        house.clock.advance(60)
        put(house, entry("C", "3.30"))
        assert await house.queue_reader().read(PRINT) is False

    queue = str(WEBPRICE)
    for sequence, left in (("FIFO", [b"C"]), ("LIFO", [b"A", b"B", b"C"])):
        folder = tmp_path / sequence
        folder.mkdir()
        with agent_house(folder, most_events=1) as house:
            house.partition.sequences[queue] = sequence
            asyncio.run(scenario(house))
            skus = [e.data[:1].decode("cp037").encode() for e in house.partition.queues[queue]]
            assert skus == left
            assert sorted(key for key, _ in prices(house)) == ["A", "B"]


def test_a_queue_that_cannot_be_looked_into_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """A DDM queue has no sequence of its own and can't be peeked at."""
    with agent_house(tmp_path) as house:
        house.partition.sequences[str(WEBPRICE)] = ""
        with pytest.raises(Permanent, match=r"TOWLINE/WEBPRICE has the sequence.*DDM"):
            asyncio.run(house.queue_reader().read(PRINT))


@pytest.mark.parametrize(
    ("verb", "error"),
    [
        ("queue_peek", InUse("SQL0913: data queue WEBPRICE is in use by job 1/ERP/BATCH.")),
        ("queue_take", Retryable("CPF950A: storage of data queue WEBPRICE is full.")),
        ("queue_info", Permanent("CPF9801: data queue WEBPRICE was not found.")),
        ("queue_peek", Permanent("SQL0551: not authorised to data queue WEBPRICE.")),
        ("queue_take", LinkLost("08S01: communication link failure.")),
    ],
)
def test_trouble_is_said_and_survived(tmp_path: Path, verb: str, error: TowlineError) -> None:
    """Locked, full, missing, not authorised, cut off: one sentence, then the entry is read once."""

    async def scenario(house: AgentHouse) -> None:
        put(house, entry("A", "1.10"))
        house.partition.failures[verb] = [error]
        reader = house.queue_reader()
        running = asyncio.create_task(reader.run())
        await until(lambda: reader.state.trouble == str(error))
        house.clock.advance(60)
        house.pace.tick()
        await until(lambda: not house.partition.queues[str(WEBPRICE)])
        await until(lambda: reader.state.trouble == "")
        assert reader.state.sequence == "FIFO"
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert prices(house) == [("A", Decimal("1.10"))]


def test_with_after_ack_an_entry_stays_on_the_queue_until_the_relay_has_it(tmp_path: Path) -> None:
    """The buffer alone is not enough: its host may be lost; and nothing is read twice meanwhile."""

    async def scenario(house: AgentHouse) -> None:
        put(house, entry("A", "1.10"))
        reader = house.queue_reader(after_ack=True)
        assert await reader.read(PRINT) is False
        assert prices(house) == [("A", Decimal("1.10"))]
        assert len(house.partition.queues[str(WEBPRICE)]) == 1
        put(house, entry("B", "2.20"))
        assert await reader.read(PRINT) is False
        assert len(prices(house)) == 1
        assert house.partition.calls.count("queue_take") == 0
        house.ack_all()
        await reader.read(PRINT)
        assert prices(house) == [("A", Decimal("1.10")), ("B", Decimal("2.20"))]
        assert len(house.partition.queues[str(WEBPRICE)]) == 1
        house.ack_all()
        await house.queue_reader(after_ack=True).read(PRINT)  # a restart knows what was covered
        assert not house.partition.queues[str(WEBPRICE)]
        assert len(prices(house)) == 2

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_an_acknowledgement_wakes_a_reader_that_waits_for_it(tmp_path: Path) -> None:
    """Not one that does not: each ack would be a look at the IBM i."""

    async def scenario(house: AgentHouse) -> None:
        reader = house.queue_reader(after_ack=True)
        reader.acked()
        assert not reader._wake.is_set()
        put(house, entry("A", "1.10"))
        await reader.read(PRINT)
        reader.acked()
        assert reader._wake.is_set()

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
