"""The facts that travel between an IBM i and a shop: immutable, versioned, self-contained.

An event says that something *is* so (absolute values, never differences), who saw it, and where.
Up go facts the ERP owns (item, price, stock, order result, shipment), down go facts the shop owns
(order, customer). A row of the ERP travels as it was read, column by column: the relay's rules map
it, so a mapping can change without touching the customer's site.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from towline_shared.agent_reports import (
    ControlTotals,
    Delivered,
    Heartbeat,
    Unreadable,
)
from towline_shared.companies import CompanyContact, CompanyPlace
from towline_shared.orders import (
    Address,
    ChangeLine,
    Charge,
    Company,
    Discount,
    DueDate,
    Order,
    OrderChange,
    OrderLine,
    Payment,
    Restock,
    ShippingLine,
    TaxLine,
)

__all__ = [
    "Address",
    "Body",
    "BusinessCustomer",
    "ChangeLine",
    "ChangeResult",
    "Charge",
    "Company",
    "CompanyContact",
    "CompanyPlace",
    "ControlTotals",
    "Customer",
    "Delivered",
    "Discount",
    "DueDate",
    "Erase",
    "Event",
    "Heartbeat",
    "Item",
    "Order",
    "OrderChange",
    "OrderLine",
    "OrderResult",
    "PartyResult",
    "Payment",
    "Price",
    "Restock",
    "Row",
    "Scalar",
    "Shipment",
    "ShipmentLine",
    "ShippingLine",
    "Stock",
    "TaxLine",
    "Unreadable",
    "event_id",
]

Scalar = str | int | Decimal | bool | None
Row = Mapping[str, Scalar]

_NAMESPACE = uuid.UUID("6f1f8a52-3c5e-5a0e-9f3b-70b1c1d0a4e7")


def _no_row() -> Row:
    return MappingProxyType({})


def event_id(*identity: str) -> str:
    """Derive an event id from the identity of its source; the same source gives the same id.

    Deterministic ids make every re-read harmless: whoever has seen the id has seen the fact.
    """
    # A key of a UCS-2 column may hold half a surrogate pair, which UTF-8 can't write.
    name = "\x1f".join(identity).encode("utf-8", "backslashreplace").decode("utf-8")
    return str(uuid.uuid5(_NAMESPACE, name))


@dataclass(frozen=True, slots=True)
class Item:
    """A sellable item as the ERP knows it. Key: SKU.

    Attributes:
        sku: the item number, right-trimmed, case as stored.
        gone: the row no longer exists (or its record filter excludes it); ``row`` is then empty.
        row: the columns of the mapped SELECT, by upper-case name.
    """

    sku: str
    gone: bool = False
    row: Row = field(default_factory=_no_row)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of an item in one list of the ERP. Key: SKU (and list when not the base list)."""

    sku: str
    price_list: str = ""
    gone: bool = False
    row: Row = field(default_factory=_no_row)


@dataclass(frozen=True, slots=True)
class Stock:
    """The stock of an item in one warehouse. Key: SKU and warehouse."""

    sku: str
    warehouse: str
    gone: bool = False
    row: Row = field(default_factory=_no_row)


