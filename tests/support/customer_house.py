"""The customers lane with rules for customers, over a shop of customers in memory."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

from tests.support.engine_house import RULES
from tests.support.fake_customers import FakeCustomers
from tests.support.store import START, StoreHouse
from towline_relay.store.base import Lease
from towline_relay.store.rows import EventQuery, EventRow, NewEvent
from towline_relay.store.uplink import new_event
from towline_relay.sync.attempt import Judge
from towline_relay.sync.intake.deliveries import customer_event
from towline_relay.sync.intents import Intents
from towline_relay.sync.people.customers import Customers
from towline_relay.sync.people.customers_lane import CustomersLane
from towline_relay.sync.rules.tenant import load_rules
from towline_shared.codec import encode
from towline_shared.events import Customer, Event, event_id

CUSTOMERS = """
[entities.customer]
when = "CUSTS == 'A'"
otherwise = "The customer is blocked in the ERP."
tag = "ERP {ERP_CUSTOMER}"
down = "always"
[entities.customer.fields]
last_name = { from = "CUNAM | trim" }
email = { from = "CUMAIL | trim" }
phone = { from = "CUTEL | trim" }
address1 = { from = "CUADR | trim" }
city = { from = "CUCTY | trim" }
note = { from = "CUNOTE | trim", owner = "shopify", create_only = true }
"""


class CustomerHouse:
    """The customers lane over a store."""

    def __init__(self, folder: Path, rules: str = CUSTOMERS) -> None:
        path = folder / "towline.toml"
        path.write_text(RULES + rules, encoding="utf-8")
        self.rules = load_rules(path)
        self.shop, self.fed, self.nudged = FakeCustomers(), 0, list[str]()
        self.house = StoreHouse(folder / "relay.db")
        self.build()

    def build(self) -> None:
        """Make the lane anew."""
        store, clock = self.house.store, self.house.clock
        assert self.rules.customer is not None
        self.lane = CustomersLane(
            tenant="t",
            store=store,
            judge=Judge(clock, random.Random(7)),
            customers=Customers(
                tenant="t",
                store=store,
                shop=self.shop,
                rules=self.rules.customer,
                clock=clock,
                intents=Intents(tenant="t", store=store),
            ),
            companies=None,
            companies_down=None,
            nudge=self.nudged.append,
        )
        self.lease: Lease | None = None

    def restart(self) -> None:
        """What kill -9 and a new process do."""
        self.shop.after.clear()
        self.house.reopen()
        self.build()

    def feed(self, number: str, **row: str) -> None:
        """Append a customer of the ERP as the link would."""
        cells = {
            "CUSTS": "A", "CUNAM": "Petersen", "CUMAIL": "p@example.com", "CUTEL": "040 1234567",
            "CUADR": "Hafen 1", "CUCTY": "Hamburg", "CUNOTE": "", **row,
        }  # fmt: skip
        self.append(Customer(number=number, row=cells), number)

    def append(self, body: Customer, key: str) -> None:
        """Append an uplink event."""
        self.fed += 1
        event = Event(event_id("test", str(self.fed)), key, "ibmi:DISTLIB/CUSMST", START, body)
        self.put(new_event(encode(event), event, tenant="t", agent="agent-1"))

    def put(self, event: NewEvent) -> None:
        asyncio.run(self.house.store.append([event]))

    def ring(self, gid: str, *, minute: int = 0, **more: str) -> None:
        """Append a reading, as the webhook does."""
        self.put(
            customer_event(
                tenant="t",
                facts={"customer": gid, **more},
                changed_at=START.replace(minute=minute),
                origin="shopify:customers/update",
                seen_at=START,
            )
        )

    async def _leased(self) -> Lease:
        if self.lease is None:
            self.lease = await self.house.store.lease(self.lane.name, owner="x", ttl_s=36000)
            assert self.lease is not None
            await self.lane.recover(self.lease)
        return self.lease

    async def turn(self) -> bool:
        """Turn once; no time passes."""
        return await self.lane.turn(await self._leased())

    def settle(self) -> None:
        """Turn until nothing is open."""

        async def work() -> None:
            while await self.turn():
                pass

        for _ in range(6):
            asyncio.run(work())
            if not any(row.state in ("pending", "waiting") for row in self.rows()):
                return
            self.house.clock.advance(400)

    def rows(self) -> list[EventRow]:
        """Return all events, oldest first."""
        found: list[EventRow] = asyncio.run(self.house.store.events(EventQuery(limit=100)))
        return found[::-1]

    def body(self, serial: int) -> str:
        """Return what stands in the file as the body of an event."""
        return self.house.database.call(
            lambda db: str(
                db.execute("SELECT body FROM event WHERE serial = ?", (serial,)).fetchone()[0]
            )
        )


def fields(house: CustomerHouse, number: str) -> Any:
    """Return what the shop's customer with a number holds."""
    (ref,) = [ref for ref in house.shop.people.values() if ref.number == number]
    return ref.fields
