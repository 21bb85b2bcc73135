"""What happened to an order since it was placed: agreements, refunds, returns, all pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import Document, document
from towline_relay.shopify.paging import cursor_after
from towline_relay.shopify.throttle import Priority
from towline_shared.errors import Permanent, Refused

__all__ = ["order_ledger", "order_refunds", "order_returns"]

_AGREEMENTS = 10
_SALES = 50
_LINES = 100
_MOST_REFUNDS = 50  # Order.refunds is a list without pages


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
    """Read the refunds of an order, each with all its lines; see :meth:`Shop.order_refunds`."""
    refunds = (await _order(client, document("order_refunds"), {"id": gid}))["refunds"]
    if len(refunds) >= _MOST_REFUNDS:
        raise Permanent(
            f"The order {gid} has {_MOST_REFUNDS} refunds or more; Shopify gives no more at once.",
            hint="Carry its further refunds over by hand.",
        )
    found = []
    for refund in refunds:
        page, lines = refund["refundLineItems"], list(refund["refundLineItems"]["nodes"])
        while (after := cursor_after(page)) is not None:
            answer = await client.execute(
                document("refund_lines"),
                {"id": refund["id"], "first": _LINES, "after": after},
                priority=Priority.ORDERS,
            )
            page = answer.data["refund"]["refundLineItems"]
            lines.extend(page["nodes"])
        transactions = refund["transactions"]["nodes"]
        found.append({**refund, "refundLineItems": lines, "transactions": transactions})
    return found


async def order_returns(client: Client, gid: str) -> list[dict[str, Any]]:
    """Read the returns of an order, in order of id; see :meth:`Shop.order_returns`."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        variables = {"id": gid, "first": 20, "after": after}
        page = (await _order(client, document("order_returns"), variables))["returns"]
        for node in page["nodes"]:
            if cursor_after(node["returnLineItems"]) is not None:
                raise Permanent(
                    f"The return {node['name']} has more than 50 lines; they are not read.",
                    hint="Carry it over by hand.",
                )
            found.append(node)
        after = cursor_after(page)
        if after is None:
            return found


async def _order(
    client: Client, wanted: Document, variables: Mapping[str, Any]
) -> Mapping[str, Any]:
    answer = await client.execute(wanted, variables, priority=Priority.ORDERS)
    found: Mapping[str, Any] | None = answer.data["order"]
    if found is None:
        raise Refused(
            f"Shopify has no order {variables['id']} for this app.",
            hint="It was deleted, or it is older than 60 days and read_all_orders is missing.",
            code="NOT_FOUND",
        )
    return found
