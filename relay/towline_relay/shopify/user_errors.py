"""What Shopify's user errors mean: per mutation and code, what to do next.

A call that comes back with HTTP 200 and ``userErrors`` was understood and refused. The table
(:mod:`~towline_relay.shopify.codes`) holds every code of every mutation we send; mutations whose
errors carry no code are parked with Shopify's own words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from towline_relay.shopify.codes import CODES
from towline_relay.shopify.models import LineOutcome, Remedy
from towline_shared.errors import Refused, Retryable

__all__ = ["Stale", "UserError", "line_outcomes", "raise_first", "read_errors", "remedy"]


class Stale(Retryable):
    """Our picture of the shop is out of date: read it again, then decide again."""


_HINTS: Mapping[str, str] = {
    "APP_NOT_AUTHORIZED": "The namespace or the object belongs to another app.",
    "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS": "Work on it has begun where it is.",
    "HANDLE_NOT_UNIQUE": "Another product uses this handle.",
    "INVALID_LOCATION": "The location is gone or inactive: map its warehouse to another one.",
    "ITEM_NOT_STOCKED_AT_LOCATION": "Stock it at this location in the shop's admin.",
    "NON_MUTABLE_INVENTORY_ITEM": "It is a bundle: its stock follows its components.",
    "INVALID_QUANTITY_NEGATIVE": "Correct the stock in the ERP.",
    "NO_REFUND_PERMISSION": "The app may not refund: grant it to the app, or refund in the admin.",
    "PRICE_LIST_CURRENCY_MISMATCH": "The price list has another currency than the rules say.",
    "PRICE_LIST_NOT_FOUND": "Correct the price list in the rules.",
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
        "ITEM_NOT_STOCKED_AT_LOCATION",
        "NON_MUTABLE_INVENTORY_ITEM",
        "CHANGE_FROM_QUANTITY_STALE",
        "COMPARE_QUANTITY_STALE",
        "PRICE_ADD_VARIANT_NOT_FOUND",
        "PRICE_DELETE_PRICE_NOT_FIXED",
        "PRICE_DELETE_VARIANT_NOT_FOUND",
        "PRICE_NOT_FIXED",
        "VARIANT_NOT_FOUND",
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


def read_errors(payload: Mapping[str, Any], *, field: str = "userErrors") -> list[UserError]:
    """Read the user errors of a mutation's payload.

    Args:
        field: where they stand; ``orderCancel`` has those with a code in a field of its own.
    """
    return [
        UserError(
            code=str(error.get("code") or ""),
            message=" ".join(str(error.get("message") or "no reason given").split())[:300],
            path=tuple(str(part) for part in error.get("field") or ()),
        )
        for error in payload.get(field) or ()
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
        mutation: root field, a key of the table.
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
