"""productSet: an upsert whose list fields replace what is stored.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productSet
"""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

from towline_sandbox.shopify import stock
from towline_sandbox.shopify.catalogue import (
    add_product,
    add_variant,
    delete_variant,
    free_handle,
    handle_from,
    money_text,
    set_item,
    set_sku,
    touch_product,
)
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.metafields import DEFAULT_NAMESPACE, store, taken_by
from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import Fields, Node, Refusal, error, mutation
from towline_sandbox.shopify.resolvers.catalogue_fields import by_custom_id
from towline_sandbox.shopify.shop import Shop
from towline_sandbox.shopify.wire import compact

__all__ = ["FIELDS", "MAX_VARIANTS", "daily_limit"]

MAX_VARIANTS = 2_048  # https://shopify.dev/docs/apps/build/graphql/migrate/new-product-model


def daily_limit(shop: Shop, new: int) -> None:
    """From 50,000 variants on a shop gets 1,000 new ones a day, unless it is on Plus.

    https://shopify.dev/docs/api/usage/limits ; that it comes as an error with this code is general
    knowledge.
    """
    limit = shop.settings.daily_variants
    if limit is None:
        return
    today = shop.now()[:10]
    sql = "SELECT count(*) FROM variants WHERE substr(created_at, 1, 10) = ?"
    if shop.db.scalar(sql, today) + new > limit:
        raise GraphQLError(
            "Daily variant creation limit reached. Please try again later.",
            extensions={"code": "VARIANT_THROTTLE_EXCEEDED"},
        )


def _product_set(
    shop: Shop, *, input: Node, identifier: Node | None = None, synchronous: bool = True
) -> Node:
    if not synchronous:
        raise GraphQLError("not simulated: productSet with synchronous: false")
    known = _identified(shop, identifier or {}, input)
    _check(shop, input, known)
    if known is None:
        daily_limit(shop, len(input.get("variants") or ["its only one"]))
    number = _head(shop, input, known)
    if "variants" in input and input["variants"] is not None:
        _replace_variants(shop, number, input)
    elif known is None:
        add_variant(shop, number, sku=None, price=Decimal(0), options={})
    if input.get("tags") is not None:
        _replace_tags(shop, gid("Product", number), input["tags"])
    if input.get("metafields") is not None:
        _replace_metafields(shop, gid("Product", number), input["metafields"])
    touch_product(shop, number)
    return {"product": nodes.one(shop, "Product", number), "productSetOperation": None}


def _identified(shop: Shop, identifier: Node, given: Node) -> sqlite3.Row | None:
    text = identifier.get("id") or given.get("id")
    if text:
        row = shop.db.one("SELECT * FROM products WHERE id = ?", number_of(text, "Product"))
        if row is None:
            code = "PRODUCT_DOES_NOT_EXIST"
            raise Refusal(error(["identifier", "id"], "Product does not exist", code))
        return row
    if "handle" in identifier:
        wanted = identifier["handle"]
        if given.get("handle") not in (None, wanted):
            message = "The identifier value does not match the value of the field in the input"
            raise Refusal(error(["identifier", "handle"], message, "INPUT_MISMATCH"))
        row = shop.db.one("SELECT * FROM products WHERE handle = ?", wanted)
        if row is None and given.get("handle") is None:
            message = "The input field corresponding to the identifier is required"
            raise Refusal(error(["input", "handle"], message, "MISSING_FIELD_REQUIRED"))
        return row
    if "customId" in identifier:
        return _by_custom_id(shop, identifier["customId"], given)
    return None


def _by_custom_id(shop: Shop, custom: Node, given: Node) -> sqlite3.Row | None:
    name = (custom.get("namespace") or DEFAULT_NAMESPACE, custom["key"])
    if not shop.db.scalar(
        "SELECT 1 FROM metafield_definitions WHERE owner_type = 'PRODUCT' AND is_unique = 1"
        ' AND namespace = ? AND "key" = ?',
        *name,
    ):
        message = f"No unique metafield definition {name[0]}.{name[1]} for products"
        raise Refusal(error(["identifier", "customId"], message, "INVALID_METAFIELD"))
    values = {
        (field.get("namespace") or DEFAULT_NAMESPACE, field.get("key")): field.get("value")
        for field in given.get("metafields") or ()
    }
    if values.get(name, custom["value"]) != custom["value"]:
        message = "The identifier value does not match the value of the metafield in the input"
        raise Refusal(error(["identifier", "customId"], message, "METAFIELD_MISMATCH"))
    owner = by_custom_id(shop, "PRODUCT", custom)
    if owner is None and name not in values:
        message = "The input field corresponding to the identifier is required"
        raise Refusal(error(["input", "metafields"], message, "MISSING_FIELD_REQUIRED"))
    return shop.db.one("SELECT * FROM products WHERE id = ?", number_of(owner or "", "Product"))


