"""Who may work a lane, and in what order its events are worked."""

from __future__ import annotations

import pytest

from tests.conformance.store.store_house import LANE, ORDERS, house, run, states, take
from tests.support.store import StoreHouse, new_event
from towline_relay.store.base import LeaseLost
from towline_relay.store.effects import Effects, Intent, Move, Release, Supersede
from towline_relay.store.rows import Known
from towline_relay.store.states import State
from towline_shared.errors import Misuse

__all__ = ["house"]


def test_a_lane_has_one_owner(house: StoreHouse) -> None:
    """A second owner waits for the lease to end; taking it over raises the epoch."""
    mine = take(house)
    assert run(house.store.lease(LANE, owner="two", ttl_s=30)) is None
    assert take(house).epoch == mine.epoch
    house.clock.advance(31)
    theirs = take(house, owner="two")
    assert theirs.epoch == mine.epoch + 1


def test_a_stale_epoch_changes_nothing(house: StoreHouse) -> None:
    """Who lost the lane writes nothing, not even a part."""
    run(house.store.append([new_event("a")]))
    row = run(house.store.read(LANE, limit=1))[0]
    mine = take(house)
    house.clock.advance(31)
    take(house, owner="two")
    effects = Effects(
        moves=(Move(row.serial, State.APPLIED),), known=(Known("price", "gid://1", "h", "9.90"),)
    )
    with pytest.raises(LeaseLost):
        run(house.store.advance(mine, effects))
    assert states(house) == {"a": "pending"}
    assert run(house.store.known("t", "price", ["gid://1"])) == {}


def test_a_lane_given_back_is_free_at_once(house: StoreHouse) -> None:
    """A graceful stop leaves no lease to wait for."""
    run(house.store.release_lane(take(house)))
    assert take(house, owner="two").epoch == 2


def test_a_restart_ends_all_leases(house: StoreHouse) -> None:
    """After kill -9 the next process works at once, with a higher epoch."""
    assert take(house, owner="dead").epoch == 1
    house.reopen()
    assert take(house, owner="next").epoch == 2


def test_advance_is_all_or_nothing(house: StoreHouse) -> None:
    """An illegal move undoes everything else of the same step."""
    run(house.store.append([new_event("a")]))
    row = run(house.store.read(LANE, limit=1))[0]
    effects = Effects(
        opened=(Intent("i", "set_prices", "{}", (row.serial,)),),
        moves=(Move(row.serial, State.ON_SITE),),
    )
    with pytest.raises(Misuse, match="from pending to on_site"):
        run(house.store.advance(take(house), effects))
    assert run(house.store.open_intents(LANE)) == []


@pytest.mark.parametrize("state", [State.PARKED, State.SKIPPED, State.SUPERSEDED])
def test_a_closed_event_has_a_reason(house: StoreHouse, state: State) -> None:
    """No event ends without a sentence."""
    run(house.store.append([new_event("a")]))
    row = run(house.store.read(LANE, limit=1))[0]
    with pytest.raises(Misuse, match="without a reason"):
        run(house.store.advance(take(house), Effects(moves=(Move(row.serial, state),))))


def test_supersede_closes_older_ones_of_the_same_value(house: StoreHouse) -> None:
    """Pending, waiting and parked ones go; another warehouse stays."""
    run(
        house.store.append(
            [
                new_event("old", entity="stock", subkey="001"),
                new_event("parked", entity="stock", subkey="001", state=State.PARKED, reason="?"),
                new_event("other", entity="stock", subkey="002"),
                new_event("new", entity="stock", subkey="001"),
            ]
        )
    )
    serial = run(house.store.read(LANE, limit=10))[-1].serial
    effects = Effects(
        supersede=(Supersede("stock", "AB-1", "001", serial),),
        moves=(Move(serial, State.APPLIED),),
    )
    run(house.store.advance(take(house), effects))
    assert states(house) == {
        "old": "superseded",
        "parked": "superseded",
        "other": "pending",
        "new": "applied",
    }


def test_release_brings_back_what_waits_for_it(house: StoreHouse) -> None:
    """A price parked for its item is pending again when the item is there."""
    run(house.store.append([new_event("a"), new_event("b", key="ZZ")]))
    lease = take(house)
    for row in run(house.store.read(LANE, limit=10)):
        waits_for = f"item:{row.key.lower()}"
        park = Move(row.serial, State.PARKED, "No such SKU in the shop.", waits_for=waits_for)
        run(house.store.advance(lease, Effects(moves=(park,))))
    run(house.store.advance(lease, Effects(release=(Release("item:ab-1"),))))
    assert states(house) == {"a": "pending", "b": "parked"}


def test_orders_are_not_overtaken(house: StoreHouse) -> None:
    """A shipment waits for the parked result of its order; another order flows on."""
    run(
        house.store.append(
            [
                new_event("r1", key="o1", entity="order_result", lane=ORDERS),
                new_event("s1", key="o1", entity="shipment", subkey="S1", lane=ORDERS),
                new_event("r2", key="o2", entity="order_result", lane=ORDERS),
            ]
        )
    )
    lease = take(house, ORDERS)
    first = run(house.store.read(ORDERS, limit=10))[0]
    run(house.store.advance(lease, Effects(moves=(Move(first.serial, State.PARKED, "No."),))))
    assert [row.id for row in run(house.store.read(ORDERS, limit=10))] == ["r2"]
    assert run(house.store.retry("t", "r1"))
    assert [row.id for row in run(house.store.read(ORDERS, limit=10))] == ["r1", "s1", "r2"]


def test_a_parked_row_does_not_hold_back_its_own_next_reading(house: StoreHouse) -> None:
    """The same row of the ERP, corrected and read again, is what heals it."""
    run(
        house.store.append(
            [
                new_event(
                    "bad", key="o1", entity="order_result", lane=ORDERS,
                    state=State.PARKED, reason="unreadable",
                ),
                new_event(
                    "no", key="o1", entity="order", lane=ORDERS,
                    state=State.PARKED, reason="refused",
                ),
                new_event("good", key="o1", entity="order_result", lane=ORDERS),
            ]
        )
    )  # fmt: skip
    assert [row.id for row in run(house.store.read(ORDERS, limit=10))] == ["good"]
