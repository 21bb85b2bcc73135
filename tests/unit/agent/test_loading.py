"""The initial load: every row once, restartable at the last key, never over a newer change."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.agent_house import ENTITIES, AgentHouse, agent_house, until
from towline_agent.ibmi.errors import LinkLost
from towline_agent.ibmi.port import EntityQuery, Unread
from towline_agent.sources.snapshot import DONE
from towline_shared.errors import Permanent
from towline_shared.events import Shipment

QUERIES: dict[str, EntityQuery] = {each.query.entity: each.query for each in ENTITIES}


def fill(house: AgentHouse, count: int) -> None:
    for number in range(count):
        sku = f"SKU{number:03d}"
        house.partition.rows["item"][(sku,)] = [{"SKU": sku.ljust(15), "DESCRIPTION": "Bolt"}]


def test_every_row_becomes_one_event_and_the_end_is_noted(tmp_path: Path) -> None:
    """Ten rows in pages of three are ten events; a second run reads nothing."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 10)
        await house.loading("item").load(QUERIES["item"])
        assert house.buffer.position("snapshot:item").result() == DONE
        calls = len(house.partition.calls)
        await house.restart()
        await house.loading("item").load(QUERIES["item"])
        assert len(house.partition.calls) == calls

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert [event.key for event in house.events()] == [f"SKU{n:03d}" for n in range(10)]


def test_a_crash_in_the_middle_goes_on_at_the_last_key(tmp_path: Path) -> None:
    """Pages that are in the buffer are not read again; nothing is missing, nothing twice."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 10)
        house.partition.failures["snapshot"] = []
        loading = house.loading("item")
        first = asyncio.create_task(loading.load(QUERIES["item"]))
        await until(lambda: len(house.events()) >= 4)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await house.restart()
        await house.loading("item").load(QUERIES["item"])

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert [event.key for event in house.events()] == [f"SKU{n:03d}" for n in range(10)]
        assert len({event.id for event in house.events()}) == 10


def test_a_lost_link_is_outlived(tmp_path: Path) -> None:
    """The loop rests, comes back and finishes; several entities load one after the other."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 4)
        house.partition.rows["price"][("SKU000",)] = [{"SKU": "SKU000", "PRICE": 1}]
        house.partition.failures["snapshot"] = [LinkLost("The line broke.")]
        task = asyncio.create_task(house.loading("item", "price").run())
        await until(lambda: bool(house.pace.rests))
        house.clock.advance(60)
        house.pace.tick()
        await task

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert [event.entity for event in house.events()] == ["item"] * 4 + ["price"]


def test_rows_of_one_key_are_never_torn_apart(tmp_path: Path) -> None:
    """A page that ends inside a shipment leaves its lines together, even when they fill a page."""
    with agent_house(tmp_path) as house:
        for number, lines in (("S1", 2), ("S2", 2), ("S3", 7)):
            house.partition.rows["shipment"][(number,)] = [
                {"SHIPMENT": number, "ORDER_GID": "gid://shopify/Order/1", "QUANTITY": 1,
                 "LINE_GID": f"gid://shopify/LineItem/{line}"}
                for line in range(lines)
            ]  # fmt: skip
        asyncio.run(house.loading("shipment").load(QUERIES["shipment"]))
        bodies = [event.body for event in house.events()]
        assert [
            (body.shipment, len(body.lines)) for body in bodies if isinstance(body, Shipment)
        ] == [("S1", 2), ("S2", 2), ("S3", 7)]


def test_a_full_buffer_holds_the_load(tmp_path: Path) -> None:
    """The load pauses at the cap and goes on after the relay's ack."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 12)
        task = asyncio.create_task(house.loading("item").run())
        await until(lambda: bool(house.pace.rests))
        assert len(house.events()) == 4
        house.ack_all()
        house.pace.tick()
        await until(lambda: len(house.pace.rests) == 2)
        house.ack_all()
        house.pace.tick()
        await task

    with agent_house(tmp_path, most_events=4) as house:
        asyncio.run(scenario(house))
        assert house.buffer.position("snapshot:item").result() == DONE


def test_a_page_without_a_readable_key_stops_with_a_sentence(tmp_path: Path) -> None:
    """There is no place to go on from; the load says so instead of looping."""

    async def scenario(house: AgentHouse) -> None:
        for number in range(5):
            house.partition.rows["item"][(f"{number}",)] = [{"SKU": Unread("FF", "no text")}]
        loading = house.loading("item")
        with pytest.raises(Permanent, match="whose key"):
            await loading.load(QUERIES["item"])
        await loading.run()
        assert "item" in loading.state.faults

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
