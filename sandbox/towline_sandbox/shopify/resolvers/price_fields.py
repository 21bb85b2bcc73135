"""Price lists and catalogs: fixed prices and volume prices per variant.

https://shopify.dev/docs/api/admin-graphql/2026-10/objects/PriceList . Which list a buyer gets
(market, company location) is not simulated: the lists only keep what is written to them. That one
bad line undoes its whole call is an assumption; the reference does not say.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from towline_sandbox.shopify import search
from towline_sandbox.shopify.catalogue import money_text
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.paging import connection
from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import (
    Fields,
    Info,
    Node,
    Refusal,
    error,
    mutation,
    searched,
    shop_of,
)
from towline_sandbox.shopify.shop import Shop

__all__ = ["FIELDS"]

_MOST_BREAKS = 10  # https://help.shopify.com/en/manual/b2b/catalogs/quantity-pricing


def _list(row: sqlite3.Row) -> Node:
    return {
        "__typename": "PriceList",
        "_n": row["id"],
        "id": gid("PriceList", row["id"]),
        "name": row["name"],
        "currency": row["currency"],
        "parent": None,
        "catalog": {
            "__typename": "CompanyLocationCatalog",
            "id": gid("CompanyLocationCatalog", row["id"]),
            "title": row["catalog"],
            "status": "ACTIVE",
        },
    }


def _lists(_root: Any, info: Info, **arguments: Any) -> Node:
    rows = shop_of(info).db.all("SELECT * FROM price_lists")
    return connection(rows, arguments, key=lambda row: (row["id"],), load=_list)


def _one_list(_root: Any, info: Info, *, id: str) -> Node | None:
    row = shop_of(info).db.one("SELECT * FROM price_lists WHERE id = ?", number_of(id, "PriceList"))
    return None if row is None else _list(row)


def _count(source: Node, info: Info) -> int:
    sql = "SELECT count(*) FROM list_prices WHERE price_list_id = ?"
    return int(shop_of(info).db.scalar(sql, source["_n"]))


_PRICE_FIELDS: Mapping[str, search.Matcher] = {
    "variant_id": lambda row, term: search.number(row["variant_id"], term),
    "product_id": lambda row, term: search.number(row["product_id"], term),
}


def _prices(source: Node, info: Info, **arguments: Any) -> Node:
    """Return fixed prices; the list's own adjustment, and so any other price, is not simulated."""
    node = searched(info, arguments.get("query"), _PRICE_FIELDS)
    rows = shop_of(info).db.all(
        "SELECT p.*, l.currency, v.product_id FROM list_prices p"
        " JOIN price_lists l ON l.id = p.price_list_id JOIN variants v ON v.id = p.variant_id"
        " WHERE price_list_id = ?",
        source["_n"],
    )
    found = [
        row
        for row in rows
        if arguments.get("originType") != "RELATIVE" and search.matches(node, row, _PRICE_FIELDS)
    ]
    return connection(found, arguments, key=lambda row: (row["variant_id"],), load=_price)


def _money(amount: str, currency: str) -> Node:
    return {"amount": amount, "currencyCode": currency}


def _price(row: sqlite3.Row) -> Node:
    was = row["compare_at_price"]
    return {
        "__typename": "PriceListPrice",
        "_variant": row["variant_id"],
        "_list": row["price_list_id"],
        "price": _money(row["price"], row["currency"]),
        "compareAtPrice": None if was is None else _money(was, row["currency"]),
    }


def _breaks(source: Node, info: Info, **arguments: Any) -> Node:
    """Return the volume prices of a variant in a list, by their minimum."""
    rows = shop_of(info).db.all(
        "SELECT b.*, l.currency FROM price_breaks b JOIN price_lists l ON l.id = b.price_list_id"
        " WHERE b.price_list_id = ? AND b.variant_id = ?",
        source["_list"],
        source["_variant"],
    )
    return connection(rows, arguments, key=lambda row: (row["minimum"],), load=_break)


def _break(row: sqlite3.Row) -> Node:
    number = f"{row['price_list_id']}-{row['variant_id']}-{row['minimum']}"
    return {
        "__typename": "QuantityPriceBreak",
        "id": f"gid://shopify/QuantityPriceBreak/{number}",
        "minimumQuantity": row["minimum"],
        "price": _money(row["price"], row["currency"]),
    }


def _price_variant(source: Node, info: Info) -> Node | None:
    return nodes.one(shop_of(info), "ProductVariant", source["_variant"])


