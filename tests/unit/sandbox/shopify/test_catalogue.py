"""Products: upsert, prices, look-ups and their traps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.unit.sandbox.shopify.lab import TOKEN, Lab, document, running, settings
from towline_sandbox.shopify.ids import gid


def _tell(tmp_path: Path, story: Callable[[Lab], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with running(settings(tmp_path / "shop.db")) as lab:
            await story(lab)

    asyncio.run(whole())


def _product(handle: str, sku: str, **more: Any) -> dict[str, Any]:
    variant = {
        "optionValues": [{"optionName": "Title", "name": "Default Title"}],
        "sku": sku,
        "price": "12.50",
    }
    given = {
        "title": "Lamp",
        "handle": handle,
        "status": "DRAFT",
        "productOptions": [{"name": "Title", "values": [{"name": "Default Title"}]}],
        "variants": [variant],
        **more,
    }
    return {"identifier": {"handle": handle}, "input": given, "synchronous": True}


async def _upsert(lab: Lab, variables: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = (await lab.data("product_set", variables))["productSet"]
    return payload


def test_product_set_creates_once_and_updates_after(tmp_path: Path) -> None:
    """The same handle is the same product, and its variant keeps its id."""

    async def story(lab: Lab) -> None:
        first = (await _upsert(lab, _product("lamp", "L-1")))["product"]
        again = (await _upsert(lab, _product("lamp", "L-1", title="Lamp 2")))["product"]
        assert first["id"] == again["id"]
        assert first["variants"] == again["variants"]
        assert first["status"] == "DRAFT"
        assert first["variants"]["nodes"][0]["price"] == "12.50"

    _tell(tmp_path, story)


def test_a_weight_is_kept_in_grams(tmp_path: Path) -> None:
    """Whatever unit it came in, as orders and bodies tell grams."""

    async def story(lab: Lab) -> None:
        given = _product("lamp", "L-1")
        weight = {"weight": {"value": 1.25, "unit": "KILOGRAMS"}}
        given["input"]["variants"][0]["inventoryItem"] = {"tracked": True, "measurement": weight}
        assert (await _upsert(lab, given))["userErrors"] == []
        item = lab.variant("L-1")["inventory_item_id"]
        assert lab.shop.db.scalar("SELECT grams FROM inventory_items WHERE id = ?", item) == 1250

    _tell(tmp_path, story)


def test_list_fields_replace_what_is_stored(tmp_path: Path) -> None:
    """A variant that is left out is deleted, with its stock and its SKU."""

    async def story(lab: Lab) -> None:
        given = _product("lamp", "L-1")
        option = {"name": "Size", "values": [{"name": "S"}, {"name": "M"}]}
        both = [
            {"optionValues": [{"optionName": "Size", "name": n}], "sku": f"L-{n}", "price": "1"}
            for n in ("S", "M")
        ]
        given["input"] |= {"productOptions": [option], "variants": both}
        nodes = (await _upsert(lab, given))["product"]["variants"]["nodes"]
        assert [node["sku"] for node in nodes] == ["L-S", "L-M"]
        given["input"] |= {"variants": both[1:]}
        nodes = (await _upsert(lab, given))["product"]["variants"]["nodes"]
        assert [node["sku"] for node in nodes] == ["L-M"]
        found = await lab.data("variants_by_sku", {"query": "sku:L-S", "first": 5})
        assert found["productVariants"]["nodes"] == []

    _tell(tmp_path, story)


def test_a_taken_handle_is_refused_by_code(tmp_path: Path) -> None:
    """HANDLE_NOT_UNIQUE, and nothing is made."""

    async def story(lab: Lab) -> None:
        await _upsert(lab, _product("lamp", "L-1"))
        given = _product("lamp", "L-2")
        del given["identifier"]
        payload = await _upsert(lab, given)
        assert payload["product"] is None
        assert payload["userErrors"][0]["code"] == "HANDLE_NOT_UNIQUE"
        assert lab.shop.db.scalar("SELECT count(*) FROM variants WHERE sku = 'L-2'") == 0

    _tell(tmp_path, story)


def test_a_refused_variant_undoes_the_whole_product(tmp_path: Path) -> None:
    """A mutation is all or nothing, its webhooks included."""

    async def story(lab: Lab) -> None:
        before = lab.shop.db.scalar("SELECT count(*) FROM webhook_deliveries")
        given = _product("lamp", "L-1")
        given["input"]["variants"][0]["optionValues"][0]["name"] = "Other"
        payload = await _upsert(lab, given)
        assert payload["userErrors"][0]["code"] == "OPTION_VALUE_DOES_NOT_EXIST"
        assert lab.shop.db.scalar("SELECT count(*) FROM products WHERE handle = 'lamp'") == 0
        assert lab.shop.db.scalar("SELECT count(*) FROM webhook_deliveries") == before

    _tell(tmp_path, story)


def test_sku_search_matches_tokens_and_shows_duplicates(tmp_path: Path) -> None:
    """NW-100 also finds NW-100-XL, and a duplicated SKU comes back twice."""

    async def story(lab: Lab) -> None:
        found = await lab.data("variants_by_sku", {"query": "sku:'nw-100'", "first": 10})
        assert [n["sku"] for n in found["productVariants"]["nodes"]] == ["NW-100", "NW-100-XL"]
        found = await lab.data("variants_by_sku", {"query": "sku:DUP-1", "first": 10})
        nodes = found["productVariants"]["nodes"]
        assert [n["inventoryItem"]["duplicateSkuCount"] for n in nodes] == [1, 1]

    _tell(tmp_path, story)


def test_an_unknown_search_field_returns_everything_with_a_warning(tmp_path: Path) -> None:
    """The trap of Shopify's search is here too."""

    async def story(lab: Lab) -> None:
        answer = await lab.call("variants_by_sku", {"query": "skuu:NW-100", "first": 10})
        assert len(answer["data"]["productVariants"]["nodes"]) == 5
        warning = answer["extensions"]["search"][0]["warnings"][0]
        assert (warning["field"], warning["code"]) == ("skuu", "invalid_field")

    _tell(tmp_path, story)


