"""Reading orders and customers, and tagging."""

from __future__ import annotations

from typing import Any

from towline_sandbox.shopify import search
from towline_sandbox.shopify.catalogue import touch_product
from towline_sandbox.shopify.ids import gid, number_of, type_of
from towline_sandbox.shopify.metafields import DEFAULT_NAMESPACE
from towline_sandbox.shopify.orders import touch
from towline_sandbox.shopify.paging import connection
from towline_sandbox.shopify.resolvers import nodes, order_nodes
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
from towline_sandbox.shopify.resolvers.catalogue_fields import by_custom_id
from towline_sandbox.shopify.shop import Shop

__all__ = ["FIELDS"]

_ORDER_FIELDS: dict[str, search.Matcher] = {
    "": lambda row, term: search.phrase(row["name"], term),
    "name": lambda row, term: search.phrase(row["name"], term),
    "id": lambda row, term: search.number(row["id"], term),
    "created_at": lambda row, term: search.text(row["created_at"], term),
    "processed_at": lambda row, term: search.text(row["created_at"], term),
    "updated_at": lambda row, term: search.text(row["updated_at"], term),
    "financial_status": lambda row, term: search.text(row["financial_status"], term),
    "fulfillment_status": lambda row, term: search.text(row["fulfillment_status"], term),
    "return_status": lambda row, term: search.text(row["return_status"] or "NO_RETURN", term),
    "test": lambda row, term: bool(row["test"]) == (term.value == "true"),
    "status": lambda row, term: term.value in ("any", "open") or bool(row["cancelled_at"]),
}

_SORT = {
    "UPDATED_AT": "updated_at",
    "CREATED_AT": "created_at",
    "PROCESSED_AT": "created_at",
    "ORDER_NUMBER": "number",
    "ID": "id",
}


def _orders(_root: Any, info: Info, **arguments: Any) -> Node:
    shop = shop_of(info)
    node = searched(info, arguments.get("query"), _ORDER_FIELDS)
    column = _SORT.get(arguments.get("sortKey") or "PROCESSED_AT", "id")
    rows = [
        row
        for row in shop.db.all(
            "SELECT id, name, number, created_at, updated_at, financial_status,"
            " fulfillment_status, test, cancelled_at,"
            " json_extract(document, '$.return_status') AS return_status FROM orders"
        )
        if search.matches(node, row, _ORDER_FIELDS)
    ]
    return connection(
        rows,
        arguments,
        key=lambda row: (row[column], row["id"]),
        load=lambda row: nodes.one(shop, "Order", row["id"]) or {},
    )


def _order(_root: Any, info: Info, id: str) -> Node | None:
    number = number_of(id, "Order")
    return None if number is None else nodes.one(shop_of(info), "Order", number)


def _order_by_identifier(_root: Any, info: Info, identifier: Node) -> Node | None:
    shop = shop_of(info)
    text = identifier.get("id")
    if "customId" in identifier:
        text = by_custom_id(shop, "ORDER", identifier["customId"])
    number = number_of(text or "", "Order")
    return None if number is None else nodes.one(shop, "Order", number)


def _customer(source: Node, info: Info) -> Node | None:
    if source["_customer"] is None:
        return None
    return nodes.one(shop_of(info), "Customer", source["_customer"])


def _tags(source: Node, info: Info) -> list[str]:
    rows = shop_of(info).db.all("SELECT tag FROM tags WHERE owner = ? ORDER BY tag", source["id"])
    return [row["tag"] for row in rows]


def _metafield(source: Node, info: Info, key: str, namespace: str | None = None) -> Node | None:
    row = shop_of(info).db.one(
        'SELECT * FROM metafields WHERE owner = ? AND namespace = ? AND "key" = ?',
        source["id"],
        namespace or DEFAULT_NAMESPACE,
        key,
    )
    return None if row is None else nodes.metafield(row)


def _lines(source: Node, info: Info, **arguments: Any) -> Node:
    rows = shop_of(info).db.all("SELECT * FROM order_lines WHERE order_id = ?", source["_n"])
    return connection(
        rows,
        arguments,
        key=lambda row: (row["position"],),
        load=lambda row: order_nodes.line(
            row, source["_extra"], source["_currency"], source["_money"]
        ),
    )


