"""The back door: faults, corpus, publishing, views."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.unit.sandbox.shopify.lab import Lab, running, settings
from towline_sandbox.shopify.corpus import HUGE_QUANTITY, plan_for
from towline_sandbox.shopify.ids import gid


def _tell(tmp_path: Path, story: Callable[[Lab], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with running(settings(tmp_path / "shop.db")) as lab:
            await story(lab)

    asyncio.run(whole())


def test_faults_strike_as_often_as_armed(tmp_path: Path) -> None:
    """429 with Retry-After, then 500, then all is well again."""

    async def story(lab: Lab) -> None:
        await lab.client.post("/sandbox/faults", json={"http_429": 1, "http_500": 1})
        statuses = [(await lab.raw("shop_info"))[0] for _ in range(3)]
        assert statuses == [429, 500, 200]

    _tell(tmp_path, story)


def test_a_timeout_after_the_write_leaves_the_write(tmp_path: Path) -> None:
    """504, and yet it is done: the reader has to look before it sends again."""

    async def story(lab: Lab) -> None:
        placed = await lab.order(lines=[{"sku": "NW-100"}])
        await lab.client.post("/sandbox/faults", json={"timeout_after_write": 1})
        variables = {"id": placed["id"], "tags": ["erp"]}
        assert (await lab.raw("shop_info"))[0] == 200  # a query is no write
        assert (await lab.raw("tags_add", variables))[0] == 504
        assert lab.shop.db.scalar("SELECT tag FROM tags WHERE owner = ?", placed["id"]) == "erp"

    _tell(tmp_path, story)


def test_throttling_empties_the_bucket_until_it_is_lifted(tmp_path: Path) -> None:
    """The button takes all points and slows their return; lifting it restores the rate."""

    async def story(lab: Lab) -> None:
        await lab.client.post("/sandbox/faults", json={"throttle": True})
        assert (lab.shop.bucket.maximum, lab.shop.bucket.restore_rate) == (2000, 100.0)
        assert lab.shop.bucket.available < 1000
        await lab.client.post("/sandbox/faults", json={"throttle": False})
        assert (lab.shop.bucket.maximum, lab.shop.bucket.restore_rate) == (20_000, 1000.0)

    _tell(tmp_path, story)


def test_nonsense_is_refused_with_a_sentence(tmp_path: Path) -> None:
    """Every bad call of the back door answers 400 and says why."""

    async def story(lab: Lab) -> None:
        for path, body in (
            ("/sandbox/orders", {"lines": []}),
            ("/sandbox/orders", {"lines": [{"sku": "NW-100", "quantity": 0}]}),
            ("/sandbox/orders", {"lines": [{"sku": "NW-100"}], "customer": {"email": "x"}}),
            ("/sandbox/orders", {"lines": [{"sku": "NW-100"}], "shipping": "1e5"}),
            ("/sandbox/faults", {"http_429": -1}),
            ("/sandbox/faults", {"webhooks": {"lost": 2}}),
            ("/sandbox/webhook_base", {"url": "ftp://x"}),
            ("/sandbox/publish", {}),
        ):
            response = await lab.client.post(path, json=body)
            assert response.status == 400, (path, body)
            assert (await response.json())["error"]

    _tell(tmp_path, story)


def test_the_corpus_is_the_same_for_a_seed_and_varied() -> None:
    """Same seed, same orders; all kinds of trouble turn up in a larger one."""
    skus = [f"S-{n}" for n in range(200)]
    planned = plan_for(skus, orders=500, seed=7)
    assert planned == plan_for(skus, orders=500, seed=7)
    assert planned != plan_for(skus, orders=500, seed=8)
    kinds = set().union(*(one.kinds for one in planned))
    assert kinds == {"discount", "shipping_discount", "note", "custom_line", "huge_quantity",
                     "unpaid"}  # fmt: skip
    emails = [one.order["customer"]["email"] for one in planned]
    assert 1 < len(set(emails)) < len(emails)
    sizes = {len(one.order["lines"]) for one in planned}
    assert {1, 2, 3, 4, 5, 6} <= sizes
    quantities = {line["quantity"] for one in planned for line in one.order["lines"]}
    assert quantities - {HUGE_QUANTITY} <= set(range(1, 13))


def test_placing_a_corpus_gives_orders_that_another_process_can_count(tmp_path: Path) -> None:
    """The state file is readable while the shop runs, and its sums are those answered."""

    async def story(lab: Lab) -> None:
        response = await lab.client.post("/sandbox/corpus", json={"orders": 30, "seed": 3})
        placed = (await response.json())["orders"]
        assert len(placed) == 30
        other = sqlite3.connect(f"file:{tmp_path / 'shop.db'}?mode=ro", uri=True)
        try:
            totals = dict(other.execute("SELECT name, total FROM orders").fetchall())
        finally:
            other.close()
        assert totals == {order["name"]: order["total"] for order in placed}

    _tell(tmp_path, story)


def test_publishing_puts_a_draft_into_the_window(tmp_path: Path) -> None:
    """A draft can't be bought before, and can after."""

    async def story(lab: Lab) -> None:
        product = gid("Product", lab.variant("DRAFT-1")["product_id"])
        number = product.rsplit("/", 1)[1]
        response = await lab.client.post(f"/sandbox/product/{number}/publish")
        assert await response.json() == {"id": product, "status": "ACTIVE"}
        await lab.order(lines=[{"sku": "DRAFT-1"}])
        assert (await lab.client.post("/sandbox/product/1/publish")).status == 404

    _tell(tmp_path, story)


def test_the_window_pages_over_all_variants(tmp_path: Path) -> None:
    """The catalogue shows every variant once, with price and stock."""

    async def story(lab: Lab) -> None:
        seen, after = [], ""
        while after is not None:
            page = await (await lab.client.get(f"/sandbox/catalogue?first=2&after={after}")).json()
            seen += page["products"]
            after = page["next"]
        assert [p["sku"] for p in seen] == ["NW-100", "NW-100-XL", "DUP-1", "DUP-1", "DRAFT-1"]
        assert (seen[0]["price"], seen[0]["available"], seen[0]["status"]) == (
            "19.90",
            50,
            "ACTIVE",
        )
        found = await (await lab.client.get("/sandbox/catalogue?query=anchor")).json()
        assert len(found["products"]) == 2

    _tell(tmp_path, story)


def test_an_uninstalled_app_is_locked_out(tmp_path: Path) -> None:
    """The token dies, and app/uninstalled is queued."""

    async def story(lab: Lab) -> None:
        await lab.client.post("/sandbox/uninstall")
        assert (await lab.raw("shop_info"))[0] == 401
        topics = [row["topic"] for row in lab.shop.db.all("SELECT topic FROM webhook_deliveries")]
        assert topics == ["app/uninstalled"]

    _tell(tmp_path, story)
