"""The verbs send what Shopify takes, read every page, and believe nothing blindly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.relay.shopify.scripted import Call, Step, World, data, world
from towline_relay.shopify.catalogue import sku_query
from towline_relay.shopify.changed import updated_query
from towline_relay.shopify.models import (
    FulfillmentSpec,
    ItemFields,
    LineOutcome,
    MetafieldEntry,
    ProductSpec,
    Quantity,
    Remedy,
    VariantPrice,
    VariantRef,
)
from towline_relay.shopify.models_variants import GroupSpec, VariantSpec
from towline_relay.shopify.operations import Shop
from towline_relay.shopify.user_errors import Stale
from towline_shared.errors import Misuse, Permanent, Refused

Steps = Sequence[Step | Callable[[Call], Step]]
SPEC = ProductSpec(handle="nw-100", title="Schraube M8", sku="NW-100", price=Decimal("1.10"))


def run(verb: Callable[[Shop], Any], *steps: Step | Callable[[Call], Step]) -> tuple[Any, World]:
    """Run one verb against a script; an async iterator is read to its end."""

    async def inside() -> tuple[Any, World]:
        async with world(*steps) as it:
            made = verb(Shop(it.client))
            if hasattr(made, "__aiter__"):
                return [found async for found in made], it
            return await made, it

    return asyncio.run(inside())


def page(nodes: list[Any], *, cursor: str | None = None) -> dict[str, Any]:
    """Build one page of a connection; a cursor means there is another."""
    return {"nodes": nodes, "pageInfo": {"hasNextPage": cursor is not None, "endCursor": cursor}}


def variant(number: int, sku: str | None = "NW-100", **more: Any) -> dict[str, Any]:
    """Build a variant node."""
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "sku": sku,
        "price": "1.10",
        "compareAtPrice": None,
        "product": {"id": f"gid://shopify/Product/{number}", "status": "ACTIVE"},
        "inventoryItem": {"id": f"gid://shopify/InventoryItem/{number}", "tracked": True},
        **more,
    }


def payload(name: str, *errors: dict[str, Any], **fields: Any) -> Step:
    """Answer a mutation."""
    return data(**{name: {**fields, "userErrors": list(errors)}})


# -- reading ---------------------------------------------------------------------------------------


def test_all_variants_of_all_pages_are_read() -> None:
    """The second page is asked for with the cursor of the first; empty SKUs are empty text."""
    found, it = run(
        lambda shop: shop.variants(),
        data(productVariants=page([variant(1)], cursor="c1")),
        data(productVariants=page([variant(2, None, compareAtPrice="2.00")])),
    )
    assert [call.variables["after"] for call in it.script.calls] == [None, "c1"]
    assert it.script.calls[0].variables["first"] == 250
    assert found == [
        VariantRef(
            product_gid="gid://shopify/Product/1",
            variant_gid="gid://shopify/ProductVariant/1",
            inventory_item_gid="gid://shopify/InventoryItem/1",
            sku="NW-100",
            price=Decimal("1.10"),
            compare_at=None,
            product_status="ACTIVE",
            tracked=True,
        ),
        *found[1:],
    ]
    assert (found[1].sku, found[1].compare_at) == ("", Decimal("2.00"))


def test_a_list_that_would_never_end_is_an_error() -> None:
    """The same cursor twice, or a next page without a cursor, is not a complete list."""
    loop = data(productVariants=page([variant(1)], cursor="c1"))
    with pytest.raises(Permanent, match="same cursor"):
        run(lambda shop: shop.variants(), loop, loop, loop)
    with pytest.raises(Permanent, match="no cursor"):
        run(lambda shop: shop.variants(), data(productVariants=page([], cursor="")))


def test_a_sku_is_compared_whole_on_every_page() -> None:
    """Shopify's search finds longer SKUs too; duplicates all come back, in any case and blanks."""
    found, it = run(
        lambda shop: shop.variants_by_sku("NW-100"),
        data(productVariants=page([variant(1, "NW-100-XL"), variant(2)], cursor="c1")),
        data(productVariants=page([variant(3, "nw-100"), variant(4), variant(5, "NW-100 ")])),
    )
    assert [ref.variant_gid[-1] for ref in found] == ["2", "3", "4", "5"]
    assert it.script.calls[1].variables["query"] == 'sku:"NW-100"'


