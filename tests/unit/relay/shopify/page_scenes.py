"""Scenes that read every list of the relay at a shop whose pages hold one row."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.support.shop_stand import Call, Stand, stand
from towline_relay.shopify.bulk import find, marked, start_query
from towline_relay.shopify.companies import CompanyShop
from towline_relay.shopify.customers import CustomerShop
from towline_relay.shopify.documents import document
from towline_relay.shopify.fulfillment_plan import plan_moves
from towline_relay.shopify.models import FulfillmentSpec, Quantity
from towline_relay.shopify.models_companies import Place
from towline_relay.shopify.models_customers import CustomerSpec, NumberField
from towline_relay.shopify.models_prices import ListPrice
from towline_relay.shopify.models_variants import GroupSpec, VariantSpec
from towline_relay.shopify.webhooks import WebhookDoor
from towline_sandbox.shopify.settings import SeedPriceList
from towline_shared.clock import SystemClock

__all__ = ["SCENES", "calls_of"]

LONG_AGO = SystemClock().now() - timedelta(days=1)
FIELD = NumberField("ibmi", "customer_number")


async def rows(found: AsyncIterator[Any]) -> list[Any]:
    """Read to the end."""
    return [one async for one in found]


async def shop_wide(on: Stand) -> None:
    """Locations, price lists, sales channels, subscriptions."""
    assert [one.name for one in await on.shop.locations()] == [
        "Berlin warehouse",
        "Hamburg warehouse",
    ]
    assert [one.name for one in await on.shop.price_lists()] == ["L0", "L1", "L2"]
    assert set(await on.shop.publications()) >= {"Online Store", "POS", "B2B"}
    hooks = WebhookDoor(on.client)
    for topic in ("ORDERS_CREATE", "ORDERS_PAID", "ORDERS_EDITED"):
        await hooks.create_webhook(topic, uri="https://relay.example/hook", name=topic.lower())
    found = await rows(hooks.webhook_subscriptions())
    assert [one.topic for one in found] == ["ORDERS_CREATE", "ORDERS_PAID", "ORDERS_EDITED"]


async def catalogue(on: Stand) -> None:
    """Variants, changed products with their variants, fixed prices, bulk operations."""
    sizes = ("M6", "M8", "M10")
    made = [VariantSpec(f"G-{size}", (size,), Decimal("1.00")) for size in sizes]
    await on.shop.make_variants(GroupSpec("g", "Group", ("Size",), tuple(made)))
    skus = [ref.sku for ref in await rows(on.shop.variants())]
    assert sorted(skus) == sorted(
        ["NW-100", "NW-100-XL", "NW-200", "NW-200", *(s.sku for s in made)]
    )
    changed = await rows(on.shop.products_updated_since(LONG_AGO))
    assert sorted(ref.sku for one in changed for ref in one.variants) == sorted(skus)
    await on.shop.make_variants(GroupSpec("g", "Group", ("Size",), tuple(made)))
    target = (await on.shop.price_lists())[1]
    refs = [ref for one in changed for ref in one.variants][:3]
    prices = [ListPrice(ref.variant_gid, Decimal("7.00")) for ref in refs]
    await on.shop.set_list_prices(target, prices, tiered=False)
    held = await on.shop.fixed_prices(target.gid, [ref.variant_gid for ref in refs])
    assert set(held) == {ref.variant_gid for ref in refs}
    bulk = document("bulkdoc_variants")
    marks = ("towline_1", "towline_2", "towline_3")
    started = [await start_query(on.client, marked(bulk, m)) for m in marks]
    assert [await find(on.client, mark, since=LONG_AGO) for mark in marks] == started


async def people(on: Stand) -> None:
    """Customers, companies, their places, and where a contact has a role."""
    customers = CustomerShop(on.client, FIELD)
    buyers = [
        await customers.write(CustomerSpec("", str(n), {"last_name": f"B{n}"})) for n in range(3)
    ]
    assert {ref.gid for ref in await rows(customers.updated_since(LONG_AGO))} >= set(buyers)
    shop = CompanyShop(on.client, FIELD)
    await shop.create("7-1", {"name": "Nord"}, Place("", "71", {}))
    made = await shop.create("7", {"name": "Petersen GmbH"}, Place("", "7/0", {}))
    assert await shop.find("7") == made  # the search finds 7-1 first
    for number in (1, 2):
        await shop.add_place(made, Place("", f"7/{number}", {}))
    company = await shop.company(made)
    assert company is not None
    assert [place.number for place in company.places] == ["7/0", "7/1", "7/2"]
    assert len(await rows(shop.updated_since(LONG_AGO))) == 2
    assert len(await rows(shop.places_updated_since(LONG_AGO))) == 4
    await shop.set_contact(made, buyers[0])
    places = [place.gid for place in company.places]
    roles = await shop.contact_roles(made)
    await shop.assign_role(roles.contact, roles.roles["Ordering only"], places)
    assert (await shop.contact_roles(made)).places == frozenset(places)
    await shop.set_contact(made, buyers[1])
    whole = await shop.document(made)
    assert whole is not None
    assert (len(whole.places), len(whole.contacts)) == (3, 2)


async def orders(on: Stand) -> None:
    """Orders of the sweeps; one with three lines, ways of shipping, discounts and agreements."""
    off = {"discount": {"code": "TEN", "percent": "10"}, "shipping_discount": "1.00"}
    gids = [await _order(on, force=True, **off) for _ in range(2)]
    for gid in gids:
        _repeat(on, "orders", gid, "shipping_lines")
    found = await rows(on.shop.orders_updated_since(LONG_AGO))
    assert [ref.gid for ref in found] == gids
    held = [await _order(on, force=True, authorized=True) for _ in range(2)]
    assert [one["id"] for one in await rows(on.shop.orders_authorized())] == held
    whole = await on.shop.order(gids[0])
    assert [line["sku"] for line in whole["lineItems"]["nodes"]] == [
        "NW-100",
        "NW-100-XL",
        "NW-200",
    ]
    assert len(whole["shippingLines"]["nodes"]) == 2
    named = [each.get("code") or each["title"] for each in whole["discountApplications"]["nodes"]]
    assert named == ["TEN", "Free shipping"]
    for pieces in (1, 0):
        await _act(on, gids[0], "edit", {"set": {"0": pieces}})
    assert (await on.shop.order(gids[0]))["agreements"]["pageInfo"]["hasNextPage"]
    ledger = await on.shop.order_ledger(gids[0])
    assert [len(each["sales"]) for each in ledger] == [4, 1, 1]


async def history(on: Stand) -> None:
    """Refunds and returns, every part of them."""
    gid = await _order(on)
    lines = [{"position": n, "quantity": 1} for n in range(3)]
    refund = {"lines": lines, "shipping": "1.00", "amount": "0.30"}
    made = await on.control(f"order/{gid.rsplit('/', 1)[1]}/refund", refund)
    for part in ("shipping", "adjustments", "transactions"):
        _repeat(on, "refunds", str(made["id"]), part)
    (told,) = await on.shop.order_refunds(gid)
    parts = ("refundLineItems", "refundShippingLines", "orderAdjustments", "transactions")
    assert [len(told[part]) for part in parts] == [3, 2, 2, 2]
    await _ship(on, gid)
    await _act(on, gid, "return", {"lines": lines})
    await _act(on, gid, "return", {"lines": lines[:1]})
    returns = await on.shop.order_returns(gid)
    assert [len(each["returnLineItems"]) for each in returns] == [3, 1]
    assert [len(each["reverseFulfillmentOrders"][0]["lineItems"]) for each in returns] == [3, 1]


async def work(on: Stand) -> None:
    """Fulfillment orders with their lines, fulfillments with theirs."""
    gid = await _order(on)
    state = await on.shop.fulfillment_orders(gid)
    (first,) = state.orders
    assert len(first.lines) == 3
    other = next(one.gid for one in await on.shop.locations() if one.gid != first.location_gid)
    refs = [(await on.shop.variants_by_sku(sku))[0] for sku in ("NW-100", "NW-100-XL", "NW-200")]
    stock = [Quantity(ref.inventory_item_gid, other, 9) for ref in refs]
    await on.shop.set_quantities("on_hand", stock, idempotency_key="k", reference="gid://t/E/1")
    one_each = [(line.line_gid, 1) for line in first.lines]
    (move,) = plan_moves(state, one_each, location_gid=other)
    await on.shop.move_fulfillment_order(move)
    split = await on.shop.fulfillment_orders(gid)
    assert [len(each.lines) for each in split.orders] == [3, 3]
    assert (await on.shop.order(gid))["fulfillmentOrders"]["pageInfo"]["hasNextPage"]
    assert len(await rows(on.shop.work_updated_since(LONG_AGO))) == 2
    await _ship(on, gid)
    shipped = await on.shop.fulfillment_orders(gid)
    assert [len(each.lines) for each in shipped.fulfillments] == [3, 3]


SCENES: tuple[Callable[[Stand], Awaitable[None]], ...] = (
    shop_wide,
    catalogue,
    people,
    orders,
    history,
    work,
)


def calls_of(folder: Path, scene: Callable[[Stand], Awaitable[None]]) -> Sequence[Call]:
    """Play a scene at a shop with pages of one row; return its calls."""

    async def run() -> Sequence[Call]:
        lists = tuple(SeedPriceList(name=f"L{number}") for number in range(3))
        channels = ("Online Store", "POS", "B2B")
        more: dict[str, Any] = {"price_lists": lists, "publications": channels}
        async with stand(folder, largest_page=1, **more) as on:
            await scene(on)
            return on.calls

    return asyncio.run(run())


async def _order(on: Stand, **more: Any) -> str:
    skus = ("NW-100", "NW-100-XL", "NW-200")
    lines = [{"sku": sku, "quantity": 2} for sku in skus]
    if on.behind.db.scalar("SELECT count(*) FROM variants WHERE sku = 'NW-200'") != 1:
        # the merchant's second product of one SKU is in the way here
        twin = on.behind.db.scalar("SELECT max(id) FROM variants WHERE sku = 'NW-200'")
        await on.control("merchant/delete_variant", {"id": str(twin)})
    placed = await on.control("orders", {"lines": lines, "shipping": "4.90", **more})
    return str(placed["id"])


async def _act(on: Stand, gid: str, action: str, body: dict[str, Any]) -> None:
    await on.control(f"order/{gid.rsplit('/', 1)[1]}/{action}", body)


async def _ship(on: Stand, gid: str) -> None:
    for each in (await on.shop.fulfillment_orders(gid)).orders:
        lines = tuple((each.gid, line.gid, line.remaining) for line in each.lines if line.remaining)
        await on.shop.create_fulfillment(FulfillmentSpec(gid, lines, ("123",), "DHL"))


def _repeat(on: Stand, table: str, gid: str, part: str) -> None:
    """Give an order or a refund one more of a part than the simulated checkout makes."""
    db, number = on.behind.db, int(gid.rsplit("/", 1)[-1])
    query = f"SELECT document FROM {table} WHERE id = ?"
    kept = json.loads(db.scalar(query, number))
    kept[part].append({**kept[part][0], "id": kept[part][0]["id"] + 900_000})
    db.update(table, number, document=json.dumps(kept))
