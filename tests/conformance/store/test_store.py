"""What every Store must do; parametrised over implementations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.conformance.store.store_house import LANE, ORDERS, delivery, house, run, states, take
from tests.support.store import START, StoreHouse, new_event
from towline_relay.store.effects import Effects, Intent, IntentClose, Move, OrderAnswer
from towline_relay.store.rows import (
    Conflict,
    ConflictQuery,
    ConflictRow,
    EventQuery,
    ItemRow,
    Known,
    LinkRow,
    Observed,
    OrderSent,
)
from towline_relay.store.states import State
from towline_shared.errors import Misuse

__all__ = ["house"]


def test_append_is_idempotent_by_id(house: StoreHouse) -> None:
    """The same event appended twice is one row."""
    assert run(house.store.append([new_event("a"), new_event("b")])) == 2
    assert run(house.store.append([new_event("a"), new_event("c")])) == 1
    assert [row.id for row in run(house.store.read(LANE, limit=10))] == ["a", "b", "c"]


def test_read_gives_due_events_in_order_of_serial(house: StoreHouse) -> None:
    """A waiting event is read only when its time has come, then in its old place."""
    run(house.store.append([new_event("a"), new_event("b")]))
    first = run(house.store.read(LANE, limit=10))[0]
    later = START + timedelta(seconds=60)
    wait = Move(first.serial, State.WAITING, "The shop is busy.", due_at=later, failed=True)
    run(house.store.advance(take(house), Effects(moves=(wait,))))
    assert [row.id for row in run(house.store.read(LANE, limit=10))] == ["b"]
    assert run(house.store.next_due(LANE)) == later
    house.clock.advance(60)
    assert [(row.id, row.attempts) for row in run(house.store.read(LANE, limit=10))] == [
        ("a", 1),
        ("b", 0),
    ]


def test_the_uplink_backlog_counts_what_agents_sent_and_nobody_decided(house: StoreHouse) -> None:
    """Not what comes from the shop, is over, waits for a later moment, or for another tenant."""
    earlier = START - timedelta(hours=1)
    events = [
        new_event("done"),
        new_event("later"),
        new_event("due"),
        replace(new_event("down", entity="order", lane=ORDERS), direction="down"),
        replace(new_event("up", entity="shipment", lane=ORDERS), seen_at=earlier),
        replace(new_event("other", lane="o/catalogue"), tenant="o"),
    ]
    run(house.store.append(events))
    serial = {row.id: row.serial for row in run(house.store.events(EventQuery()))}
    moves = (
        Move(serial["done"], State.APPLIED),
        Move(serial["later"], State.WAITING, "later", due_at=START + timedelta(hours=1)),
    )
    run(house.store.advance(take(house), Effects(moves=moves)))
    found = run(house.store.uplink_backlog("t"))
    assert [(each.lane, each.count) for each in found] == [(LANE, 1), (ORDERS, 1)]
    assert found[1].oldest == earlier
    house.clock.advance(3600)
    assert run(house.store.uplink_backlog("t"))[0].count == 2


def test_intents_survive_a_restart(house: StoreHouse) -> None:
    """A call whose outcome is unknown is found again with its exact variables."""
    intent = Intent("key-1", "set_quantities", '{"quantities":[1,2]}', (7, 8), generation=1)
    run(house.store.advance(take(house), Effects(opened=(intent,))))
    house.reopen()
    assert run(house.store.open_intents(LANE)) == [intent]
    run(house.store.advance(take(house), Effects(closed=(IntentClose("key-1", "done"),))))
    assert run(house.store.open_intents(LANE)) == []


def test_known_and_written(house: StoreHouse) -> None:
    """The last value is known; earlier ones are still recognised; forgetting goes by prefix."""
    lease = take(house)
    for value in ("1", "2"):
        known = Known("stock", "item|loc|available", f"h{value}", value)
        run(house.store.advance(lease, Effects(known=(known,))))
    target = "item|loc|available"
    assert run(house.store.known("t", "stock", [target]))[target].value == "2"
    assert run(house.store.was_written("t", "stock", target, "h1"))
    assert not run(house.store.was_written("t", "stock", target, "h3"))
    run(house.store.advance(lease, Effects(forget=(("stock", "item|"),))))
    assert run(house.store.known("t", "stock", [target])) == {}


def test_links_are_found_by_folded_sku_and_keep_their_claim(house: StoreHouse) -> None:
    """Reading the shop again does not lose which ERP key a variant belongs to."""
    link = LinkRow(" Ab-1", "gid://p", "gid://v", "gid://i", "DRAFT")
    run(house.store.put_links("t", [link]))
    run(house.store.advance(take(house), Effects(claims=(("gid://v", "AB-1"),))))
    run(house.store.put_links("t", [link]))
    found = run(house.store.links("t", ["aB-1 ", "ZZ"]))
    assert list(found) == ["ab-1"]
    assert found["ab-1"][0].erp_key == "AB-1"
    assert run(house.store.links("other", ["AB-1"])) == {}


def test_items_remember_what_was_decided(house: StoreHouse) -> None:
    """An item that was left out is found by its exact key."""
    row = ItemRow("AB-1", "left out", "Not for the web.")
    run(house.store.advance(take(house), Effects(items=(row,))))
    assert run(house.store.items("t", ["AB-1", "ab-1"])) == {"AB-1": row}


def test_a_delivery_is_kept_once_by_id_and_by_body(house: StoreHouse) -> None:
    """A repeat under the same id, and a repeat under another id, give one event."""
    event = new_event("o", entity="order", key="gid://o", lane=ORDERS)
    assert run(house.store.put_delivery(delivery("w1", "h1", outcome="order", event=event)))
    assert not run(house.store.put_delivery(delivery("w1", "h2", outcome="order", event=event)))
    assert not run(house.store.put_delivery(delivery("w2", "h1", outcome="order", event=event)))
    assert len(run(house.store.read(ORDERS, limit=9))) == 1
    assert run(house.store.echoes("t")) == {"order": 1}


def test_deliveries_wait_until_they_are_observed(house: StoreHouse) -> None:
    """A delivery that is no event is looked at once and then counted."""
    run(house.store.put_delivery(delivery("w1", "h1")))
    row = run(house.store.deliveries("t", limit=9))[0]
    seen = Observed(row.id, "own write", "price 9.90")
    conflict = Conflict("price", "AB-1", "price", "9.90", "1.00", "products/update", "kept ours")
    run(house.store.advance(take(house), Effects(observed=(seen,), conflicts=(conflict,))))
    assert run(house.store.deliveries("t", limit=9)) == []
    assert run(house.store.echoes("t")) == {"own write": 1}
    assert run(house.store.conflicts(ConflictQuery("t"))) == [ConflictRow(1, START, "t", conflict)]


def test_an_order_is_handed_over_once(house: StoreHouse) -> None:
    """The second hand-over of a gid fails as a whole step."""
    run(house.store.append([new_event("o", entity="order", key="gid://o", lane=ORDERS)]))
    serial = run(house.store.read(ORDERS, limit=1))[0].serial
    lease = take(house, ORDERS)
    order = OrderSent("gid://o", serial, "down-1", "hash", "#1001", "agent-1")
    sent = Effects(orders=(order,), moves=(Move(serial, State.SENT),))
    run(house.store.advance(lease, sent))
    with pytest.raises(Misuse, match="handed over before"):
        run(house.store.advance(lease, Effects(orders=(order,))))
    answer = OrderAnswer("gid://o", "accepted", "4711")
    run(house.store.advance(lease, Effects(answers=(answer,))))
    found = run(house.store.order("t", "gid://o"))
    assert found is not None
    assert (found.outcome, found.erp_order) == ("accepted", "4711")


def test_history_tells_every_step(house: StoreHouse) -> None:
    """One page can say what became of an event, with times and sentences."""
    run(house.store.append([new_event("a")]))
    row = run(house.store.read(LANE, limit=1))[0]
    house.clock.advance(5)
    run(house.store.advance(take(house), Effects(moves=(Move(row.serial, State.PARKED, "No."),))))
    steps = run(house.store.history("a"))
    assert [(step.state, step.reason) for step in steps] == [
        (State.PENDING, ""),
        (State.PARKED, "No."),
    ]
    assert steps[1].at - steps[0].at == timedelta(seconds=5)


def test_events_are_searched_for_people(house: StoreHouse) -> None:
    """Filters combine; pages go backwards by serial."""
    run(
        house.store.append(
            [
                new_event("a"),
                new_event("b", key="XY-2", state=State.PARKED, reason="Unknown SKU XY-2."),
                new_event("c", entity="stock"),
            ]
        )
    )
    asked = [
        EventQuery(states=(State.PARKED,)),
        EventQuery(text="unknown sku"),
        EventQuery(key="XY-2", entity="price"),
    ]
    for query in asked:
        assert [row.id for row in run(house.store.events(query))] == ["b"]
    newest = run(house.store.events(EventQuery(limit=2)))
    assert [row.id for row in newest] == ["c", "b"]
    before = EventQuery(before=newest[-1].serial)
    assert [row.id for row in run(house.store.events(before))] == ["a"]
    assert {(c.state, c.entity): c.count for c in run(house.store.counts("t"))} == {
        (State.PENDING, "price"): 1,
        (State.PARKED, "price"): 1,
        (State.PENDING, "stock"): 1,
    }


def test_trim_keeps_the_newest_of_each_key_and_all_that_is_open(house: StoreHouse) -> None:
    """What the ERP said last about an item is never forgotten."""
    run(house.store.append([new_event("old"), new_event("new"), new_event("z", key="Z")]))
    lease = take(house)
    for row in run(house.store.read(LANE, limit=2)):
        run(house.store.advance(lease, Effects(moves=(Move(row.serial, State.APPLIED),))))
    house.clock.advance(1000)
    assert run(house.store.trim(before=house.clock.now())) > 0
    assert states(house) == {"new": "applied", "z": "pending"}
    found = run(house.store.latest("t", "price", ["AB-1"]))
    assert found["AB-1"].id == "new"


def test_timers_are_kept(house: StoreHouse) -> None:
    """A cursor is there after a restart."""
    assert run(house.store.timer("sweep")) is None
    run(house.store.set_timer("sweep", "2026-11-23T08:00:00Z"))
    run(house.store.advance(take(house), Effects(timers={"other": "1"})))
    house.reopen()
    assert run(house.store.timer("sweep")) == "2026-11-23T08:00:00Z"
    assert run(house.store.timer("other")) == "1"