class _Writer:
    """Writes to one list; collects what it refuses under the given codes."""

    def __init__(self, shop: Shop, price_list: str, codes: Mapping[str, str]) -> None:
        self.shop = shop
        self.codes = codes
        self.problems: list[Node] = []
        row = shop.db.one(
            "SELECT * FROM price_lists WHERE id = ?", number_of(price_list, "PriceList")
        )
        if row is None:
            message = "Price list does not exist."
            raise Refusal(error(["priceListId"], message, "PRICE_LIST_NOT_FOUND"))
        self.row = row

    def variant(self, text: str, at: list[str], code: str) -> int | None:
        """Return the number of a variant that exists."""
        number = number_of(text, "ProductVariant")
        if self.shop.db.scalar("SELECT 1 FROM variants WHERE id = ?", number):
            return number
        self.problems.append(error(at, "Variant does not exist.", code))
        return None

    def amount(self, given: Node | None, at: list[str]) -> str | None:
        """Return an amount in the list's currency."""
        if given is None:
            return None
        if given["currencyCode"] != self.row["currency"]:
            message = "Currency must match price list currency."
            self.problems.append(error(at, message, self.codes["currency"]))
        return money_text(Decimal(given["amount"]))

    def put(self, given: Node, at: list[str]) -> None:
        """Set a fixed price; it replaces the one there is, with its compare-at price."""
        variant = self.variant(given["variantId"], [*at, "variantId"], self.codes["add"])
        price = self.amount(given["price"], [*at, "price"])
        compare_at = self.amount(given.get("compareAtPrice"), [*at, "compareAtPrice"])
        if variant is not None:
            self.shop.db.run(
                "INSERT OR REPLACE INTO list_prices VALUES (?, ?, ?, ?)",
                self.row["id"], variant, price, compare_at,
            )  # fmt: skip

    def drop(self, text: str, at: list[str]) -> None:
        """Take a fixed price away, with its volume prices."""
        variant = self.variant(text, at, self.codes["delete"])
        if variant is None:
            return
        sql = "DELETE FROM list_prices WHERE price_list_id = ? AND variant_id = ?"
        if not self.shop.db.run(sql, self.row["id"], variant):
            message = "Only fixed prices can be deleted."
            self.problems.append(error(at, message, self.codes["not fixed"]))
        self.drop_breaks(variant)

    def drop_breaks(self, variant: int) -> None:
        """Take all volume prices of a variant away."""
        sql = "DELETE FROM price_breaks WHERE price_list_id = ? AND variant_id = ?"
        self.shop.db.run(sql, self.row["id"], variant)

    def done(self) -> None:
        """Refuse the call when one of its lines was bad."""
        if self.problems:
            raise Refusal(*self.problems)


_FIXED = {
    "add": "VARIANT_NOT_FOUND",
    "delete": "VARIANT_NOT_FOUND",
    "not fixed": "PRICE_NOT_FIXED",
    "currency": "PRICE_LIST_CURRENCY_MISMATCH",
}
_TIERS = {
    "add": "PRICE_ADD_VARIANT_NOT_FOUND",
    "delete": "PRICE_DELETE_VARIANT_NOT_FOUND",
    "not fixed": "PRICE_DELETE_PRICE_NOT_FIXED",
    "currency": "PRICE_ADD_CURRENCY_MISMATCH",
}


def _update(
    shop: Shop, *, priceListId: str, pricesToAdd: list[Node], variantIdsToDelete: list[str]
) -> Node:
    writer = _Writer(shop, priceListId, _FIXED)
    for index, given in enumerate(pricesToAdd):
        writer.put(given, ["pricesToAdd", str(index)])
    for index, text in enumerate(variantIdsToDelete):
        writer.drop(text, ["variantIdsToDelete", str(index)])
    writer.done()
    return {
        "priceList": _list(writer.row),
        "deletedFixedPriceVariantIds": variantIdsToDelete,
        "pricesAdded": None,
    }


def _quantity_pricing(shop: Shop, *, priceListId: str, input: Node) -> Node:
    writer = _Writer(shop, priceListId, _TIERS)
    for index, text in enumerate(input.get("quantityPriceBreaksToDeleteByVariantId") or ()):
        at = ["input", "quantityPriceBreaksToDeleteByVariantId", str(index)]
        code = "QUANTITY_PRICE_BREAK_DELETE_BY_VARIANT_ID_VARIANT_NOT_FOUND"
        variant = writer.variant(text, at, code)
        if variant is not None:
            writer.drop_breaks(variant)
    for index, given in enumerate(input["pricesToAdd"]):
        writer.put(given, ["input", "pricesToAdd", str(index)])
    for index, text in enumerate(input["pricesToDeleteByVariantId"]):
        writer.drop(text, ["input", "pricesToDeleteByVariantId", str(index)])
    for index, given in enumerate(input["quantityPriceBreaksToAdd"]):
        _put_break(writer, given, ["input", "quantityPriceBreaksToAdd", str(index)])
    writer.done()
    return {"productVariants": []}


def _put_break(writer: _Writer, given: Node, at: list[str]) -> None:
    code = "QUANTITY_PRICE_BREAK_ADD_VARIANT_NOT_FOUND"
    variant = writer.variant(given["variantId"], [*at, "variantId"], code)
    if variant is None:
        return
    db, where = writer.shop.db, (writer.row["id"], variant)
    price = db.scalar(
        "SELECT price FROM list_prices WHERE price_list_id = ? AND variant_id = ?", *where
    )
    if price is None:
        message = "Quantity price break's fixed price not found."
        code = "QUANTITY_PRICE_BREAK_ADD_PRICE_LIST_PRICE_NOT_FOUND"
        writer.problems.append(error(at, message, code))
    breaks = db.scalar(
        "SELECT count(*) FROM price_breaks WHERE price_list_id = ? AND variant_id = ?", *where
    )
    if breaks >= _MOST_BREAKS:
        message = "Exceeded the allowed number of quantity price breaks per variant."
        code = "QUANTITY_PRICE_BREAK_ADD_LIMIT_EXCEEDED"
        writer.problems.append(error(at, message, code))
    amount = writer.amount(given["price"], [*at, "price"])
    db.run(
        "INSERT OR REPLACE INTO price_breaks VALUES (?, ?, ?, ?)",
        *where, given["minimumQuantity"], amount,
    )  # fmt: skip


FIELDS: Fields = {
    "QueryRoot": {"priceLists": _lists, "priceList": _one_list},
    "Mutation": {
        "priceListFixedPricesUpdate": mutation(
            _update,
            empty={"priceList": None, "deletedFixedPriceVariantIds": None, "pricesAdded": None},
        ),
        "quantityPricingByVariantUpdate": mutation(
            _quantity_pricing, empty={"productVariants": None}
        ),
    },
    "PriceList": {"prices": _prices, "fixedPricesCount": _count},
    "PriceListPrice": {"variant": _price_variant, "quantityPriceBreaks": _breaks},
}
