"""Calls that change an order: cancel it, take its money. Neither has a key: read back first.

A cancellation is carried out by a job of Shopify's, which may fail although the call went well.
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/orderCancel
"""

from __future__ import annotations

from decimal import Decimal

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import raise_first, read_errors
from towline_shared.money import plain

__all__ = ["cancel_order", "capture_order", "job_done"]


async def cancel_order(client: Client, gid: str, *, restock: bool, refund: bool, note: str) -> str:
    """Start the cancellation of an order; see :meth:`Shop.cancel_order`."""
    answer = await client.execute(
        document("order_cancel"),
        {
            "orderId": gid,
            "reason": "OTHER",
            "restock": restock,
            "notify": False,
            "refund": {"originalPaymentMethodsRefund": refund},
            "staffNote": note[:255],
        },
        priority=Priority.ORDERS,
    )
    payload = answer.data["orderCancel"]
    raise_first("orderCancel", read_errors(payload, field="orderCancelUserErrors"))
    return str((payload["job"] or {}).get("id") or "")


async def job_done(client: Client, gid: str) -> bool:
    """Tell whether a job of Shopify's is over, well or not; one it knows no more is."""
    answer = await client.execute(document("job"), {"id": gid}, priority=Priority.ORDERS)
    job = answer.data["job"]
    return job is None or bool(job["done"])


async def capture_order(
    client: Client, gid: str, *, parent_gid: str, amount: Decimal, currency: str, final: bool
) -> str:
    """Capture an authorised payment; see :meth:`Shop.capture_order`."""
    capture = {
        "id": gid,
        "parentTransactionId": parent_gid,
        "amount": plain(amount),
        "currency": currency,
        "finalCapture": final,
    }
    answer = await client.execute(
        document("order_capture"), {"input": capture}, priority=Priority.ORDERS
    )
    payload = answer.data["orderCapture"]
    raise_first("orderCapture", read_errors(payload))
    return str((payload["transaction"] or {}).get("id") or "")
