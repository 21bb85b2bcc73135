"""What tests of the bulk lane share: a load, time that passes, and the books held together."""

from __future__ import annotations

from decimal import Decimal

from tests.support.engine_house import EngineHouse, item, price, stock
from tests.support.fake_shop import Crash
from towline_relay.store.bulk import BulkRun

MANY = 30
__all__ = ["MANY", "complete", "crash_or_turn", "load", "runs", "settle", "started"]


def load(house: EngineHouse, count: int = MANY) -> None:
    """Feed a catalogue as the agent loads it: items, prices, stocks."""
    skus = [f"AB-{number}" for number in range(count)]
    house.feed(*(item(sku) for sku in skus))
    house.feed(*(price(sku, f"{n + 1}.50") for n, sku in enumerate(skus)))
    house.feed(*(stock(sku, n + 1) for n, sku in enumerate(skus)))


def settle(house: EngineHouse, *, most: int = 60) -> None:
    """Turn until nothing is open; a little time passes at each turn, as in life."""
    for _ in range(most):
        house.turn()
        if not any(row.state in ("pending", "waiting") for row in house.rows()):
            return
        house.house.clock.advance(4)
    raise AssertionError([(r.entity, r.key, r.state, r.reason) for r in house.rows()][:5])


def complete(house: EngineHouse, count: int = MANY) -> None:
    """Every item is there once, at its price, with its stock, and every event says so."""
    assert sorted(ref.sku for ref in house.shop.catalogue.values()) == sorted(
        f"AB-{number}" for number in range(count)
    )
    for number in range(count):
        assert house.shop.by_sku(f"AB-{number}").price == Decimal(f"{number + 1}.50")
        assert house.shop.available(f"AB-{number}") == number + 1
    assert set(house.states()) <= {"applied", "skipped"}


def runs(house: EngineHouse, kind: str = "") -> list[BulkRun]:
    """Return the runs that are over."""
    found = house.run(house.store.bulk_runs("t/catalogue", over=True))
    return [run for run in found if kind in ("", run.kind)]


def started(house: EngineHouse, kind: str) -> int:
    """Return how many operations of a kind the shop has seen."""
    return [operation.kind for operation in house.bulk.operations.values()].count(kind)


def crash_or_turn(house: EngineHouse, *, most: int = 20) -> bool:
    """Turn until the process dies; false when it never does."""
    for _ in range(most):
        try:
            house.turn()
        except Crash:
            return True
        house.house.clock.advance(4)
    return False