def _shipping_lines(source: Node, _info: Info, **arguments: Any) -> Node:
    extra, currency = source["_extra"], source["_currency"]
    return connection(
        extra["shipping_lines"],
        arguments,
        key=lambda given: (given["id"],),
        load=lambda given: order_nodes.shipping_line(given, extra, currency),
    )


def _applications(source: Node, _info: Info, **arguments: Any) -> Node:
    return connection(
        list(enumerate(source["_extra"]["discounts"])),
        arguments,
        key=lambda pair: (pair[0],),
        load=lambda pair: order_nodes.application(pair[1], pair[0], source["_currency"]),
    )


def _transactions(source: Node, _info: Info, first: int | None = None, **_: Any) -> list[Node]:
    stored = source["_extra"]["transactions"][:first]
    return [order_nodes.transaction(given, source["_currency"]) for given in stored]


def _purchaser(source: Node, info: Info) -> Node | None:
    """Answer the company that bought, else the customer."""
    company = source["_extra"]["company"]
    if not company:
        return _customer(source, info)
    number = int(company["number"])
    return {
        "__typename": "PurchasingCompany",
        "company": {
            "id": gid("Company", number),
            "name": company["name"],
            "externalId": company.get("external_id"),
        },
        "location": {
            "id": gid("CompanyLocation", number),
            "name": company.get("location", company["name"]),
            "externalId": company.get("location_id"),
        },
        "contact": {"id": gid("CompanyContact", number)},
    }


def _line_taxes(source: Node, _info: Info, **_arguments: Any) -> list[Node]:
    return order_nodes.tax_lines(*source["_tax"])


def _line_variant(source: Node, info: Info) -> Node | None:
    number = source["_variant"]
    return None if number is None else nodes.one(shop_of(info), "ProductVariant", number)


def _line_product(source: Node, info: Info) -> Node | None:
    number = source["_product"]
    return None if number is None else nodes.one(shop_of(info), "Product", number)


def _tag(shop: Shop, owner: str, tags: list[str], *, add: bool) -> Node:
    if type_of(owner) not in ("Order", "Product", "Customer"):
        raise Refusal(error(["id"], f"{owner} can't be tagged"))
    node = nodes.load(shop, owner)
    if node is None:
        raise Refusal(error(["id"], f"{type_of(owner)} does not exist"))
    # A list in one string is split, as the admin does with "a, b":
    # https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/tagsAdd
    wanted = {part.strip() for tag in tags for part in tag.split(",") if part.strip()}
    changed = 0
    for tag in sorted(wanted):
        if len(tag) > 255:
            raise Refusal(error(["tags"], "A tag can have at most 255 characters"))
        if add:
            changed += shop.db.run(
                "INSERT OR IGNORE INTO tags (owner, tag) VALUES (?, ?)", owner, tag
            )
        else:
            changed += shop.db.run("DELETE FROM tags WHERE owner = ? AND tag = ?", owner, tag)
    if changed:
        _touch(shop, owner)
    return {"node": nodes.load(shop, owner)}


def _touch(shop: Shop, owner: str) -> None:
    order, product = number_of(owner, "Order"), number_of(owner, "Product")
    if order is not None:
        touch(shop, order)
    if product is not None:
        touch_product(shop, product)


def _tags_add(shop: Shop, *, id: str, tags: list[str]) -> Node:
    return _tag(shop, id, tags, add=True)


def _tags_remove(shop: Shop, *, id: str, tags: list[str]) -> Node:
    return _tag(shop, id, tags, add=False)


FIELDS: Fields = {
    "QueryRoot": {
        "orders": _orders,
        "order": _order,
        "orderByIdentifier": _order_by_identifier,
    },
    "Mutation": {
        "tagsAdd": mutation(_tags_add, empty={"node": None}),
        "tagsRemove": mutation(_tags_remove, empty={"node": None}),
    },
    "Order": {
        "customer": _customer,
        "purchasingEntity": _purchaser,
        "tags": _tags,
        "metafield": _metafield,
        "lineItems": _lines,
        "shippingLines": _shipping_lines,
        "discountApplications": _applications,
        "transactions": _transactions,
    },
    "LineItem": {"taxLines": _line_taxes, "variant": _line_variant, "product": _line_product},
    "Customer": {"tags": _tags, "metafield": _metafield},
}
