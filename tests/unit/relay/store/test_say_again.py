"""After an order the ERP's last stock is said again: whatever is on its way, once per cause."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.store import StoreHouse, new_event
from towline_relay.store.effects import AGAIN, Effects, Move, SayAgain
from towline_relay.store.rows import EventQuery, EventRow, LinkRow, OrderSent
from towline_relay.store.states import State
from towline_relay.sync.catalogue.decide import SetStock, Settle, decide_stock
from towline_relay.sync.rules.mapping import StockTarget

_GID = "gid://shopify/Order/1"
_LINK = LinkRow("AB-1", "product", "variant", "item", erp_key="AB-1")
_PLACES = {"Berlin": "location"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[StoreHouse]:
    """A store that holds one order of AB-1, handed over."""
    house = StoreHouse(tmp_path / "relay.db")
    sent = OrderSent(
        order_gid=_GID, serial=1, event_id="e", content="c", name="#1", agent="agent-1",
        skus=("AB-1",),
    )  # fmt: skip
    _advance(house, "t/orders", Effects(orders=(sent,), links=(_LINK,)))
    yield house
    house.close()


def _advance(house: StoreHouse, lane: str, effects: Effects) -> None:
    async def work() -> None:
        lease = await house.store.lease(lane, owner="one", ttl_s=30)
        assert lease is not None
        await house.store.advance(lease, effects)

    asyncio.run(work())


def _stock(house: StoreHouse, name: str, warehouse: str, state: State = State.PENDING) -> None:
    event = new_event(name, entity="stock", subkey=warehouse, body=f"said {name}", state=state,
                      reason="why" if state is State.PARKED else "")  # fmt: skip
    asyncio.run(house.store.append([event]))


def _again(house: StoreHouse, cause: str = "shipment-1") -> list[tuple[str, str]]:
    """Say again, and return (warehouse, body) of all copies."""
    _advance(house, "t/orders", Effects(say_again=(SayAgain(_GID, cause),)))
    rows = asyncio.run(house.store.read("t/catalogue", limit=100))
    return sorted((row.subkey, row.body) for row in rows if row.origin.startswith(AGAIN))


def test_each_warehouse_is_said_again_with_its_newest_statement(house: StoreHouse) -> None:
    """Also one that is still open: its call may be on its way at this moment."""
    _stock(house, "old", "001")
    _stock(house, "new", "001")
    _stock(house, "other", "002")
    first = asyncio.run(house.store.events(EventQuery(text="other")))[0]
    _advance(house, "t/catalogue", Effects(moves=(Move(first.serial, State.APPLIED),)))
    assert _again(house) == [("001", "said new"), ("002", "said other")]


def test_one_cause_says_it_once(house: StoreHouse) -> None:
    """A step that is repeated after a crash appends nothing more; a new cause does."""
    _stock(house, "a", "001")
    assert len(_again(house)) == 1
    assert len(_again(house)) == 1
    assert len(_again(house, "shipment-2")) == 2


def test_what_is_parked_is_not_repeated(house: StoreHouse) -> None:
    """It was never written, and its sentence stands already."""
    _stock(house, "a", "001", State.PARKED)
    assert _again(house) == []


def test_it_is_written_even_if_the_shop_was_told_the_same(house: StoreHouse) -> None:
    """Shopify has moved the figure by itself since; the same words from the ERP are dropped."""
    _stock(house, "a", "001")
    row: EventRow = asyncio.run(house.store.read("t/catalogue", limit=1))[0]
    mapped = StockTarget("on_hand", "Berlin", 10)

    def decide(row: EventRow, *, told: bool) -> object:
        first = decide_stock(row, mapped, links=[_LINK], item=None, known={}, places=_PLACES)
        assert isinstance(first, SetStock)
        known = {first.known.target: first.known} if told else {}
        return decide_stock(row, mapped, links=[_LINK], item=None, known=known, places=_PLACES)

    assert isinstance(decide(row, told=True), Settle)
    assert isinstance(decide(replace(row, origin=f"{AGAIN}shipment-1"), told=True), SetStock)


def test_an_item_a_change_brought_is_said_again_too(house: StoreHouse) -> None:
    """An exchange or an edit adds it after the hand-over; its shipment moves the shop's figure."""
    _stock(house, "a", "001")
    event = new_event("b", entity="stock", key="CH-2", subkey="001", body="said b")
    asyncio.run(house.store.append([event]))
    added = LinkRow("CH-2", "product-2", "variant-2", "item-2", erp_key="CH-2")
    brought = (_GID, ("CH-2",))
    _advance(house, "t/orders", Effects(links=(added,), added=(brought, brought)))
    assert _again(house) == [("001", "said a"), ("001", "said b")]
