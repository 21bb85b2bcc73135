"""Setting stock: idempotency keys, compare-and-set, and how quantities hang together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.unit.sandbox.shopify.lab import Lab, document, running, settings
from towline_sandbox.shopify.ids import gid
from towline_shared.clock import ManualClock


def _tell(tmp_path: Path, story: Callable[[Lab], Awaitable[None]], **more: Any) -> None:
    async def whole() -> None:
        async with running(settings(tmp_path / "shop.db", **more)) as lab:
            await story(lab)

    asyncio.run(whole())


def _input(lab: Lab, quantity: int, *, sku: str = "NW-100", **quantity_more: Any) -> dict[str, Any]:
    row = lab.variant(sku)
    entry = {
        "inventoryItemId": gid("InventoryItem", row["inventory_item_id"]),
        "locationId": gid("Location", row["location_id"]),
        "quantity": quantity,
        "changeFromQuantity": None,
        **quantity_more,
    }
    return {"name": "available", "reason": "correction", "quantities": [entry]}


async def _set(lab: Lab, given: dict[str, Any], key: str) -> dict[str, Any]:
    data = await lab.data("inventory_set_quantities", {"input": given, "idempotencyKey": key})
    payload: dict[str, Any] = data["inventorySetQuantities"]
    return payload


def _code(payload: dict[str, Any]) -> str:
    code: str = payload["userErrors"][0]["code"]
    return code


def test_a_missing_directive_is_an_error_at_run_time(tmp_path: Path) -> None:
    """The schema lets it pass, the shop does not, and nothing is written."""

    async def story(lab: Lab) -> None:
        text = document("inventory_set_quantities").replace("@idempotent(key: $idempotencyKey)", "")
        text = text.replace(", $idempotencyKey: String!", "")
        answer = await lab.call("", {"input": _input(lab, 7)}, text=text)
        assert "@idempotent" in answer["errors"][0]["message"]
        assert "data" not in answer
        assert lab.variant("NW-100")["available"] == 50

    _tell(tmp_path, story)


def test_change_from_quantity_must_be_there_even_as_null(tmp_path: Path) -> None:
    """Left out it is a top-level error; null opts out of the comparison."""

    async def story(lab: Lab) -> None:
        given = _input(lab, 7)
        del given["quantities"][0]["changeFromQuantity"]
        variables = {"input": given, "idempotencyKey": "k1"}
        answer = await lab.call("inventory_set_quantities", variables)
        assert "changeFromQuantity" in answer["errors"][0]["message"]
        assert lab.variant("NW-100")["available"] == 50
        assert (await _set(lab, _input(lab, 7), "k2"))["userErrors"] == []
        assert lab.variant("NW-100")["available"] == 7

    _tell(tmp_path, story)


def test_a_stale_quantity_is_refused_and_a_true_one_accepted(tmp_path: Path) -> None:
    """Compare-and-set holds against the stored figure."""

    async def story(lab: Lab) -> None:
        stale = await _set(lab, _input(lab, 7, changeFromQuantity=49), "k1")
        assert _code(stale) == "CHANGE_FROM_QUANTITY_STALE"
        assert lab.variant("NW-100")["available"] == 50
        done = await _set(lab, _input(lab, 7, changeFromQuantity=50), "k2")
        changes = done["inventoryAdjustmentGroup"]["changes"]
        assert [(c["name"], c["delta"], c["quantityAfterChange"]) for c in changes] == [
            ("available", -43, 7),
            ("on_hand", -43, 7),
        ]

    _tell(tmp_path, story)


def test_a_key_is_replayed_refused_or_forgotten(tmp_path: Path) -> None:
    """Same parameters replay without effect, others mismatch, and after 24 hours it is new."""

    async def story() -> None:
        clock = ManualClock()
        async with running(settings(tmp_path / "shop.db"), clock=clock) as lab:
            first = await _set(lab, _input(lab, 7), "k1")
            await _set(lab, _input(lab, 99), "other")
            assert await _set(lab, _input(lab, 7), "k1") == first
            assert lab.variant("NW-100")["available"] == 99
            mismatch = await _set(lab, _input(lab, 8), "k1")
            assert _code(mismatch) == "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"
            clock.advance(24 * 3600 + 1)
            assert (await _set(lab, _input(lab, 8), "k1"))["userErrors"] == []
            assert lab.variant("NW-100")["available"] == 8

    asyncio.run(story())


def test_a_failed_attempt_burns_its_key(tmp_path: Path) -> None:
    """After user errors the same key is refused: a new one is needed."""

    async def story(lab: Lab) -> None:
        given = _input(lab, 7, changeFromQuantity=1)
        assert _code(await _set(lab, given, "k1")) == "CHANGE_FROM_QUANTITY_STALE"
        assert _code(await _set(lab, given, "k1")) == "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"

    _tell(tmp_path, story)


def test_two_calls_at_once_with_one_key_do_the_work_once(tmp_path: Path) -> None:
    """The second one is told that the first is in progress."""

    async def story(lab: Lab) -> None:
        both = await asyncio.gather(*(_set(lab, _input(lab, 7), "k1") for _ in range(2)))
        codes = [[error["code"] for error in payload["userErrors"]] for payload in both]
        assert sorted(codes) == [[], ["IDEMPOTENCY_CONCURRENT_REQUEST"]]

    _tell(tmp_path, story, latency_s=0.05)


def test_one_bad_line_fails_the_whole_call(tmp_path: Path) -> None:
    """Nothing is set when one of the quantities is refused, and the line is named."""

    async def story(lab: Lab) -> None:
        given = _input(lab, 7)
        given["quantities"].append(
            {**given["quantities"][0], "inventoryItemId": "gid://shopify/InventoryItem/1"}
        )
        payload = await _set(lab, given, "k1")
        assert _code(payload) == "INVALID_INVENTORY_ITEM"
        assert payload["userErrors"][0]["field"] == ["input", "quantities", "1", "inventoryItemId"]
        assert lab.variant("NW-100")["available"] == 50

    _tell(tmp_path, story)


def test_more_than_250_quantities_are_refused(tmp_path: Path) -> None:
    """Input arrays hold at most 250 items."""

    async def story(lab: Lab) -> None:
        given = _input(lab, 7)
        given["quantities"] *= 251
        answer = await lab.call("inventory_set_quantities", {"input": given, "idempotencyKey": "k"})
        assert answer["errors"][0]["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"

    _tell(tmp_path, story)


def test_on_hand_holds_what_is_committed(tmp_path: Path) -> None:
    """An order moves available to committed; setting on_hand leaves committed alone."""

    async def story(lab: Lab) -> None:
        await lab.order(lines=[{"sku": "NW-100", "quantity": 4}])
        row = lab.variant("NW-100")
        assert (row["available"], row["committed"], row["on_hand"]) == (46, 4, 50)
        given = {**_input(lab, 30), "name": "on_hand"}
        await _set(lab, given, "k1")
        row = lab.variant("NW-100")
        assert (row["available"], row["committed"], row["on_hand"]) == (26, 4, 30)

    _tell(tmp_path, story)


def test_activating_keeps_old_figures_unless_told(tmp_path: Path) -> None:
    """inventoryActivate starts at zero at a new place and keeps what was there before."""

    async def story(lab: Lab) -> None:
        item = gid("InventoryItem", lab.variant("NW-100")["inventory_item_id"])
        places = (await lab.data("locations", {"first": 5}))["locations"]["nodes"]

        async def activate(place: str, key: str, **more: Any) -> dict[str, int]:
            variables = {"inventoryItemId": item, "locationId": place, "idempotencyKey": key}
            data = await lab.data("inventory_activate", {**variables, **more})
            level = data["inventoryActivate"]["inventoryLevel"]
            return {entry["name"]: entry["quantity"] for entry in level["quantities"]}

        assert (await activate(places[0]["id"], "a"))["available"] == 50
        assert (await activate(places[1]["id"], "b"))["available"] == 0
        assert (await activate(places[1]["id"], "c", available=3))["on_hand"] == 3

    _tell(tmp_path, story)