def test_the_2049th_variant_is_parked_and_its_neighbour_is_made() -> None:
    """A product has room for 2,048: what fits is added, the rest says why, and nothing is lost."""
    there = [
        {**variant(n, f"SC-{n}"), "selectedOptions": [{"name": "Size", "value": f"{n} mm"}]}
        for n in range(2_047)
    ]
    wanted = tuple(VariantSpec(f"SC-{n}", (f"{n} mm",), Decimal("1.10")) for n in (7, 2_047, 2_048))
    found, it = run(
        lambda shop: shop.make_variants(GroupSpec("screw", "Screw", ("Size",), wanted)),
        data(productByIdentifier={"id": "gid://shopify/Product/1", "variants": page(there)}),
        data(
            productVariantsBulkCreate={
                "productVariants": [variant(2_047, "SC-2047")],
                "userErrors": [],
            }
        ),
    )
    assert [ref.sku for ref in found[:2]] == ["SC-7", "SC-2047"]
    assert (found[2].code, found[2].verdict) == ("VARIANTS_OVER_LIMIT", Remedy.PARK)
    assert "has 2048 variants, as many as Shopify allows" in found[2].message
    (sent,) = it.script.calls[1].variables["variants"]
    assert sent["inventoryItem"]["sku"] == "SC-2047"


def test_a_sku_cannot_break_out_of_the_search() -> None:
    """Quotes and backslashes are escaped, so that a SKU never becomes another search."""
    assert sku_query('A" OR sku:"B\\') == 'sku:"A\\" OR sku:\\"B\\\\"'


def test_locations_come_from_all_pages_with_the_inactive_ones() -> None:
    """A shop may have more than one page of locations; a dead one is shown as dead."""

    def node(number: int, active: bool) -> dict[str, Any]:
        return {"id": f"L{number}", "name": f"Lager {number}", "isActive": active}

    found, it = run(
        lambda shop: shop.locations(),
        data(locations=page([node(1, True)], cursor="c")),
        data(locations=page([node(2, False)])),
    )
    assert [(ref.gid, ref.active) for ref in found] == [("L1", True), ("L2", False)]
    assert "includeInactive: true" in it.script.calls[0].query


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


# -- writing the catalogue -------------------------------------------------------------------------

FREE = data(productByIdentifier=None)


def product_with(*variants: Any) -> dict[str, Any]:
    """Build a product node."""
    return {"id": "gid://shopify/Product/1", "variants": {"nodes": list(variants)}}


def test_a_product_is_created_as_a_tracked_draft() -> None:
    """One variant, SKU and tracking on the inventory item, price as text, nothing else touched."""
    ref, it = run(
        lambda shop: shop.create_product(SPEC),
        FREE,
        payload("productSet", product=product_with(variant(1))),
    )
    assert ref.sku == "NW-100"
    sent = it.script.calls[1].variables
    assert sent["identifier"] == {"handle": "nw-100"}
    assert sent["input"] == {
        "handle": "nw-100",
        "title": "Schraube M8",
        "status": "DRAFT",
        "productOptions": [{"name": "Title", "values": [{"name": "Default Title"}]}],
        "variants": [
            {
                "inventoryItem": {"sku": "NW-100", "tracked": True},
                "optionValues": [{"optionName": "Title", "name": "Default Title"}],
                "price": "1.10",
            }
        ],
    }


