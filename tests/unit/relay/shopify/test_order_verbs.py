"""Orders are read whole, found by their change, and marked with tags and metafields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.unit.relay.shopify.scripted import Step, data
from tests.unit.relay.shopify.verbs import page, payload, run
from towline_relay.shopify.changed import updated_query
from towline_relay.shopify.models import MetafieldEntry
from towline_shared.errors import Permanent, Refused


def test_the_shop_tells_currency_scopes_and_version() -> None:
    """What preflight needs in one call."""
    shop = {
        "name": "Nordwind",
        "myshopifyDomain": "nordwind-demo.myshopify.com",
        "currencyCode": "EUR",
        "taxesIncluded": True,
        "ianaTimezone": "Europe/Berlin",
    }
    scopes = {"accessScopes": [{"handle": "read_orders"}, {"handle": "write_orders"}]}
    info, _ = run(lambda s: s.shop_info(), data(shop=shop, currentAppInstallation=scopes))
    assert (info.currency, info.taxes_included, info.api_version_used) == ("EUR", True, "2026-10")
    assert info.scopes == {"read_orders", "write_orders"}


def order_page(lines: Any, shipping: Any, *, payments: int = 0) -> Step:
    """Answer with one page of an order."""
    lists = {"lineItems": lines, "shippingLines": shipping, "discountApplications": page([])}
    return data(order={"id": "O", "name": "#1", "transactions": [{}] * payments, **lists})


def test_an_order_is_read_whole() -> None:
    """Lines and shipping lines page on side by side until both have ended, none twice."""
    ended = {"nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    whole, it = run(
        lambda shop: shop.order("O"),
        order_page(page([1, 2], cursor="l1"), page(["a"], cursor="s1")),
        order_page(page([3], cursor="l2"), page(["b"])),
        order_page(page([4]), ended),
    )
    assert whole == {
        "id": "O",
        "name": "#1",
        "transactions": [],
        "lineItems": {"nodes": [1, 2, 3, 4]},
        "shippingLines": {"nodes": ["a", "b"]},
        "discountApplications": {"nodes": []},
    }
    cursors = [(c.variables["linesAfter"], c.variables["shippingAfter"]) for c in it.script.calls]
    assert cursors == [(None, None), ("l1", "s1"), ("l2", "s1")]


def test_an_order_that_would_never_end_is_an_error() -> None:
    """The same cursors twice would add the same lines for ever."""
    loop = order_page(page([1], cursor="l1"), page([]))
    with pytest.raises(Permanent, match="same cursors"):
        run(lambda shop: shop.order("O"), loop, loop, loop)


def test_an_order_with_more_payments_than_are_told_at_once_is_not_taken_for_whole() -> None:
    """Payments are a plain list without pages: a full one may have been cut off."""
    whole, _ = run(lambda shop: shop.order("O"), order_page(page([1]), page([]), payments=49))
    assert len(whole["transactions"]) == 49
    with pytest.raises(Permanent, match="50 payments or more"):
        run(lambda shop: shop.order("O"), order_page(page([1]), page([]), payments=50))


def test_an_order_that_is_not_there_is_refused_with_the_reason() -> None:
    """Null may mean deleted, or out of the 60 days the app may see."""
    with pytest.raises(Refused, match="60 days") as caught:
        run(lambda shop: shop.order("O"), data(order=None))
    assert caught.value.code == "NOT_FOUND"


def test_orders_since_a_moment() -> None:
    """The search is in UTC and cut to the second, so that it rather finds one too many."""
    moment = datetime(2026, 11, 23, 10, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert updated_query(moment) == "updated_at:>='2026-11-23T09:00:00Z'"
    node = {
        "id": "O",
        "name": "#1",
        "createdAt": "2026-11-23T08:00:00Z",
        "updatedAt": "2026-11-23T09:00:01Z",
        "cancelledAt": "2026-11-23T09:00:01Z",
        "test": False,
    }
    found, _ = run(
        lambda shop: shop.orders_updated_since(moment),
        data(orders=page([node], cursor="c")),
        data(orders=page([{**node, "id": "P", "cancelledAt": None}])),
    )
    assert [(ref.gid, ref.cancelled) for ref in found] == [("O", True), ("P", False)]
    assert found[0].updated_at == datetime(2026, 11, 23, 9, 0, 1, tzinfo=UTC)


def test_tags_are_added_and_refusals_raised() -> None:
    """tagsAdd leaves other tags alone; its errors have no code."""
    _, it = run(lambda shop: shop.add_tags("O", ["erp-4711"]), payload("tagsAdd"))
    assert it.script.calls[0].variables == {"id": "O", "tags": ["erp-4711"]}
    with pytest.raises(Refused, match="Tag too long"):
        run(
            lambda shop: shop.add_tags("O", ["x" * 999]),
            payload("tagsAdd", {"field": ["tags"], "message": "Tag too long"}),
        )


def test_metafields_go_out_in_groups_of_25() -> None:
    """Shopify takes 25 at a time."""
    entries = [MetafieldEntry("O", "towline", f"k{n}", "number_integer", "1") for n in range(26)]
    _, it = run(
        lambda shop: shop.set_metafields(entries),
        payload("metafieldsSet"),
        payload("metafieldsSet"),
    )
    assert [len(call.variables["metafields"]) for call in it.script.calls] == [25, 1]
    assert it.script.calls[1].variables["metafields"] == [
        {
            "ownerId": "O",
            "namespace": "towline",
            "key": "k25",
            "type": "number_integer",
            "value": "1",
        }
    ]
