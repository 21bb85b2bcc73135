"""Inventory items, levels, and setting quantities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from graphql import GraphQLError, get_directive_values

from towline_sandbox.shopify import idempotency, search, stock
from towline_sandbox.shopify.catalogue import level_row, variant_ids
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

__all__ = ["FIELDS", "REASONS"]

# The fixed list: https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/inventorySetQuantities
REASONS = frozenset(
    {
        "correction", "cycle_count_available", "damaged", "movement_canceled", "movement_created",
        "movement_received", "movement_updated", "other", "promotion", "quality_control",
        "received", "reservation_created", "reservation_deleted", "reservation_updated", "restock",
        "safety_stock", "shrinkage",
    }
)  # fmt: skip
_LIMIT = 1_000_000_000

_ITEM_FIELDS: dict[str, search.Matcher] = {
    "": lambda row, term: search.phrase(row["sku"], term),
    "sku": lambda row, term: search.phrase(row["sku"], term),
    "id": lambda row, term: search.number(row["id"], term),
    "tracked": lambda row, term: bool(row["tracked"]) == (term.value == "true"),
}


def _items(_root: Any, info: Info, **arguments: Any) -> Node:
    shop = shop_of(info)
    node = searched(info, arguments.get("query"), _ITEM_FIELDS)
    rows = []
    for variant in variant_ids(shop, node):
        row = shop.db.one(
            "SELECT i.*, v.sku AS sku FROM inventory_items i"
            " JOIN variants v ON v.inventory_item_id = i.id WHERE v.id = ?",
            variant,
        )
        if row is not None and search.matches(node, row, _ITEM_FIELDS):
            rows.append(row)
    return connection(rows, arguments, key=lambda row: (row["id"],), load=nodes.item)


def _duplicates(source: Node, info: Info) -> int:
    if not source["sku"]:
        return 0
    # Read as: how many others share the SKU, so 0 for a unique one. The reference leaves open
    # whether the item counts itself.
    same = shop_of(info).db.scalar("SELECT count(*) FROM variants WHERE sku = ?", source["sku"])
    return int(same) - 1


def _item_variants(source: Node, info: Info, **arguments: Any) -> Node:
    rows = shop_of(info).db.all("SELECT * FROM variants WHERE inventory_item_id = ?", source["_n"])
    return connection(rows, arguments, key=lambda row: (row["id"],), load=nodes.variant)


def _levels(source: Node, info: Info, **arguments: Any) -> Node:
    rows = [
        row
        for row in shop_of(info).db.all(
            "SELECT * FROM inventory_levels WHERE inventory_item_id = ?", source["_n"]
        )
        if row["active"] or arguments.get("includeInactive")
    ]
    return connection(rows, arguments, key=lambda row: (row["location_id"],), load=nodes.level)


def _level_location(source: Node, info: Info) -> Node | None:
    return nodes.one(shop_of(info), "Location", source["_location"])


def _quantities(source: Node, _info: Info, names: list[str]) -> list[Node]:
    stored = source["_quantities"]
    unknown = [name for name in names if name not in stored]
    if unknown:
        raise GraphQLError(f"{', '.join(unknown)} is no quantity name")
    return [
        {
            "id": f"{source['id'].replace('InventoryLevel', 'InventoryQuantity')}&name={name}",
            "name": name,
            "quantity": stored[name],
            "updatedAt": source["updatedAt"],
        }
        for name in names
    ]


def _idempotent(name: str, work: Callable[..., Node], *, empty: Node) -> Callable[..., Node]:
    """Wrap a mutation that must carry a key."""
    inner = mutation(work, empty=empty)

    def resolve(root: Any, info: Info, **arguments: Any) -> Node:
        shop = shop_of(info)
        directive = info.schema.get_directive("idempotent")
        assert directive is not None
        values = get_directive_values(directive, info.field_nodes[0], info.variable_values)
        if not values:
            raise GraphQLError(f"{name} needs the @idempotent directive with a key")
        key = str(values["key"])
        verdict = idempotency.judge(
            shop,
            key=key,
            mutation=name,
            parameters=arguments,
            contested=key in info.context.contested,
        )
        if verdict.answer is not None:
            return verdict.answer
        if verdict.code is not None:
            return {**empty, "userErrors": [error(None, verdict.message, verdict.code)]}
        answer = inner(root, info, **arguments)
        idempotency.remember(shop, key=key, mutation=name, parameters=arguments, answer=answer)
        return answer

    return resolve


def _set_quantities(shop: Shop, *, input: Node) -> Node:
    _check_head(input)
    changes: list[Node] = []
    seen: set[tuple[str, str]] = set()
    problems: list[Node] = []
    for index, wanted in enumerate(input["quantities"]):
        if "changeFromQuantity" not in wanted:
            # Required at run time though the schema has it optional; null opts out:
            # https://shopify.dev/changelog/making-changefromquantity-field-required
            raise GraphQLError(
                f"input.quantities[{index}].changeFromQuantity is required: give the quantity the"
                " change starts from, or null to skip the comparison"
            )
        pair = (wanted["inventoryItemId"], wanted["locationId"])
        problem = _check_quantity(shop, input["name"], index, wanted, repeated=pair in seen)
        seen.add(pair)
        if problem is not None:
            problems.append(problem)
        elif not problems:
            changes.extend(_set_one(shop, input["name"], wanted))
    if problems:
        raise Refusal(*problems)
    if not changes:
        return {"inventoryAdjustmentGroup": None}
    return {
        "inventoryAdjustmentGroup": {
            "__typename": "InventoryAdjustmentGroup",
            "id": gid("InventoryAdjustmentGroup", shop.db.next_number("InventoryAdjustmentGroup")),
            "createdAt": shop.now(),
            "reason": input["reason"],
            "referenceDocumentUri": input.get("referenceDocumentUri"),
            "_changes": changes,
        }
    }


def _check_head(given: Node) -> None:
    if given["name"] not in ("available", "on_hand"):
        message = "The quantity name must be either 'available' or 'on_hand'."
        raise Refusal(error(["input", "name"], message, "INVALID_NAME"))
    if given["reason"] not in REASONS:
        message = "The specified reason is invalid. Visit the reference for its possible values."
        raise Refusal(error(["input", "reason"], message, "INVALID_REASON"))
    uri = given.get("referenceDocumentUri")
    if uri is not None and not _is_document(uri):
        message = "The specified reference document is invalid."
        field = ["input", "referenceDocumentUri"]
        raise Refusal(error(field, message, "INVALID_REFERENCE_DOCUMENT"))


def _is_document(uri: str) -> bool:
    parts = urlsplit(uri)
    if not parts.scheme or not (parts.netloc or parts.path):
        return False
    return parts.scheme != "gid" or len([p for p in parts.path.split("/") if p]) >= 2


def _check_quantity(
    shop: Shop, name: str, index: int, wanted: Node, *, repeated: bool
) -> Node | None:
    at = ["input", "quantities", str(index)]
    if repeated:
        message = "The combination of inventoryItemId and locationId must be unique."
        return error(at, message, "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR")
    item = number_of(wanted["inventoryItemId"], "InventoryItem")
    if not shop.db.scalar("SELECT 1 FROM inventory_items WHERE id = ?", item):
        message = "The specified inventory item could not be found."
        return error([*at, "inventoryItemId"], message, "INVALID_INVENTORY_ITEM")
    if shop.db.scalar("SELECT components FROM variants WHERE inventory_item_id = ?", item):
        message = "The specified inventory item is not allowed to be adjusted via API."
        return error([*at, "inventoryItemId"], message, "NON_MUTABLE_INVENTORY_ITEM")
    location = number_of(wanted["locationId"], "Location")
    if not shop.db.scalar("SELECT 1 FROM locations WHERE id = ? AND active = 1", location):
        message = "The specified location could not be found."
        return error([*at, "locationId"], message, "INVALID_LOCATION")
    if wanted["quantity"] > _LIMIT:
        message = "The total quantity can't be higher than 1,000,000,000."
        return error([*at, "quantity"], message, "INVALID_QUANTITY_TOO_HIGH")
    if wanted["quantity"] < -_LIMIT:
        message = "The total quantity can't be lower than -1,000,000,000."
        return error([*at, "quantity"], message, "INVALID_QUANTITY_TOO_LOW")
    row = level_row(shop, int(item or 0), int(location or 0))
    current = 0 if row is None else row[name]
    if wanted["changeFromQuantity"] is not None and wanted["changeFromQuantity"] != current:
        message = "The changeFromQuantity argument no longer matches the persisted quantity."
        return error([*at, "changeFromQuantity"], message, "CHANGE_FROM_QUANTITY_STALE")
    return None


def _set_one(shop: Shop, name: str, wanted: Node) -> list[Node]:
    item = int(number_of(wanted["inventoryItemId"], "InventoryItem") or 0)
    location = int(number_of(wanted["locationId"], "Location") or 0)
    delta = stock.set_quantity(shop, item, location, name=name, quantity=wanted["quantity"])
    if delta == 0:
        return []
    after = stock.level(shop, item, location)
    return [
        {
            "__typename": "InventoryChange",
            "name": changed,
            "delta": delta,
            "quantityAfterChange": after[changed],
            "_item": item,
            "_location": location,
        }
        for changed in ("available", "on_hand")
    ]


def _changes(source: Node, _info: Info, **arguments: Any) -> list[Node]:
    names = arguments.get("quantityNames")
    items = arguments.get("inventoryItemIds")
    locations = arguments.get("locationIds")
    return [
        change
        for change in source["_changes"]
        if (names is None or change["name"] in names)
        and (items is None or gid("InventoryItem", change["_item"]) in items)
        and (locations is None or gid("Location", change["_location"]) in locations)
    ]


def _change_item(source: Node, info: Info) -> Node | None:
    return nodes.one(shop_of(info), "InventoryItem", source["_item"])


def _activate(
    shop: Shop,
    *,
    inventoryItemId: str,
    locationId: str,
    available: int | None = None,
    onHand: int | None = None,
    stockAtLegacyLocation: bool = False,
) -> Node:
    item = number_of(inventoryItemId, "InventoryItem")
    if not shop.db.scalar("SELECT 1 FROM inventory_items WHERE id = ?", item):
        raise Refusal(error(["inventoryItemId"], "The inventory item could not be found."))
    location = number_of(locationId, "Location")
    if not shop.db.scalar("SELECT 1 FROM locations WHERE id = ?", location):
        raise Refusal(error(["locationId"], "The location could not be found."))
    if available is not None and onHand is not None:
        raise Refusal(error(["onHand"], "Give either available or onHand."))
    place = (int(item or 0), int(location or 0))
    stock.activate(shop, *place, available=available, on_hand=onHand)
    return {"inventoryLevel": nodes.level(stock.level(shop, *place))}


_PROPERTIES: tuple[tuple[str, list[str], list[str]], ...] = (
    ("available", ["on_hand"], []),
    ("committed", ["on_hand"], []),
    ("damaged", ["on_hand"], []),
    ("incoming", [], []),
    ("on_hand", [], ["available", "committed", "damaged", "quality_control", "reserved",
                     "safety_stock"]),
    ("quality_control", ["on_hand"], []),
    ("reserved", ["on_hand"], []),
    ("safety_stock", ["on_hand"], []),
)  # fmt: skip


def _properties(_root: Any, _info: Info) -> Node:
    return {
        "quantityNames": [
            {
                "name": name,
                "displayName": name.replace("_", " ").capitalize(),
                "belongsTo": belongs,
                "comprises": comprises,
                "isInUse": True,
            }
            for name, belongs, comprises in _PROPERTIES
        ]
    }


FIELDS: Fields = {
    "QueryRoot": {"inventoryItems": _items, "inventoryProperties": _properties},
    "Mutation": {
        "inventorySetQuantities": _idempotent(
            "inventorySetQuantities",
            _set_quantities,
            empty={"inventoryAdjustmentGroup": None},
        ),
        "inventoryActivate": _idempotent(
            "inventoryActivate", _activate, empty={"inventoryLevel": None}
        ),
    },
    "InventoryItem": {
        "duplicateSkuCount": _duplicates,
        "variants": _item_variants,
        "inventoryLevels": _levels,
    },
    "InventoryLevel": {"location": _level_location, "quantities": _quantities},
    "InventoryAdjustmentGroup": {"changes": _changes},
    "InventoryChange": {"item": _change_item, "location": _level_location},
}
