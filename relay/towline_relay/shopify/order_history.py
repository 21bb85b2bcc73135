"""What happened to an order since it was placed: agreements, refunds, returns, all pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import Document, document
from towline_relay.shopify.paging import MOST, cursor_after, pages, pages_together
from towline_relay.shopify.throttle import Priority
from towline_shared.errors import Permanent, Refused

__all__ = ["order_ledger", "order_of_return", "order_refunds", "order_returns"]

_AGREEMENTS = 10
_SALES = 50
_LINES = 50
_REVERSE = "reverse fulfillment order"
_FEW = 10  # returns of an order, ways of shipping in a refund: more are read on


async def order_ledger(client: Client, gid: str) -> list[dict[str, Any]]:
    """Read the agreements of an order, each with all its sales; see :meth:`Shop.order_ledger`."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = await _ledger_page(client, gid, first=_AGREEMENTS, after=after)
        for edge in page["edges"]:
            node = dict(edge["node"])
            node["sales"] = await _all_sales(client, gid, node, before=after)
            found.append(node)
            after = edge["cursor"]
        if cursor_after(page) is None:
            return found


async def _all_sales(
    client: Client, gid: str, node: Mapping[str, Any], *, before: str | None
) -> list[dict[str, Any]]:
    """Read on in the sales of one agreement: the page that holds only it, asked for again.

    Args:
        before: cursor of the agreement in front of it.
    """
    page = node["sales"]
    sales = list(page["nodes"])
    while (after := cursor_after(page)) is not None:
        around = await _ledger_page(client, gid, first=1, after=before, sales_after=after)
        again: Mapping[str, Any] = around["edges"][0]["node"] if around["edges"] else {"id": ""}
        if again["id"] != node["id"]:
            raise Permanent(f"Shopify gave another agreement while paging the ledger of {gid}.")
        page = again["sales"]
        sales.extend(page["nodes"])
    return sales


async def _ledger_page(
    client: Client, gid: str, *, first: int, after: str | None, sales_after: str | None = None
) -> Mapping[str, Any]:
    variables = {
        "id": gid, "first": first, "after": after, "sales": _SALES, "salesAfter": sales_after,
    }  # fmt: skip
    order = await _order(client, document("order_ledger"), variables)
    found: Mapping[str, Any] = order["agreements"]
    return found


async def order_refunds(client: Client, gid: str) -> list[dict[str, Any]]:
    """Read the refunds of an order, each with all its parts; see :meth:`Shop.order_refunds`."""
    order = await _order(client, document("order_refunds"), {"id": gid, "most": MOST})
    if len(order["refunds"]) >= MOST:
        raise Permanent(
            f"The order {gid} has {MOST} refunds or more; Shopify gives no more at once.",
            hint="Carry its further refunds over by hand.",
        )
    return [{**refund, **await _refund_parts(client, refund["id"])} for refund in order["refunds"]]


async def _refund_parts(client: Client, gid: str) -> dict[str, Any]:
    async def ask(cursors: Mapping[str, str | None]) -> Mapping[str, Any]:
        variables = {"id": gid, "lines": _LINES, "few": _FEW, **cursors}
        return await _one(client, document("refund_parts"), variables, "refund")

    names = ("refundLineItems", "refundShippingLines", "orderAdjustments", "transactions")
    first, found = await pages_together(ask, names)
    return {"duties": first["duties"] or [], **found}


async def order_returns(client: Client, gid: str) -> list[dict[str, Any]]:
    """Read the returns of an order, in order of id; see :meth:`Shop.order_returns`."""
    nodes = pages(
        client,
        document("order_returns"),
        {"id": gid, "first": _FEW, "after": None},
        pick=lambda data: _found(data["order"], gid, "order")["returns"],
        priority=Priority.ORDERS,
    )
    return [{**node, **await _return_parts(client, node["id"])} async for node in nodes]


async def _return_parts(client: Client, gid: str) -> dict[str, Any]:
    async def ask(cursors: Mapping[str, str | None]) -> Mapping[str, Any]:
        variables = {"id": gid, "lines": _LINES, "few": _FEW, **cursors}
        return await _one(client, document("return_parts"), variables, "return")

    _, found = await pages_together(ask, ("returnLineItems", "reverseFulfillmentOrders"))
    reverse = [
        {**each, "lineItems": await _reverse_lines(client, each["id"])}
        for each in found["reverseFulfillmentOrders"]
    ]
    return {"returnLineItems": found["returnLineItems"], "reverseFulfillmentOrders": reverse}


async def _reverse_lines(client: Client, gid: str) -> list[Mapping[str, Any]]:
    nodes = pages(
        client,
        document("reverse_lines"),
        {"id": gid, "first": _LINES, "after": None},
        pick=lambda data: _found(data["reverseFulfillmentOrder"], gid, _REVERSE)["lineItems"],
        priority=Priority.ORDERS,
    )
    return [node async for node in nodes]


async def order_of_return(client: Client, gid: str) -> str:
    """Return the order of a return or of a reverse fulfillment order; empty when it is gone."""
    answer = await client.execute(
        document("return_order"), {"ids": [gid]}, priority=Priority.ORDERS
    )
    (node,) = answer.data["nodes"]
    found = (node or {}).get("order") or (node or {}).get("reversed") or {}
    return str(found.get("id") or "")


async def _order(
    client: Client, wanted: Document, variables: Mapping[str, Any]
) -> Mapping[str, Any]:
    return await _one(client, wanted, variables, "order")


async def _one(
    client: Client, wanted: Document, variables: Mapping[str, Any], root: str
) -> Mapping[str, Any]:
    answer = await client.execute(wanted, variables, priority=Priority.ORDERS)
    return _found(answer.data[root], variables["id"], root)


def _found(given: Mapping[str, Any] | None, gid: str, what: str) -> Mapping[str, Any]:
    if given is None:
        raise Refused(
            f"Shopify has no {what} {gid} for this app.",
            hint="It was deleted, or it is older than 60 days and read_all_orders is missing.",
            code="NOT_FOUND",
        )
    return given