def test_optional_fields_of_a_product_travel_when_given() -> None:
    """Vendor, type, tags, barcode, compare-at price and weight."""
    spec = ProductSpec(
        handle="h",
        title="t",
        sku="NW-100",
        price=Decimal("5"),
        compare_at=Decimal("6.50"),
        vendor="Nordwind",
        product_type="M8",
        barcode="4006381333931",
        weight_kg=Decimal("0.125"),
        tags=("erp",),
    )
    _, it = run(
        lambda shop: shop.create_product(spec),
        FREE,
        payload("productSet", product=product_with(variant(1))),
    )
    given = it.script.calls[1].variables["input"]
    assert (given["vendor"], given["productType"], given["tags"]) == ("Nordwind", "M8", ["erp"])
    (line,) = given["variants"]
    assert (line["price"], line["compareAtPrice"], line["barcode"]) == (
        "5",
        "6.50",
        "4006381333931",
    )
    assert line["inventoryItem"]["measurement"] == {"weight": {"value": 0.125, "unit": "KILOGRAMS"}}
    assert line["inventoryItem"]["sku"] == "NW-100"


def test_creating_twice_makes_one_product() -> None:
    """The second time the product is found under its handle and nothing is written."""
    ref, it = run(
        lambda shop: shop.create_product(SPEC),
        data(productByIdentifier=product_with(variant(7))),
    )
    assert ref.variant_gid.endswith("/7")
    assert len(it.script.calls) == 1


def test_a_foreign_product_under_the_handle_is_left_alone() -> None:
    """productSet would replace its variants, so it is never called on what is not ours."""
    with pytest.raises(Refused) as caught:
        run(
            lambda shop: shop.create_product(SPEC),
            data(productByIdentifier=product_with(variant(7, "OTHER"))),
        )
    assert caught.value.code == "HANDLE_TAKEN"


def test_a_handle_taken_in_between_is_looked_at_again() -> None:
    """Somebody was quicker: that is stale knowledge, not a refusal of the item."""
    taken = {"field": ["input", "handle"], "message": "Handle in use", "code": "HANDLE_NOT_UNIQUE"}
    with pytest.raises(Stale):
        run(lambda shop: shop.create_product(SPEC), FREE, payload("productSet", taken))


def test_a_product_without_our_sku_is_noticed() -> None:
    """What Shopify gives back is compared with what was asked."""
    with pytest.raises(Refused, match="without the SKU"):
        run(
            lambda shop: shop.create_product(SPEC),
            FREE,
            payload("productSet", product=product_with(variant(1, None))),
        )


def test_only_owned_fields_are_written() -> None:
    """Product fields and variant fields take one call each; None is not sent at all."""
    _, it = run(
        lambda shop: shop.set_item_fields(
            "P", "V", ItemFields(title="Neu", barcode="", weight_kg=Decimal("2"))
        ),
        payload("productUpdate", product={"id": "P"}),
        payload("productVariantsBulkUpdate", productVariants=[{"id": "V"}]),
    )
    first, second = (call.variables for call in it.script.calls)
    assert first == {"product": {"id": "P", "title": "Neu"}}
    weight = {"measurement": {"weight": {"value": 2.0, "unit": "KILOGRAMS"}}}
    assert second == {
        "productId": "P",
        "variants": [{"id": "V", "barcode": "", "inventoryItem": weight}],
    }
    _, it = run(lambda shop: shop.set_item_fields("P", "V", ItemFields()))
    assert it.script.calls == []


PRICES = [
    VariantPrice("V1", Decimal("10.00"), Decimal("12.50"), set_compare_at=True),
    VariantPrice("V2", Decimal("-1")),
    VariantPrice("V3", Decimal("3"), None, set_compare_at=True),
]


