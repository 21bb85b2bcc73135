"""A relay's store, lanes and a shop in memory: what engine tests turn, one turn at a time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from tests.support.fake_bulk import FakeBulk
from tests.support.fake_shop import FakeShop
from tests.support.store import START, StoreHouse
from towline_relay.store.base import Lease
from towline_relay.store.export_book import ExportBook
from towline_relay.store.rows import EventQuery, EventRow, NewEvent
from towline_relay.store.uplink import new_event
from towline_relay.sync.attempt import Judge
from towline_relay.sync.bulk.collect import FileLimits
from towline_relay.sync.bulk.lane import BulkLane
from towline_relay.sync.bulk.slots import Slots
from towline_relay.sync.catalogue.lane import CatalogueLane
from towline_relay.sync.exports.runner import Exports
from towline_relay.sync.intake.deliveries import order_event
from towline_relay.sync.orders.handover import HandOver
from towline_relay.sync.orders.lane import OrdersLane
from towline_relay.sync.rules.bulk import BulkRules
from towline_relay.sync.rules.tenant import Rules, load_rules
from towline_relay.sync.sweeps.picture import PICTURE, PictureTaker
from towline_shared.codec import encode
from towline_shared.events import (
    Body,
    Event,
    Item,
    OrderResult,
    Price,
    Shipment,
    ShipmentLine,
    Stock,
    event_id,
)

T = TypeVar("T")
RULES = """
version = 1
[entities.item]
when = "ITWEB == 'Y'"
otherwise = "Not for the web."
[entities.item.fields]
title = { from = "ITDSC | trim", create_only = true }
barcode = { from = "ITEAN | trim" }
[entities.price]
list = "STD"
[entities.price.fields]
price = { from = "IPPRC" }
[entities.stock]
name = "available"
quantity = "max(0, IBQOH - IBQAL)"
[entities.stock.locations]
"001" = "Berlin warehouse"
"""


@dataclass
class EngineHouse:
    """Everything below the loops; ``restart`` is what kill -9 and a new process do."""

    folder: Path
    shop: FakeShop = field(default_factory=FakeShop)
    nudged: list[str] = field(default_factory=list)
    fed: int = 0
    bulk_from: int = 0  # 0: nothing goes in bulk
    limits: FileLimits = field(default_factory=FileLimits)

    def __post_init__(self) -> None:
        path = self.folder / "towline.toml"
        path.write_text(RULES, encoding="utf-8")
        self.rules: Rules = load_rules(path)
        self.house = StoreHouse(self.folder / "relay.db")
        self.bulk = FakeBulk(self.shop)
        self._build()

    @property
    def store(self) -> Any:
        return self.house.store

    def _build(self) -> None:
        clock, store = self.house.clock, self.house.store
        judge = Judge(clock, random.Random(7))
        self.exports = Exports(
            tenant="t",
            book=ExportBook(self.house.database, clock=clock),
            shop=self.bulk,
            clock=clock,
            judge=judge,
            slots=Slots(3),
            takers={PICTURE: PictureTaker("t")},
            patience_s=0.001,
        )
        bulk = BulkLane(
            tenant="t",
            store=store,
            shop=self.bulk,
            rules=BulkRules(least=self.bulk_from),
            clock=clock,
            judge=judge,
            lists=self.rules.price.lists if self.rules.price else {},
            limits=self.limits,
            exports=self.exports,
        )
        self.catalogue = CatalogueLane(
            tenant="t",
            store=store,
            shop=self.shop,
            rules=self.rules,
            clock=clock,
            judge=judge,
            bulk=bulk if self.bulk_from else None,
        )
        self.orders = OrdersLane(
            tenant="t",
            store=store,
            shop=self.shop,
            rules=self.rules,
            judge=judge,
            hand_over=HandOver(
                tenant="t",
                store=store,
                shop=self.shop,
                rules=self.rules,
                clock=clock,
                nudge=self.nudged.append,
            ),
            places=lambda warehouse: "",
        )
        self._leases: dict[str, Lease] = {}

    def restart(self) -> None:
        """Open the file again in new lanes, which recover before they work."""
        self.shop.before.clear()
        self.shop.after.clear()
        self.bulk.before.clear()
        self.bulk.after.clear()
        self.house.reopen()
        self._build()

    def close(self) -> None:
        self.house.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)

    def turn(self, times: int = 1) -> None:
        """Let both lanes work; the first time they recover."""

        async def work() -> None:
            for lane in (self.catalogue, self.orders):
                if lane.name not in self._leases:
                    lease = await self.store.lease(lane.name, owner="test", ttl_s=3600)
                    assert lease is not None
                    self._leases[lane.name] = lease
                    await lane.recover(lease)
                for _ in range(times):
                    self.house.clock.advance(
                        1
                    )  # what was heard of in one second is read in the next
                    await lane.turn(self._leases[lane.name])

        self.run(work())

    def settle(self) -> None:
        """Turn until nothing is open; time passes for what waits."""
        for _ in range(12):
            self.turn()
            if not any(row.state in ("pending", "waiting") for row in self.rows()):
                return
            self.house.clock.advance(400)
        raise AssertionError([(row.entity, row.key, row.state, row.reason) for row in self.rows()])

    # -- what the IBM i and the shop send

    def feed(self, *bodies: tuple[str, Body]) -> None:
        """Append uplink events as the link would."""
        new: list[NewEvent] = []
        for key, body in bodies:
            self.fed += 1
            event = Event(
                id=event_id("test", str(self.fed)),
                key=key,
                origin="ibmi:DISTLIB/TEST",
                seen_at=START,
                body=body,
            )
            new.append(new_event(encode(event), event, tenant="t", agent="agent-1"))
        self.run(self.store.append(new))

    def ring(self, gid: str, *, minute: int = 0) -> None:
        """Append a reading of an order, as a webhook or the sweep does."""
        moment = START.replace(minute=minute)
        event = order_event(
            tenant="t", gid=gid, updated_at=moment, origin="shopify:orders/create", seen_at=START
        )
        self.run(self.store.append([event]))

    # -- what is seen

    def rows(self, entity: str = "") -> list[EventRow]:
        """Return events, oldest first."""
        found: list[EventRow] = self.run(self.store.events(EventQuery(entity=entity, limit=1000)))
        return found[::-1]

    def states(self, entity: str = "") -> list[str]:
        """Return states, oldest first."""
        return [row.state.value for row in self.rows(entity)]

    def last(self, entity: str) -> EventRow:
        """Return the newest event of an entity."""
        return self.rows(entity)[-1]


def item(sku: str, *, web: str = "Y") -> tuple[str, Body]:
    return sku, Item(sku, row={"ITWEB": web, "ITDSC": f"Item {sku}", "ITEAN": ""})


def price(sku: str, amount: str = "9.90", *, price_list: str = "STD") -> tuple[str, Body]:
    return sku, Price(sku, price_list=price_list, row={"IPPRC": Decimal(amount)})


def stock(sku: str, on_hand: int = 10, *, warehouse: str = "001") -> tuple[str, Body]:
    return sku, Stock(sku, warehouse, row={"IBQOH": Decimal(on_hand), "IBQAL": Decimal(0)})


def result(gid: str, outcome: str = "accepted", **more: Any) -> tuple[str, Body]:
    return gid, OrderResult(gid, outcome, **more)


def shipment(gid: str, number: str = "S1", quantity: int = 2) -> tuple[str, Body]:
    lines = (ShipmentLine(f"{gid}/line", quantity),)
    return gid, Shipment(number, gid, "001", lines, "DHL", (f"JJD-{number}",))


Raiser = Callable[[], None]


def raiser(error: BaseException, *, times: int = 1) -> Raiser:
    """Return something that raises the first times it is called."""
    left = [times]

    def run() -> None:
        if left[0]:
            left[0] -= 1
            raise error

    return run


def sentence(row: EventRow) -> str:
    """Check that a stopped event says why in one sentence, and return it."""
    assert row.reason.endswith(".")
    assert len(row.reason) > 20
    return row.reason
