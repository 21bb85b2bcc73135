"""Orders: reading them whole, finding what webhooks missed, writing back tags and metafields."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from towline_relay.shopify.changed import updated_query
from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.models import MetafieldEntry, OrderRef
from towline_relay.shopify.paging import MOST, pages, pages_together
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import raise_first, read_errors
from towline_shared.clock import parse_utc
from towline_shared.errors import Permanent, Refused

__all__ = ["add_tags", "order", "orders_authorized", "orders_updated_since"]
__all__ += ["orders_with_returns", "set_metafields"]

_LINES = 10  # most orders fit, and points are asked for by page size; the rest in larger pages
_MORE_LINES = 50
_AUTHORIZED_PAGE = 25
# https://shopify.dev/docs/api/admin-graphql/2026-10/queries/orders, argument query
_AUTHORIZED = ("authorized", "partially_paid", "expired")
_SHIPPING = 3
_DISCOUNTS = 20
_TRANSACTIONS = 50  # a plain list in order.graphql: it has no next page
# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/OrderReturnStatus
_RETURNING = ("return_requested", "in_progress", "inspection_complete")
_MOST_METAFIELDS = 25  # https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/metafieldsSet


async def order(client: Client, gid: str) -> dict[str, Any]:
    """Read one order with all lines of all pages; see :meth:`Shop.order`."""
    sizes = iter((_LINES,))

    async def ask(cursors: Mapping[str, str | None]) -> Mapping[str, Any]:
        variables = {
            "id": gid,
            "lines": next(sizes, _MORE_LINES),
            "linesAfter": cursors["lineItems"],
            "shipping": _SHIPPING,
            "shippingAfter": cursors["shippingLines"],
            "discounts": _DISCOUNTS,
            "discountsAfter": cursors["discountApplications"],
        }
        return await _page(client, variables)

    names = ("lineItems", "shippingLines", "discountApplications")
    whole, found = await pages_together(ask, names)
    if len(whole["transactions"]) >= _TRANSACTIONS:
        raise Permanent(
            f"The order {gid} has {_TRANSACTIONS} payments or more; Shopify gives no more at once.",
            hint="Carry its payments over by hand.",
        )
    return {**whole, **{name: {"nodes": nodes} for name, nodes in found.items()}}


def orders_updated_since(client: Client, moment: datetime) -> AsyncIterator[OrderRef]:
    """Read orders updated at or after a moment, oldest update first."""
    return _found(client, updated_query(moment))


def orders_with_returns(client: Client) -> AsyncIterator[OrderRef]:
    """Read orders with a return that is under way."""
    return _found(client, " OR ".join(f"return_status:{status}" for status in _RETURNING))


async def _found(client: Client, query: str) -> AsyncIterator[OrderRef]:
    nodes = pages(
        client,
        document("orders_updated"),
        {"first": MOST, "after": None, "query": query},
        pick=lambda data: data["orders"],
        priority=Priority.SWEEP,
    )
    async for node in nodes:
        yield order_ref(node)


async def orders_authorized(client: Client) -> AsyncIterator[dict[str, Any]]:
    """Read the open orders whose money may still be authorised only; see :class:`Shop`."""
    statuses = " OR ".join(f"financial_status:{status}" for status in _AUTHORIZED)
    nodes = pages(
        client,
        document("orders_authorized"),
        {"first": _AUTHORIZED_PAGE, "after": None, "query": f"status:open AND ({statuses})"},
        pick=lambda data: data["orders"],
        priority=Priority.SWEEP,
    )
    async for node in nodes:
        yield dict(node)


async def add_tags(client: Client, gid: str, tags: Sequence[str]) -> None:
    """Add tags and leave the others alone."""
    answer = await client.execute(
        document("tags_add"), {"id": gid, "tags": list(tags)}, priority=Priority.ORDERS
    )
    raise_first("tagsAdd", read_errors(answer.data["tagsAdd"]))


async def set_metafields(client: Client, entries: Sequence[MetafieldEntry]) -> None:
    """Write metafields, atomically in groups of 25."""
    for start in range(0, len(entries), _MOST_METAFIELDS):
        group = [
            {
                "ownerId": entry.owner_gid,
                "namespace": entry.namespace,
                "key": entry.key,
                "type": entry.type,
                "value": entry.value,
            }
            for entry in entries[start : start + _MOST_METAFIELDS]
        ]
        answer = await client.execute(
            document("metafields_set"), {"metafields": group}, priority=Priority.ORDERS
        )
        raise_first("metafieldsSet", read_errors(answer.data["metafieldsSet"]))


async def _page(client: Client, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    answer = await client.execute(document("order"), variables, priority=Priority.ORDERS)
    found: Mapping[str, Any] | None = answer.data["order"]
    if found is None:
        raise Refused(
            f"Shopify has no order {variables['id']} for this app.",
            hint="It was deleted, or it is older than 60 days and read_all_orders is missing.",
            code="NOT_FOUND",
        )
    return found


def order_ref(node: Mapping[str, Any]) -> OrderRef:
    """Read an order as a sweep sees it."""
    return OrderRef(
        gid=node["id"],
        name=node["name"],
        created_at=parse_utc(node["createdAt"]),
        updated_at=parse_utc(node["updatedAt"]),
        cancelled=node["cancelledAt"] is not None,
        test=node["test"],
    )
