"""Each row of the tables leads to the one error that its kind stands for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from towline_relay.shopify.documents import document
from towline_relay.shopify.meanings import (
    CODES,
    STATUSES,
    Kind,
    Meaning,
    meaning_of_codes,
    meaning_of_status,
)
from towline_relay.shopify.replies import (
    AccessDenied,
    LimitSpent,
    NotRun,
    RateLimited,
    Reply,
    ShopUnavailable,
    Throttled,
    TokenRefused,
    Unsure,
    read_reply,
)
from towline_shared.errors import Permanent, Retryable

READ, WRITE = document("order"), document("fulfillment_create")

RAISED: dict[Kind, type[Exception]] = {
    Kind.THROTTLED: Throttled,
    Kind.LIMITED: RateLimited,
    Kind.TOKEN: TokenRefused,
    Kind.CLOSED: ShopUnavailable,
    Kind.DENIED: AccessDenied,
    Kind.SPENT: LimitSpent,
    Kind.INTERRUPTED: Unsure,
    Kind.FAULT: Permanent,
}


def status(number: int) -> Reply:
    """Build an answer that has nothing but a status and an error page."""
    return Reply(number, {}, b"<html><body>Error</body></html>")


def errors(*codes: str, data: Any = None) -> Reply:
    """Build HTTP 200 with top-level errors of these codes."""
    listed = [{"message": "sorry", "extensions": {"code": code}} for code in codes]
    return Reply(200, {}, json.dumps({"data": data, "errors": listed}).encode())


@pytest.mark.parametrize("number", sorted(STATUSES))
def test_a_status_raises_what_its_row_says(number: int) -> None:
    """For a write; a read is merely repeatable where the write is unsure."""
    kind = STATUSES[number].kind
    with pytest.raises(RAISED[kind]) as caught:
        read_reply(status(number), WRITE)
    assert str(caught.value).endswith(".")
    with pytest.raises(Retryable if kind is Kind.INTERRUPTED else RAISED[kind]) as of_read:
        read_reply(status(number), READ)
    assert not isinstance(of_read.value, Unsure)


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_code_raises_what_its_row_says(code: str) -> None:
    """For a write; only what surely did not run is a NotRun."""
    kind = CODES[code].kind
    with pytest.raises(RAISED[kind]) as caught:
        read_reply(errors(code), WRITE)
    assert isinstance(caught.value, NotRun) == (kind not in (Kind.INTERRUPTED, Kind.FAULT))
    assert str(caught.value).endswith((".", "sorry"))


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_write_that_left_data_has_run_unless_the_shop_says_otherwise(code: str) -> None:
    """An error beside the payload of a mutation hides its result, not its effect."""
    done = {"fulfillmentCreate": {"fulfillment": None}}
    kind = CODES[code].kind
    surely_not = kind in (Kind.THROTTLED, Kind.CLOSED)
    with pytest.raises(RAISED[kind] if surely_not else Unsure):
        read_reply(errors(code, data=done), WRITE)


@pytest.mark.parametrize(
    ("heavy", "light"), [("THROTTLED", "ACCESS_DENIED"), ("ACCESS_DENIED", "X")]
)
def test_of_several_codes_the_weightier_decides(heavy: str, light: str) -> None:
    """The order of the answer does not matter, the order of the table does."""
    assert meaning_of_codes({light, heavy}) is CODES[heavy]


@pytest.mark.parametrize(
    ("number", "kind"), [(304, Kind.CLOSED), (418, Kind.FAULT), (599, Kind.INTERRUPTED)]
)
def test_a_status_without_a_row_has_the_meaning_of_its_class(number: int, kind: Kind) -> None:
    """Nothing Shopify or a proxy can say is without a verdict."""
    assert meaning_of_status(number).kind is kind


def test_an_unknown_code_is_not_repeated_for_ever() -> None:
    """A code newer than the table is a fault that somebody looks at."""
    found = meaning_of_codes({"BRAND_NEW"})
    assert isinstance(found, Meaning)
    assert found.kind is Kind.FAULT


@pytest.mark.parametrize("meaning", [*STATUSES.values(), *CODES.values()])
def test_what_somebody_must_act_on_says_how(meaning: Meaning) -> None:
    """A closed door without a hint would only frighten."""
    if meaning.kind in (Kind.CLOSED, Kind.TOKEN):
        assert meaning.hint.endswith(".")