def _check(shop: Shop, given: Node, known: sqlite3.Row | None) -> None:
    title = given.get("title")
    if title == "" or (known is None and not title):
        raise Refusal(error(["input", "title"], "Title can't be blank", "INVALID_PRODUCT"))
    handle = given.get("handle")
    if handle is not None:
        holder = shop.db.scalar("SELECT id FROM products WHERE handle = ?", handle)
        if holder is not None and (known is None or holder != known["id"]):
            message = f"Handle '{handle}' already in use. Please provide a new handle."
            raise Refusal(error(["input", "handle"], message, "HANDLE_NOT_UNIQUE"))
    variants, options = given.get("variants"), given.get("productOptions")
    if variants is not None and options is None:
        message = "Product options input is required when updating variants"
        code = "PRODUCT_OPTIONS_INPUT_MISSING"
        raise Refusal(error(["input", "productOptions"], message, code))
    if options is not None and variants is None:
        message = "Variants input is required when updating product options"
        raise Refusal(error(["input", "variants"], message, "VARIANTS_INPUT_MISSING"))
    if variants is not None and len(variants) > MAX_VARIANTS:
        message = f"Product can have a maximum of {MAX_VARIANTS} variants"
        raise Refusal(error(["input", "variants"], message, "VARIANTS_OVER_LIMIT"))


def _head(shop: Shop, given: Node, known: sqlite3.Row | None) -> int:
    columns = {
        "title": given.get("title"),
        "description_html": given.get("descriptionHtml"),
        "vendor": given.get("vendor"),
        "product_type": given.get("productType"),
        "status": given.get("status"),
        "handle": given.get("handle"),
    }
    stated = {name: value for name, value in columns.items() if value is not None}
    if given.get("productOptions") is not None:
        stated["options"] = compact([option.get("name") for option in given["productOptions"]])
    if known is not None:
        if stated:
            shop.db.update("products", known["id"], **stated)
        return int(known["id"])
    handle = given.get("handle") or free_handle(shop, handle_from(given["title"]))
    number = add_product(
        shop,
        title=given["title"],
        handle=handle,
        status=given.get("status") or "ACTIVE",
        description_html=given.get("descriptionHtml"),
        vendor=given.get("vendor"),
        product_type=given.get("productType"),
    )
    if "options" in stated:
        shop.db.update("products", number, options=stated["options"])
    return number


def _replace_variants(shop: Shop, product: int, given: Node) -> None:
    stored = shop.db.all("SELECT * FROM variants WHERE product_id = ?", product)
    by_number = {row["id"]: row for row in stored}
    by_options = {json.dumps(json.loads(row["options"])): row for row in stored}
    kept: set[int] = set()
    seen: set[str] = set()
    for index, wanted in enumerate(given["variants"]):
        at = ["input", "variants", str(index)]
        options = _options(wanted, given["productOptions"], at)
        signature = json.dumps(options)
        if signature in seen:
            message = f"The variant '{' / '.join(options.values())}' already exists"
            raise Refusal(error(at, message, "INVALID_VARIANT"))
        seen.add(signature)
        row = by_options.get(signature)
        if wanted.get("id"):
            row = by_number.get(number_of(wanted["id"], "ProductVariant") or 0)
            if row is None:
                code = "PRODUCT_VARIANT_DOES_NOT_EXIST"
                raise Refusal(error([*at, "id"], "Product variant does not exist", code))
        kept.add(_set_variant(shop, product, wanted, options, row, at))
    for row in stored:
        if row["id"] not in kept:
            delete_variant(shop, row["id"])


