"""A value that was read from an open unit and rolled back does not stay in the shop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent_house import ENTITIES, ORIGIN, AgentHouse, agent_house, until
from tests.unit.sandbox.ibmi.lab import FAST, PRICE, clean_skus
from towline_agent.config import EntitySettings
from towline_agent.ibmi.errors import InUse, LinkLost
from towline_agent.ibmi.port import Purpose
from towline_agent.policy import FileName
from towline_agent.second_look import SecondLook
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_shared.errors import Retryable
from towline_shared.events import Price

ONE, TWO = "048400/MWEBER/PRICING", "048401/KESSLER/REPRICE"
PRICES = EntitySettings(PRICE, (FileName("DISTLIB", "ITMPRC"),), "SELECT", initial_load=False)


def second_look(house: AgentHouse, entities: tuple[EntitySettings, ...] = ENTITIES) -> SecondLook:
    return SecondLook(
        after_s=60, queries={each.query.entity: each.query for each in entities},
        desk=house.desk(),
    )  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Iterator[AgentHouse]:
    """A house over a fake partition."""
    with agent_house(tmp_path) as made:
        yield made


def prices(house: AgentHouse) -> list[object]:
    bodies = [event.body for event in house.events()]
    return [body.row["PRICE"] if not body.gone else None for body in bodies
            if isinstance(body, Price)]  # fmt: skip


def uncommitted(house: AgentHouse, sku: str, price: int | None) -> None:
    """Let readers under UR see a value of which no outbox row tells."""
    cells: dict[str, Any] = {"SKU": sku.ljust(15), "PRICE": Decimal(price or 0), "CURRENCY": "EUR"}
    house.partition.rows["price"][(sku,)] = [] if price is None else [cells]


def test_on_the_simulated_ibm_i_the_committed_value_wins(tmp_path: Path) -> None:
    """An open unit holds a price, another list of the item commits, the unit is rolled back."""
    system = SimulatedIbmI.open(tmp_path / "ibmi.db", FAST)
    (tmp_path / "agent").mkdir()

    async def scenario(house: AgentHouse) -> None:
        (sku,) = clean_skus(system, 1)
        look = second_look(house, (PRICES,))
        capture = house.capture((PRICES,), told=look.note)
        await capture.read(ORIGIN, sweep=True)
        unit, other = system.units.begin(ONE), system.units.begin(TWO)
        unit.update("DISTLIB/ITMPRC", (sku, "STD"), {"IPPRC": Decimal("999.99")})
        other.insert("DISTLIB/ITMPRC", {"IPITNB": sku, "IPLIST": "WHS", "IPCUR": "EUR"})
        other.commit()
        await capture.read(ORIGIN, sweep=True)
        assert told(house, sku)[-1] == Decimal("999.99")
        unit.rollback()
        await capture.read(ORIGIN, sweep=True)
        assert len(told(house, sku)) == 1
        house.clock.advance(60)
        await look.look()
        rows = house.workers[Purpose.READ]._driver.connect(Purpose.READ).rows(PRICE, [(sku,)])
        (row,) = (row for row in rows if row.cells["PRICE_LIST"] == "STD")
        assert told(house, sku)[1:] == [row.cells["IPPRC"]] != [Decimal("999.99")]

    def told(house: AgentHouse, sku: str) -> list[object]:
        return [
            event.body.row["IPPRC"]
            for event in house.events()
            if isinstance(event.body, Price) and (event.key, event.body.price_list) == (sku, "STD")
        ]

    try:
        with agent_house(tmp_path / "agent", partition=system) as house:
            asyncio.run(scenario(house))
    finally:
        system.close()


def test_what_was_rolled_back_is_corrected_once(house: AgentHouse) -> None:
    """The shop got 99, the unit rolled back to 10: sixty seconds later the shop has 10."""

    async def scenario() -> None:
        look = second_look(house)
        capture = house.capture(told=look.note)
        house.partition.set_price(1, "A", 10)
        uncommitted(house, "A", 99)
        await capture.read(ORIGIN, sweep=True)
        uncommitted(house, "A", 10)
        house.clock.advance(59)
        assert await look.look() is False
        assert prices(house) == [Decimal(99)]
        house.clock.advance(1)
        await look.look()
        assert prices(house) == [Decimal(99), Decimal(10)]
        house.clock.advance(60)
        await look.look()
        house.clock.advance(60)
        await look.look()
        assert prices(house) == [Decimal(99), Decimal(10)]
        assert look.corrections == 1

    asyncio.run(scenario())


def test_an_insert_that_was_rolled_back_is_gone(house: AgentHouse) -> None:
    """A price that never was does not stay for sale."""

    async def scenario() -> None:
        look = second_look(house)
        capture = house.capture(told=look.note)
        house.partition.set_price(1, "A", 99)
        await capture.read(ORIGIN, sweep=True)
        uncommitted(house, "A", None)
        house.clock.advance(60)
        await look.look()
        assert prices(house) == [Decimal(99), None]

    asyncio.run(scenario())


def test_a_newer_telling_takes_the_place_of_an_older_one(house: AgentHouse) -> None:
    """A key that changes all the time is looked at when it rests, and compared with the newest."""

    async def scenario() -> None:
        look = second_look(house)
        capture = house.capture(told=look.note)
        for number in range(1, 4):
            house.partition.set_price(number, "A", number)
            await capture.read(ORIGIN, sweep=False)
            house.clock.advance(30)
        house.partition.calls.clear()
        await look.look()
        assert house.partition.calls == []
        house.clock.advance(30)
        await look.look()
        assert house.partition.calls == ["rows"]
        assert prices(house) == [1, 2, 3]

    asyncio.run(scenario())


def test_a_failure_forgets_nothing(house: AgentHouse) -> None:
    """A broken line leaves the key due; a locked file lets the others pass and is asked later."""

    async def scenario() -> None:
        look = second_look(house)
        capture = house.capture(told=look.note)
        house.partition.set_price(1, "A", 99)
        house.partition.rows["stock"][("A", "001")] = [{"SKU": "A", "WAREHOUSE": "001", "QTY": 1}]
        house.partition.change(2, "ITMBAL", "A", "001")
        await capture.read(ORIGIN, sweep=True)
        uncommitted(house, "A", 10)
        house.partition.rows["stock"][("A", "001")] = [{"SKU": "A", "WAREHOUSE": "001", "QTY": 2}]
        house.clock.advance(60)
        house.partition.failures["rows"] = [LinkLost("08S01")]
        with pytest.raises(Retryable):
            await look.look()
        house.clock.advance(60)
        house.partition.failures["rows"] = [InUse("SQL0913: ITMPRC is in use.")]
        await look.look()
        assert [event.entity for event in house.events()] == ["price", "stock", "stock"]
        house.clock.advance(60)
        await look.look()
        assert prices(house) == [99, Decimal(10)]

    asyncio.run(scenario())


def test_it_rests_until_the_next_key_is_due(house: AgentHouse) -> None:
    """No polling: the loop sleeps as long as nothing can be due; 0 ends it at once."""

    async def scenario() -> None:
        look = second_look(house)
        task = asyncio.create_task(look.run())
        await until(lambda: house.pace.rests == [60])
        capture = house.capture(told=look.note)
        house.partition.set_price(1, "A", 99)
        await capture.read(ORIGIN, sweep=True)
        house.clock.advance(20)
        house.pace.tick()
        await until(lambda: house.pace.rests == [60, 40])
        uncommitted(house, "A", 10)
        house.clock.advance(40)
        house.pace.tick()
        await until(lambda: look.corrections == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())
