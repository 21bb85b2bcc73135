"""A cancellation by a job at the simulated shop: at once, later, and without its effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.shop_stand import Stand, place_order, play
from towline_relay.shopify.fulfillment_plan import plan_fulfillment
from towline_relay.shopify.models import FulfillmentSpec
from towline_relay.shopify.user_errors import Stale
from towline_relay.sync.orders.capture import authorizations


async def cancel(on: Stand, gid: str) -> str:
    return await on.shop.cancel_order(gid, restock=True, refund=True, note="the ERP's wish")


def test_a_job_is_over_at_once_or_after_some_looks(tmp_path: Path) -> None:
    """Until then the order stands as it was; a job nobody knows is over."""

    async def scene(on: Stand) -> None:
        first, second = await place_order(on), await place_order(on)
        assert await on.shop.job_done(await cancel(on, first))
        assert (await on.shop.order(first))["cancelledAt"]
        with pytest.raises(Stale):
            await cancel(on, first)
        await on.control("faults", {"slow_jobs": 2})
        job = await cancel(on, second)
        assert not await on.shop.job_done(job)
        assert (await on.shop.order(second))["cancelledAt"] is None
        assert await on.shop.job_done(job)
        assert (await on.shop.order(second))["cancelledAt"]
        assert await on.shop.job_done("gid://shopify/Job/0b1c")

    play(tmp_path, scene)


def test_a_parcel_that_left_meanwhile_lets_the_job_end_without_effect(tmp_path: Path) -> None:
    """Nobody is told; the order is not cancelled."""

    async def scene(on: Stand) -> None:
        gid = await place_order(on)
        await on.control("faults", {"slow_jobs": 1})
        job = await cancel(on, gid)
        state = await on.shop.fulfillment_orders(gid)
        lines = [(state.orders[0].lines[0].line_gid, 1)]
        plan = plan_fulfillment(state, lines, shipment="L1")
        assert isinstance(plan, FulfillmentSpec)
        await on.shop.create_fulfillment(plan)
        assert await on.shop.job_done(job)
        assert (await on.shop.order(gid))["cancelledAt"] is None

    play(tmp_path, scene)


def test_orders_whose_payment_is_only_authorised_are_found(tmp_path: Path) -> None:
    """With what is left and when it lapses; a paid or a cancelled one is not among them."""

    async def scene(on: Stand) -> None:
        await place_order(on)
        lines = [{"sku": "NW-100", "quantity": 1}]
        held = await on.control("orders", {"lines": lines, "authorized": True})
        gone = await on.control("orders", {"lines": lines, "authorized": True})
        await cancel(on, str(gone["id"]))
        (found,) = [given async for given in on.shop.orders_authorized()]
        assert found["id"] == held["id"]
        (one,) = authorizations(found)
        assert one.expires_at.endswith("Z")
        assert one.left > 0

    play(tmp_path, scene)
