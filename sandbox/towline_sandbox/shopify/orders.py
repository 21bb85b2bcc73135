"""Placing an order as a buyer would, and keeping its status."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify import stock
from towline_sandbox.shopify.catalogue import level_row
from towline_sandbox.shopify.checkout import Cart, Discount, PricedLine, PricedOrder, price
from towline_sandbox.shopify.extras import Extras
from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.ledger import Entry, agree
from towline_sandbox.shopify.wire import compact
from towline_shared.money import exponent

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["Buyer", "Purchase", "add_line", "document", "place", "refresh_status"]
__all__ += ["route", "touch"]

_FIRST_NUMBER = 1001


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who orders and where it goes."""

    email: str
    first_name: str
    last_name: str
    company: str | None = None
    phone: str | None = None
    address1: str = "Musterstraße 12"
    zip: str = "10115"
    city: str = "Berlin"
    province: str | None = None
    country: str = "Germany"
    country_code: str = "DE"

    def address(self) -> dict[str, Any]:
        """Return the address as the order keeps it: a snapshot at order time."""
        return {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "company": self.company,
            "address1": self.address1,
            "address2": None,
            "zip": self.zip,
            "city": self.city,
            "province": self.province,
            "country": self.country,
            "country_code": self.country_code,
            "phone": self.phone,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """Everything about an order that is not money."""

    cart: Cart
    buyer: Buyer | None = None
    note: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    po_number: str | None = None
    paid: bool = True
    test: bool = False
    extras: Extras = Extras()  # noqa: RUF009 - it is frozen
    shipping_title: str = "DHL Paket"
    shipping_code: str = "DHL-STD"


def place(shop: Shop, purchase: Purchase) -> int:
    """Place an order inside the caller's unit of work and return its number in the gid.

    Stock is committed, and fulfillment orders are made at the first location that can serve the
    whole order; when none can, each line goes to the first that can serve it, else to the default.
    """
    priced, extras = price(purchase.cart), purchase.extras
    total = priced.total + extras.beside
    number, now = shop.db.next_number("Order"), shop.now()
    count = int(shop.db.scalar("SELECT count(*) FROM orders"))
    customer = _customer(shop, purchase.buyer)
    shop.db.insert(
        "orders",
        id=number,
        number=_FIRST_NUMBER + count,
        name=f"#{_FIRST_NUMBER + count}",
        created_at=now,
        updated_at=now,
        currency=purchase.cart.currency,
        customer_id=customer,
        financial_status=extras.financial_status(paid=purchase.paid),
        fulfillment_status="UNFULFILLED",
        subtotal=_written(priced.subtotal, purchase.cart),
        total_discounts=_written(priced.total_discounts, purchase.cart),
        total_shipping=_written(priced.shipping, purchase.cart),
        total_tax=_written(priced.total_tax, purchase.cart),
        total=_written(total, purchase.cart),
        current_total=_written(total, purchase.cart),
        current_tax=_written(priced.total_tax, purchase.cart),
        presentment=extras.presentment or purchase.cart.currency,
        rate=str(extras.rate),
        taxes_included=int(purchase.cart.taxes_included),
        test=int(purchase.test),
        note=purchase.note,
        document=compact(_document(shop, purchase, priced, now)),
    )
    lines = [
        (add_line(shop, number, position, line, purchase.cart), line)
        for position, line in enumerate(priced.lines)
    ]
    _agree(shop, number, purchase, priced, lines)
    route(shop, number, lines)
    for tag in extras.tags:
        shop.db.run("INSERT OR IGNORE INTO tags VALUES (?, ?)", gid("Order", number), tag)
    shop.changes.order(number, created=True)
    return number


def _agree(
    shop: Shop,
    order: int,
    purchase: Purchase,
    priced: PricedOrder,
    lines: list[tuple[int, PricedLine]],
) -> None:
    """Write the first agreement: what was bought, and everything beside it."""
    row = shop.db.one("SELECT * FROM orders WHERE id = ?", order)
    assert row is not None
    included = purchase.cart.taxes_included
    entries = [
        Entry(
            "GIFT_CARD" if line.line.extra.get("gift_card") else "PRODUCT",
            number,
            line.line.quantity,
            line.total if included else line.total + line.tax,
            line.tax,
        )
        for number, line in lines
    ]
    entries += [
        Entry(
            "SHIPPING",
            given["id"],
            0,
            priced.shipping if included else priced.shipping + priced.shipping_tax,
            priced.shipping_tax,
            given["title"],
        )
        for given in document(row)["shipping_lines"]
    ]
    entries += purchase.extras.entries(shop, order, lines)
    agree(shop, order, kind="OrderAgreement", reason="ORDER", entries=entries)


def document(row: sqlite3.Row) -> dict[str, Any]:
    """Return the parts of an order that are kept as JSON."""
    loaded: dict[str, Any] = json.loads(row["document"])
    return loaded


def touch(shop: Shop, order: int) -> None:
    """Set the order's updated time and tell the webhooks."""
    shop.db.update("orders", order, updated_at=shop.now())
    shop.changes.order(order)


def refresh_status(shop: Shop, order: int) -> None:
    """Derive the fulfillment status from what is left of the lines."""
    row = shop.db.one(
        "SELECT sum(current) AS ordered, sum(unfulfilled) AS left FROM order_lines"
        " WHERE order_id = ?",
        order,
    )
    assert row is not None
    status = "PARTIALLY_FULFILLED"
    if row["left"] == 0:
        status = "FULFILLED"
    elif row["left"] == row["ordered"]:
        status = "UNFULFILLED"
    shop.db.update("orders", order, fulfillment_status=status)
    touch(shop, order)


def _customer(shop: Shop, buyer: Buyer | None) -> int | None:
    if buyer is None:
        return None
    known: int | None = shop.db.scalar("SELECT id FROM customers WHERE email = ?", buyer.email)
    if known is not None:
        return known
    number, now = shop.db.next_number("Customer"), shop.now()
    shop.db.insert(
        "customers",
        id=number,
        email=buyer.email,
        first_name=buyer.first_name,
        last_name=buyer.last_name,
        phone=buyer.phone,
        address=compact(buyer.address()),
        created_at=now,
        updated_at=now,
    )
    return number


def _discount(discount: Discount) -> dict[str, Any]:
    return {
        "title": discount.title,
        "code": discount.code,
        "percent": None if discount.percent is None else str(discount.percent),
        "amount": None if discount.amount is None else str(discount.amount),
        "on_shipping": discount.on_shipping,
    }


def _written(amount: Decimal, cart: Cart) -> str:
    """Write an amount with all digits of the currency's minor unit."""
    return str(amount.quantize(Decimal(1).scaleb(-exponent(cart.currency))))


def _shares(shares: tuple[tuple[int, Decimal], ...]) -> list[list[Any]]:
    return [[index, str(share)] for index, share in shares]


def _document(shop: Shop, purchase: Purchase, priced: PricedOrder, now: str) -> dict[str, Any]:
    cart, buyer = purchase.cart, purchase.buyer
    shipped, extras = any(line.requires_shipping for line in cart.lines), purchase.extras
    shipping_lines = []
    if shipped:
        shipping_lines.append(
            {
                "id": shop.db.next_number("ShippingLine"),
                "title": purchase.shipping_title,
                "code": purchase.shipping_code,
                "price": _written(cart.shipping, cart),
                "allocations": _shares(priced.shipping_allocations),
                "tax": _written(priced.shipping_tax, cart),
            }
        )
    gateway = "shopify_payments" if purchase.paid else "Invoice"
    return {
        "shipping_address": buyer.address() if buyer and shipped else None,
        "billing_address": buyer.address() if buyer else None,
        "email": buyer.email if buyer else None,
        "phone": buyer.phone if buyer else None,
        "po_number": purchase.po_number,
        "attributes": [{"key": k, "value": v} for k, v in purchase.attributes.items()],
        "shipping_lines": shipping_lines,
        "discounts": [_discount(discount) for discount in cart.discounts],
        "tax_rate": str(cart.tax_rate),
        "gateway": gateway,
        "transactions": extras.transactions(
            shop,
            _written(priced.total + extras.beside + extras.rounding, cart),
            paid=purchase.paid,
            gateway=gateway,
            now=now,
        ),
        **extras.document(),
    }


def add_line(shop: Shop, order: int, position: int, priced: PricedLine, cart: Cart) -> int:
    """Write a line of an order and return its number."""
    line = priced.line
    number = shop.db.next_number("LineItem")
    shop.db.insert(
        "order_lines",
        id=number,
        order_id=order,
        position=position,
        variant_id=line.variant_id,
        product_id=line.product_id,
        sku=line.sku,
        title=line.title,
        variant_title=line.variant_title,
        vendor=line.vendor,
        quantity=line.quantity,
        unfulfilled=line.quantity,
        unit_price=_written(line.unit_price, cart),
        original_total=_written(priced.original_total, cart),
        total_discount=_written(priced.discount, cart),
        tax=_written(priced.tax, cart),
        taxable=int(line.taxable),
        requires_shipping=int(line.requires_shipping),
        grams=line.grams,
        allocations=compact(_shares(priced.allocations)),
        current=line.quantity,
        extra=compact(line.extra),
    )
    return number


def route(shop: Shop, order: int, lines: list[tuple[int, PricedLine]]) -> None:
    """Make fulfillment orders for lines and commit their stock."""
    locations = [
        int(row["id"])
        for row in shop.db.all("SELECT id FROM locations WHERE active = 1 ORDER BY position")
    ]
    whole = next(
        (place for place in locations if all(_serves(shop, place, p) for _, p in lines)), None
    )
    made: dict[int, int] = {}
    for line, priced in lines:
        place = whole
        if place is None:
            place = next((x for x in locations if _serves(shop, x, priced)), locations[0])
        if place not in made:
            made[place] = _fulfillment_order(shop, order, place)
        item = priced.line.inventory_item_id
        shop.db.insert(
            "fulfillment_order_lines",
            id=shop.db.next_number("FulfillmentOrderLineItem"),
            fulfillment_order_id=made[place],
            order_line_id=line,
            inventory_item_id=item,
            total=priced.line.quantity,
            remaining=priced.line.quantity,
        )
        if item is not None and _tracked(shop, item):
            stock.commit(shop, item, place, priced.line.quantity)


def _serves(shop: Shop, location: int, priced: PricedLine) -> bool:
    item = priced.line.inventory_item_id
    if item is None or not _tracked(shop, item):
        return True
    row = level_row(shop, item, location)
    return row is not None and row["active"] and row["available"] >= priced.line.quantity


def _tracked(shop: Shop, item: int) -> bool:
    return bool(shop.db.scalar("SELECT tracked FROM inventory_items WHERE id = ?", item))


def _fulfillment_order(shop: Shop, order: int, location: int) -> int:
    number, now = shop.db.next_number("FulfillmentOrder"), shop.now()
    shop.db.insert(
        "fulfillment_orders",
        id=number,
        order_id=order,
        location_id=location,
        status="OPEN",
        request_status="UNSUBMITTED",
        created_at=now,
        updated_at=now,
    )
    shop.changes.tell("fulfillment_orders/order_routing_complete", number)
    return number
