"""What others write in the shop into what the IBM i owns of an item: seen, logged, overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.erp_ledger import RULES, Ledger
from tests.support.merchant import Merchant
from tests.support.shop_world import ShopWorld
from towline_relay.store.bulk import BulkLine, BulkLines, BulkRun, product_touch
from towline_relay.store.effects import Effects
from towline_relay.store.rows import Conflict, ConflictQuery
from towline_relay.sync.intake.owned import read_foreign
from towline_sandbox.shopify.settings import SeedPriceList

_PRICE = (Decimal("9.90"), Decimal(0), 0)
OWNED = (
    RULES.replace('title = { from = "DSC", create_only = true }', 'title = { from = "DSC" }')
    .replace('group = "GRP"\n', "")
    .replace('[entities.item.options]\nSize = "SIZ"\n', "")
)


class Scene:
    """One item that is sold, its product, and the merchant."""

    def __init__(self, folder: Path, rules: str) -> None:
        lists = (SeedPriceList(name="B2B Germany"),)
        self.world = ShopWorld(folder, rules, price_lists=lists)
        self.ledger, self.merchant = Ledger(), Merchant(self.world.sim)
        self.state()
        self.world.feed(self.ledger.price("AB-1", "STD", *_PRICE))
        self.world.settle()

    def state(self) -> None:
        """Let the ERP say the same of the item again, and let the relay work."""
        row = {"WEB": "Y", "GRP": "", "SIZ": "", "REL": "Y", "EAN": "96385074", "MAT": "steel"}
        self.world.feed(self.ledger.item("AB-1", **row))
        self.world.settle()

    def held(self) -> Any:
        (row,) = self.world.ask(
            "SELECT v.*, p.title AS name, p.status FROM variants v JOIN products p"
            " ON p.id = v.product_id"
        )
        return row

    def act(self, what: str) -> None:
        """Let the merchant do something a little later, and the webhook arrive."""
        self.world.clock.advance(2)
        if what in ("barcode", "price"):
            self.merchant.act_on_variant(what, self.held())
        else:
            self.merchant.act(what, self.merchant.products()[0])

    def tell(self) -> list[Conflict]:
        """Hand the webhooks over; returns the conflict log."""
        self.world.deliver()
        self.world.settle()
        found = self.world.run(self.world.house.store.conflicts(ConflictQuery("t")))
        return [row.conflict for row in found]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path, OWNED)
    yield made
    made.world.close()


def test_our_own_writes_are_no_conflict_however_late_they_are_told(scene: Scene) -> None:
    """Draft, then on sale, with other values on the way: webhooks of all states come at the end."""
    scene.world.clock.advance(5)
    row = {"WEB": "Y", "GRP": "", "SIZ": "", "REL": "N", "EAN": "4006381333931", "MAT": "tin"}
    scene.world.feed(scene.ledger.item("AB-1", **row))
    scene.world.settle()
    scene.world.clock.advance(5)
    scene.state()
    assert scene.tell() == []
    assert scene.held()["status"] == "ACTIVE"


@pytest.mark.parametrize(
    ("what", "field", "column"), [("barcode", "barcode", "barcode"), ("title", "title", "name")]
)
def test_a_field_of_the_ibm_i_that_somebody_changed_is_logged_and_written_again(
    scene: Scene, what: str, field: str, column: str
) -> None:
    """The conflict log has both values; the same statement once more restores ours."""
    ours = scene.held()[column]
    scene.act(what)
    theirs = scene.held()[column]
    (logged,) = scene.tell()
    assert (logged.entity, logged.key, logged.field) == ("item", "AB-1", field)
    assert (logged.ours, logged.theirs) == (ours, theirs)
    assert scene.held()[column] == theirs  # until the ERP speaks
    scene.state()
    assert scene.held()[column] == ours
    written = scene.world.mutations()
    scene.tell()
    scene.state()
    assert scene.world.mutations() == written


def test_a_product_taken_off_by_hand_is_on_sale_again_with_the_next_statement(
    scene: Scene,
) -> None:
    """The rules own the status, so the merchant's is logged and does not last."""
    scene.act("archive")
    (logged,) = scene.tell()
    assert (logged.field, logged.ours, logged.theirs) == ("status", "ACTIVE", "ARCHIVED")
    scene.state()
    assert scene.held()["status"] == "ACTIVE"


def test_a_status_whose_webhook_was_lost_is_found_by_the_sweep(scene: Scene) -> None:
    """Even when the daily reading of all variants met it before the sweep did."""
    scene.act("archive")
    scene.world.deliver(lose=True)
    scene.world.clock.advance(25 * 3600)
    scene.world.settle()
    scene.world.sweep()
    assert [entry.field for entry in scene.tell()] == ["status"]
    scene.state()
    assert scene.held()["status"] == "ACTIVE"


def test_what_the_merchant_owns_is_nobodys_conflict(tmp_path: Path) -> None:
    """A title that is written at creation only stays as the merchant left it."""
    scene = Scene(tmp_path, RULES)
    try:
        scene.act("title")
        assert scene.tell() == []
        scene.state()
        assert scene.held()["name"].startswith("Written by hand")
    finally:
        scene.world.close()


def test_a_status_that_a_bulk_run_is_writing_is_not_judged(scene: Scene) -> None:
    """Its webhook may come before its outcome, and whose it is nobody can tell then."""
    scene.tell()
    scene.act("archive")
    scene.world.deliver()
    world, store = scene.world, scene.world.house.store
    told = world.run(store.deliveries("t", limit=9))

    def judged() -> set[bool]:
        found = world.run(read_foreign(told, tenant="t", store=store, rules=world.rules))
        return {one.status is not None for one in found.values()}

    assert judged() == {True}
    now, gid = world.clock.now(), f"gid://shopify/Product/{scene.held()['product_id']}"
    run = BulkRun(id="towline_1", kind="status", state="running", opened_at=now, changed_at=now)
    line = BulkLine(0, "{}", (), "{}", touches=(product_touch(gid),))
    world.house.clock.advance(2 * 10**9)  # the lane's own lease is over by then
    lease = world.run(store.lease("t/catalogue", owner="bulk", ttl_s=60))
    assert lease is not None
    world.run(store.advance(lease, Effects(bulk=(run, BulkLines(run.id, (line,))))))
    assert judged() == {False}
