"""What Shopify's user errors mean: per mutation and code, what to do next.

A call that comes back with HTTP 200 and ``userErrors`` was understood and refused. The tables hold
every code of every mutation we send (a test walks the enums of the schema); mutations whose errors
carry no code are parked with Shopify's own words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from towline_relay.shopify.models import LineOutcome, Remedy
from towline_shared.errors import Refused, Retryable

__all__ = ["CODES", "Stale", "UserError", "line_outcomes", "raise_first", "read_errors", "remedy"]


class Stale(Retryable):
    """Our picture of the shop is out of date: read it again, then decide again."""


def _park(*codes: str) -> dict[str, Remedy]:
    return dict.fromkeys(codes, Remedy.PARK)


# Keys: the root field of the mutation. Codes: the enums of the 2026-10 schema.
CODES: Mapping[str, Mapping[str, Remedy]] = MappingProxyType(
    {
        "productSet": {
            "GENERIC_ERROR": Remedy.RETRY,
            "JOB_ERROR": Remedy.RETRY,
            "HANDLE_NOT_UNIQUE": Remedy.REREAD,  # somebody was quicker: look who it is
            **_park(
                "CANNOT_COMBINE_LINKED_AND_NONLINKED_OPTION_VALUES",
                "CAPABILITY_VIOLATION",
                "DUPLICATED_METAFIELD_VALUE",
                "DUPLICATED_OPTION_NAME",
                "DUPLICATED_OPTION_VALUE",
                "DUPLICATED_VALUE",
                "DUPLICATE_LINKED_OPTION",
                "GIFT_CARDS_NOT_ACTIVATED",
                "GIFT_CARD_ATTRIBUTE_CANNOT_BE_CHANGED",
                "ID_NOT_ALLOWED",
                "INPUT_MISMATCH",
                "INVALID_INPUT",
                "INVALID_METAFIELD",
                "INVALID_METAFIELD_VALUE_FOR_LINKED_OPTION",
                "INVALID_PRODUCT",
                "INVALID_VARIANT",
                "INVENTORY_QUANTITIES_LIMIT_EXCEEDED",
                "LINKED_METAFIELD_DEFINITION_NOT_FOUND",
                "LINKED_OPTIONS_NOT_SUPPORTED_FOR_SHOP",
                "METAFIELD_MISMATCH",
                "MISSING_FIELD_REQUIRED",
                "NOT_FOUND",
                "OPTIONS_OVER_LIMIT",
                "OPTION_DOES_NOT_EXIST",
                "OPTION_VALUES_MISSING",
                "OPTION_VALUES_OVER_LIMIT",
                "OPTION_VALUE_DOES_NOT_EXIST",
                "PRODUCT_DOES_NOT_EXIST",
                "PRODUCT_OPTIONS_INPUT_MISSING",
                "PRODUCT_SUSPENDED",
                "PRODUCT_VARIANT_DOES_NOT_EXIST",
                "VARIANTS_INPUT_MISSING",
                "VARIANTS_OVER_LIMIT",
            ),
        },
        "productVariantsBulkUpdate": {
            # deleted, or moved to another product, since we looked
            "PRODUCT_DOES_NOT_EXIST": Remedy.REREAD,
            "PRODUCT_VARIANT_DOES_NOT_EXIST": Remedy.REREAD,
            "MUST_BE_FOR_THIS_PRODUCT": Remedy.REREAD,
            **_park(
                "BLANK",
                "CANNOT_SET_NAME_FOR_LINKED_OPTION_VALUE",
                "CANNOT_SPECIFY_BOTH",
                "GREATER_THAN_OR_EQUAL_TO",
                "INVALID_INPUT",
                "INVALID_VALUE",
                "INVENTORY_QUANTITIES_LIMIT_EXCEEDED",
                "LOCAL_CURRENCY_GIFT_CARD_PRICE_MUST_BE_ZERO",
                "MUST_SPECIFY_ONE_OF_PAIR",
                "NEED_TO_ADD_OPTION_VALUES",
                "NEGATIVE_PRICE_VALUE",
                "NOT_DEFINED_FOR_SHOP",
                "NO_INVENTORY_QUANTITES_DURING_UPDATE",
                "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE",
                "OPTION_DOES_NOT_EXIST",
                "OPTION_VALUES_FOR_NUMBER_OF_UNKNOWN_OPTIONS",
                "OPTION_VALUE_DOES_NOT_EXIST",
                "OPTION_VALUE_NAME_TOO_LONG",
                "PRODUCT_SUSPENDED",
                "PRODUCT_VARIANT_ID_MISSING",
                "SUBSCRIPTION_VIOLATION",
                "TOO_LONG",
                "TOO_SHORT",
                "UNSUPPORTED_COMBINED_LISTING_PARENT_OPERATION",
                "VARIANT_ALREADY_EXISTS",
            ),
        },
        "inventorySetQuantities": {
            "IDEMPOTENCY_CONCURRENT_REQUEST": Remedy.RETRY,
            # https://shopify.dev/docs/api/usage/implementing-idempotency
            "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": Remedy.NEW_KEY,
            "IDEMPOTENCY_KEY_PARAMETER_MISMATCH": Remedy.NEW_KEY,
            "CHANGE_FROM_QUANTITY_STALE": Remedy.REREAD,
            "COMPARE_QUANTITY_STALE": Remedy.REREAD,
            "INVALID_INVENTORY_ITEM": Remedy.REREAD,  # the variant is gone
            **_park(
                "COMPARE_QUANTITY_REQUIRED",
                "INVALID_LOCATION",
                "INVALID_NAME",
                "INVALID_QUANTITY_NEGATIVE",
                "INVALID_QUANTITY_TOO_HIGH",
                "INVALID_QUANTITY_TOO_LOW",
                "INVALID_REASON",
                "INVALID_REFERENCE_DOCUMENT",
                "NON_MUTABLE_INVENTORY_ITEM",
                "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
            ),
        },
        "metafieldsSet": {
            "INTERNAL_ERROR": Remedy.RETRY,
            "STALE_OBJECT": Remedy.REREAD,
            **_park(
                "APP_NOT_AUTHORIZED",
                "BLANK",
                "CAPABILITY_VIOLATION",
                "INCLUSION",
                "INVALID",
                "INVALID_COMPARE_DIGEST",
                "INVALID_TYPE",
                "INVALID_VALUE",
                "LESS_THAN_OR_EQUAL_TO",
                "PRESENT",
                "TAKEN",
                "TOO_LONG",
                "TOO_SHORT",
            ),
        },
        "productUpdate": {},
        "fulfillmentCreate": {},
        "tagsAdd": {},
    }
)

_HINTS: Mapping[str, str] = {
    "HANDLE_NOT_UNIQUE": "Another product uses this handle.",
    "INVALID_LOCATION": "The location is gone or inactive: map its warehouse to another one.",
    "NON_MUTABLE_INVENTORY_ITEM": "It is a bundle: its stock follows its components.",
    "INVALID_QUANTITY_NEGATIVE": "Correct the stock in the ERP.",
    "PRODUCT_SUSPENDED": "Shopify has suspended the product; see it in the shop's admin.",
    "SUBSCRIPTION_VIOLATION": "The shop's plan allows no more SKUs.",
    "VARIANTS_OVER_LIMIT": "The shop's plan allows no more variants.",
}

# Codes that speak about one line; the others speak about the call.
_ABOUT_ONE_LINE = frozenset(
    {
        "INVALID_INVENTORY_ITEM",
        "INVALID_LOCATION",
        "INVALID_QUANTITY_NEGATIVE",
        "INVALID_QUANTITY_TOO_HIGH",
        "INVALID_QUANTITY_TOO_LOW",
        "NON_MUTABLE_INVENTORY_ITEM",
        "CHANGE_FROM_QUANTITY_STALE",
        "COMPARE_QUANTITY_STALE",
        "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
    }
)


@dataclass(frozen=True, slots=True)
class UserError:
    """One user error: its code (may be empty), Shopify's words, and the path of the input."""

    code: str
    message: str
    path: tuple[str, ...]

    def words(self) -> str:
        """Return Shopify's words as a sentence, with what we know about the code."""
        return f"{self.message.rstrip('.')}. {_HINTS.get(self.code, '')}".rstrip()

    def sentence(self) -> str:
        """Return one sentence for people that stands alone: the words and the code."""
        return f"{self.words().rstrip('.')} ({self.code})." if self.code else self.words()

    def index_in(self, list_field: str) -> int | None:
        """Return which element of an input list the error is about, if it says so."""
        for name, following in zip(self.path, self.path[1:], strict=False):
            if name == list_field and following.isdecimal():
                return int(following)
        return None


