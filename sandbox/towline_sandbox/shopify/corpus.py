"""A corpus of orders of believable variety, with some that a back office will refuse."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["Planned", "plan", "plan_for"]

_FIRST = ("Anna", "Ben", "Clara", "David", "Emilia", "Finn", "Greta", "Jonas", "Käthe", "Łukasz",
          "Mia", "Noah", "Özlem", "Paul", "Renée", "Søren")  # fmt: skip
_LAST = ("Müller", "Schmidt", "Weiß", "Fischer", "Wagner", "Öztürk", "Kowalski", "D'Angelo",
         "Nielsen", "von der Heide", "Groß", "Bauer")  # fmt: skip
_CITIES = (("10115", "Berlin"), ("20095", "Hamburg"), ("80331", "München"), ("50667", "Köln"),
           ("01067", "Dresden"), ("04109", "Leipzig"), ("70173", "Stuttgart"))  # fmt: skip
_STREETS = ("Hauptstraße", "Gartenweg", "Am Markt", "Lindenallee", "Schloßstraße", "Kaiserdamm")
_NOTES = ("Bitte beim Nachbarn abgeben", "Klingel defekt, bitte anrufen", "Geschenk, ohne Rechnung",
          "Lieferung nur vormittags")  # fmt: skip

HUGE_QUANTITY = 9_000


@dataclass(frozen=True, slots=True)
class Planned:
    """One order to place.

    Attributes:
        order: the body of ``POST /sandbox/orders``.
        kinds: what is special about it: discount, shipping_discount, note, custom_line,
            huge_quantity, unpaid.
    """

    order: dict[str, Any]
    kinds: frozenset[str]


def plan(shop: Shop, *, orders: int, seed: int, skus: list[str] | None = None) -> list[Planned]:
    """Plan orders over the shop's SKUs, or over those given.

    Raises:
        ValueError: there is nothing to buy.
    """
    if skus is None:
        rows = shop.db.all(
            "SELECT DISTINCT v.sku AS sku FROM variants v JOIN products p ON p.id = v.product_id"
            " WHERE v.sku <> '' AND p.status = 'ACTIVE' ORDER BY v.sku"
        )
        skus = [row["sku"] for row in rows]
    if not skus:
        raise ValueError("no active product has a SKU; publish some or give skus")
    return plan_for(skus, orders=orders, seed=seed)


def plan_for(skus: list[str], *, orders: int, seed: int) -> list[Planned]:
    """Plan orders over these SKUs; the same arguments always give the same orders."""
    rng = random.Random(f"corpus:{seed}")
    customers = [_customer(rng, n) for n in range(max(1, (orders * 3) // 5))]
    return [_one(rng, skus, customers) for _ in range(orders)]


def _customer(rng: random.Random, n: int) -> dict[str, Any]:
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    code, city = rng.choice(_CITIES)
    customer = {
        "email": f"kunde{n:04d}@example.com",
        "first_name": first,
        "last_name": last,
        "address1": f"{rng.choice(_STREETS)} {rng.randint(1, 180)}",
        "zip": code,
        "city": city,
    }
    if rng.random() < 0.2:
        customer["company"] = f"{last} & Söhne GmbH"
    if rng.random() < 0.5:
        customer["phone"] = f"+49 30 {rng.randint(100000, 999999)}"
    return customer


def _one(rng: random.Random, skus: list[str], customers: list[dict[str, Any]]) -> Planned:
    kinds: set[str] = set()
    chosen = rng.sample(skus, min(len(skus), rng.choice((1, 1, 1, 2, 2, 3, 4, 5, 6))))
    lines: list[dict[str, Any]] = [
        {"sku": sku, "quantity": rng.choice((1, 1, 1, 1, 2, 2, 3, 4, 6, 12))} for sku in chosen
    ]
    order: dict[str, Any] = {"lines": lines, "customer": rng.choice(customers)}
    order["shipping"] = rng.choice(("0.00", "4.90", "4.90", "7.95"))
    if rng.random() < 0.2:
        kinds.add("discount")
        code = rng.choice(("WELCOME10", "SOMMER15", "DANKE5"))
        measure = {"WELCOME10": ("percent", "10"), "SOMMER15": ("percent", "15"),
                   "DANKE5": ("amount", "5.00")}[code]  # fmt: skip
        order["discount"] = {"code": code, measure[0]: measure[1]}
    if rng.random() < 0.06 and order["shipping"] != "0.00":
        kinds.add("shipping_discount")
        order["shipping_discount"] = order["shipping"]
    if rng.random() < 0.15:
        kinds.add("note")
        order["note"] = rng.choice(_NOTES)
    if rng.random() < 0.1:
        order["attributes"] = {"Geschenk": "ja", "Grußkarte": "Alles Gute!"}
    if rng.random() < 0.08:
        order["po_number"] = f"PO-{rng.randint(10000, 99999)}"
    if rng.random() < 0.1:
        kinds.add("unpaid")
        order["paid"] = False
    if rng.random() < 0.02:
        kinds.add("custom_line")
        lines.append({"title": "Gravur nach Wunsch", "price": "12.50", "quantity": 1, "sku": ""})
    if rng.random() < 0.02:
        kinds.add("huge_quantity")
        lines[0]["quantity"] = HUGE_QUANTITY
    return Planned(order, frozenset(kinds))
