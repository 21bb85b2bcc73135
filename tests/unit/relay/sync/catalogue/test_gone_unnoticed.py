"""A product that was deleted while nobody told: what is written to it finds out, and it comes back.

No webhook, no sweep yet: the first call meets it. What must not happen is a link to a dead variant
that stays, so that everything about the item is refused for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.erp_ledger import RULES, Ledger
from tests.support.merchant import Merchant
from tests.support.shop_world import ShopWorld
from towline_sandbox.shopify.settings import SeedPriceList
from towline_shared.events import Body


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ShopWorld]:
    made = ShopWorld(tmp_path, RULES, price_lists=(SeedPriceList(name="B2B Germany"),))
    yield made
    made.close()


@pytest.mark.parametrize("entity", ["price", "stock"])
def test_the_first_write_forgets_the_dead_variant_and_the_next_item_makes_it_anew(
    world: ShopWorld, entity: str
) -> None:
    """The value is parked with a sentence, and goes on by itself when the product is there."""
    ledger, merchant = Ledger(), Merchant(world.sim)
    row = {"WEB": "Y", "GRP": "", "SIZ": "", "REL": "Y", "EAN": "1", "MAT": "steel"}
    said: dict[str, tuple[str, Body]] = {
        "price": ledger.price("AB-1", "STD", Decimal(9), Decimal(0), 0),
        "stock": ledger.stock("AB-1", "002", 8),
    }
    world.feed(ledger.item("AB-1", **row), *said.values())
    world.feed(ledger.price("AB-1", "B2B", Decimal(8), Decimal(0), 10))
    world.settle()
    merchant.act("delete", merchant.products()[0])
    world.deliver(lose=True)
    newer = {
        "price": ledger.price("AB-1", "STD", Decimal(7), Decimal(0), 0),
        "stock": ledger.stock("AB-1", "002", 4),
    }
    world.feed(newer[entity])
    world.settle()
    last = world.rows()[-1]
    assert (last.state, last.attempts) == ("parked", 1)
    assert last.reason == "The product of SKU AB-1 is gone from the shop."
    world.feed(ledger.item("AB-1", **row))
    world.settle()
    (made,) = world.ask(
        "SELECT v.price, i.available FROM variants v LEFT JOIN inventory_levels i"
        " ON i.inventory_item_id = v.inventory_item_id"
    )
    assert (made["price"], made["available"]) == (("7.00", 7) if entity == "price" else ("9.00", 3))
    assert [row["price"] for row in world.ask("SELECT price FROM list_prices")] == ["8.00"]
    assert {row.state.value for row in world.rows()} <= {"applied", "skipped", "superseded"}
