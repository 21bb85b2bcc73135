"""Each way Shopify can answer has one meaning."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.relay.shopify.scripted import cost
from towline_relay.shopify.documents import document
from towline_relay.shopify.replies import (
    AccessDenied,
    NotRun,
    RateLimited,
    Reply,
    ShopUnavailable,
    Throttled,
    TokenRefused,
    Unsure,
    read_reply,
)
from towline_shared.errors import Permanent, Retryable, TowlineError

READ, WRITE, ONCE = document("order"), document("tags_add"), document("fulfillment_create")


def reply(body: Any, *, status: int = 200, **headers: str) -> Reply:
    """Build an HTTP answer; header names with underscores."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {k.replace("_", "-"): v for k, v in headers.items()}, raw)


def graphql_error(code: str, data: Any = None) -> Reply:
    """Build HTTP 200 with one GraphQL error."""
    error = {"message": "sorry", "extensions": {"code": code}}
    return reply({"data": data, "errors": [error], "extensions": {"cost": cost(3, actual=None)}})


def test_a_good_answer_carries_cost_version_and_exact_fractions() -> None:
    """Rates are Decimal and not float; the version comes from the header."""
    raw = b'{"data":{"rate":0.19},"extensions":{"cost":%s}}' % json.dumps(cost(1990)).encode()
    answer = read_reply(reply(raw, x_shopify_api_version="2026-10", x_request_id="abc"), READ)
    assert answer.data["rate"] == Decimal("0.19")
    assert answer.cost is not None
    assert (answer.cost.available, answer.cost.restore_rate) == (1990.0, 100.0)
    assert (answer.api_version, answer.request_id) == ("2026-10", "abc")


def test_an_answer_without_cost_is_good() -> None:
    """A proxy or a stand-in may leave the extensions out."""
    assert read_reply(reply({"data": {}}), READ).cost is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, ShopUnavailable),
        (401, TokenRefused),
        (402, ShopUnavailable),
        (403, ShopUnavailable),
        (404, ShopUnavailable),
        (423, ShopUnavailable),
        (429, RateLimited),
        (430, ShopUnavailable),
        (400, Permanent),
    ],
)
def test_status_codes_that_mean_it_did_not_run(status: int, kind: type[TowlineError]) -> None:
    """A closed shop is waited for, not parked: its events are right and it opens again."""
    with pytest.raises(kind) as caught:
        read_reply(reply(b"<html>", status=status), ONCE)
    assert caught.value.what.endswith(".")


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_server_error_leaves_a_write_unsure_and_a_read_repeatable(status: int) -> None:
    """A write may have happened before the 504; a read may just be repeated."""
    with pytest.raises(Unsure) as unsure:
        read_reply(reply(b"", status=status), ONCE)
    assert not unsure.value.repeatable
    with pytest.raises(Unsure) as repeatable:
        read_reply(reply(b"", status=status), WRITE)
    assert repeatable.value.repeatable
    with pytest.raises(Retryable) as plain:
        read_reply(reply(b"", status=status), READ)
    assert not isinstance(plain.value, Unsure)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2.0", 2.0), ("0", 0.0), ("", 1.0), ("soon", 1.0), ("nan", 1.0), ("99999", 600.0)],
)
def test_retry_after_is_read_with_sense(text: str, seconds: float) -> None:
    """What can't be read is one second, what is absurd is ten minutes."""
    with pytest.raises(RateLimited) as caught:
        read_reply(reply(b"", status=429, retry_after=text), READ)
    assert caught.value.retry_after_s == seconds


def test_throttled_brings_the_state_of_the_bucket() -> None:
    """It did not run, and the mirror learns what is left."""
    with pytest.raises(Throttled) as caught:
        read_reply(graphql_error("THROTTLED"), ONCE)
    assert caught.value.cost is not None
    assert caught.value.cost.available == 3
    assert caught.value.cost.actual is None
    assert isinstance(caught.value, NotRun)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ACCESS_DENIED", AccessDenied),
        ("MAX_COST_EXCEEDED", Permanent),
        ("SHOP_INACTIVE", ShopUnavailable),
        ("INTERNAL_SERVER_ERROR", Retryable),
        ("undefinedField", Permanent),
    ],
)
def test_graphql_errors_by_code(code: str, kind: type[TowlineError]) -> None:
    """Each code of Shopify's list has its own verdict; an unknown one is not retried."""
    with pytest.raises(kind, match=r"\."):
        read_reply(graphql_error(code), READ)


def test_a_missing_scope_is_named() -> None:
    """The hint tells which scopes to grant."""
    with pytest.raises(AccessDenied) as caught:
        read_reply(graphql_error("ACCESS_DENIED"), READ)
    assert "read_orders" in caught.value.hint


def test_half_an_answer_is_no_answer() -> None:
    """Data beside an error is not used: a null of an error looks like a true null."""
    with pytest.raises(AccessDenied):
        read_reply(graphql_error("ACCESS_DENIED", {"order": {"id": "x", "email": None}}), READ)


def test_a_write_whose_result_could_not_be_read_is_unsure() -> None:
    """The mutation ran, only a field of its payload failed; repeating it blindly would be wrong."""
    done: Any = {"fulfillmentCreate": {"fulfillment": None, "userErrors": []}}
    with pytest.raises(Unsure):
        read_reply(graphql_error("ACCESS_DENIED", done), ONCE)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"data":null}', b"\xff"])
def test_a_body_that_is_no_answer(body: bytes) -> None:
    """What a proxy or a cut connection leaves is passing trouble, not a result."""
    with pytest.raises(Unsure):
        read_reply(reply(body), ONCE)
    with pytest.raises(Retryable):
        read_reply(reply(body), READ)


def test_errors_may_be_a_bare_text() -> None:
    """Older parts of Shopify send a string where a list belongs."""
    with pytest.raises(Permanent, match="Not Found"):
        read_reply(reply({"errors": "Not Found"}), READ)


def test_a_search_understood_in_part_is_an_error() -> None:
    """Shopify ignores an unknown field, returns all rows and only warns."""
    search = [{"path": ["orders"], "warnings": [{"field": "sku2", "message": "Invalid field"}]}]
    with pytest.raises(Permanent, match="Invalid field"):
        read_reply(reply({"data": {}, "extensions": {"search": search}}), READ)
    quiet = {"data": {}, "extensions": {"search": [{"path": ["orders"], "warnings": []}]}}
    assert read_reply(reply(quiet), READ).data == {}


def test_long_words_of_shopify_are_cut() -> None:
    """An error text stays a sentence, whatever comes back."""
    with pytest.raises(Permanent) as caught:
        read_reply(reply({"errors": [{"message": "x" * 10_000}]}), READ)
    assert len(str(caught.value)) < 400