def test_good_prices_pass_beside_a_bad_one() -> None:
    """Partial updates: the bad line is named, an unconfirmed one is read again."""
    bad = {
        "field": ["variants", "1", "price"],
        "message": "Price can't be negative",
        "code": "NEGATIVE_PRICE_VALUE",
    }
    found, it = run(
        lambda shop: shop.set_prices("P", PRICES),
        payload("productVariantsBulkUpdate", bad, productVariants=[{"id": "V1"}]),
    )
    assert [o.ok for o in found] == [True, False, False]
    assert [o.verdict for o in found] == [Remedy.NONE, Remedy.PARK, Remedy.REREAD]
    assert found[1].code == "NEGATIVE_PRICE_VALUE"
    assert it.script.calls[0].variables["variants"] == [
        {"id": "V1", "price": "10.00", "compareAtPrice": "12.50"},
        {"id": "V2", "price": "-1"},
        {"id": "V3", "price": "3", "compareAtPrice": None},
    ]
    assert "allowPartialUpdates: true" in it.script.calls[0].query


def test_a_deleted_product_concerns_every_price() -> None:
    """An error about the call makes each line look again."""
    gone = {"field": ["productId"], "message": "gone", "code": "PRODUCT_DOES_NOT_EXIST"}
    found, _ = run(
        lambda shop: shop.set_prices("P", PRICES),
        payload("productVariantsBulkUpdate", gone, productVariants=None),
    )
    assert {o.verdict for o in found} == {Remedy.REREAD}


# -- stock -----------------------------------------------------------------------------------------


def quantities(count: int) -> list[Quantity]:
    """Build quantities of different items."""
    return [Quantity(f"I{n}", "L1", n) for n in range(count)]


def set_stock(lines: list[Quantity], name: str = "available") -> Callable[[Shop], Any]:
    """Set quantities with a fixed key."""
    return lambda shop: shop.set_quantities(
        name, lines, idempotency_key="k-1", reference="gid://towline/Event/e1"
    )


def test_stock_is_set_absolutely_with_key_reference_and_explicit_null() -> None:
    """changeFromQuantity must be present as null: leaving it out fails at run time only."""
    found, it = run(set_stock(quantities(2)), payload("inventorySetQuantities"))
    assert found == [LineOutcome(0, ok=True), LineOutcome(1, ok=True)]
    (call,) = it.script.calls
    assert call.variables["idempotencyKey"] == "k-1"
    assert call.variables["input"] == {
        "name": "available",
        "reason": "correction",
        "referenceDocumentUri": "gid://towline/Event/e1",
        "quantities": [
            {
                "inventoryItemId": f"I{n}",
                "locationId": "L1",
                "quantity": n,
                "changeFromQuantity": None,
            }
            for n in range(2)
        ],
    }


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ([], "available"),
        (quantities(251), "available"),
        ([*quantities(2), Quantity("I1", "L1", 9)], "available"),
        (quantities(1), "committed"),
    ],
)
def test_a_call_shopify_must_refuse_is_not_sent(lines: list[Quantity], name: str) -> None:
    """Too many, none, the same pair twice, or a quantity that can't be set is our bug."""
    with pytest.raises(Misuse):
        run(set_stock(lines, name))


def test_too_many_prices_are_not_sent() -> None:
    """An input list holds at most 250 entries."""
    prices = [VariantPrice(f"V{n}", Decimal(1)) for n in range(251)]
    with pytest.raises(Misuse):
        run(lambda shop: shop.set_prices("P", prices))


# -- orders back -----------------------------------------------------------------------------------


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


def fulfillment_order(number: int, lines: Any, location: Any = None) -> dict[str, Any]:
    """Build a fulfillment order node."""
    return {
        "id": f"FO{number}",
        "status": "OPEN",
        "fulfillAt": None,
        "supportedActions": [{"action": "CREATE_FULFILLMENT"}],
        "assignedLocation": {"name": "Berlin", "location": location},
        "fulfillmentHolds": [],
        "lineItems": lines,
    }


def line(number: int) -> dict[str, Any]:
    """Build a fulfillment order line node."""
    return {"id": f"FL{number}", "remainingQuantity": number, "lineItem": {"id": f"LI{number}"}}


