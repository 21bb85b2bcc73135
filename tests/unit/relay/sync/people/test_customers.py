"""Customers both ways, over a real store and a shop in memory: nobody is there twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_house import RULES, raiser
from tests.support.fake_customers import FakeCustomers
from tests.support.fake_shop import Crash
from tests.support.store import START, StoreHouse
from towline_relay.store.base import Lease
from towline_relay.store.rows import ConflictQuery, EventQuery, EventRow, NewEvent
from towline_relay.store.uplink import new_event
from towline_relay.sync.attempt import Judge
from towline_relay.sync.intake.deliveries import customer_event
from towline_relay.sync.intents import Intents
from towline_relay.sync.people.customers import Customers
from towline_relay.sync.people.customers_lane import CustomersLane
from towline_relay.sync.people.customers_wanted import customer_wanted
from towline_relay.sync.rules.tenant import load_rules
from towline_shared.codec import encode
from towline_shared.events import Customer, Delivered, Event, event_id
from towline_shared.stream_rows import LogRow

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


class House:
    """The customers lane over a store."""

    def __init__(self, folder: Path, rules: str = CUSTOMERS) -> None:
        path = folder / "towline.toml"
        path.write_text(RULES + rules, encoding="utf-8")
        self.rules = load_rules(path)
        self.shop, self.fed, self.nudged = FakeCustomers(), 0, list[str]()
        self.house = StoreHouse(folder / "relay.db")
        self._build()

    def _build(self) -> None:
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
        self._build()

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

    def settle(self) -> None:
        """Turn until nothing is open."""

        async def work() -> None:
            if self.lease is None:
                self.lease = await self.house.store.lease(self.lane.name, owner="x", ttl_s=36000)
                assert self.lease is not None
                await self.lane.recover(self.lease)
            while await self.lane.turn(self.lease):
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


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.house.close()


def fields(house: House, number: str) -> Any:
    """Return what the shop's customer with a number holds."""
    (ref,) = [ref for ref in house.shop.people.values() if ref.number == number]
    return ref.fields


def test_a_customer_is_made_once_and_then_kept_in_step(house: House) -> None:
    """The same row again writes nothing; a changed one only what changed, and never the shop's."""
    house.feed("100010", CUNOTE="Pays late")
    house.settle()
    house.feed("100010", CUNOTE="Pays late")
    house.settle()
    assert house.shop.calls.count("write") == 1
    gid = next(iter(house.shop.people))
    assert house.shop.tags == {gid: ["ERP 100010"]}
    house.feed("100010", CUCTY="Kiel", CUNOTE="Other note")
    house.settle()
    held = fields(house, "100010")
    assert (held["city"], held["address1"], held["note"]) == ("Kiel", "Hafen 1", "Pays late")
    assert [row.state for row in house.rows()] == ["applied"] * 3


def test_who_signed_up_first_is_found_by_e_mail(house: House) -> None:
    """The number is written to the customer that is there; nobody stands in the shop twice."""
    ref = house.shop.add(email="p@example.com", first_name="Jens", note="VIP")
    house.feed("100010", CUMAIL="P@Example.com")
    house.settle()
    assert list(house.shop.people) == [ref.gid]
    held = fields(house, "100010")
    assert (held["first_name"], held["last_name"], held["note"]) == ("Jens", "Petersen", "VIP")


def test_two_customers_of_the_erp_with_one_e_mail_stop_in_front_of_somebody(house: House) -> None:
    """Both numbers are named, and no e-mail is."""
    house.feed("100010")
    house.settle()
    house.feed("100024", CUNAM="Hansen")
    house.settle()
    row = house.rows()[-1]
    assert row.state == "parked"
    assert "100010" in row.reason
    assert "100024" in row.reason
    assert "@" not in row.reason
    assert fields(house, "100010")["last_name"] == "Petersen"


def test_a_merge_in_the_shop_is_followed(house: House) -> None:
    """Merged into somebody without a number: they are ours now. With one: theirs counts."""
    house.feed("1", CUMAIL="a@example.com")
    house.feed("2", CUMAIL="b@example.com")
    house.settle()
    first, second = house.shop.people
    kept = house.shop.add(email="c@example.com")
    house.shop.people.pop(first)
    house.ring(kept.gid, merged=first)
    house.settle()
    house.feed("1", CUMAIL="c@example.com", CUCTY="Bremen")
    house.settle()
    assert fields(house, "1")["city"] == "Bremen"
    assert len(house.shop.people) == 2
    house.shop.people.pop(kept.gid)
    house.ring(second, merged=kept.gid, minute=1)
    house.settle()
    house.feed("1", CUMAIL="c@example.com", CUCTY="Kiel")
    house.settle()
    assert house.rows()[-1].reason == (
        "The shop has merged customer 1 into customer 2; the ERP's customer 2 counts there."
    )


