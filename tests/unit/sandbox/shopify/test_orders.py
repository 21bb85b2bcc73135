"""Orders as a reader sees them, and fulfillments."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.unit.sandbox.shopify.lab import Lab, running, settings


def _tell(tmp_path: Path, story: Callable[[Lab], Awaitable[None]], **more: Any) -> None:
    async def whole() -> None:
        async with running(settings(tmp_path / "shop.db", **more)) as lab:
            await story(lab)

    asyncio.run(whole())


def _amount(bag: dict[str, Any]) -> Decimal:
    return Decimal(bag["shopMoney"]["amount"])


_BASKET: dict[str, Any] = {
    "lines": [
        {"sku": "NW-100", "quantity": 3},
        {"sku": "DUP-1", "quantity": 2},
        {"title": "Engraving", "price": "7.77", "quantity": 1, "sku": ""},
    ],
    "discount": {"code": "TEN", "percent": "10"},
    "shipping": "4.90",
    "note": "ring twice",
    "attributes": {"gift": "yes"},
}


async def _read(lab: Lab, order: str) -> dict[str, Any]:
    data = await lab.data("order_full", {"id": order, "lines": 50})
    read: dict[str, Any] = data["order"]
    return read


def test_a_full_order_reads_and_adds_up(tmp_path: Path) -> None:
    """Every field of the order document answers, and its money adds up to the cent."""

    async def story(lab: Lab) -> None:
        placed = await lab.order(**_BASKET)
        order = await _read(lab, placed["id"])
        lines = order["lineItems"]["nodes"]
        net = sum(
            _amount(line["originalTotalSet"])
            - sum(_amount(a["allocatedAmountSet"]) for a in line["discountAllocations"])
            for line in lines
        )
        shipping = order["shippingLines"]["nodes"][0]
        tax = [t for part in (*lines, shipping) for t in part["taxLines"]]
        assert net == _amount(order["subtotalPriceSet"])
        assert net + _amount(shipping["discountedPriceSet"]) == _amount(order["totalPriceSet"])
        assert sum(_amount(t["priceSet"]) for t in tax) == _amount(order["totalTaxSet"])
        assert Decimal(placed["total"]) == _amount(order["totalPriceSet"])
        assert order["discountApplications"]["nodes"][0]["code"] == "TEN"
        assert lines[2]["variant"] is None
        assert order["customAttributes"] == [{"key": "gift", "value": "yes"}]

    _tell(tmp_path, story)


def test_prices_without_tax_add_it_on_top(tmp_path: Path) -> None:
    """With taxes excluded the total is lines plus shipping plus tax."""

    async def story(lab: Lab) -> None:
        placed = await lab.order(lines=[{"sku": "NW-100", "quantity": 1}], shipping="0.00")
        assert (placed["total"], placed["total_tax"]) == ("23.68", "3.78")

    _tell(tmp_path, story, taxes_included=False)


def test_order_numbers_go_beyond_what_a_float_can_hold(tmp_path: Path) -> None:
    """A reader that goes through a double must be caught by these ids."""

    async def story(lab: Lab) -> None:
        order = await _read(lab, (await lab.order(lines=[{"sku": "NW-100"}]))["id"])
        number = int(order["legacyResourceId"])
        assert number > 2**53
        assert order["id"].endswith(f"/{number}")

    _tell(tmp_path, story)


def test_the_window_sells_no_drafts_and_no_more_than_there_is(tmp_path: Path) -> None:
    """409 with a sentence; force places the order all the same."""

    async def story(lab: Lab) -> None:
        for line in ({"sku": "DRAFT-1"}, {"sku": "NW-100-XL", "quantity": 6}, {"sku": "nope"}):
            response = await lab.client.post("/sandbox/orders", json={"lines": [line]})
            assert response.status == 409, line
            assert (await response.json())["error"]
        await lab.order(lines=[{"sku": "NW-100-XL", "quantity": 6}], force=True)
        assert lab.variant("NW-100-XL")["available"] == -1

    _tell(tmp_path, story)


async def _open(lab: Lab, order: str) -> dict[str, Any]:
    data = await lab.data("fulfillment_orders_of_order", {"orderId": order, "first": 10})
    read: dict[str, Any] = data["order"]
    return read


async def _ship(lab: Lab, target: dict[str, Any], quantities: list[int] | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"fulfillmentOrderId": target["id"]}
    if quantities is not None:
        entry["fulfillmentOrderLineItems"] = [
            {"id": line["id"], "quantity": quantity}
            for line, quantity in zip(target["lineItems"]["nodes"], quantities, strict=True)
        ]
    given = {
        "lineItemsByFulfillmentOrder": [entry],
        "trackingInfo": {"company": "DHL", "number": "0034"},
    }
    data = await lab.data("fulfillment_create", {"fulfillment": given})
    payload: dict[str, Any] = data["fulfillmentCreate"]
    return payload


def test_shipping_in_parts_and_never_too_much(tmp_path: Path) -> None:
    """Partial, over-quantity, the rest, and once more: statuses and stock follow."""

    async def story(lab: Lab) -> None:
        placed = await lab.order(lines=[{"sku": "NW-100", "quantity": 5}])
        target = (await _open(lab, placed["id"]))["fulfillmentOrders"]["nodes"][0]
        assert "CREATE_FULFILLMENT" in [a["action"] for a in target["supportedActions"]]
        assert (await _ship(lab, target, [2]))["userErrors"] == []
        assert (await _read(lab, placed["id"]))["displayFulfillmentStatus"] == "PARTIALLY_FULFILLED"
        row = lab.variant("NW-100")
        assert (row["available"], row["committed"], row["on_hand"]) == (45, 3, 48)
        refused = await _ship(lab, target, [4])
        assert refused["fulfillment"] is None
        assert refused["userErrors"][0]["field"][-1] == "quantity"
        assert (await _ship(lab, target, None))["userErrors"] == []
        after = await _open(lab, placed["id"])
        assert after["displayFulfillmentStatus"] == "FULFILLED"
        assert after["fulfillmentOrders"]["nodes"][0]["status"] == "CLOSED"
        assert [f["trackingInfo"][0]["number"] for f in after["fulfillments"]] == ["0034", "0034"]
        assert lab.variant("NW-100")["committed"] == 0
        closed = await _ship(lab, target, [1])
        assert "closed" in closed["userErrors"][0]["message"]

    _tell(tmp_path, story)


def test_an_order_is_routed_to_the_place_that_has_the_stock(tmp_path: Path) -> None:
    """What Berlin lacks and Hamburg has is shipped from Hamburg; what nobody has, from Berlin."""

    async def story(lab: Lab) -> None:
        places = (await lab.data("locations", {"first": 5}))["locations"]["nodes"]
        row = lab.variant("NW-100-XL")
        await lab.data(
            "inventory_activate",
            {
                "inventoryItemId": f"gid://shopify/InventoryItem/{row['inventory_item_id']}",
                "locationId": places[1]["id"],
                "available": 40,
                "idempotencyKey": "a",
            },
        )
        expected = ((6, places[1]["id"]), (5, places[0]["id"]), (900, places[0]["id"]))
        for quantity, place in expected:
            line = {"sku": "NW-100-XL", "quantity": quantity}
            placed = await lab.order(lines=[line], force=True)
            made = (await _open(lab, placed["id"]))["fulfillmentOrders"]["nodes"]
            assert [m["assignedLocation"]["location"]["id"] for m in made] == [place]

    _tell(tmp_path, story)


def test_tags_and_metafields_come_back_and_move_the_order(tmp_path: Path) -> None:
    """An order is found by its unique metafield, and a second owner of the value is refused."""

    async def story(lab: Lab) -> None:
        one, two = [await lab.order(lines=[{"sku": "NW-100"}]) for _ in range(2)]
        definition = {
            "name": "ERP number",
            "namespace": "ibmi",
            "key": "order_number",
            "ownerType": "ORDER",
            "type": "id",
        }
        await lab.data("metafield_definition_create", {"definition": definition})

        async def name(order: str) -> dict[str, Any]:
            field = {"ownerId": order, "namespace": "ibmi", "key": "order_number", "value": "E1"}
            data = await lab.data("metafields_set", {"metafields": [field]})
            payload: dict[str, Any] = data["metafieldsSet"]
            return payload

        assert (await name(one["id"]))["userErrors"] == []
        assert (await name(two["id"]))["userErrors"][0]["code"] == "TAKEN"
        await lab.data("tags_add", {"id": one["id"], "tags": ["erp-ok", "erp-ok"]})
        variables = {"namespace": "ibmi", "key": "order_number", "value": "E1"}
        found = await lab.data("order_by_metafield", variables)
        assert found["orderByIdentifier"]["id"] == one["id"]
        assert (await _read(lab, one["id"]))["tags"] == ["erp-ok"]

    _tell(tmp_path, story)


def test_more_than_25_metafields_are_refused_and_nothing_is_set(tmp_path: Path) -> None:
    """metafieldsSet is atomic and takes 25 at most."""

    async def story(lab: Lab) -> None:
        placed = await lab.order(lines=[{"sku": "NW-100"}])
        fields = [
            {"ownerId": placed["id"], "namespace": "x", "key": f"key_{n}", "value": "1",
             "type": "single_line_text_field"}
            for n in range(26)
        ]  # fmt: skip
        data = await lab.data("metafields_set", {"metafields": fields})
        assert data["metafieldsSet"]["userErrors"][0]["code"] == "LESS_THAN_OR_EQUAL_TO"
        fields[24]["value"] = ""
        data = await lab.data("metafields_set", {"metafields": fields[:25]})
        assert data["metafieldsSet"]["userErrors"][0]["elementIndex"] == 24
        assert lab.shop.db.scalar("SELECT count(*) FROM metafields") == 0

    _tell(tmp_path, story)


def test_orders_are_swept_by_update_time(tmp_path: Path) -> None:
    """The catch-up query finds what was updated since, in order, over pages."""

    async def story(lab: Lab) -> None:
        placed = [await lab.order(lines=[{"sku": "NW-100"}]) for _ in range(3)]
        query = "updated_at:>='2020-01-01T00:00:00Z'"
        first = (await lab.data("orders_updated_since", {"query": query, "first": 2}))["orders"]
        rest = (
            await lab.data(
                "orders_updated_since",
                {"query": query, "first": 2, "after": first["pageInfo"]["endCursor"]},
            )
        )["orders"]
        names = [node["name"] for node in first["nodes"] + rest["nodes"]]
        assert names == [order["name"] for order in placed]
        none = "updated_at:>'2999-01-01T00:00:00Z'"
        assert not (await lab.data("orders_updated_since", {"query": none, "first": 2}))["orders"][
            "nodes"
        ]

    _tell(tmp_path, story)