def test_pages_join_without_gap_or_repetition(tmp_path: Path) -> None:
    """Cursors walk over everything once, and a page over 250 is refused."""

    async def story(lab: Lab) -> None:
        seen, after = [], None
        while True:
            page = (await lab.data("variants_by_sku", {"query": "", "first": 2, "after": after}))[
                "productVariants"
            ]
            seen += [node["id"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert len(seen) == len(set(seen)) == 5
        answer = await lab.call("variants_by_sku", {"query": "", "first": 251})
        assert "250" in answer["errors"][0]["message"]

    _tell(tmp_path, story)


def test_prices_change_in_bulk_wholly_or_partially(tmp_path: Path) -> None:
    """One bad variant refuses the call, unless partial updates are allowed."""

    async def story(lab: Lab) -> None:
        row = lab.variant("NW-100")
        variants = [
            {"id": gid("ProductVariant", row["id"]), "price": "21.00", "compareAtPrice": "25.00"},
            {"id": gid("ProductVariant", lab.variant("DUP-1")["id"]), "price": "1.00"},
        ]
        given = {"productId": gid("Product", row["product_id"]), "variants": variants}
        name = "productVariantsBulkUpdate"
        refused = (await lab.data("variants_bulk_update", {**given, "partial": False}))[name]
        assert refused["userErrors"][0]["code"] == "PRODUCT_VARIANT_DOES_NOT_EXIST"
        assert lab.variant("NW-100")["price"] == "19.90"
        partial = (await lab.data("variants_bulk_update", {**given, "partial": True}))[name]
        assert [v["price"] for v in partial["productVariants"]] == ["21.00"]
        assert len(partial["userErrors"]) == 1
        assert lab.variant("NW-100")["compare_at_price"] == "25.00"

    _tell(tmp_path, story)


def test_what_is_not_simulated_says_so(tmp_path: Path) -> None:
    """Never a silent null."""

    async def story(lab: Lab) -> None:
        answer = await lab.call("", text="{ catalogs(first: 1) { nodes { id } } }")
        assert answer["errors"][0]["message"] == "not simulated: QueryRoot.catalogs"

    _tell(tmp_path, story)


def test_a_document_the_schema_does_not_know_is_refused(tmp_path: Path) -> None:
    """Typed by Shopify's own schema: a wrong field never gets to a resolver."""

    async def story(lab: Lab) -> None:
        answer = await lab.call("", text="{ shop { nickname } }")
        assert "nickname" in answer["errors"][0]["message"]
        assert "data" not in answer

    _tell(tmp_path, story)


def test_the_door_checks_the_token_and_falls_forward(tmp_path: Path) -> None:
    """A wrong token is 401; an old version is answered by the spoken one, as the header tells."""

    async def story(lab: Lab) -> None:
        body = {"query": document("shop_info")}
        url = "/admin/api/2019-04/graphql.json"
        wrong = {"X-Shopify-Access-Token": "nope"}
        assert (await lab.client.post(url, json=body, headers=wrong)).status == 401
        right = {"X-Shopify-Access-Token": TOKEN}
        answer = await lab.client.post(url, json=body, headers=right)
        assert answer.status == 200
        assert answer.headers["X-Shopify-API-Version"] == "2026-10"

    _tell(tmp_path, story)


def test_client_credentials_buy_a_token_that_works(tmp_path: Path) -> None:
    """The grant answers as documented, wrong secrets get 401."""

    async def story(lab: Lab) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": lab.shop.settings.client_id,
            "client_secret": "wrong",
        }
        url = "/admin/oauth/access_token"
        assert (await lab.client.post(url, data=form)).status == 401
        form["client_secret"] = lab.shop.settings.webhook_secret
        granted = await (await lab.client.post(url, data=form)).json()
        assert granted["expires_in"] == 86_399
        answer = await lab.client.post(
            "/admin/api/2026-10/graphql.json",
            json={"query": document("app_installation")},
            headers={"X-Shopify-Access-Token": granted["access_token"]},
        )
        assert answer.status == 200

    _tell(tmp_path, story)