def read_errors(payload: Mapping[str, Any]) -> list[UserError]:
    """Read the user errors of a mutation's payload."""
    return [
        UserError(
            code=str(error.get("code") or ""),
            message=" ".join(str(error.get("message") or "no reason given").split())[:300],
            path=tuple(str(part) for part in error.get("field") or ()),
        )
        for error in payload.get("userErrors") or ()
    ]


def remedy(mutation: str, code: str) -> Remedy:
    """Return what to do about a code; one we don't know needs somebody."""
    return CODES[mutation].get(code, Remedy.PARK)


def raise_first(mutation: str, errors: Sequence[UserError]) -> None:
    """Raise what the gravest user error asks for; do nothing when there is none.

    Raises:
        Refused: it needs somebody; ``code`` is Shopify's.
        Stale: read again and decide again.
        Retryable: the same again later.
    """
    if not errors:
        return
    order = (Remedy.PARK, Remedy.REREAD)
    ranked = sorted(
        errors,
        key=lambda error: (
            order.index(found) if (found := remedy(mutation, error.code)) in order else len(order)
        ),
    )
    error = ranked[0]
    found = remedy(mutation, error.code)
    if found is Remedy.PARK:
        raise Refused(
            f"Shopify refused {mutation}: {error.sentence()}",
            hint="" if error.code in _HINTS else "Correct the value at its source and retry.",
            code=error.code,
        )
    if found is Remedy.REREAD:
        raise Stale(f"Shopify refused {mutation}: {error.sentence()}")
    raise Retryable(f"Shopify refused {mutation}: {error.sentence()}")


