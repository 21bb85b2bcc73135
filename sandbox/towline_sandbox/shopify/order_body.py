"""The webhook bodies of orders and fulfillments (REST shape)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.orders import document
from towline_sandbox.shopify.shape import poured
from towline_sandbox.shopify.wire import money_set, offset_time

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["build", "fulfillment"]

Shape = Mapping[str, Any]

_FULFILLMENT = {"UNFULFILLED": None, "PARTIALLY_FULFILLED": "partial", "FULFILLED": "fulfilled"}
TAX_TITLE = "DE MwSt"


def build(shop: Shop, number: int, shape: Shape, fulfillment_shape: Shape) -> dict[str, Any]:
    """Build the body of orders/create and orders/updated."""
    row = shop.db.one("SELECT * FROM orders WHERE id = ?", number)
    assert row is not None
    extra = document(row)
    lines = shop.db.all("SELECT * FROM order_lines WHERE order_id = ? ORDER BY position", number)
    line_total = sum((Decimal(line["original_total"]) for line in lines), Decimal(0))
    facts = _head(shop, row, extra)
    facts.update(_money(row, extra, line_total))
    facts.update(_parties(shop, row, extra, shape))
    facts["line_items"] = [
        _line(line, row["currency"], extra["tax_rate"], shape["line_items"][0]) for line in lines
    ]
    facts["shipping_lines"] = [
        _shipping(line, row["currency"], extra["tax_rate"], shape["shipping_lines"][0])
        for line in extra["shipping_lines"]
    ]
    facts["total_weight"] = sum(line["grams"] * line["quantity"] for line in lines)
    facts["fulfillments"] = [
        fulfillment(shop, made, fulfillment_shape)
        for made in shop.db.all("SELECT * FROM fulfillments WHERE order_id = ? ORDER BY id", number)
    ]
    return poured(shape, facts)


def _head(shop: Shop, row: sqlite3.Row, extra: Shape) -> dict[str, Any]:
    tags = shop.db.all("SELECT tag FROM tags WHERE owner = ? ORDER BY tag", gid("Order", row["id"]))
    return {
        "id": row["id"],
        "admin_graphql_api_id": gid("Order", row["id"]),
        "name": row["name"],
        "number": row["number"] - 1000,
        "order_number": row["number"],
        "confirmed": True,
        "confirmation_number": f"NW{row['number']:07d}",
        "created_at": offset_time(row["created_at"]),
        "processed_at": offset_time(row["created_at"]),
        "updated_at": offset_time(row["updated_at"]),
        "cancelled_at": offset_time(row["cancelled_at"]),
        "currency": row["currency"],
        "presentment_currency": row["presentment"],
        "customer_locale": "de-DE",
        "financial_status": row["financial_status"].lower(),
        "fulfillment_status": _FULFILLMENT[row["fulfillment_status"]],
        "note": row["note"],
        "note_attributes": [
            {"name": pair["key"], "value": pair["value"]} for pair in extra["attributes"]
        ],
        "po_number": extra["po_number"],
        "payment_gateway_names": [extra["gateway"]],
        "source_name": extra["source"],
        "tags": ", ".join(tag["tag"] for tag in tags),
        "taxes_included": bool(row["taxes_included"]),
        "test": bool(row["test"]),
        "discount_codes": _codes(extra),
        "discount_applications": [_application(given) for given in extra["discounts"]],
    }


def _money(row: sqlite3.Row, extra: Shape, line_total: Decimal) -> dict[str, Any]:
    currency = row["currency"]
    amounts = {
        "current_subtotal_price": row["subtotal"],
        "current_total_discounts": row["total_discounts"],
        "current_total_price": row["current_total"],
        "current_total_tax": row["current_tax"],
        "subtotal_price": row["subtotal"],
        "total_discounts": row["total_discounts"],
        "total_line_items_price": str(line_total),
        "total_price": row["total"],
        "total_tax": row["total_tax"],
    }
    sets = {f"{name}_set": money_set(amount, currency) for name, amount in amounts.items()}
    nothing = money_set("0.00", currency)
    open_amount = row["total"] if row["financial_status"] == "PENDING" else "0.00"
    return {
        **amounts,
        **sets,
        "current_shipping_price_set": money_set(row["total_shipping"], currency),
        "total_shipping_price_set": money_set(row["total_shipping"], currency),
        "total_cash_rounding_payment_adjustment_set": nothing,
        "total_cash_rounding_refund_adjustment_set": nothing,
        "total_outstanding": open_amount,
        "total_tip_received": extra["tip"],
    }


def _parties(shop: Shop, row: sqlite3.Row, extra: Shape, shape: Shape) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "email": extra["email"],
        "contact_email": extra["email"],
        "phone": extra["phone"],
        "billing_address": _address(extra["billing_address"], shape["billing_address"]),
        "shipping_address": _address(extra["shipping_address"], shape["shipping_address"]),
        "tax_lines": _tax_lines(row["total_tax"], row["currency"], extra["tax_rate"]),
        "customer": None,
    }
    known = shop.db.one("SELECT * FROM customers WHERE id = ?", row["customer_id"])
    if known is not None:
        home = json.loads(known["address"])
        facts["customer"] = poured(
            shape["customer"],
            {
                "id": known["id"],
                "admin_graphql_api_id": gid("Customer", known["id"]),
                "created_at": offset_time(known["created_at"]),
                "updated_at": offset_time(known["updated_at"]),
                "first_name": known["first_name"],
                "last_name": known["last_name"],
                "email": known["email"],
                "phone": known["phone"],
                "state": "disabled",
                "verified_email": True,
                "currency": row["currency"],
                "default_address": poured(
                    shape["customer"]["default_address"],
                    {
                        **_named(home),
                        "id": known["id"] + 1,
                        "customer_id": known["id"],
                        "country_name": home["country"],
                        "default": True,
                    },
                ),
            },
        )
    return facts


def _named(given: Shape) -> dict[str, Any]:
    return {**given, "name": f"{given['first_name']} {given['last_name']}"}


def _address(given: Shape | None, shape: Shape) -> dict[str, Any] | None:
    return None if given is None else poured(shape, _named(given))


def _tax_lines(tax: str, currency: str, rate: str) -> list[dict[str, Any]]:
    if Decimal(tax) == 0:
        return []
    return [
        {
            "channel_liable": False,
            "price": tax,
            "price_set": money_set(tax, currency),
            "rate": float(rate),
            "title": TAX_TITLE,
        }
    ]


def _allocations(shares: list[list[Any]], currency: str) -> list[dict[str, Any]]:
    return [
        {
            "amount": share,
            "discount_application_index": index,
            "amount_set": money_set(share, currency),
        }
        for index, share in shares
    ]


def _line(row: sqlite3.Row, currency: str, rate: str, shape: Shape) -> dict[str, Any]:
    shipped = row["current"] - row["unfulfilled"]
    status = "fulfilled" if row["unfulfilled"] == 0 else "partial" if shipped else None
    facts = {
        "id": row["id"],
        "admin_graphql_api_id": gid("LineItem", row["id"]),
        "current_quantity": row["current"],
        "fulfillable_quantity": row["unfulfilled"],
        "fulfillment_service": "manual",
        "fulfillment_status": status,
        "grams": row["grams"],
        "name": _line_name(row),
        "price": row["unit_price"],
        "price_set": money_set(row["unit_price"], currency),
        "product_exists": row["product_id"] is not None,
        "product_id": row["product_id"],
        "quantity": row["quantity"],
        "requires_shipping": bool(row["requires_shipping"]),
        "sku": row["sku"],
        "taxable": bool(row["taxable"]),
        "title": row["title"],
        # Order-wide discounts stand in the allocations; the line's own total_discount knows only
        # the line's: https://shopify.dev/docs/api/admin-rest/latest/resources/order
        "total_discount": "0.00",
        "total_discount_set": money_set("0.00", currency),
        "variant_id": row["variant_id"],
        "variant_inventory_management": "shopify" if row["variant_id"] else None,
        "variant_title": row["variant_title"],
        "vendor": row["vendor"],
        "tax_lines": _tax_lines(row["tax"], currency, rate),
        "discount_allocations": _allocations(json.loads(row["allocations"]), currency),
    }
    return poured(shape, {key: value for key, value in facts.items() if key in shape})


def _line_name(row: sqlite3.Row) -> str:
    return f"{row['title']} - {row['variant_title']}" if row["variant_title"] else row["title"]


def _shipping(line: Shape, currency: str, rate: str, shape: Shape) -> dict[str, Any]:
    off = sum((Decimal(share) for _, share in line["allocations"]), Decimal(0))
    discounted = str(Decimal(line["price"]) - off)
    return poured(
        shape,
        {
            "id": line["id"],
            "code": line["code"],
            "title": line["title"],
            "source": "shopify",
            "price": line["price"],
            "price_set": money_set(line["price"], currency),
            "discounted_price": discounted,
            "discounted_price_set": money_set(discounted, currency),
            "current_discounted_price_set": money_set(discounted, currency),
            "tax_lines": _tax_lines(line["tax"], currency, rate),
            "discount_allocations": _allocations(line["allocations"], currency),
        },
    )


def _codes(extra: Shape) -> list[dict[str, Any]]:
    return [
        {
            "code": given["code"],
            "amount": given["amount"] or given["percent"],
            "type": "fixed_amount" if given["amount"] else "percentage",
        }
        for given in extra["discounts"]
        if given["code"]
    ]


def _application(given: Shape) -> dict[str, Any]:
    named = {"code": given["code"]} if given["code"] else {"title": given["title"]}
    return {
        "target_type": "shipping_line" if given["on_shipping"] else "line_item",
        "type": "discount_code" if given["code"] else "automatic",
        "value": given["amount"] or given["percent"],
        "value_type": "fixed_amount" if given["amount"] else "percentage",
        "allocation_method": "across",
        "target_selection": "all",
        **named,
    }


def fulfillment(shop: Shop, row: sqlite3.Row, shape: Shape) -> dict[str, Any]:
    """Build the body of fulfillments/create, which is also a part of the order's body."""
    order = shop.db.one("SELECT * FROM orders WHERE id = ?", row["order_id"])
    assert order is not None
    extra = document(order)
    tracking = json.loads(row["tracking"])
    numbers = [entry["number"] for entry in tracking if entry["number"]]
    urls = [entry["url"] for entry in tracking if entry["url"]]
    lines = shop.db.all(
        "SELECT l.*, f.quantity AS shipped FROM fulfillment_lines f"
        " JOIN order_lines l ON l.id = f.order_line_id WHERE f.fulfillment_id = ? ORDER BY f.id",
        row["id"],
    )
    return poured(
        shape,
        {
            "id": row["id"],
            "admin_graphql_api_id": gid("Fulfillment", row["id"]),
            "order_id": row["order_id"],
            "location_id": row["location_id"],
            "name": row["name"],
            "status": row["status"].lower(),
            "service": "manual",
            "created_at": offset_time(row["created_at"]),
            "updated_at": offset_time(row["updated_at"]),
            "email": extra["email"],
            "destination": _address(extra["shipping_address"], shape["destination"]),
            "tracking_company": tracking[0]["company"] if tracking else None,
            "tracking_number": numbers[0] if numbers else None,
            "tracking_numbers": numbers,
            "tracking_url": urls[0] if urls else None,
            "tracking_urls": urls,
            "receipt": {},
            "line_items": [
                {
                    **_line(line, order["currency"], extra["tax_rate"], shape["line_items"][0]),
                    "quantity": line["shipped"],
                }
                for line in lines
            ],
        },
    )
