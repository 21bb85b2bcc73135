"""Adding variants to a product, and changing those there are.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productVariantsBulkCreate : one bad
variant fails the call. New option values come into being with the variants that have them.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

from towline_sandbox.shopify.catalogue import (
    add_variant,
    money_text,
    set_item,
    set_sku,
    touch_product,
)
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.metafields import DEFAULT_NAMESPACE, store
from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import Fields, Node, Refusal, error, found, mutation
from towline_sandbox.shopify.resolvers.product_set import MAX_VARIANTS, daily_limit
from towline_sandbox.shopify.shop import Shop
from towline_sandbox.shopify.wire import compact

__all__ = ["FIELDS"]


def _create(
    shop: Shop, *, productId: str, variants: list[Node], strategy: str = "DEFAULT", **_: Any
) -> Node:
    product = number_of(productId, "Product")
    row = shop.db.one("SELECT * FROM products WHERE id = ?", product)
    if row is None:
        raise Refusal(error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST"))
    if strategy != "PRESERVE_STANDALONE_VARIANT":
        raise GraphQLError(f"not simulated: productVariantsBulkCreate with {strategy}")
    stored = shop.db.all("SELECT options FROM variants WHERE product_id = ?", row["id"])
    taken = {json.dumps(json.loads(one["options"])) for one in stored}
    if len(stored) + len(variants) > MAX_VARIANTS:
        message = f"Product can have a maximum of {MAX_VARIANTS} variants"
        raise Refusal(error(["variants"], message, "INVALID_INPUT"))
    daily_limit(shop, len(variants))
    names = json.loads(row["options"])
    problems: list[Node] = []
    made: list[int] = []
    for index, given in enumerate(variants):
        at = ["variants", str(index)]
        try:
            options = _options(given, names, at)
            signature = json.dumps(options)
            if signature in taken:
                message = f"The variant '{' / '.join(options.values())}' already exists."
                raise Refusal(error(at, message, "VARIANT_ALREADY_EXISTS"))
            taken.add(signature)
            made.append(_add(shop, row["id"], given, options, at))
        except Refusal as refusal:
            problems.extend(refusal.errors)
    if problems:
        raise Refusal(*problems)
    touch_product(shop, row["id"])
    return {"productVariants": [nodes.one(shop, "ProductVariant", number) for number in made]}


def _options(given: Node, names: list[str], at: list[str]) -> dict[str, str]:
    options = {
        str(value.get("optionName")): str(value.get("name"))
        for value in given.get("optionValues") or ()
    }
    unknown = sorted(options.keys() - set(names))
    if unknown:
        message = f"Option '{unknown[0]}' does not exist"
        code = "OPTION_VALUES_FOR_NUMBER_OF_UNKNOWN_OPTIONS"
        raise Refusal(error([*at, "optionValues"], message, code))
    missing = [name for name in names if name not in options]
    if missing:
        message = f"You need to add option values for {', '.join(missing)}"
        raise Refusal(error([*at, "optionValues"], message, "NEED_TO_ADD_OPTION_VALUES"))
    return {name: options[name] for name in names}


def _add(shop: Shop, product: int, given: Node, options: dict[str, str], at: list[str]) -> int:
    price = given.get("price")
    if price is None or price < 0:
        message = "Price must be greater than or equal to 0"
        raise Refusal(error([*at, "price"], message, "GREATER_THAN_OR_EQUAL_TO"))
    item = given.get("inventoryItem") or {}
    number = add_variant(shop, product, sku=item.get("sku"), price=price, options=options)
    shop.db.update(
        "variants",
        number,
        barcode=given.get("barcode"),
        compare_at_price=money_text(given.get("compareAtPrice")),
    )
    row = shop.db.one("SELECT inventory_item_id FROM variants WHERE id = ?", number)
    assert row is not None
    set_item(shop, row["inventory_item_id"], item)
    for field in given.get("metafields") or ():
        store(
            shop,
            owner=gid("ProductVariant", number),
            namespace=field.get("namespace") or DEFAULT_NAMESPACE,
            key=field["key"],
            kind=field.get("type") or "single_line_text_field",
            value=field["value"],
        )
    return number


def _changed_options(shop: Shop, row: Any, given: Node, at: list[str]) -> dict[str, str] | None:
    """Return a variant's new option values; None when the call gives none.

    Raises:
        Refusal: an option the product does not have, or values another variant has.
    """
    if not given.get("optionValues"):
        return None
    options: dict[str, str] = json.loads(row["options"])
    for value in given["optionValues"]:
        name = str(value.get("optionName"))
        if name not in options:
            message = f"Option '{name}' does not exist"
            raise Refusal(error([*at, "optionValues"], message, "OPTION_DOES_NOT_EXIST"))
        options[name] = str(value.get("name"))
    for other in shop.db.all(
        "SELECT options FROM variants WHERE product_id = ? AND id <> ?",
        row["product_id"],
        row["id"],
    ):
        if json.loads(other["options"]) == options:
            message = f"The variant '{' / '.join(options.values())}' already exists."
            raise Refusal(error(at, message, "VARIANT_ALREADY_EXISTS"))
    return options


def _bulk_update(
    shop: Shop, *, productId: str, variants: list[Node], allowPartialUpdates: bool = False, **_: Any
) -> Node:
    product = number_of(productId, "Product")
    if not shop.db.scalar("SELECT 1 FROM products WHERE id = ?", product):
        raise Refusal(error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST"))
    problems: list[Node] = []
    done: list[int] = []
    for index, given in enumerate(variants):
        try:
            done.append(_update_variant(shop, int(product or 0), index, given))
        except Refusal as refusal:
            problems.extend(refusal.errors)
    if problems and not allowPartialUpdates:
        raise Refusal(*problems)
    return {
        "productVariants": [nodes.one(shop, "ProductVariant", number) for number in done],
        "userErrors": problems,
    }


def _update_variant(shop: Shop, product: int, index: int, given: Node) -> int:
    at = ["variants", str(index)]
    if not given.get("id"):
        message = "Product variant is missing ID attribute"
        raise Refusal(error([*at, "id"], message, "PRODUCT_VARIANT_ID_MISSING"))
    code = "PRODUCT_VARIANT_DOES_NOT_EXIST"
    number = found(given["id"], "ProductVariant", field=[*at, "id"], code=code)
    row = shop.db.one("SELECT * FROM variants WHERE id = ?", number)
    if row is None or row["product_id"] != product:
        raise Refusal(error([*at, "id"], "Product variant does not exist", code))
    columns: dict[str, Any] = {}
    for name, column in (("price", "price"), ("compareAtPrice", "compare_at_price")):
        if name in given:
            columns[column] = _price(given[name], [*at, name], optional=name != "price")
    if "barcode" in given:
        columns["barcode"] = given["barcode"]
    if given.get("inventoryPolicy"):
        columns["inventory_policy"] = given["inventoryPolicy"]
    if given.get("inventoryQuantities"):
        message = "Inventory quantities can only be provided during create"
        code = "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE"
        raise Refusal(error([*at, "inventoryQuantities"], message, code))
    changed = {k: v for k, v in columns.items() if v != row[k]}
    options = _changed_options(shop, row, given, at)
    if options is not None:
        changed |= {"options": compact(options), "title": " / ".join(options.values())}
    item = given.get("inventoryItem") or {}
    if "sku" in item and item["sku"] != row["sku"]:
        set_sku(shop, number, item["sku"])
        changed["updated_at"] = shop.now()
    if set_item(shop, row["inventory_item_id"], item):
        changed["updated_at"] = shop.now()
    if changed:
        shop.db.update("variants", number, **{**changed, "updated_at": shop.now()})
        touch_product(shop, product)
    return number


def _price(value: Decimal | None, field: list[str], *, optional: bool) -> str | None:
    if value is None:
        if optional:
            return None
        raise Refusal(error(field, "Price can't be blank", "INVALID_VALUE"))
    if value < 0:
        message = "Price must be greater than or equal to 0"
        raise Refusal(error(field, message, "GREATER_THAN_OR_EQUAL_TO"))
    return money_text(value)


FIELDS: Fields = {
    "Mutation": {
        "productVariantsBulkCreate": mutation(_create, empty={"productVariants": None}),
        "productVariantsBulkUpdate": mutation(_bulk_update, empty={"productVariants": None}),
    }
}
