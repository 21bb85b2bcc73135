"""Complaint 9: a full stock sync takes hours.

https://github.com/microsoft/BCApps/issues/6395 and https://github.com/microsoft/BCApps/issues/5109:
every run sends every quantity. Here changes are sent, a full statement costs only what differs, and
a great difference is one bulk operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine_house import EngineHouse, stock
from towline_relay.sync.bulk.plan import by_calls, in_bulk, is_cheaper

COUNT = 1500


@pytest.fixture
def house(tmp_path: Path) -> Iterator[EngineHouse]:
    made = EngineHouse(tmp_path, bulk_from=1000)
    for number in range(COUNT):
        made.shop.add_variant(f"AB-{number}")
    yield made
    made.close()


def turns(house: EngineHouse, count: int = 30) -> None:
    """Let the lane work until nothing is open."""
    for _ in range(count):
        house.turn()
        house.house.clock.advance(4)
        left = house.run(house.store.counts("t"))
        if not any(c.state.value in ("pending", "waiting") for c in left):
            return
    raise AssertionError("The stocks did not come to rest.")


def test_a_full_statement_is_one_run_and_its_repetition_nothing(house: EngineHouse) -> None:
    """1,500 quantities: one upload, one start; told again: not one write."""
    house.feed(*(stock(f"AB-{n}", n + 1) for n in range(COUNT)))
    turns(house)
    assert house.shop.count("set_quantities") == 0
    assert [op.kind for op in house.bulk.operations.values()] == ["prices", "stock"]
    assert all(house.shop.available(f"AB-{n}") == n + 1 for n in range(COUNT))
    house.feed(*(stock(f"AB-{n}", n + 1) for n in range(COUNT)))
    for _ in range(10):
        house.turn()
        house.house.clock.advance(4)
    assert house.shop.count("set_quantities") == 0
    assert len(house.bulk.operations) == 2


def test_a_full_statement_costs_what_differs(house: EngineHouse) -> None:
    """A reconciliation that finds three differences writes three quantities, in one call."""
    house.feed(*(stock(f"AB-{n}", n + 1) for n in range(COUNT)))
    turns(house)
    house.feed(*(stock(f"AB-{n}", n + (2 if n < 3 else 1)) for n in range(COUNT)))
    for _ in range(10):
        house.turn()
        house.house.clock.advance(4)
    assert house.shop.available("AB-1") == 3
    assert house.shop.count("set_quantities") == 1
    assert [op.kind for op in house.bulk.operations.values()].count("stock") == 1


@pytest.mark.parametrize(
    ("kind", "few", "many"), [("create", 2, 1000), ("price", 2, 1000), ("stock", 1000, 2000)]
)
def test_bulk_is_used_where_it_is_cheaper(kind: str, few: int, many: int) -> None:
    """A run must save half of the points; quantities go 250 a call, so they need more of them."""
    assert not is_cheaper(kind, few)
    assert is_cheaper(kind, many)


def test_the_cost_of_a_run_does_not_grow_with_its_lines() -> None:
    """100,000 products by calls take 200,000 calls; in bulk ten."""
    assert by_calls("create", 100_000).calls == 200_000
    assert in_bulk("create", 100_000) == in_bulk("create", 10)
    assert in_bulk("create", 300_000).calls == 3 * in_bulk("create", 10).calls
    assert (in_bulk("create", 10) + in_bulk("stock", 10)).calls == 20
