"""Reading products and variants, and changing prices."""

from __future__ import annotations

from typing import Any

from towline_sandbox.shopify import search
from towline_sandbox.shopify.catalogue import (
    touch_product,
    variant_ids,
)
from towline_sandbox.shopify.ids import number_of
from towline_sandbox.shopify.metafields import DEFAULT_NAMESPACE, owner_of
from towline_sandbox.shopify.paging import connection, cursor
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

__all__ = ["FIELDS", "by_custom_id"]

_VARIANT_FIELDS: dict[str, search.Matcher] = {
    "": lambda row, term: search.phrase(row["sku"], term) or search.phrase(row["title"], term),
    "sku": lambda row, term: search.phrase(row["sku"], term),
    "barcode": lambda row, term: search.phrase(row["barcode"], term),
    "title": lambda row, term: search.phrase(row["title"], term),
    "id": lambda row, term: search.number(row["id"], term),
    "product_id": lambda row, term: search.number(row["product_id"], term),
    "product_status": lambda row, term: search.text(row["status"], term),
    "updated_at": lambda row, term: search.text(row["updated_at"], term),
}

_PRODUCT_FIELDS: dict[str, search.Matcher] = {
    "": lambda row, term: search.phrase(row["title"], term),
    "title": lambda row, term: search.phrase(row["title"], term),
    "handle": lambda row, term: search.text(row["handle"], term),
    "id": lambda row, term: search.number(row["id"], term),
    "status": lambda row, term: search.text(row["status"], term),
    "updated_at": lambda row, term: search.text(row["updated_at"], term),
    "vendor": lambda row, term: search.phrase(row["vendor"], term),
}

_PRODUCT_SORT = {"UPDATED_AT": "updated_at", "TITLE": "title"}

_VARIANT_SQL = (
    "SELECT v.*, p.status AS status FROM variants v JOIN products p ON p.id = v.product_id"
    " WHERE v.id = ?"
)


def by_custom_id(shop: Shop, kind: str, given: Node) -> str | None:
    """Return the gid of the owner of a unique metafield's value."""
    return owner_of(
        shop,
        kind=kind,
        namespace=given.get("namespace") or DEFAULT_NAMESPACE,
        key=given["key"],
        value=given["value"],
    )


def _variants(_root: Any, info: Info, **arguments: Any) -> Node:
    shop = shop_of(info)
    query = arguments.get("query")
    node = searched(info, query, _VARIANT_FIELDS)
    forward = arguments.get("first") and not (arguments.get("reverse") or arguments.get("before"))
    if node is None and forward:
        return _all_variants(shop, arguments)
    numbers = variant_ids(shop, node)
    if node is not None:
        numbers = [
            n
            for n in numbers
            if (row := shop.db.one(_VARIANT_SQL, n)) is not None
            and search.matches(node, row, _VARIANT_FIELDS)
        ]
    return connection(
        numbers,
        arguments,
        key=lambda number: (number,),
        load=lambda number: nodes.one(shop, "ProductVariant", number) or {},
    )


def _all_variants(shop: Shop, arguments: Node) -> Node:
    """Return a page of all variants; only its own rows are read, or 400 pages would read 400 x all.

    One row more than the page tells whether there is a next one.
    """
    start = cursor(arguments.get("after")) or (0,)
    rows = shop.db.all(
        "SELECT id FROM variants WHERE id > ? ORDER BY id LIMIT ?", *start, arguments["first"] + 1
    )
    page = connection(
        [row["id"] for row in rows],
        arguments,
        key=lambda number: (number,),
        load=lambda number: nodes.one(shop, "ProductVariant", number) or {},
    )
    return page


def _products(_root: Any, info: Info, **arguments: Any) -> Node:
    node = searched(info, arguments.get("query"), _PRODUCT_FIELDS)
    column = _PRODUCT_SORT.get(arguments.get("sortKey") or "ID", "id")
    rows = [
        row
        for row in shop_of(info).db.all("SELECT * FROM products")
        if search.matches(node, row, _PRODUCT_FIELDS)
    ]
    return connection(rows, arguments, key=lambda row: (row[column], row["id"]), load=nodes.product)


def _product_by_identifier(_root: Any, info: Info, identifier: Node) -> Node | None:
    shop = shop_of(info)
    if "handle" in identifier:
        row = shop.db.one("SELECT * FROM products WHERE handle = ?", identifier["handle"])
        return None if row is None else nodes.product(row)
    return _identified(shop, identifier, "Product", "PRODUCT")


def _variant_by_identifier(_root: Any, info: Info, identifier: Node) -> Node | None:
    return _identified(shop_of(info), identifier, "ProductVariant", "PRODUCTVARIANT")


def _identified(shop: Shop, identifier: Node, kind: str, owner: str) -> Node | None:
    if "customId" in identifier:
        text = by_custom_id(shop, owner, identifier["customId"])
    else:
        text = identifier["id"]
    number = number_of(text or "", kind)
    return None if number is None else nodes.one(shop, kind, number)


def _product_variants(source: Node, info: Info, **arguments: Any) -> Node:
    rows = shop_of(info).db.all("SELECT * FROM variants WHERE product_id = ?", source["_n"])
    return connection(
        rows, arguments, key=lambda row: (row["position"], row["id"]), load=nodes.variant
    )


def _variants_count(source: Node, info: Info) -> Node:
    count = shop_of(info).db.scalar(
        "SELECT count(*) FROM variants WHERE product_id = ?", source["_n"]
    )
    return {"count": count, "precision": "EXACT"}


def _product_of_variant(source: Node, info: Info) -> Node | None:
    return nodes.one(shop_of(info), "Product", source["_product"])


def _item_of_variant(source: Node, info: Info) -> Node | None:
    return nodes.one(shop_of(info), "InventoryItem", source["_item"])


def _product_update(shop: Shop, **arguments: Any) -> Node:
    given = arguments.get("product") or arguments.get("input") or {}
    identifier = arguments.get("identifier") or {}
    text = identifier.get("id") or given.get("id") or ""
    number = number_of(text, "Product")
    row = shop.db.one("SELECT * FROM products WHERE id = ?", number)
    if row is None:
        raise Refusal(error(["id"], "Product does not exist"))
    columns = {
        "title": given.get("title"),
        "description_html": given.get("descriptionHtml"),
        "vendor": given.get("vendor"),
        "product_type": given.get("productType"),
        "status": given.get("status"),
        "handle": given.get("handle"),
    }
    changed = {k: v for k, v in columns.items() if v is not None and v != row[k]}
    if "handle" in changed and shop.db.scalar(
        "SELECT 1 FROM products WHERE handle = ?", changed["handle"]
    ):
        raise Refusal(error(["handle"], f"Handle {changed['handle']} already in use"))
    if given.get("title") == "":
        raise Refusal(error(["title"], "Title can't be blank"))
    if changed:
        shop.db.update("products", row["id"], **changed)
        touch_product(shop, row["id"])
    return {"product": nodes.one(shop, "Product", row["id"])}


FIELDS: Fields = {
    "QueryRoot": {
        "productVariants": _variants,
        "products": _products,
        "productByIdentifier": _product_by_identifier,
        "productVariantByIdentifier": _variant_by_identifier,
    },
    "Mutation": {
        "productUpdate": mutation(_product_update, empty={"product": None}),
    },
    "Product": {"variants": _product_variants, "variantsCount": _variants_count},
    "ProductVariant": {"product": _product_of_variant, "inventoryItem": _item_of_variant},
}
