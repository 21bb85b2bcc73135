"""What Shopify's HTTP statuses and top-level error codes mean: one row each, nothing by chance.

Rows follow https://shopify.dev/docs/api/usage/response-codes and
https://shopify.dev/docs/api/usage/limits. A status or code without a row has a meaning by its class
(:func:`meaning_of_status`, :func:`meaning_of_codes`). Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

__all__ = ["CODES", "STATUSES", "Kind", "Meaning", "meaning_of_codes", "meaning_of_status"]


class Kind(Enum):
    """What follows from an answer that is no good one.

    ``THROTTLED``: it did not run, the bucket was empty. ``LIMITED``: it did not run, Shopify wants
    quiet. ``TOKEN``: it did not run, the token is refused. ``CLOSED``: nothing runs, the shop is
    closed to the app. ``DENIED``: it did not run, a scope is missing.
    ``SPENT``: it did not run, a limit of the day is used up. ``INTERRUPTED``: a read is
    repeated, a write may have happened. ``FAULT``: repeating can't help.
    """

    THROTTLED = "throttled"
    LIMITED = "limited"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    CLOSED = "closed"
    DENIED = "denied"
    SPENT = "spent"
    INTERRUPTED = "interrupted"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a status or code means.

    Attributes:
        words: completes "The shop ..." for CLOSED and "Shopify ..." for INTERRUPTED; else empty
            or a sentence of its own.
        hint: what to do; empty when nobody need act.
    """

    kind: Kind
    words: str = ""
    hint: str = ""


_REPORT = "This is a fault of Towline or of a proxy between it and Shopify; report it."
_MOVED = Meaning(Kind.CLOSED, "has moved", "Put its present myshopify.com domain into relay.toml.")

STATUSES: Mapping[int, Meaning] = MappingProxyType(
    {
        301: _MOVED,
        302: _MOVED,
        303: _MOVED,
        307: _MOVED,
        308: _MOVED,
        400: Meaning(Kind.FAULT, hint=_REPORT),
        401: Meaning(
            Kind.TOKEN,
            "Shopify does not accept the access token (HTTP 401).",
            "The app was uninstalled or its token revoked: install it again, give a new token.",
        ),
        402: Meaning(
            Kind.CLOSED,
            "is frozen for a payment",
            "The merchant must settle the bill with Shopify.",
        ),
        403: Meaning(
            Kind.CLOSED,
            "refuses the app",
            "Check that the app is installed with its scopes; a public app's token must expire.",
        ),
        404: Meaning(
            Kind.CLOSED,
            "is unknown at this address",
            "Check the shop's myshopify.com domain in relay.toml.",
        ),
        406: Meaning(Kind.FAULT, hint=_REPORT),
        408: Meaning(Kind.INTERRUPTED, "failed with HTTP 408"),
        413: Meaning(Kind.FAULT, hint=_REPORT),
        422: Meaning(Kind.FAULT, hint=_REPORT),
        423: Meaning(
            Kind.CLOSED,
            "is locked after exceeding its limits",
            "Shopify unlocks it; its support knows why.",
        ),
        429: Meaning(Kind.LIMITED, "Shopify asks for fewer calls (HTTP 429)."),
        430: Meaning(
            Kind.CLOSED,
            "rejected the call as a security risk",
            "Ask Shopify's support with the request id.",
        ),
        500: Meaning(Kind.INTERRUPTED, "failed with HTTP 500"),
        501: Meaning(Kind.INTERRUPTED, "failed with HTTP 501"),
        502: Meaning(Kind.INTERRUPTED, "failed with HTTP 502"),
        503: Meaning(Kind.INTERRUPTED, "failed with HTTP 503"),
        504: Meaning(Kind.INTERRUPTED, "failed with HTTP 504"),
        # a proxy in front of Shopify says these; the write may have gone through behind it
        520: Meaning(Kind.INTERRUPTED, "failed with HTTP 520"),
        522: Meaning(Kind.INTERRUPTED, "failed with HTTP 522"),
        524: Meaning(Kind.INTERRUPTED, "failed with HTTP 524"),
    }
)

# In order of weight: of several codes in one answer the first in this table decides.
CODES: Mapping[str, Meaning] = MappingProxyType(
    {
        "THROTTLED": Meaning(Kind.THROTTLED, "The shop's budget of points is used up."),
        "SHOP_INACTIVE": Meaning(Kind.CLOSED, "is not active", "The merchant must reopen it."),
        "ACCESS_DENIED": Meaning(Kind.DENIED),
        # From 50,000 variants on, 1,000 new ones a day (https://shopify.dev/docs/api/usage/limits);
        # that the answer has this code is general knowledge.
        "VARIANT_THROTTLE_EXCEEDED": Meaning(Kind.SPENT, "allows no more new variants today"),
        "MAX_COST_EXCEEDED": Meaning(
            Kind.FAULT, "asks for more points than one call may take", "Report it: Towline's fault."
        ),
        "MAX_INPUT_SIZE_EXCEEDED": Meaning(
            Kind.FAULT, "sends a longer list than one call may hold", "Report it: Towline's fault."
        ),
        "BAD_REQUEST": Meaning(Kind.FAULT, hint=_REPORT),
        "INTERNAL_SERVER_ERROR": Meaning(Kind.INTERRUPTED, "had an internal error"),
        "TIMEOUT": Meaning(Kind.INTERRUPTED, "took too long"),
        "SERVICE_UNAVAILABLE": Meaning(Kind.INTERRUPTED, "was not available"),
    }
)

_UNKNOWN = Meaning(
    Kind.FAULT, hint="If the API version has changed, compare the documents with the new one."
)


def meaning_of_status(status: int) -> Meaning:
    """Return what an HTTP status other than 200 means; one without a row by its hundred."""
    found = STATUSES.get(status)
    if found is not None:
        return found
    if 300 <= status < 400:
        return _MOVED
    if status >= 500:
        return Meaning(Kind.INTERRUPTED, f"failed with HTTP {status}")
    return Meaning(Kind.FAULT, hint=_REPORT)


def meaning_of_codes(codes: Collection[str]) -> Meaning:
    """Return what the top-level errors of an answer mean together; unknown ones are a fault."""
    return next((meaning for code, meaning in CODES.items() if code in codes), _UNKNOWN)
