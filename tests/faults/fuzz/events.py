"""One event of each kind, to be spoilt."""

from __future__ import annotations

from decimal import Decimal

from tests.faults.events import AT, order, price
from towline_agent.conformance.documents import sample_company
from towline_shared.events import (
    Address,
    Body,
    BusinessCustomer,
    ChangeResult,
    Customer,
    Delivered,
    Erase,
    Event,
    Heartbeat,
    Item,
    OrderResult,
    PartyResult,
    Row,
    Shipment,
    ShipmentLine,
    Stock,
    Unreadable,
    event_id,
)

__all__ = ["EVENTS"]

_ROW: Row = {
    "SKU": "4711",
    "QTY": 12,
    "PRICE": Decimal("12.50"),
    "NOTE": None,
    "ON": True,
    "T": "Größe",
}
_ORDER = "gid://shopify/Order/1"
_BODIES: tuple[Body, ...] = (
    Item("4711", row=_ROW),
    Stock("4711", "01", row=_ROW),
    OrderResult(_ORDER, "accepted", "A100", row=_ROW),
    ChangeResult(_ORDER, "change", "refused", "picked"),
    Shipment("S1", _ORDER, "01", (ShipmentLine("gid://shopify/LineItem/1", 2),), "DHL", ("T1",)),
    Customer(name="Müller", address=Address(city="Köln"), row=_ROW),
    BusinessCustomer("100", rows=(_ROW, _ROW)),
    sample_company(),
    PartyResult("d1", "refused", gid="gid://shopify/Company/1", reason="Kein Kredit"),
    Erase(orders=(_ORDER,)),
    Delivered("event", "written"),
    Unreadable("price", "DISTLIB/ITMPRC", ("4711",), "IPPRC", "C1", "It is no decimal."),
    Heartbeat(3, 1.5, "up", "0.1.0"),
)

#: Of every kind that has a shape of its own.
EVENTS: tuple[Event, ...] = (
    price(1),
    order(1),
    *(Event(event_id("fuzz", str(n)), f"k{n}", "test", AT, body) for n, body in enumerate(_BODIES)),
)