@dataclass(frozen=True, slots=True)
class OrderResult:
    """What the ERP decided about an order from the shop. Key: order gid.

    Attributes:
        order_gid: Shopify's gid of the order.
        outcome: ``accepted``, ``refused``, ``cancelled``, ``locked`` (picking has begun: from now
            on the ERP takes no change of what is to be delivered) or ``held`` (nothing of it may
            leave until the ERP accepts it, again or at last).
        erp_order: the ERP's own order number when it accepted.
        reason: the ERP's words when it refused or holds it.
    """

    order_gid: str
    outcome: str
    erp_order: str = ""
    reason: str = ""
    row: Row = field(default_factory=_no_row)


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What the ERP decided about a change of an order. Key: order gid.

    Attributes:
        change_id: id of the event that carried the :class:`OrderChange`.
        outcome: ``accepted`` or ``refused``.
        reason: the ERP's words when it refused.
    """

    order_gid: str
    change_id: str
    outcome: str
    reason: str = ""
    row: Row = field(default_factory=_no_row)


@dataclass(frozen=True, slots=True)
class ShipmentLine:
    """A shipped quantity of one order line; ``line_gid`` is Shopify's gid of the line item."""

    line_gid: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """Goods that left a warehouse for one order. Key: order gid.

    Attributes:
        shipment: the ERP's number of the shipment, unique per partition.
        tracking: one number a parcel; ``urls`` are their pages, in the same order, or none.
        shipped_at: the ERP's own text of the moment; may be empty.
        status: the ERP's own code of where the parcels are, or that it is cancelled; the rules say
            what it means.
    """

    shipment: str
    order_gid: str
    warehouse: str
    lines: tuple[ShipmentLine, ...]
    carrier: str = ""
    tracking: tuple[str, ...] = ()
    shipped_at: str = ""
    gone: bool = False
    urls: tuple[str, ...] = ()
    status: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of either side. Key: customer gid when the shop tells, else the ERP's number.

    Up it travels as the row of the customer master (``number`` and ``row``), down as a document
    with the other fields; each holds the customer whole, as it is then.

    Attributes:
        number: the ERP's; empty in a document about somebody the ERP does not know yet.
        gone: the row no longer exists, or its record filter excludes it.
        tax_exempt: the shop charges no tax.
    """

    customer_gid: str = ""
    number: str = ""
    name: str = ""
    email: str = ""
    phone: str = ""
    address: Address = Address()  # noqa: RUF009 - it is frozen
    row: Row = field(default_factory=_no_row)
    gone: bool = False
    first_name: str = ""
    last_name: str = ""
    note: str = ""
    tax_exempt: bool = False


@dataclass(frozen=True, slots=True)
class BusinessCustomer:
    """A business customer of either side. Key: company gid when the shop tells, else the number.

    Up it travels as the rows of the ERP (``number`` and ``rows``), down as a document with the
    other fields; each holds the business whole, as it is then.

    Attributes:
        number: the ERP's; empty in a document about a company the ERP does not know yet.
        gone: no row is left.
        rows: one a place, each with the columns of the business and those of the place.
    """

    number: str
    gone: bool = False
    rows: tuple[Row, ...] = ()
    company_gid: str = ""
    name: str = ""
    note: str = ""
    places: tuple[CompanyPlace, ...] = ()
    contacts: tuple[CompanyContact, ...] = ()


@dataclass(frozen=True, slots=True)
class PartyResult:
    """What the ERP decided about a customer or company of the shop. Key: its gid.

    Attributes:
        document_id: id of the event that carried the document.
        outcome: ``accepted`` or ``refused``.
        gid: of the customer or company; empty when the SELECT does not tell.
        number: the ERP's own number when it accepted.
        reason: the ERP's words when it refused.
    """

    document_id: str
    outcome: str
    gid: str = ""
    number: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Erase:
    """The wish that copies of documents about people be forgotten. Key: the request's number.

    It travels behind the documents it is about, in their stream.

    Attributes:
        orders: gids of the orders whose documents are to be emptied.
        customers: gids of the customers likewise, and of the companies they buy for.
        everything: all documents of the shop, whatever they are about.
    """

    orders: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    everything: bool = False


Body = (
    Item
    | Price
    | Stock
    | OrderResult
    | Shipment
    | Order
    | OrderChange
    | ChangeResult
    | Customer
    | BusinessCustomer
    | PartyResult
    | Erase
    | Delivered
    | Unreadable
    | Heartbeat
    | ControlTotals
)


@dataclass(frozen=True, slots=True)
class Event:
    """One immutable fact on its way.

    Attributes:
        id: deterministic, see :func:`event_id`; at most 64 characters.
        key: what order is kept by: the SKU, the order gid...
        origin: where it was seen, e.g. ``ibmi:DISTLIB/ITMMST`` or ``shopify:orders/create``.
        seen_at: when Towline saw it (aware UTC).
        body: the fact.
        origin_time: the origin's own text of the moment; empty when it gave none.
    """

    id: str
    key: str
    origin: str
    seen_at: datetime
    body: Body
    origin_time: str = ""

    @property
    def entity(self) -> str:
        """The kind of fact: item, price, stock, order result..."""
        return ENTITY_OF[type(self.body)]


ENTITY_OF: Mapping[type, str] = MappingProxyType(
    {
        Item: "item",
        Price: "price",
        Stock: "stock",
        OrderResult: "order_result",
        Shipment: "shipment",
        Order: "order",
        OrderChange: "order_change",
        ChangeResult: "change_result",
        Customer: "customer",
        BusinessCustomer: "company",
        PartyResult: "party_result",
        Erase: "erase",
        Delivered: "delivered",
        Unreadable: "unreadable",
        Heartbeat: "heartbeat",
        ControlTotals: "control_totals",
    }
)
