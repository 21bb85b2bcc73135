"""Agreements, refunds and returns of an order as the shop's verbs return them, for tests."""

from __future__ import annotations

from typing import Any

from tests.support.fake_shop import money

__all__ = ["agreement", "refund", "returned", "sale"]


def sale(
    target: str,
    quantity: int,
    total: str,
    tax: str = "0.0",
    *,
    kind: str = "PRODUCT",
    action: str = "ORDER",
) -> dict[str, Any]:
    """Return one entry of the ledger; ``target`` is a line, or a shipping line for SHIPPING."""
    found: dict[str, Any] = {
        "id": f"gid://shopify/Sale/{target}{quantity}{total}",
        "actionType": action,
        "lineType": kind,
        "quantity": quantity or None,
        "totalAmount": money(total),
        "totalTaxAmount": money(tax),
    }
    if kind in ("PRODUCT", "GIFT_CARD", "TIP"):
        found["lineItem"] = {"id": target}
    if kind == "SHIPPING":
        found["shippingLine"] = {"id": target, "title": "DHL"}
    return found


def agreement(
    gid: str, *sales: dict[str, Any], reason: str = "ORDER", at: str = "08:00", about: str = ""
) -> dict[str, Any]:
    """Return an agreement; ``at`` is a time of day."""
    found: dict[str, Any] = {
        "id": gid,
        "happenedAt": f"2026-11-23T{at}:00Z",
        "reason": reason,
        "sales": list(sales),
    }
    if about:
        found["refund"] = {"id": about}
    return found


def refund(gid: str, *lines: tuple[str, int, str, str], paid: str = "0.0") -> dict[str, Any]:
    """Return a refund; a line is (line gid, pieces, restock type, location gid)."""
    return {
        "id": gid,
        "createdAt": "2026-11-23T10:00:00Z",
        "note": None,
        "totalRefundedSet": money(paid),
        "refundLineItems": [
            {
                "lineItem": {"id": line},
                "quantity": quantity,
                "restockType": kind,
                "location": {"id": place} if place else None,
            }
            for line, quantity, kind, place in lines
        ],
        "transactions": [],
    }


def returned(gid: str, line: str, quantity: int, status: str) -> dict[str, Any]:
    """Return a return of one line in a state."""
    return {
        "id": gid,
        "name": "#1001-R1",
        "status": status,
        "createdAt": "2026-11-24T10:00:00Z",
        "closedAt": None,
        "returnLineItems": {
            "nodes": [
                {
                    "quantity": quantity,
                    "returnReasonNote": "too small",
                    "fulfillmentLineItem": {"lineItem": {"id": line, "sku": "AB-1"}},
                }
            ]
        },
    }