def test_a_crash_after_the_write_makes_nobody_twice(house: House) -> None:
    """The next process finds the customer by its number."""
    house.shop.after["write"] = raiser(Crash())
    house.feed("100010")
    with pytest.raises(Crash):
        house.settle()
    house.restart()
    house.settle()
    assert len(house.shop.people) == 1
    assert house.rows()[-1].state == "applied"


def test_a_blocked_or_gone_customer_deletes_nobody(house: House) -> None:
    """Rules leave out; what is gone stays in the shop."""
    house.feed("100010", CUSTS="B")
    house.settle()
    house.append(Customer(number="100011", gone=True), "100011")
    house.settle()
    assert [row.state for row in house.rows()] == ["skipped", "skipped"]
    assert house.shop.people == {}


def test_the_relay_forgets_what_the_erp_said_when_it_is_decided(house: House) -> None:
    """No copy of a person outlives its use, and no intent, reason or conflict holds a value."""
    house.feed("100010")
    house.settle()
    house.ring(next(iter(house.shop.people)))
    house.settle()
    assert house.body(house.rows()[0].serial) == ""
    dump = house.house.database.call(
        lambda db: "\n".join(
            str(tuple(row))
            for table in ("event", "event_history", "intent", "conflict", "known", "written")
            for row in db.execute(f"SELECT * FROM {table}")
        )
    )
    assert not any(value in dump for value in ("Petersen", "example.com", "Hafen", "1234567"))


def test_a_customer_of_the_shop_goes_down_once_for_each_change(house: House) -> None:
    """Our own writes and repeated webhooks give no second document."""
    ref = house.shop.add(email="new@example.com", last_name="Neu")
    for minute in range(3):
        house.ring(ref.gid, minute=minute)
        house.settle()
    assert len(house.house.sent()) == 1
    assert house.nudged == ["agent-1"]
    house.shop.people[ref.gid] = replace(ref, fields={**ref.fields, "city": "Kiel"})
    house.ring(ref.gid, minute=9)
    house.settle()
    assert len(house.house.sent()) == 2
    assert [row.state for row in house.rows() if row.reason.startswith("Handed")] == [
        "applied", "sent", "applied", "sent",
    ]  # fmt: skip


def test_a_foreign_value_in_a_field_of_the_ibm_i_is_a_conflict(house: House) -> None:
    """It is logged without the values, and the ERP's next statement overwrites it."""
    house.feed("100010")
    house.settle()
    (gid,) = house.shop.people
    held = house.shop.people[gid]
    house.shop.people[gid] = replace(held, fields={**held.fields, "city": "Atlantis"})
    house.ring(gid)
    house.settle()
    (row,) = asyncio.run(house.house.store.conflicts(ConflictQuery("t")))
    conflict = row.conflict
    assert (conflict.entity, conflict.key, conflict.theirs) == ("customer", "100010", "(not shown)")
    house.feed("100010")
    house.settle()
    assert fields(house, "100010")["city"] == "Hamburg"


def test_without_the_rule_nobody_goes_down(tmp_path: Path) -> None:
    """The default tells the ERP of no customer by itself."""
    house = House(tmp_path, CUSTOMERS.replace('down = "always"', ""))
    house.ring(house.shop.add(email="new@example.com").gid)
    house.settle()
    assert house.house.sent() == []
    assert house.rows()[-1].state == "skipped"
    house.house.close()


def test_who_orders_goes_down_when_the_rules_say_with_orders(tmp_path: Path) -> None:
    """A change alone is not told, an order's customer is, and a refusal is seen and retried."""
    house = House(tmp_path, CUSTOMERS.replace('"always"', '"with_orders"'))
    ref = house.shop.add(email="new@example.com", last_name="Neu")
    house.ring(ref.gid)
    house.settle()
    assert house.house.sent() == []
    order = customer_wanted("t", ref.gid, "gid://shopify/Order/1", house.rows()[0])
    house.put(order)
    house.settle()
    ((_, stream, document),) = house.house.sent()
    assert stream == "orders"
    report = Delivered(document, "refused", "Column EMAIL is too short.")
    event = Event(event_id("report"), ref.gid, "agent:orders", START, report)
    told = [LogRow(1, encode(event), event.id, "delivered", event.key, b"", START)]
    house.house.database.call(lambda db: house.house.store.received(db, "agent-1", "results", told))
    (row,) = [one for one in house.rows() if one.id == document]
    assert (row.state, row.reason) == (
        "parked", "The IBM i refused the customer: Column EMAIL is too short.",
    )  # fmt: skip
    assert asyncio.run(house.house.store.retry("t", document))
    house.settle()
    assert [sent for _, _, sent in house.house.sent()] == [document, document]
    house.house.close()
