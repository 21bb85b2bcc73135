"""What an HTTP answer of Shopify means: an answer to work with, or one error with a verdict.

Pure. What each status and code means stands in one table (:mod:`meanings`); this turns a row into
the error to raise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from towline_relay.shopify.documents import Document
from towline_relay.shopify.meanings import Kind, Meaning, meaning_of_codes, meaning_of_status
from towline_relay.shopify.throttle import Cost
from towline_shared.errors import Permanent, Retryable

__all__ = [
    "CLOSED_WAIT_S",
    "AccessDenied",
    "Answer",
    "LimitSpent",
    "NotRun",
    "RateLimited",
    "Reply",
    "ShopUnavailable",
    "Throttled",
    "TokenRefused",
    "Unsure",
    "interrupted",
    "read_reply",
]

# A shop that is closed to us opens when somebody acts, not when we hammer it; and nothing of what
# waits is wrong, so it must not be parked.
CLOSED_WAIT_S = 300.0
_SPENT_WAIT_S = 1_800.0  # a limit of the day comes back in the night


class NotRun(Retryable):
    """The call did not run for sure; repeating it is harmless.

    Attributes:
        cost: what Shopify said about points, if it answered.
    """

    cost: Cost | None = None


class Throttled(NotRun):
    """The bucket was empty; the mirror knows now how long it takes."""


class RateLimited(NotRun):
    """HTTP 429; ``retry_after_s`` says how long Shopify wants quiet."""


class LimitSpent(NotRun):
    """A limit of the day is used up: no fault of what was to be written."""


class TokenRefused(NotRun):
    """HTTP 401: the access token is unknown, expired or revoked."""


class ShopUnavailable(NotRun):
    """The whole shop is closed to us (frozen, locked, uninstalled); somebody must act."""


class Unsure(Retryable):
    """A write may or may not have happened.

    Attributes:
        repeatable: the same call may simply be repeated (it sets a state, or carries an
            idempotency key); else read back first.
    """

    def __init__(self, what: str, *, repeatable: bool, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.repeatable = repeatable


class AccessDenied(NotRun):
    """The app lacks an access scope for this document; what waits is right and must not park."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer as it came; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer.

    Attributes:
        data: the ``data`` object; fractions in it are Decimal, money is text.
        cost: None when Shopify sent none.
        api_version: the version that answered, from the header; empty when it was missing.
        request_id: Shopify's id of the call, for its support.
    """

    data: Mapping[str, Any]
    cost: Cost | None
    api_version: str
    request_id: str


def read_reply(reply: Reply, document: Document) -> Answer:
    """Read an answer.

    Raises:
        NotRun: (and its subclasses) it did not run; repeat later.
        Unsure: a write that may have happened.
        Retryable: a read that failed in passing.
        AccessDenied: a scope is missing.
        Permanent: Shopify rejected the document, or ignored a part of its search.
    """
    if reply.status != 200:
        raise _by_status(reply, document)
    body = _json(reply.body)
    if body is None:
        raise interrupted(document, "answered with something that is not JSON")
    cost = _cost(body)
    errors = body.get("errors")
    if errors:
        raise _by_errors(errors, body.get("data"), cost, document)
    data = body.get("data")
    if not isinstance(data, Mapping):
        raise interrupted(document, "answered without data")
    _check_search(body, document)
    return Answer(
        data=data,
        cost=cost,
        api_version=reply.headers.get("x-shopify-api-version", ""),
        request_id=reply.headers.get("x-request-id", ""),
    )


def _by_status(reply: Reply, document: Document) -> Exception:
    meaning = meaning_of_status(reply.status)
    if meaning.kind is Kind.LIMITED:
        return RateLimited(
            meaning.words, retry_after_s=_retry_after_s(reply.headers.get("retry-after", ""))
        )
    if meaning.kind is Kind.TOKEN:
        return TokenRefused(meaning.words, hint=meaning.hint, retry_after_s=CLOSED_WAIT_S)
    if meaning.kind is Kind.CLOSED:
        return _closed(meaning, f" (HTTP {reply.status})")
    if meaning.kind is Kind.INTERRUPTED:
        return interrupted(document, meaning.words)
    return Permanent(
        f"Shopify rejected {document.name} with HTTP {reply.status}.", hint=meaning.hint
    )


def _closed(meaning: Meaning, how: str = "") -> ShopUnavailable:
    return ShopUnavailable(
        f"The shop {meaning.words}{how}.", hint=meaning.hint, retry_after_s=CLOSED_WAIT_S
    )


def interrupted(document: Document, how: str) -> Retryable:
    """A failure after which a read is just repeated and a write is unsure."""
    if document.mutation:
        return Unsure(
            f"Shopify {how} during {document.name}; the write may have happened.",
            repeatable=document.repeatable,
        )
    return Retryable(f"Shopify {how} during {document.name}.")


def _by_errors(errors: Any, data: Any, cost: Cost | None, document: Document) -> Exception:
    """Choose the one error that decides; partial data is never used.

    A field that is null because of an error and one that is null by nature look alike in the data,
    so half an answer is no answer. A write whose result could not be read has still happened.
    """
    listed = [error for error in _as_list(errors) if isinstance(error, Mapping)]
    codes = {str(_mapping(error.get("extensions")).get("code", "")) for error in listed}
    words = _words(listed) or _short(errors)
    meaning = meaning_of_codes(codes)
    if meaning.kind is Kind.THROTTLED:
        throttled = Throttled(meaning.words)
        throttled.cost = cost
        return throttled
    if meaning.kind is Kind.CLOSED:
        return _closed(meaning)
    if document.mutation and any(value is not None for value in _mapping(data).values()):
        return interrupted(document, f"could not tell the result ({words})")
    if meaning.kind is Kind.DENIED:
        return AccessDenied(
            f"The app may not use {document.name}: {words}",
            hint=f"Grant it {', '.join(sorted(document.scopes)) or 'access'} and retry.",
            retry_after_s=CLOSED_WAIT_S,
        )
    if meaning.kind is Kind.SPENT:
        return LimitSpent(f"Shopify {meaning.words}: {words}", retry_after_s=_SPENT_WAIT_S)
    if meaning.kind is Kind.INTERRUPTED:
        return interrupted(document, f"{meaning.words} ({words})")
    if meaning.words:
        return Permanent(f"{document.name} {meaning.words}: {words}", hint=meaning.hint)
    return Permanent(f"Shopify rejected {document.name}: {words}", hint=meaning.hint)


def _check_search(body: Mapping[str, Any], document: Document) -> None:
    """Refuse an answer whose search was understood in part only.

    Shopify ignores an unknown search field, returns ALL rows and only warns:
    https://shopify.dev/docs/api/usage/search-syntax
    """
    for search in _as_list(_mapping(body.get("extensions")).get("search")):
        warnings = [_mapping(warning) for warning in _as_list(_mapping(search).get("warnings"))]
        if warnings:
            words = "; ".join(_short(warning.get("message", warning)) for warning in warnings)
            raise Permanent(
                f"Shopify ignored a part of the search of {document.name}: {words}",
                hint="Its answer can't be trusted; this is a fault of Towline, report it.",
            )


def _cost(body: Mapping[str, Any]) -> Cost | None:
    given = _mapping(_mapping(body.get("extensions")).get("cost"))
    status = _mapping(given.get("throttleStatus"))
    requested, actual = given.get("requestedQueryCost"), given.get("actualQueryCost")
    figures = [
        requested,
        status.get("maximumAvailable"),
        status.get("currentlyAvailable"),
        status.get("restoreRate"),
    ]
    if not all(isinstance(figure, int | Decimal) for figure in figures):
        return None
    asked, maximum, available, rate = (float(figure) for figure in figures if figure is not None)
    return Cost(
        requested=asked,
        actual=float(actual) if isinstance(actual, int | Decimal) else None,
        maximum=maximum,
        available=available,
        restore_rate=rate,
    )


def _retry_after_s(text: str) -> float:
    """Read Retry-After in seconds; Shopify recommends one second where it says nothing."""
    try:
        seconds = float(text)
    except ValueError:
        return 1.0
    return min(max(seconds, 0.0), 600.0) if seconds == seconds else 1.0


def _json(body: bytes) -> Mapping[str, Any] | None:
    try:
        value = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, Mapping) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _as_list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _words(errors: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(_short(error.get("message", "")) for error in errors[:3])


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 200 else text[:199] + "…"
