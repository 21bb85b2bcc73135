"""User-error codes of orders, payments and shipments."""

from __future__ import annotations

from collections.abc import Mapping

from towline_relay.shopify.codes.table import WORDS_ONLY, Table, park
from towline_relay.shopify.models import Remedy

__all__ = ["TABLES"]

_HOLD: Table = {
    # split, merged or moved since we looked: the order has other fulfillment orders now
    "FULFILLMENT_ORDER_NOT_FOUND": Remedy.REREAD,
    "INVALID_LINE_ITEM_QUANTITY": Remedy.REREAD,
    # a hold with our handle stands there: perhaps ours, from a call without an answer
    "DUPLICATE_FULFILLMENT_HOLD_HANDLE": Remedy.REREAD,
    **park(
        "DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS",
        "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED",
        "FULFILLMENT_ORDER_NOT_SPLITTABLE",
        "GREATER_THAN_ZERO",
        "TAKEN",
    ),
}

_RELEASE_HOLD: Table = {
    "FULFILLMENT_ORDER_NOT_FOUND": Remedy.REREAD,
    **park("INVALID_ACCESS"),
}

_MOVE: Table = {
    "CANNOT_MOVE_TO_CURRENT_ORIGIN_LOCATION": Remedy.REREAD,  # it is where we want it
    **park("CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS"),
}

_SPLIT: Table = {
    "FULFILLMENT_ORDER_NOT_FOUND": Remedy.REREAD,
    "INVALID_LINE_ITEM_QUANTITY": Remedy.REREAD,
    **park("GREATER_THAN", "NO_LINE_ITEMS_PROVIDED_TO_SPLIT"),
}

_CANCEL: Table = {
    "INTERNAL_ERROR": Remedy.RETRY,
    # "cancelled already" and "has a fulfillment" come as INVALID: the order itself tells which
    "INVALID": Remedy.REREAD,
    **park(
        "NOT_FOUND",
        "NO_REFUND_PERMISSION",
        "NO_REFUND_TO_STORE_CREDIT_PERMISSION",
        "STORE_CREDIT_REFUND_B2B_NOT_SUPPORTED",
        "STORE_CREDIT_REFUND_EXPIRATION_IN_PAST",
        "STORE_CREDIT_REFUND_MISSING_CUSTOMER",
    ),
}

_VOID: Table = {
    "GENERIC_ERROR": Remedy.RETRY,
    "AUTH_NOT_VOIDABLE": Remedy.REREAD,  # captured, expired or voided since we looked
    **park("AUTH_NOT_SUCCESSFUL", "TRANSACTION_NOT_FOUND"),
}

TABLES: Mapping[str, Table] = {
    "fulfillmentCancel": WORDS_ONLY,
    "fulfillmentCreate": WORDS_ONLY,
    "fulfillmentEventCreate": WORDS_ONLY,
    "fulfillmentOrderHold": _HOLD,
    "fulfillmentOrderMove": _MOVE,
    "fulfillmentOrderReleaseHold": _RELEASE_HOLD,
    "fulfillmentOrderSplit": _SPLIT,
    "fulfillmentTrackingInfoUpdate": WORDS_ONLY,
    "orderCancel": _CANCEL,
    "orderCapture": WORDS_ONLY,
    "orderClose": WORDS_ONLY,
    "orderMarkAsPaid": WORDS_ONLY,
    "orderUpdate": WORDS_ONLY,
    "refundCreate": WORDS_ONLY,
    "transactionVoid": _VOID,
}
