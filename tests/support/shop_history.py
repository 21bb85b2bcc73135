"""Agreements, refunds and returns of an order as the shop's verbs return them, for tests."""

from __future__ import annotations

from typing import Any

from tests.support.fake_shop import money

__all__ = ["agreement", "disposed", "refund", "returned", "sale"]


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


def refund(
    gid: str,
    *lines: tuple[str, int, str, str],
    paid: str = "0.0",
    subtotal: str = "0.0",
    status: str = "SUCCESS",
) -> dict[str, Any]:
    """Return a refund; a line is (line gid, pieces, restock type, location gid).

    Args:
        paid: sum of its one transaction, which has that ``status``; none when it is nothing.
        subtotal: what the first line says of its money, tax in it.
    """
    transaction = {
        "id": f"{gid}/paid", "kind": "REFUND", "status": status, "gateway": "bogus",
        "amountSet": money(paid),
    }  # fmt: skip
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
                "subtotalSet": money("0.0" if number else subtotal),
                "totalTaxSet": money("0.0"),
            }
            for number, (line, quantity, kind, place) in enumerate(lines)
        ],
        "refundShippingLines": [],
        "duties": [],
        "orderAdjustments": [],
        "transactions": [transaction] if float(paid) else [],
    }


def returned(
    gid: str, line: str, quantity: int, status: str, *disposed: dict[str, Any]
) -> dict[str, Any]:
    """Return a return of one line in a state, with what became of its pieces."""
    item = {"lineItem": {"id": line, "sku": "AB-1"}}
    return {
        "id": gid,
        "name": "#1001-R1",
        "status": status,
        "createdAt": "2026-11-24T10:00:00Z",
        "closedAt": None,
        "returnLineItems": [
            {
                "id": f"{gid}/line",
                "quantity": quantity,
                "returnReasonNote": "too small",
                "fulfillmentLineItem": item,
            }
        ],
        "reverseFulfillmentOrders": [
            {
                "id": f"{gid}/reverse",
                "status": "OPEN",
                "lineItems": [
                    {"id": "r", "fulfillmentLineItem": item, "dispositions": list(disposed)}
                ],
            }
        ],
    }


def disposed(gid: str, pieces: int, kind: str, place: str = "") -> dict[str, Any]:
    """Return a disposition of some pieces."""
    return {
        "id": gid,
        "type": kind,
        "quantity": pieces,
        "createdAt": "2026-11-25T10:00:00Z",
        "location": {"id": place} if place else None,
    }
