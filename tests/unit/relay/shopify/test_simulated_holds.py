"""Holds at the simulated shop: by the merchant and by the app, read, found, and told by webhook."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.shop_stand import Stand, place_order, play
from towline_relay.shopify.fulfillment_plan import plan_shipment
from towline_relay.shopify.models import Refusal, Remedy
from towline_relay.shopify.models_fulfillment import HoldSpec
from towline_relay.shopify.user_errors import Stale

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def deliveries(on: Stand) -> list[str]:
    """Return the topics of the fulfillment orders that were told, oldest first."""
    async with on.session.get(f"{on.url}/sandbox/deliveries") as response:
        told = (await response.json())["deliveries"]
    return [d["topic"] for d in reversed(told) if d["topic"].startswith("fulfillment_orders/")]


def test_holds_of_the_merchant_and_of_the_erp_stand_side_by_side(tmp_path: Path) -> None:
    """Each is released by itself, a second of ours is known, webhooks tell of first and last."""

    async def scene(on: Stand) -> None:
        gid = await place_order(on)
        number = gid.rsplit("/", 1)[1]
        await on.control(f"order/{number}/hold", {"reason": "INCORRECT_ADDRESS", "notes": "asks"})
        (work,) = (await on.shop.fulfillment_orders(gid)).orders
        assert (work.status, [hold.reason for hold in work.holds]) == (
            "ON_HOLD", ["INCORRECT_ADDRESS"],
        )  # fmt: skip
        spec = HoldSpec(work.gid, "OTHER", "Credit check")
        await on.shop.hold_work(spec)
        with pytest.raises(Stale):
            await on.shop.hold_work(spec)
        state = await on.shop.fulfillment_orders(gid)
        assert [hold.ours for hold in state.orders[0].holds] == [False, True]
        plan = plan_shipment(state, [(state.orders[0].lines[0].line_gid, 1)], shipment="S1")
        assert isinstance(plan, Refusal)
        assert (plan.verdict, plan.on_hold) == (Remedy.RETRY, True)
        ours = [hold.gid for hold in state.orders[0].holds if hold.ours]
        await on.shop.release_work(work.gid, ours)
        (work,) = (await on.shop.fulfillment_orders(gid)).orders
        assert (work.status, [hold.ours for hold in work.holds]) == ("ON_HOLD", [False])
        await on.control(f"order/{number}/release", {})
        (work,) = (await on.shop.fulfillment_orders(gid)).orders
        assert (work.status, work.holds) == ("OPEN", ())
        assert "CREATE_FULFILLMENT" in work.actions
        assert await deliveries(on) == [
            "fulfillment_orders/placed_on_hold", "fulfillment_orders/hold_released",
        ]  # fmt: skip

    play(tmp_path, scene, webhook_base="http://127.0.0.1:9")


def test_the_order_of_a_fulfillment_order_is_found_and_so_are_changed_ones(tmp_path: Path) -> None:
    """The reading of the order shows its holds by gid; one that does not exist names no order."""

    async def scene(on: Stand) -> None:
        gid = await place_order(on)
        (work,) = (await on.shop.fulfillment_orders(gid)).orders
        assert await on.shop.order_of_work(work.gid) == gid
        assert await on.shop.order_of_work("gid://shopify/FulfillmentOrder/1") == ""
        await on.control(f"order/{gid.rsplit('/', 1)[1]}/hold", {})
        given = await on.shop.order(gid)
        (node,) = given["fulfillmentOrders"]["nodes"]
        assert (node["id"], len(node["fulfillmentHolds"])) == (work.gid, 1)
        (found,) = [ref async for ref in on.shop.work_updated_since(LONG_AGO)]
        assert (found.gid, found.order_gid, found.status) == (work.gid, gid, "ON_HOLD")
        late = datetime.now(UTC) + timedelta(days=1)
        assert [ref async for ref in on.shop.work_updated_since(late)] == []

    play(tmp_path, scene)