def line_outcomes(
    mutation: str,
    errors: Sequence[UserError],
    *,
    count: int,
    list_field: str,
    atomic: bool,
) -> list[LineOutcome]:
    """Say for every line of a call what became of it.

    Args:
        mutation: root field, a key of :data:`CODES`.
        errors: the user errors of the call.
        count: how many lines were sent.
        list_field: name of the input list that the error paths speak of.
        atomic: one bad line made the whole call fail; the innocent get ``SPLIT``.
    """
    guilty: dict[int, UserError] = {}
    about_all: list[UserError] = []
    for error in errors:
        index = error.index_in(list_field)
        if index is not None and index < count:
            guilty.setdefault(index, error)
        elif not (atomic and count > 1 and error.code in _ABOUT_ONE_LINE):
            about_all.append(error)
    outcomes = []
    for index in range(count):
        found = guilty.get(index) or (about_all[0] if about_all else None)
        if found is not None:
            outcomes.append(_refused(index, found, mutation))
        elif errors and atomic:
            outcomes.append(
                LineOutcome(
                    index,
                    ok=False,
                    message="Another line of the same call was refused; this one is sent again.",
                    verdict=Remedy.SPLIT,
                )
            )
        else:
            outcomes.append(LineOutcome(index, ok=True))
    return outcomes


def _refused(index: int, error: UserError, mutation: str) -> LineOutcome:
    return LineOutcome(
        index,
        ok=False,
        code=error.code,
        message=error.words(),
        verdict=remedy(mutation, error.code),
    )
