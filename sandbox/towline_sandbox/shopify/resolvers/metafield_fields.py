"""Writing metafields and their definitions."""

from __future__ import annotations

import re
from typing import Any

from towline_sandbox.shopify.catalogue import touch_product
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.metafields import (
    DEFAULT_NAMESPACE,
    digest,
    owner_type,
    store,
    taken_by,
)
from towline_sandbox.shopify.orders import touch
from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import Fields, Node, Refusal, error, mutation
from towline_sandbox.shopify.shop import Shop

__all__ = ["FIELDS", "MAX_SET"]

MAX_SET = 25  # https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/metafieldsSet
_KEY = re.compile(r"[A-Za-z0-9_-]{2,64}")


def _set(shop: Shop, *, metafields: list[Node]) -> Node:
    if len(metafields) > MAX_SET:
        message = f"Exceeded the maximum metafields input limit of {MAX_SET}."
        code = "LESS_THAN_OR_EQUAL_TO"
        raise Refusal(error(["metafields"], message, code, elementIndex=None))
    written = [_set_one(shop, index, given) for index, given in enumerate(metafields)]
    rows = [shop.db.one("SELECT * FROM metafields WHERE id = ?", number) for number in written]
    return {"metafields": [nodes.metafield(row) for row in rows if row is not None]}


def _set_one(shop: Shop, index: int, given: Node) -> int:
    def refuse(field: str, message: str, code: str) -> Refusal:
        path = ["metafields", str(index), field]
        return Refusal(error(path, message, code, elementIndex=index))

    owner, kind = given["ownerId"], owner_type(given["ownerId"])
    if kind is None:
        raise refuse("ownerId", "Owner type carries no metafields here.", "INVALID")
    if kind != "SHOP" and nodes.load(shop, owner) is None:
        raise refuse("ownerId", "Owner does not exist.", "INVALID")
    namespace, key = given.get("namespace") or DEFAULT_NAMESPACE, given["key"]
    if not _KEY.fullmatch(key):
        raise refuse("key", "Key has 2 to 64 letters, digits, hyphens, underscores.", "INVALID")
    if given["value"] == "":
        raise refuse("value", "Value can't be blank.", "BLANK")
    known = shop.db.one(
        'SELECT * FROM metafields WHERE owner = ? AND namespace = ? AND "key" = ?',
        owner,
        namespace,
        key,
    )
    type_name = given.get("type") or _type(shop, kind, namespace, key)
    if type_name is None:
        raise refuse("type", "Type can't be blank without a definition.", "BLANK")
    if "compareDigest" in given:
        current = None if known is None else digest(known["value"])
        if given["compareDigest"] != current:
            message = "The resource has been updated since it was loaded."
            raise refuse("compareDigest", message, "STALE_OBJECT")
    holder = taken_by(shop, kind=kind, namespace=namespace, key=key, value=given["value"])
    if holder not in (None, owner):
        raise refuse("value", "Value is already assigned to another metafield.", "TAKEN")
    number = store(
        shop, owner=owner, namespace=namespace, key=key, kind=type_name, value=given["value"]
    )
    if known is None or known["value"] != given["value"]:
        _touch(shop, owner)
    return number


def _type(shop: Shop, kind: str, namespace: str, key: str) -> str | None:
    name: str | None = shop.db.scalar(
        "SELECT type FROM metafield_definitions"
        ' WHERE owner_type = ? AND namespace = ? AND "key" = ?',
        kind,
        namespace,
        key,
    )
    return name


def _touch(shop: Shop, owner: str) -> None:
    order, product = number_of(owner, "Order"), number_of(owner, "Product")
    variant = number_of(owner, "ProductVariant")
    if variant is not None:
        product = shop.db.scalar("SELECT product_id FROM variants WHERE id = ?", variant)
    if order is not None:
        touch(shop, order)
    if product is not None:
        touch_product(shop, product)


def _define(shop: Shop, *, definition: Node) -> Node:
    namespace, key = definition.get("namespace") or DEFAULT_NAMESPACE, definition["key"]
    if shop.db.scalar(
        'SELECT 1 FROM metafield_definitions WHERE owner_type = ? AND namespace = ? AND "key" = ?',
        definition["ownerType"],
        namespace,
        key,
    ):
        message = "Key is in use for this owner type."
        raise Refusal(error(["definition", "key"], message, "TAKEN"))
    if not _KEY.fullmatch(key):
        message = "Key has 2 to 64 letters, digits, hyphens, underscores."
        raise Refusal(error(["definition", "key"], message, "INVALID_CHARACTER"))
    capabilities: dict[str, Any] = definition.get("capabilities") or {}
    unique = bool((capabilities.get("uniqueValues") or {}).get("enabled"))
    number = shop.db.next_number("MetafieldDefinition")
    shop.db.insert(
        "metafield_definitions",
        id=number,
        owner_type=definition["ownerType"],
        namespace=namespace,
        key=key,
        name=definition["name"],
        type=definition["type"],
        # A custom id is unique by its type:
        # https://shopify.dev/docs/apps/build/metafields/working-with-custom-ids
        is_unique=int(unique or definition["type"] == "id"),
    )
    return {
        "createdDefinition": {
            "__typename": "MetafieldDefinition",
            "id": gid("MetafieldDefinition", number),
            "namespace": namespace,
            "key": key,
            "ownerType": definition["ownerType"],
            "type": {"name": definition["type"]},
        }
    }


FIELDS: Fields = {
    "Mutation": {
        "metafieldsSet": mutation(_set, empty={"metafields": None}),
        "metafieldDefinitionCreate": mutation(_define, empty={"createdDefinition": None}),
    }
}
