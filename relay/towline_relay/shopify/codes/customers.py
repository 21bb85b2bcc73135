"""User-error codes of customers and companies."""

from __future__ import annotations

from collections.abc import Mapping

from towline_relay.shopify.codes.table import WORDS_ONLY, Table, park
from towline_relay.shopify.models import Remedy

__all__ = ["TABLES"]

_CUSTOMER_SET: Table = {
    # another customer has this e-mail or phone, or one with our id came up meanwhile
    "TAKEN": Remedy.REREAD,
    "NOT_FOUND": Remedy.REREAD,  # deleted or merged since we looked
    **park(
        "BLANK",
        "ID_NOT_ALLOWED",
        "INCLUSION",
        "INPUT_MISMATCH",
        "INVALID",
        "METAFIELD_MISMATCH",
        "MISSING_FIELD_REQUIRED",
        "PRESENT",
        "TOO_LONG",
        "TOO_SHORT",
    ),
}

_BUSINESS: Table = {
    "INTERNAL_ERROR": Remedy.RETRY,
    "TAKEN": Remedy.REREAD,  # the external id is in use: perhaps by our call without an answer
    "RESOURCE_NOT_FOUND": Remedy.REREAD,
    **park(
        "BLANK",
        "FAILED_TO_DELETE",
        "INVALID",
        "INVALID_INPUT",
        "LIMIT_REACHED",
        "NO_INPUT",
        "REQUIRED",
        "TOO_LONG",
        "UNEXPECTED_TYPE",
    ),
}

TABLES: Mapping[str, Table] = {
    **dict.fromkeys(
        (
            "companyAssignCustomerAsContact",
            "companyAssignMainContact",
            "companyContactAssignRole",
            "companyContactAssignRoles",
            "companyContactCreate",
            "companyContactUpdate",
            "companyCreate",
            "companyLocationAssignAddress",
            "companyLocationCreate",
            "companyLocationTaxSettingsUpdate",
            "companyLocationUpdate",
            "companyUpdate",
        ),
        _BUSINESS,
    ),
    "customerAddressCreate": WORDS_ONLY,
    "customerAddressUpdate": WORDS_ONLY,
    "customerSet": _CUSTOMER_SET,
    "customerUpdate": WORDS_ONLY,
}
