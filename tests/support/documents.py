"""An order document as small as it can be, for tests that are not about its content."""

from __future__ import annotations

from decimal import Decimal

from towline_shared.events import Order, OrderLine

__all__ = ["order_document"]


def order_document(gid: str) -> Order:
    """Make a document of one line, tax included."""
    ten = Decimal("10.00")
    line = OrderLine(
        line_gid=f"{gid}/line",
        number=1,
        sku="AB-1",
        title="Screw",
        quantity=1,
        unit_price=ten,
        discount=Decimal(0),
        total=ten,
    )
    return Order(
        order_gid=gid,
        name="#1001",
        placed_at="2026-11-23T08:00:00Z",
        currency="EUR",
        taxes_included=True,
        lines=(line,),
        shipping=(),
        payments=(),
        lines_total=ten,
        shipping_total=Decimal(0),
        tax_total=Decimal(0),
        adjustment=Decimal(0),
        total=ten,
    )
