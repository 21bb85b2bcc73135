"""The verbs against the simulated shop: typed by Shopify's schema, with a memory of its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.shop_stand import Stand, place_order, play
from towline_relay.shopify.customers import CustomerShop
from towline_relay.shopify.documents import scopes
from towline_relay.shopify.fulfillment_plan import plan_fulfillment, plan_moves
from towline_relay.shopify.models import (
    AlreadyDone,
    FulfillmentSpec,
    ItemFields,
    MetafieldEntry,
    ProductSpec,
    Quantity,
    Remedy,
    VariantPrice,
)
from towline_relay.shopify.models_customers import CustomerSpec, NumberField
from towline_relay.shopify.models_fulfillment import DeliveryStatus, TrackingSpec
from towline_relay.shopify.user_errors import Stale
from towline_shared.errors import Refused


def test_the_shop_grants_what_the_documents_need(tmp_path: Path) -> None:
    """Currency, version and scopes are read; the simulated app has all the scopes."""

    async def scene(on: Stand) -> None:
        info = await on.shop.shop_info()
        assert (info.currency, info.taxes_included) == ("EUR", True)
        assert info.api_version_used == "2026-10"
        assert scopes() <= info.scopes

    play(tmp_path, scene)


def test_skus_are_found_exactly_with_their_duplicates(tmp_path: Path) -> None:
    """The search by tokens finds the longer SKU too; exactness and duplicates are ours to see."""

    async def scene(on: Stand) -> None:
        everything = [ref async for ref in on.shop.variants()]
        assert sorted(ref.sku for ref in everything) == ["NW-100", "NW-100-XL", "NW-200", "NW-200"]
        (one,) = await on.shop.variants_by_sku("NW-100")
        assert one in everything
        assert len(await on.shop.variants_by_sku("NW-200")) == 2
        assert await on.shop.variants_by_sku(" nw-100") == [one]  # one SKU to people
        assert await on.shop.variants_by_sku("NW") == []

    play(tmp_path, scene)


def test_an_item_is_created_once_changed_and_priced(tmp_path: Path) -> None:
    """Draft, tracked, with its SKU; a second creation finds the first; fields and prices stick."""

    async def scene(on: Stand) -> None:
        spec = ProductSpec(
            handle="nw-300",
            title="Scheibe M8",
            sku="NW-300",
            price=Decimal("0.05"),
            vendor="Nordwind",
            weight_kg=Decimal("0.002"),
        )
        made = await on.shop.create_product(spec)
        assert (made.sku, made.product_status, made.tracked) == ("NW-300", "DRAFT", True)
        assert await on.shop.create_product(spec) == made
        await on.shop.set_item_fields(
            made.product_gid, made.variant_gid, ItemFields(title="Scheibe", barcode="4006381333931")
        )
        prices = [VariantPrice(made.variant_gid, Decimal("0.06"), Decimal("0.08"), True)]
        assert [o.ok for o in await on.shop.set_prices(made.product_gid, prices)] == [True]
        assert await on.shop.set_prices(made.product_gid, prices)
        (now,) = [ref async for ref in on.shop.variants() if ref.sku == "NW-300"]
        assert (now.price, now.compare_at) == (Decimal("0.06"), Decimal("0.08"))

    play(tmp_path, scene)


def test_bad_prices_are_told_apart_from_good_ones(tmp_path: Path) -> None:
    """A negative price is refused, a foreign variant is stale knowledge, the good one is set."""

    async def scene(on: Stand) -> None:
        (mine,) = await on.shop.variants_by_sku("NW-100")
        (other,) = await on.shop.variants_by_sku("NW-100-XL")
        found = await on.shop.set_prices(
            mine.product_gid,
            [
                VariantPrice(other.variant_gid, Decimal("1")),
                VariantPrice(mine.variant_gid, Decimal("11.00")),
            ],
        )
        assert [o.ok for o in found] == [False, True]
        assert found[0].verdict is Remedy.REREAD
        (bad,) = await on.shop.set_prices(
            mine.product_gid, [VariantPrice(mine.variant_gid, Decimal("-1"))]
        )
        assert bad.verdict is Remedy.PARK
        (now,) = await on.shop.variants_by_sku("NW-100")
        assert now.price == Decimal("11.00")

    play(tmp_path, scene)


def test_stock_is_set_once_per_key_and_a_bad_line_releases_the_rest(tmp_path: Path) -> None:
    """Repeating a key changes nothing; an unknown item fails the call and is singled out."""

    async def scene(on: Stand) -> None:
        (ref,) = await on.shop.variants_by_sku("NW-100")
        place = next(p for p in await on.shop.locations() if p.active)
        good = Quantity(ref.inventory_item_gid, place.gid, 7)
        wrong = Quantity("gid://shopify/InventoryItem/999999", place.gid, 1)

        async def put(*lines: Quantity, key: str) -> list[Remedy]:
            found = await on.shop.set_quantities(
                "available", lines, idempotency_key=key, reference="gid://towline/Event/1"
            )
            return [o.verdict for o in found]

        assert await put(good, key="k-1") == [Remedy.NONE]
        assert await put(good, key="k-1") == [Remedy.NONE]
        verdicts = await put(good, wrong, key="k-2")
        assert verdicts in ([Remedy.SPLIT, Remedy.REREAD], [Remedy.SPLIT, Remedy.SPLIT])
        assert await put(wrong, key="k-1") == [Remedy.NEW_KEY]

    play(tmp_path, scene)


def test_an_order_comes_down_and_its_shipment_goes_up_once(tmp_path: Path) -> None:
    """Read whole, found by the sweep, tagged, shipped in two parts; a repetition is recognised."""

    async def scene(on: Stand) -> None:
        before = datetime.now(UTC) - timedelta(minutes=10)
        gid = await place_order(on)
        whole = await on.shop.order(gid)
        assert [n["sku"] for n in whole["lineItems"]["nodes"]] == ["NW-100", "NW-100-XL"]
        assert len(whole["shippingLines"]["nodes"]) == 1
        assert Decimal(whole["totalPriceSet"]["shopMoney"]["amount"]) == Decimal("36.90")
        assert gid in [ref.gid async for ref in on.shop.orders_updated_since(before)]

        await on.shop.add_tags(gid, ["erp-4711"])
        field = MetafieldEntry(gid, "towline", "erp_order", "single_line_text_field", "4711")
        await on.shop.set_metafields([field])
        assert "erp-4711" in (await on.shop.order(gid))["tags"]

        first, second = (n["id"] for n in whole["lineItems"]["nodes"])
        state = await on.shop.fulfillment_orders(gid)
        part = plan_fulfillment(state, [(first, 1)], shipment="S1", tracking=["T1"], carrier="DHL")
        assert isinstance(part, FulfillmentSpec)
        made = await on.shop.create_fulfillment(part)
        state = await on.shop.fulfillment_orders(gid)
        again = plan_fulfillment(state, [(first, 1)], shipment="S1", tracking=["T1"])
        assert again == AlreadyDone(made)
        rest = plan_fulfillment(state, [(first, 1), (second, 1)], shipment="S2")
        assert isinstance(rest, FulfillmentSpec)
        await on.shop.create_fulfillment(rest)
        with pytest.raises(Refused):
            await on.shop.create_fulfillment(rest)
        state = await on.shop.fulfillment_orders(gid)
        assert [f.numbers for f in state.fulfillments] == [("T1",), ("S2",)]
        assert sum(line.remaining for o in state.orders for line in o.lines) == 0

    play(tmp_path, scene)


def test_a_fulfillment_is_followed_corrected_and_taken_back(tmp_path: Path) -> None:
    """New tracking, a delivery, a cancellation; what it held is to be shipped again, elsewhere."""

    async def scene(on: Stand) -> None:
        gid = await place_order(on)
        state = await on.shop.fulfillment_orders(gid)
        lines = [(line.line_gid, line.remaining) for o in state.orders for line in o.lines]
        spec = plan_fulfillment(state, lines, shipment="S1")
        assert isinstance(spec, FulfillmentSpec)
        made = await on.shop.create_fulfillment(spec)
        parcels = TrackingSpec(("T1", "T2"), "DPD", ("https://a.example/1", "https://a.example/2"))
        await on.shop.set_tracking(made, parcels)
        (now,) = (await on.shop.fulfillment_orders(gid)).fulfillments
        assert (now.numbers, now.carrier, now.urls) == (("T1", "T2"), "DPD", parcels.urls)

        assert await on.shop.last_delivery_status(made) == ""
        for status in (DeliveryStatus.IN_TRANSIT, DeliveryStatus.DELIVERED):
            await on.shop.report_delivery(made, status)
            assert await on.shop.last_delivery_status(made) == status

        await on.shop.cancel_fulfillment(made)
        with pytest.raises(Refused, match="already cancelled"):
            await on.shop.cancel_fulfillment(made)
        state = await on.shop.fulfillment_orders(gid)
        assert sum(line.remaining for o in state.orders for line in o.lines) == sum(
            quantity for _, quantity in lines
        )
        here = {order.location_gid for order in state.orders}
        other = next(p.gid for p in await on.shop.locations() if p.active and p.gid not in here)
        (move,) = plan_moves(state, lines, location_gid=other)
        with pytest.raises(Refused, match="not stocked at the new location"):
            await on.shop.move_fulfillment_order(move)
        items = [await on.shop.variants_by_sku(sku) for sku in ("NW-100", "NW-100-XL")]
        there = [Quantity(ref.inventory_item_gid, other, 5) for (ref,) in items]
        await on.shop.set_quantities("on_hand", there, idempotency_key="k", reference="gid://t/E/1")
        await on.shop.move_fulfillment_order(move)
        state = await on.shop.fulfillment_orders(gid)
        spec = plan_fulfillment(state, lines, shipment="S1", location_gid=other)
        assert isinstance(spec, FulfillmentSpec)
        assert await on.shop.create_fulfillment(spec) != made

    play(tmp_path, scene)


def test_an_order_of_many_lines_comes_over_several_pages(tmp_path: Path) -> None:
    """120 lines are three pages, and none is lost or doubled."""

    async def scene(on: Stand) -> None:
        lines = [{"title": f"Zuschnitt {n}", "price": "1.00", "quantity": 1} for n in range(120)]
        placed = await on.control("orders", {"lines": lines, "force": True})
        whole = await on.shop.order(placed["id"])
        titles = [node["title"] for node in whole["lineItems"]["nodes"]]
        assert titles == [f"Zuschnitt {n}" for n in range(120)]
        state = await on.shop.fulfillment_orders(placed["id"])
        held = [line.line_gid for order in state.orders for line in order.lines]
        assert sorted(held) == sorted(node["id"] for node in whole["lineItems"]["nodes"])

    play(tmp_path, scene)


def test_a_tight_budget_slows_down_and_loses_nothing(tmp_path: Path) -> None:
    """With a bucket of 300 points, parallel verbs queue up; every one comes back."""

    async def scene(on: Stand) -> None:
        (ref,) = await on.shop.variants_by_sku("NW-100")
        place = next(p for p in await on.shop.locations() if p.active)
        found = await asyncio.gather(
            *(
                on.shop.set_quantities(
                    "available",
                    [Quantity(ref.inventory_item_gid, place.gid, n)],
                    idempotency_key=f"k-{n}",
                    reference="gid://towline/Event/1",
                )
                for n in range(40)
            )
        )
        assert all(outcome.ok for (outcome,) in found)

    play(tmp_path, scene, bucket_size=300, restore_rate=2000)


def test_faults_of_the_shop_are_ridden_out(tmp_path: Path) -> None:
    """Two server errors in a row are invisible to whoever reads."""

    async def scene(on: Stand) -> None:
        await on.control("faults", {"http_500": 2})
        assert (await on.shop.shop_info()).currency == "EUR"
        assert len(on.paused) == 2

    play(tmp_path, scene)


def test_a_customer_is_made_found_and_written_field_by_field(tmp_path: Path) -> None:
    """By its number, by e-mail; what is not given stays, and an e-mail has one owner."""

    async def scene(on: Stand) -> None:
        people = CustomerShop(on.client, NumberField("ibmi", "customer_number"))
        assert await people.by_number("100010") is None
        fields = {"last_name": "Petersen", "email": "P@x.example", "city": "Kiel", "country": "DE"}
        made = await people.write(CustomerSpec("", "100010", fields))
        assert await people.write(CustomerSpec("", "100010", fields)) == made
        found = await people.by_number("100010")
        assert found is not None
        assert (found.gid, found.number, found.fields["city"]) == (made, "100010", "Kiel")
        same = await people.by_email("p@x.example")
        assert same is not None
        assert same.gid == made
        street = CustomerSpec(made, "100010", {"address1": "Hafen 1"}, found.address_gid)
        await people.write(street)
        await people.write(CustomerSpec(made, "100010", {"note": "VIP", "phone": "040 123456"}))
        now = await people.customer(made)
        assert now is not None
        assert now.fields["address1"] == "Hafen 1"
        assert (now.fields["city"], now.fields["note"]) == ("Kiel", "VIP")
        assert now.fields["phone"] == "+4940123456"
        with pytest.raises(Stale):
            await people.write(CustomerSpec("", "100024", {"email": "p@x.example"}))
        assert await people.by_number("100024") is None
        other = await people.write(CustomerSpec("", "2", {"last_name": "Hansen"}))
        with pytest.raises(Refused, match="already assigned"):
            await people.set_number(other, "100010")

    play(tmp_path, scene)
