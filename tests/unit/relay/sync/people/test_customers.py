"""Customers both ways, over a real store and a shop in memory: nobody is there twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.customer_house import CUSTOMERS, CustomerHouse, fields
from tests.support.engine_house import raiser
from tests.support.fake_shop import Crash
from tests.support.store import START
from towline_relay.store.rows import ConflictQuery
from towline_relay.sync.people.customers_wanted import customer_wanted
from towline_shared.codec import encode
from towline_shared.events import Customer, Delivered, Event, event_id
from towline_shared.stream_rows import LogRow


@pytest.fixture
def house(tmp_path: Path) -> Iterator[CustomerHouse]:
    house = CustomerHouse(tmp_path)
    yield house
    house.house.close()


def test_a_customer_is_made_once_and_then_kept_in_step(house: CustomerHouse) -> None:
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


def test_who_signed_up_first_is_found_by_e_mail(house: CustomerHouse) -> None:
    """The number is written to the customer that is there; nobody stands in the shop twice."""
    ref = house.shop.add(email="p@example.com", first_name="Jens", note="VIP")
    house.feed("100010", CUMAIL="P@Example.com")
    house.settle()
    assert list(house.shop.people) == [ref.gid]
    held = fields(house, "100010")
    assert (held["first_name"], held["last_name"], held["note"]) == ("Jens", "Petersen", "VIP")


def test_two_customers_of_the_erp_with_one_e_mail_stop_in_front_of_somebody(
    house: CustomerHouse,
) -> None:
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


def test_a_merge_in_the_shop_is_followed(house: CustomerHouse) -> None:
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


def test_a_crash_after_the_write_makes_nobody_twice(house: CustomerHouse) -> None:
    """The next process finds the customer by its number."""
    house.shop.after["write"] = raiser(Crash())
    house.feed("100010")
    with pytest.raises(Crash):
        house.settle()
    house.restart()
    house.settle()
    assert len(house.shop.people) == 1
    assert house.rows()[-1].state == "applied"


def test_a_blocked_or_gone_customer_deletes_nobody(house: CustomerHouse) -> None:
    """Rules leave out; what is gone stays in the shop."""
    house.feed("100010", CUSTS="B")
    house.settle()
    house.append(Customer(number="100011", gone=True), "100011")
    house.settle()
    assert [row.state for row in house.rows()] == ["skipped", "skipped"]
    assert house.shop.people == {}


def test_the_relay_forgets_what_the_erp_said_when_it_is_decided(house: CustomerHouse) -> None:
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


def test_a_customer_of_the_shop_goes_down_once_for_each_change(house: CustomerHouse) -> None:
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


def test_a_foreign_value_in_a_field_of_the_ibm_i_is_a_conflict(house: CustomerHouse) -> None:
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
    house = CustomerHouse(tmp_path, CUSTOMERS.replace('down = "always"', ""))
    house.ring(house.shop.add(email="new@example.com").gid)
    house.settle()
    assert house.house.sent() == []
    assert house.rows()[-1].state == "skipped"
    house.house.close()


def test_who_orders_goes_down_when_the_rules_say_with_orders(tmp_path: Path) -> None:
    """A change alone is not told, an order's customer is, and a refusal is seen and retried."""
    house = CustomerHouse(tmp_path, CUSTOMERS.replace('"always"', '"with_orders"'))
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


def test_what_the_erp_said_itself_does_not_come_back_to_it(house: CustomerHouse) -> None:
    """Whom it made, and what it changed of them; what the shop adds is told, and so is a foreign
    value of a field it owns, because its buyer meant it."""
    house.feed("100010")
    house.settle()
    (gid,) = house.shop.people

    def ring(minute: int, **changes: str) -> int:
        held = house.shop.people[gid]
        house.shop.people[gid] = replace(held, fields={**held.fields, **changes})
        house.ring(gid, minute=minute)
        house.settle()
        return len(house.house.sent())

    assert ring(1) == 0
    house.feed("100010", CUCTY="Kiel")
    house.settle()
    assert ring(2) == 0
    assert ring(3, note="Calls at noon") == 1
    assert ring(4, city="Atlantis") == 2
    house.feed("100010", CUCTY="Kiel")
    house.settle()
    assert fields(house, "100010")["city"] == "Kiel"
    assert ring(5) == 2
    assert ring(6, first_name="Jens") == 3


def test_a_customer_of_the_shop_that_gets_a_number_is_not_told_again(house: CustomerHouse) -> None:
    """The number is the ERP's answer to the first document."""
    ref = house.shop.add(email="p@example.com", last_name="Petersen", city="Hamburg")
    house.ring(ref.gid)
    house.settle()
    house.feed("100010")
    house.settle()
    assert house.shop.people[ref.gid].number == "100010"
    house.ring(ref.gid, minute=1)
    house.settle()
    assert len(house.house.sent()) == 1
