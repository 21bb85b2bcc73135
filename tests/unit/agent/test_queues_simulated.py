"""Queue reading beside the simulated IBM i, over its socket: sequences, formats, the ghost."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.agent_house import (
    DOORBELL,
    PRICE_RECORD,
    WEBPRICE,
    AgentHouse,
    agent_house,
    entity,
)
from towline_agent.ibmi.port import EntityQuery, Purpose, QueueName, Site
from towline_agent.ibmi.records import RecordFormat, encode
from towline_agent.sources.data_queue import QueueFormat
from towline_agent.sources.entry_formats import EntryFormat, JsonFormat, TextFormat
from towline_agent.sources.outbox import Origin
from towline_sandbox.ibmi import wire
from towline_sandbox.ibmi.client import Console, driver
from towline_sandbox.ibmi.server import Server
from towline_sandbox.ibmi.settings import IbmISettings
from towline_shared.config import Section
from towline_shared.events import Price, Row, Unreadable

LASTIN, BYKEY = QueueName("TOWLINE", "LASTIN"), QueueName("TOWLINE", "BYKEY")
PRICE = EntityQuery("price", "SELECT IPITNB AS SKU, IPPRC AS PRICE FROM DISTLIB.ITMPRC", ("SKU",))


def house_of(folder: Path, server: Server) -> AbstractContextManager[AgentHouse]:
    """Return agent parts whose connections are sockets to the simulated IBM i."""
    settings = Section({"address": server.address}, file="agent.toml", name="ibmi")
    return agent_house(folder, partition=driver(settings, Site()))


def record(sku: str, price: str) -> bytes:
    assert isinstance(PRICE_RECORD.entries, RecordFormat)
    values: Row = {"SKU": sku, "PRICE": Decimal(price), "CURRENCY": "EUR"}
    return encode(PRICE_RECORD.entries, values)


def partition(folder: Path) -> Server:
    return Server(folder / "ibmi.db", IbmISettings(items=30, programs=False))


@pytest.mark.parametrize(
    ("queue", "keys", "order"),
    [
        (WEBPRICE, (b"", b"", b""), ["A", "B", "C"]),
        (LASTIN, (b"", b"", b""), ["A", "B", "C"]),
        (BYKEY, (b"k002", b"k001", b"k001"), ["B", "C", "A"]),
    ],
)
def test_each_sequence_is_read_once_and_in_order(
    tmp_path: Path, queue: QueueName, keys: tuple[bytes, ...], order: list[str]
) -> None:
    """A LIFO queue gives its oldest entry as the first fact; a keyed one goes by its keys."""
    form = replace(PRICE_RECORD, queue=queue)
    with partition(tmp_path) as server, house_of(tmp_path, server) as house:
        assert server.system is not None
        job = server.system.connect(Purpose.WRITE)
        for sku, key in zip("ABC", keys, strict=True):
            job.queue_send(queue, record(sku, "1.10"), key=key)
        reader = house.queue_reader(form)
        asyncio.run(reader.read("print"))
        assert [event.key for event in house.events()] == order
        assert job.queue_info(queue).entries == 0
        assert reader.state.sequence == job.queue_info(queue).sequence
        assert reader.state.strangers == 0


@pytest.mark.parametrize(
    ("entries", "good", "bad"),
    [
        (
            JsonFormat("TOWLINE/WEBPRICE", ("SKU",)),
            json.dumps({"sku": "A-1", "price": 12.5}).encode(),
            b"{",
        ),
        (
            TextFormat("TOWLINE/WEBPRICE", ("SKU", "PRICE"), "|", 273),
            "A-1|12.5".encode("cp273"),
            "A-1".encode("cp273"),
        ),
    ],
)
def test_a_wrong_entry_is_parked_and_blocks_nothing(
    tmp_path: Path, entries: EntryFormat, good: bytes, bad: bytes
) -> None:
    """It is kept with its bytes in hex, leaves the queue, and the next one is read."""
    form = QueueFormat(WEBPRICE, "price", entries, ("SKU",))
    with partition(tmp_path) as server, house_of(tmp_path, server) as house:
        assert server.system is not None
        job = server.system.connect(Purpose.WRITE)
        for data in (bad, good):
            job.queue_send(WEBPRICE, data)
        asyncio.run(house.queue_reader(form).read("print"))
        wrong, right = (event.body for event in house.events())
        assert isinstance(wrong, Unreadable)
        assert wrong.raw_hex == bad.hex().upper()
        assert "TOWLINE/WEBPRICE" in wrong.reason
        assert isinstance(right, Price)
        assert (right.sku, str(right.row["PRICE"])) == ("A-1", "12.5")
        assert job.queue_info(WEBPRICE).entries == 0


def test_an_abandoned_wait_on_the_doorbell_loses_a_ring_and_nothing_else(tmp_path: Path) -> None:
    """The ghost receiver swallows the ring of a change; the sweep finds the change.

    The entries that carry data stand on a queue nobody ever waits on, so no ghost can reach them.
    """
    with (
        partition(tmp_path) as server,
        Console(server.address) as console,
        house_of(tmp_path, server) as house,
    ):
        assert server.system is not None
        job = server.system.connect(Purpose.WRITE)
        _abandon_a_wait(server)
        job.queue_send(WEBPRICE, record("A", "1.10"))
        sku = _change_a_price(console)
        deadline = time.monotonic() + 20
        while job.queue_info(DOORBELL).entries and time.monotonic() < deadline:
            os.sched_yield()
        assert job.queue_info(DOORBELL).entries == 0  # the ghost has it

        about = job.describe()
        capture = house.capture([replace(entity("price", ["SKU"], "DISTLIB/ITMPRC"), query=PRICE)])
        asyncio.run(capture.read(Origin(about.fingerprint, "TOWLINE"), sweep=True))
        asyncio.run(house.queue_reader().read(about.fingerprint))
        assert [event.key for event in house.events()] == [sku, "A"]


def _abandon_a_wait(server: Server) -> None:
    """Wait on the doorbell as an agent does, and die before anything comes."""
    host, _, port = server.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as client:
        wire.send(client, {"hello": "job", "purpose": Purpose.WAIT})
        wire.receive(client)
        wire.send(client, {"verb": "wait", "arguments": {"queue": DOORBELL, "seconds": 20}})


def _change_a_price(console: Console) -> str:
    traps = console.call("traps")
    items = console.call("items", count=30)
    sku = next(str(each["number"]) for each in items if each["number"] not in traps)
    console.call("begin", job="CLERK")
    console.call(
        "update", job="CLERK", file="DISTLIB/ITMPRC", key=[sku, "STD"],
        values={"IPPRC": Decimal("98.76")},
    )  # fmt: skip
    console.call("commit", job="CLERK")
    return sku
