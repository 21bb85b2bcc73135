"""User-error codes of inventory."""

from __future__ import annotations

from collections.abc import Mapping

from towline_relay.shopify.codes.table import BY_KEY, WORDS_ONLY, Table, park
from towline_relay.shopify.models import Remedy

__all__ = ["TABLES"]

_SET: Table = {
    **BY_KEY,
    "CHANGE_FROM_QUANTITY_STALE": Remedy.REREAD,
    "COMPARE_QUANTITY_STALE": Remedy.REREAD,
    "INVALID_INVENTORY_ITEM": Remedy.REREAD,  # the variant is gone
    **park(
        "COMPARE_QUANTITY_REQUIRED",
        "INVALID_LOCATION",
        "INVALID_NAME",
        "INVALID_QUANTITY_NEGATIVE",
        "INVALID_QUANTITY_TOO_HIGH",
        "INVALID_QUANTITY_TOO_LOW",
        "INVALID_REASON",
        "INVALID_REFERENCE_DOCUMENT",
        "ITEM_NOT_STOCKED_AT_LOCATION",  # until 2026-07; endless retries were others' complaint
        "NON_MUTABLE_INVENTORY_ITEM",
        "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
    ),
}

_ADJUST: Table = {
    **BY_KEY,
    "SERVICE_UNAVAILABLE": Remedy.RETRY,
    "ADJUST_QUANTITIES_FAILED": Remedy.RETRY,
    "CHANGE_FROM_QUANTITY_STALE": Remedy.REREAD,
    "INVALID_INVENTORY_ITEM": Remedy.REREAD,
    **park(
        "INTERNAL_LEDGER_DOCUMENT",
        "INVALID_AVAILABLE_DOCUMENT",
        "INVALID_LEDGER_DOCUMENT",
        "INVALID_LOCATION",
        "INVALID_QUANTITY_DOCUMENT",
        "INVALID_QUANTITY_NAME",
        "INVALID_QUANTITY_TOO_HIGH",
        "INVALID_QUANTITY_TOO_LOW",
        "INVALID_REASON",
        "INVALID_REFERENCE_DOCUMENT",
        "ITEM_NOT_STOCKED_AT_LOCATION",
        "MAX_ONE_LEDGER_DOCUMENT",
        "NON_MUTABLE_INVENTORY_ITEM",
    ),
}

_TOGGLE: Table = {
    "GENERIC_ERROR": Remedy.RETRY,
    "FAILED_TO_STOCK_AT_LOCATION": Remedy.RETRY,
    "FAILED_TO_UNSTOCK_FROM_LOCATION": Remedy.RETRY,
    "INVENTORY_ITEM_NOT_FOUND": Remedy.REREAD,
    **park(
        "CANNOT_DEACTIVATE_FROM_ONLY_LOCATION",
        "COMMITTED_AND_INCOMING_INVENTORY_AT_LOCATION",
        "COMMITTED_INVENTORY_AT_LOCATION",
        "INCOMING_INVENTORY_AT_LOCATION",
        "INVENTORY_MANAGED_BY_3RD_PARTY",
        "INVENTORY_MANAGED_BY_SHOPIFY",
        "LOCATION_NOT_FOUND",
        "MISSING_SKU",
        "RESERVED_INVENTORY_AT_LOCATION",
    ),
}

TABLES: Mapping[str, Table] = {
    "inventoryActivate": WORDS_ONLY,
    "inventoryAdjustQuantities": _ADJUST,
    "inventoryBulkToggleActivation": _TOGGLE,
    "inventoryDeactivate": WORDS_ONLY,
    "inventorySetQuantities": _SET,
}
