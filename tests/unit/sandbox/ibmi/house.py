"""What the tests of the simulated IBM i share: an order, a queue's name, a clean item."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from towline_agent.ibmi.port import EntityQuery, QueueName
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_shared.events import Address, Order, OrderLine, Payment, ShippingLine, TaxLine

BELL = QueueName("TOWLINE", "DOORBELL")
PRICES = QueueName("TOWLINE", "WEBPRICE")
PRICE = EntityQuery(
    "price",
    "SELECT RTRIM(IPITNB) AS SKU, IPPRC AS PRICE, IPCUR AS CURRENCY FROM DISTLIB.ITMPRC"
    " WHERE IPLIST = 'STD'",
    ("SKU",),
)


def clean_item(system: SimulatedIbmI, number: int = 0) -> str:
    """Return an item that is active, priced and in stock in warehouse 001."""
    with system.storage.lock:
        rows = system.storage.db.execute(
            'SELECT m.ITNBR FROM "DISTLIB.ITMMST" m'
            ' JOIN "DISTLIB.ITMPRC" p ON p.IPITNB = m.ITNBR'
            " JOIN \"DISTLIB.ITMBAL\" b ON b.IBITNB = m.ITNBR AND b.IBWHS = '001'"
            " WHERE m.ITSTS = 'A' AND m.ITNBR GLOB '[A-Z][A-Z]-[0-9]*'"
            " AND typeof(p.IPPRC) = 'text' AND typeof(b.IBQOH) = 'integer' AND b.IBQOH > 50"
            " ORDER BY m.ITNBR"
        ).fetchall()
    return str(rows[number][0]).rstrip()


def order(number: int, *lines: tuple[str, int], **changes: Any) -> Order:
    """Return an order of 10.00 a piece with 19 % tax inside and free shipping."""
    made = tuple(
        OrderLine(
            line_gid=f"gid://shopify/LineItem/{number}{position}",
            number=position,
            sku=sku,
            title=f"Article {sku}",
            quantity=quantity,
            unit_price=Decimal("10.00"),
            discount=Decimal("0.00"),
            total=Decimal(10 * quantity),
            taxes=(TaxLine("MwSt", Decimal("0.19"), Decimal("1.60") * quantity),),
        )
        for position, (sku, quantity) in enumerate(lines, start=1)
    )
    total = sum((line.total for line in made), Decimal("0.00"))
    tax = sum((tax.amount for line in made for tax in line.taxes), Decimal("0.00"))
    base = Order(
        order_gid=f"gid://shopify/Order/{number}",
        name=f"#{number}",
        placed_at="2026-11-23T10:00:00+01:00",
        currency="EUR",
        taxes_included=True,
        lines=made,
        shipping=(
            ShippingLine("STD", "Standard", Decimal("4.90"), Decimal("4.90"), Decimal("0.00")),
        ),
        payments=(Payment("bogus", "SALE", "SUCCESS", total),),
        lines_total=total,
        shipping_total=Decimal("0.00"),
        tax_total=tax,
        adjustment=Decimal("0.00"),
        total=total,
        customer_gid="gid://shopify/Customer/5",
        customer_name="Erika Jansen",
        email=f"buyer{number}@web.example",
        financial_status="paid",
        ship_to=Address(name="Erika Jansen", address1="Kai 4", city="Kiel", country="DE"),
    )
    return replace(base, **changes)
