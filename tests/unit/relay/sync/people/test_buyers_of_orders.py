"""Whose order is handed over is told too, when the rules say with_orders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.company_house import COMPANIES
from tests.support.customer_house import CUSTOMERS
from tests.support.engine_house import RULES, EngineHouse
from tests.support.fake_shop import shop_order
from towline_relay.sync.rules.tenant import load_rules

GID = "gid://shopify/Order/1"
COMPANY, CUSTOMER = "gid://shopify/Company/5", "gid://shopify/Customer/6"
B2B = {
    "__typename": "PurchasingCompany",
    "company": {"id": COMPANY, "name": "Neu KG", "externalId": None},
    "location": {"id": "gid://shopify/CompanyLocation/7", "name": "Ulm", "externalId": None},
    "contact": {"id": "gid://shopify/CompanyContact/8"},
}


def built(folder: Path, down: str) -> EngineHouse:
    """Build the lanes with rules for both."""
    house = EngineHouse(folder)
    company = COMPANIES.replace("place =", f'down = "{down}"\nplace =')
    path = folder / "people.toml"
    customer = CUSTOMERS.replace('down = "always"', f'down = "{down}"')
    path.write_text(RULES + customer + company, encoding="utf-8")
    house.rules = load_rules(path)
    house._build()
    return house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[EngineHouse]:
    """Both are told with their orders."""
    house = built(tmp_path, "with_orders")
    yield house
    house.close()


def buy(house: EngineHouse, **changes: Any) -> list[tuple[str, str]]:
    """Place an order, ring for it twice, and return who is to be told."""
    house.shop.orders[GID] = shop_order(GID, **changes)
    for minute in range(2):
        house.ring(GID, minute=minute)
        house.turn(2)
    return [(row.entity, row.key) for row in house.rows() if row.entity in ("customer", "company")]


def test_the_company_that_bought_and_who_ordered_are_told_once(house: EngineHouse) -> None:
    """In the commit of the hand-over; the order waits for neither."""
    customer = {"id": CUSTOMER, "displayName": "Anna P"}
    told = buy(house, customer=customer, purchasingEntity=B2B)
    assert sorted(told) == [("company", COMPANY), ("customer", CUSTOMER)]
    assert house.states("order")[0] == "sent"


def test_a_consumer_has_no_company(house: EngineHouse) -> None:
    """Only the customer is told; of a guest's order nobody."""
    assert buy(house, customer={"id": CUSTOMER, "displayName": "Anna P"}) == [
        ("customer", CUSTOMER)
    ]


@pytest.mark.parametrize("down", ["never", "always"])
def test_by_other_rules_an_order_rings_for_nobody(tmp_path: Path, down: str) -> None:
    """Never is never, and always has a webhook of its own."""
    house = built(tmp_path, down)
    assert buy(house, purchasingEntity=B2B) == []
    house.close()
