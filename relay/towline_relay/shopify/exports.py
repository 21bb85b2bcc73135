"""Queries in bulk: what can be asked for, and what a line of a result says. Pure.

A result is flat: an object of a nested connection is a line of its own behind its parent's, with
the parent's gid in ``__parentId``. Only with ``groupObjects`` it stands directly below the parent,
which takes longer, so only a document whose readers need it asks for it.
https://shopify.dev/docs/api/usage/bulk-operations/queries and
https://shopify.dev/changelog/posts/bulk-operations-group-objects-default-changed-to-false

The documentation wants nodes with an id in every connection. Prices of price lists have none; such
lines have been seen to come all the same, with the parent's gid only
(https://github.com/gatsbyjs/gatsby-source-shopify/pull/4), so whoever asks for them must be ready
for a refusal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from towline_relay.shopify.catalogue import variant_ref
from towline_relay.shopify.changed import updated_query
from towline_relay.shopify.documents import Document, document
from towline_relay.shopify.models import ChangedProduct, ChangedRef, OrderRef, VariantRef
from towline_relay.shopify.models_prices import ListPrice
from towline_relay.shopify.orders import order_ref
from towline_shared.clock import parse_utc
from towline_shared.errors import Permanent

__all__ = ["EXPORTS", "Asked", "ExportLine", "Level", "changed_customer", "changed_order"]
__all__ += ["changed_products", "document_of", "level", "list_price", "read_export_line"]
__all__ += ["text_of", "variant"]

#: What stands in a document for the search; bulk queries take no variables.
_EVER = "updated_at:>='1970-01-01T00:00:00Z'"

EXPORTS: Mapping[str, Document] = MappingProxyType(
    {
        "products": document("bulkdoc_products_changed"),
        "customers": document("bulkdoc_customers_changed"),
        "orders": document("bulkdoc_orders_changed"),
        "prices": document("bulkdoc_variants"),
        "stock": document("bulkdoc_stock_levels"),
        "list prices": document("bulkdoc_list_prices"),
    }
)
_GROUPED = frozenset({"products"})


@dataclass(frozen=True, slots=True)
class Asked:
    """What an export asks for.

    Attributes:
        what: one of :data:`EXPORTS`.
        since: only what changed at or after this aware moment; None for all there is.
    """

    what: str
    since: datetime | None = None

    @property
    def grouped(self) -> bool:
        """Children must stand directly below their parents."""
        return self.what in _GROUPED


@dataclass(frozen=True, slots=True)
class ExportLine:
    """One object of a result.

    Attributes:
        parent: gid of the object it belongs to; empty for a root.
    """

    node: Mapping[str, Any]
    parent: str

    @property
    def root(self) -> bool:
        """It is no child of another."""
        return not self.parent


@dataclass(frozen=True, slots=True)
class Level:
    """What the shop holds of an inventory item at a location, by name of quantity."""

    inventory_item_gid: str
    location_gid: str
    quantities: Mapping[str, int]


def document_of(asked: Asked) -> Document:
    """Return the document of an export, for its scopes."""
    return EXPORTS[asked.what]


def text_of(asked: Asked) -> str:
    """Write the query, with the moment in its search."""
    text = EXPORTS[asked.what].text
    return text if asked.since is None else text.replace(_EVER, updated_query(asked.since), 1)


def read_export_line(line: bytes) -> ExportLine:
    """Read a line of a result.

    Raises:
        Permanent: it is no object; nothing of it is shown, since it may be about a person.
    """
    try:
        node = json.loads(line, parse_float=Decimal)
    except (ValueError, RecursionError):
        node = None
    if not isinstance(node, dict):
        raise Permanent("A line of Shopify's export is no JSON object.")
    parent = node.pop("__parentId", "")
    return ExportLine(node, parent if isinstance(parent, str) else "")


def changed_products(lines: Sequence[ExportLine]) -> list[ChangedProduct]:
    """Join products and their variants; whole products only, each followed by its variants.

    Raises:
        Permanent: a variant does not stand below its product.
    """
    found: list[tuple[Mapping[str, Any], list[VariantRef]]] = []
    for line in lines:
        if line.root:
            found.append((line.node, []))
        elif found and found[-1][0]["id"] == line.parent:
            found[-1][1].append(variant_ref(line.node))
        else:
            raise Permanent("Shopify's export does not hold a variant below its product.")
    return [
        ChangedProduct(node["id"], parse_utc(node["updatedAt"]), tuple(refs))
        for node, refs in found
    ]


def changed_customer(line: ExportLine) -> ChangedRef:
    """Read a customer's line."""
    return ChangedRef(line.node["id"], parse_utc(line.node["updatedAt"]))


def changed_order(line: ExportLine) -> OrderRef:
    """Read an order's line."""
    return order_ref(line.node)


def variant(line: ExportLine) -> VariantRef:
    """Read a variant's line."""
    return variant_ref(line.node)


def level(line: ExportLine) -> Level | None:
    """Read a stock level; None for the line of its inventory item."""
    if line.root:
        return None
    quantities = {each["name"]: int(each["quantity"]) for each in line.node["quantities"]}
    return Level(line.parent, line.node["location"]["id"], quantities)


def list_price(line: ExportLine) -> tuple[str, ListPrice] | None:
    """Read a price as (gid of its list, price); None for the line of a list.

    Volume prices are not in it: they are a connection of an object without an id.
    """
    if line.root:
        return None
    node, was = line.node, line.node["compareAtPrice"]
    price = ListPrice(
        node["variant"]["id"],
        Decimal(node["price"]["amount"]),
        None if was is None else Decimal(was["amount"]),
    )
    return line.parent, price