def parcel(number: str | None) -> dict[str, Any]:
    """Return FulfillmentTrackingInfo."""
    return {"number": number, "company": "DHL", "url": None}


def test_fulfillment_state_is_read_over_all_three_kinds_of_pages() -> None:
    """Orders, their lines and the lines of fulfillments each have a second page."""
    fulfillments = [
        {"id": "F1", "status": "SUCCESS", "trackingInfo": [parcel("T1"), parcel(None)]},
        {"id": "F2", "status": "CANCELLED", "trackingInfo": []},
    ]

    def orders(connection: Any) -> Step:
        return data(order={"fulfillmentOrders": connection, "fulfillments": fulfillments})

    def shipped(number: int) -> dict[str, Any]:
        return {"quantity": number, "lineItem": {"id": f"LI{number}"}}

    first = fulfillment_order(1, page([line(1)], cursor="l"), {"id": "L1"})
    found, it = run(
        lambda shop: shop.fulfillment_orders("O"),
        orders(page([first], cursor="o")),
        data(nodes=[{"id": "FO1", "lineItems": page([line(2)])}]),
        orders(page([fulfillment_order(2, page([line(3)]))])),
        data(nodes=[{"id": "F1", "fulfillmentLineItems": page([shipped(1)], cursor="f")}]),
        data(nodes=[{"id": "F1", "fulfillmentLineItems": page([shipped(2)])}]),
    )
    assert [(o.gid, o.location_gid, len(o.lines)) for o in found.orders] == [
        ("FO1", "L1", 2),
        ("FO2", "", 1),
    ]
    assert found.orders[0].lines[1].remaining == 2
    assert [(f.gid, f.numbers, f.lines) for f in found.fulfillments] == [
        ("F1", ("T1",), (("LI1", 1), ("LI2", 2))),
        ("F2", (), ()),
    ]
    afters = [call.variables.get("after") for call in it.script.calls]
    assert afters == [None, "l", "o", None, "f"]


def test_a_fulfillment_groups_its_lines_and_carries_all_numbers() -> None:
    """One entry a fulfillment order; the gid comes back."""
    spec = FulfillmentSpec(
        "O", (("A", "a1", 1), ("B", "b1", 2), ("A", "a2", 3)), ("T1", "T2"), "DHL"
    )
    gid, it = run(
        lambda shop: shop.create_fulfillment(spec),
        payload("fulfillmentCreate", fulfillment={"id": "F9"}),
    )
    assert gid == "F9"
    assert json.loads(json.dumps(it.script.calls[0].variables)) == {
        "fulfillment": {
            "lineItemsByFulfillmentOrder": [
                {
                    "fulfillmentOrderId": "A",
                    "fulfillmentOrderLineItems": [
                        {"id": "a1", "quantity": 1},
                        {"id": "a2", "quantity": 3},
                    ],
                },
                {
                    "fulfillmentOrderId": "B",
                    "fulfillmentOrderLineItems": [{"id": "b1", "quantity": 2}],
                },
            ],
            "trackingInfo": {"numbers": ["T1", "T2"], "company": "DHL"},
            "notifyCustomer": False,
        }
    }


def test_a_refused_fulfillment_says_shopifys_words() -> None:
    """Its errors carry no code; the reason is what the merchant reads."""
    no = {"field": ["fulfillment"], "message": "Fulfillment order is closed."}
    with pytest.raises(Refused, match="Fulfillment order is closed"):
        run(
            lambda shop: shop.create_fulfillment(FulfillmentSpec("O", (("A", "a", 1),), ("T",))),
            payload("fulfillmentCreate", no, fulfillment=None),
        )


def test_a_missing_order_has_no_fulfillment_state() -> None:
    """The sentence is the same as for reading the order."""
    with pytest.raises(Refused, match="has no order"):
        run(lambda shop: shop.fulfillment_orders("O"), data(order=None))