def _options(wanted: Node, product_options: list[Node], at: list[str]) -> dict[str, str]:
    allowed = {
        option.get("name"): {value.get("name") for value in option.get("values") or ()}
        for option in product_options
    }
    options: dict[str, str] = {}
    for value in wanted.get("optionValues") or ():
        name, text = value.get("optionName"), value.get("name")
        if name not in allowed:
            message = f"Option '{name}' does not exist"
            raise Refusal(error([*at, "optionValues"], message, "OPTION_DOES_NOT_EXIST"))
        if text not in allowed[name]:
            message = f"Option value '{text}' does not exist"
            raise Refusal(error([*at, "optionValues"], message, "OPTION_VALUE_DOES_NOT_EXIST"))
        options[name] = text
    if options.keys() != allowed.keys():
        message = "Every option of the product needs a value"
        raise Refusal(error([*at, "optionValues"], message, "OPTION_VALUES_MISSING"))
    return options


def _set_variant(
    shop: Shop,
    product: int,
    wanted: Node,
    options: dict[str, str],
    row: sqlite3.Row | None,
    at: list[str],
) -> int:
    item_input = wanted.get("inventoryItem") or {}
    sku = wanted["sku"] if "sku" in wanted else item_input.get("sku")
    states_sku = "sku" in wanted or "sku" in item_input
    price = wanted.get("price")
    if price is not None and price < 0:
        message = "Price must be greater than or equal to 0"
        raise Refusal(error([*at, "price"], message, "INVALID_VARIANT"))
    if row is None:
        number = add_variant(shop, product, sku=sku, price=price or Decimal(0), options=options)
    else:
        number = int(row["id"])
        if states_sku and sku != row["sku"]:
            set_sku(shop, number, sku)
    columns: dict[str, Any] = {"options": compact(options)}
    if price is not None:
        columns["price"] = money_text(price)
    if "compareAtPrice" in wanted:
        columns["compare_at_price"] = money_text(wanted["compareAtPrice"])
    for name, column in (("barcode", "barcode"), ("inventoryPolicy", "inventory_policy")):
        if wanted.get(name) is not None:
            columns[column] = wanted[name]
    if wanted.get("taxable") is not None:
        columns["taxable"] = int(wanted["taxable"])
    shop.db.update("variants", number, **columns, updated_at=shop.now())
    _set_item(shop, number, item_input, wanted.get("inventoryQuantities") or (), at)
    if wanted.get("metafields") is not None:
        _replace_metafields(shop, gid("ProductVariant", number), wanted["metafields"])
    return number


def _set_item(shop: Shop, variant: int, given: Node, quantities: Any, at: list[str]) -> None:
    item = int(shop.db.scalar("SELECT inventory_item_id FROM variants WHERE id = ?", variant))
    set_item(shop, item, given)
    for index, wanted in enumerate(quantities):
        field = [*at, "inventoryQuantities", str(index)]
        location = number_of(wanted["locationId"], "Location")
        if not shop.db.scalar("SELECT 1 FROM locations WHERE id = ?", location):
            raise Refusal(error([*field, "locationId"], "Location not found", "INVALID_INPUT"))
        if wanted["name"] not in ("available", "on_hand"):
            raise Refusal(error([*field, "name"], "Invalid quantity name", "INVALID_INPUT"))
        stock.set_quantity(
            shop, item, int(location or 0), name=wanted["name"], quantity=wanted["quantity"]
        )


def _replace_tags(shop: Shop, owner: str, tags: list[str]) -> None:
    shop.db.run("DELETE FROM tags WHERE owner = ?", owner)
    for tag in {tag.strip() for tag in tags if tag.strip()}:
        shop.db.insert("tags", owner=owner, tag=tag)


def _replace_metafields(shop: Shop, owner: str, given: list[Node]) -> None:
    shop.db.run("DELETE FROM metafields WHERE owner = ?", owner)
    kind = "PRODUCT" if "/Product/" in owner else "PRODUCTVARIANT"
    for index, field in enumerate(given):
        at = ["input", "metafields", str(index)]
        if not field.get("key") or not field.get("value"):
            raise Refusal(error(at, "Key and value can't be blank", "INVALID_METAFIELD"))
        name = (field.get("namespace") or DEFAULT_NAMESPACE, field["key"])
        if taken_by(shop, kind=kind, namespace=name[0], key=name[1], value=field["value"]):
            message = "Value is already assigned to another metafield"
            raise Refusal(error([*at, "value"], message, "DUPLICATED_METAFIELD_VALUE"))
        store(
            shop,
            owner=owner,
            namespace=name[0],
            key=name[1],
            kind=field.get("type") or "single_line_text_field",
            value=field["value"],
        )


FIELDS: Fields = {
    "Mutation": {
        "productSet": mutation(_product_set, empty={"product": None, "productSetOperation": None})
    }
}
