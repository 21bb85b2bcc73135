"""A small partition and an order for it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from towline_agent.ibmi.port import EntityQuery, Purpose, TableRow
from towline_sandbox.ibmi.jobs import Job
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_sandbox.ibmi.settings import IbmISettings
from towline_shared.events import (
    Address,
    Order,
    OrderChange,
    OrderLine,
    Payment,
    ShippingLine,
    TaxLine,
)

RULES = Path(__file__).parents[4] / "sandbox" / "towline_sandbox" / "rules" / "sql"

#: Nothing waits longer than it must.
FAST = IbmISettings(
    items=100,
    seed=7,
    erp_delay_s=0.0,
    ship_delay_s=0.0,
    second_parcel_delay_s=0.0,
    waitrcd_s=0.02,
    programs=False,
)


def query(entity: str, *key: str) -> EntityQuery:
    """Return an entity's SELECT as the sandbox's own rules have it."""
    text = (RULES / f"{entity}.sql").read_text(encoding="utf-8").partition("\n")[2].strip()
    return EntityQuery(entity, text, key)


ITEM = query("item", "SKU")
PRICE = query("price", "SKU")
STOCK = query("stock", "SKU", "WAREHOUSE")
RESULT = query("order_result", "ORDER_GID")
SHIPMENT = query("shipment", "SHIPMENT")


def reader(system: SimulatedIbmI) -> Job:
    """Connect for reading."""
    return system.connect(Purpose.READ)


def clean_skus(system: SimulatedIbmI, count: int) -> list[str]:
    """Return active items with a price and stock, in order."""
    with system.storage.lock:
        rows = system.storage.db.execute(
            'SELECT DISTINCT ITNBR FROM "DISTLIB.ITMMST" JOIN "DISTLIB.ITMPRC" ON IPITNB = ITNBR'
            ' JOIN "DISTLIB.ITMBAL" ON IBITNB = ITNBR'
            " WHERE ITSTS = 'A' AND typeof(IPPRC) = 'text' AND typeof(IBQOH) = 'integer'"
            " AND IBQOH > 20 ORDER BY ITNBR LIMIT ?",
            (count,),
        ).fetchall()
    return [str(row[0]).rstrip() for row in rows]


def cells(row: TableRow) -> dict[str, Any]:
    """Return a row's cells, texts trimmed."""
    return {n: c.rstrip(" ") if isinstance(c, str) else c for n, c in row.cells.items()}


def change(of: Order, **more: Any) -> OrderChange:
    """Return a change of an order that moves nothing but what is given."""
    values: dict[str, Any] = {
        "order_gid": of.order_gid,
        "name": of.name,
        "change_gid": f"gid://shopify/SalesAgreement/{of.name[1:]}",
        "kind": "edit",
        "happened_at": "2026-11-20T11:00:00Z",
        "currency": of.currency,
        "taxes_included": of.taxes_included,
        "lines": (),
        "total": of.total,
        "tax_total": of.tax_total,
        "refunded": Decimal("0.00"),
    }
    return OrderChange(**{**values, **more})


def order(number: int, lines: dict[str, int], **more: Any) -> Order:
    """Return an order of one euro a piece, tax included, with free shipping."""
    total = Decimal(sum(lines.values())).quantize(Decimal("0.01"))
    one = Decimal("1.00")
    values: dict[str, Any] = {
        "order_gid": f"gid://shopify/Order/{number}",
        "name": f"#{number}",
        "placed_at": "2026-11-20T10:15:00+01:00",
        "currency": "EUR",
        "taxes_included": True,
        "lines": tuple(
            OrderLine(
                line_gid=f"gid://shopify/LineItem/{number}{place}",
                number=place,
                sku=sku,
                title=f"Article {sku}",
                quantity=quantity,
                unit_price=one,
                discount=Decimal("0.00"),
                total=one * quantity,
                taxes=(TaxLine("MwSt", Decimal("0.19"), Decimal("0.16") * quantity),),
            )
            for place, (sku, quantity) in enumerate(lines.items(), start=1)
        ),
        "shipping": (ShippingLine("std", "Standard", one * 0, one * 0, one * 0),),
        "payments": (Payment("shopify_payments", "SALE", "SUCCESS", total),),
        "lines_total": total,
        "shipping_total": Decimal("0.00"),
        "tax_total": Decimal("0.16") * sum(lines.values()),
        "adjustment": Decimal("0.00"),
        "total": total,
        "customer_name": "Jörg Öztürk",
        "email": f"buyer{number}@shop.example",
        "financial_status": "PAID",
        "ship_to": Address(name="Jörg Öztürk", city="Köln", postal_code="50667", country="DE"),
    }
    return Order(**{**values, **more})
