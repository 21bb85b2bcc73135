"""The past of an order read from the simulated shop, page by page, typed by Shopify's schema."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.shop_stand import Stand, play
from towline_relay.shopify import order_history
from towline_relay.shopify.models import FulfillmentSpec
from towline_relay.sync.orders.changes import History, Told, changes, keys_of
from towline_relay.sync.orders.document import Document, build
from towline_relay.sync.rules.orders import read_orders
from towline_sandbox.shopify.corpus_features import cases
from towline_shared.config import Section
from towline_shared.errors import Refused

RULES = read_orders(Section({"items": {"tip": "TIPS"}}, "towline.toml", "orders"))


async def place(on: Stand, **more: Any) -> str:
    lines = [{"sku": "NW-100", "quantity": 5}, {"sku": "NW-200", "quantity": 3}]
    placed = await on.control("orders", {"lines": lines, "shipping": "4.90", **more})
    return str(placed["id"])


async def act(on: Stand, gid: str, action: str, body: dict[str, Any]) -> None:
    await on.control(f"order/{gid.rsplit('/', 1)[1]}/{action}", body)


async def document(on: Stand, gid: str) -> Document:
    found = build(await on.shop.order(gid), RULES, await on.shop.order_ledger(gid))
    assert isinstance(found, Document)
    return found


def test_every_agreement_and_every_sale_is_read_at_any_page_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of two agreements with one sale each give what large pages give."""

    async def scene(on: Stand) -> None:
        gid = await place(on)
        for pieces in (4, 3, 2):
            await act(on, gid, "edit", {"set": {"0": pieces}})
        await act(
            on, gid, "refund", {"shipping": "1.00", "lines": [{"position": 1, "quantity": 1}]}
        )
        whole = await on.shop.order_ledger(gid)
        monkeypatch.setattr(order_history, "_AGREEMENTS", 2)
        monkeypatch.setattr(order_history, "_SALES", 1)
        small = await on.shop.order_ledger(gid)
        assert small == whole
        assert [len(each["sales"]) for each in small] == [3, 1, 1, 1, 2]

    play(tmp_path, scene)


async def ship(on: Stand, gid: str) -> None:
    """Let everything of an order leave."""
    state = await on.shop.fulfillment_orders(gid)
    for work in state.orders:
        lines = tuple((work.gid, line.gid, line.remaining) for line in work.lines)
        await on.shop.create_fulfillment(FulfillmentSpec(gid, lines, ("123",), "DHL"))


def test_every_part_of_a_refund_is_read_at_any_page_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lines, shipping, a duty, an adjustment: pages of one give what large pages give."""

    async def scene(on: Stand) -> None:
        lines = [{"sku": "NW-100", "quantity": 5, "duty": "6.66"}, {"sku": "NW-200", "quantity": 3}]
        gid = await place(on, lines=lines, tip="2.50", fees={"Recycling": "0.99"})
        wanted = {
            "lines": [{"position": 0, "quantity": 1}, {"position": 1, "quantity": 2}],
            "tip": True,
            "duties": [{"position": 0, "type": "PROPORTIONAL"}],
            "fees": ["Recycling"],
            "shipping": "1.00",
            "amount": "0.30",
        }
        await act(on, gid, "refund", wanted)
        await act(on, gid, "refund", {"amount": "0.20"})
        whole = await on.shop.order_refunds(gid)
        monkeypatch.setattr(order_history, "_LINES", 1)
        monkeypatch.setattr(order_history, "_FEW", 1)
        small = await on.shop.order_refunds(gid)
        assert small == whole
        parts = ("refundLineItems", "refundShippingLines", "duties", "orderAdjustments")
        assert [len(small[0][part]) for part in parts] == [3, 1, 1, 1]
        assert small[0]["duties"][0]["amountSet"]["shopMoney"]["amount"] == "1.33"
        order = (await document(on, gid)).order
        assert [(each.kind, each.amount) for each in order.charges] == [("DUTY", Decimal("5.33"))]

    play(tmp_path, scene)


def test_every_part_of_a_return_is_read_at_any_page_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three returns with lines and dispositions; each finds its order again."""

    async def scene(on: Stand) -> None:
        gid = await place(on)
        await ship(on, gid)
        for position in (0, 1, 0):
            await act(on, gid, "return", {"lines": [{"position": position, "quantity": 1}]})
        both = {"lines": [{"position": 0, "quantity": 2}, {"position": 1, "quantity": 1}]}
        await act(on, gid, "return", both)
        pieces = [
            {"position": 0, "quantity": 1, "type": "RESTOCKED"},
            {"position": 0, "quantity": 1, "type": "MISSING"},
            {"position": 1, "quantity": 1, "type": "PROCESSING_REQUIRED"},
        ]
        await act(on, gid, "dispose", {"lines": pieces})
        whole = await on.shop.order_returns(gid)
        monkeypatch.setattr(order_history, "_LINES", 1)
        monkeypatch.setattr(order_history, "_FEW", 1)
        small = await on.shop.order_returns(gid)
        assert small == whole
        assert [len(each["returnLineItems"]) for each in small] == [1, 1, 1, 2]
        (work,) = small[3]["reverseFulfillmentOrders"]
        kinds = [[each["type"] for each in line["dispositions"]] for line in work["lineItems"]]
        assert kinds == [["RESTOCKED", "MISSING"], ["PROCESSING_REQUIRED"]]
        assert await on.shop.order_of_return(small[3]["id"]) == gid
        assert await on.shop.order_of_return(work["id"]) == gid
        assert await on.shop.order_of_return("gid://shopify/Return/1") == ""
        await place(on)
        assert [ref.gid async for ref in on.shop.orders_with_returns()] == [gid]

    play(tmp_path, scene)


def test_a_refund_and_an_edit_of_sixty_lines_arrive_whole(tmp_path: Path) -> None:
    """More lines than any page we ask for: lines, sales and refund lines are read on."""

    async def scene(on: Stand) -> None:
        custom = [
            {"title": f"Part {n}", "price": f"{n}.07", "quantity": 2, "sku": f"P-{n}"}
            for n in range(1, 61)
        ]
        gid = await place(on, lines=custom)
        before = await on.shop.order(gid)
        first = (await document(on, gid)).order
        lines = [{"position": n, "quantity": 1} for n in range(60)]
        await act(on, gid, "refund", {"lines": lines})
        history = History(await on.shop.order_ledger(gid), await on.shop.order_refunds(gid))
        told = Told(tuple(keys_of(before)), first.total, first.tax_total, Decimal(0))
        (change,) = changes(await on.shop.order(gid), history, told, RULES)
        assert (len(change.body.lines), len(change.body.restocks)) == (60, 60)
        assert sum(line.amount for line in change.body.lines) == Decimal("-1834.20")

    play(tmp_path, scene)


def test_every_feature_of_the_corpus_gives_a_document_that_adds_up(tmp_path: Path) -> None:
    """Each feature alone and combined, in every currency, tax in and on top."""

    async def scene(on: Stand) -> None:
        for case in cases(["NW-100", "NW-100-XL", "NW-200"], seed=3):
            if "test" in case.tags:
                continue
            placed = await on.control("orders", case.order)
            order = (await document(on, placed["id"])).order
            kinds = {charge.kind for charge in order.charges}
            wanted = {"tip": "TIP", "duty": "DUTY", "fee": "FEE", "rounding": "ROUNDING"}
            assert kinds == {wanted[tag] for tag in case.tags if tag in wanted}
            assert order.presentment_currency == case.order["presentment"]["currency"]
            assert bool(order.company.company_id) == ("company" in case.tags)
            assert bool(order.due) == ("terms" in case.tags)
            assert any(line.gift_card for line in order.lines) == ("gift_card" in case.tags)
            assert all(line.group for line in order.lines) == ("bundle" in case.tags)

    play(tmp_path, scene)


def test_a_tip_is_no_line_although_the_shop_lists_it_as_one(tmp_path: Path) -> None:
    """Only the ledger calls it a tip; it becomes a charge with the item of the rules."""

    async def scene(on: Stand) -> None:
        gid = await place(on, tip="2.50")
        given = await on.shop.order(gid)
        assert len(given["lineItems"]["nodes"]) == 3
        order = (await document(on, gid)).order
        assert len(order.lines) == 2
        (tip,) = order.charges
        assert (tip.kind, tip.amount, tip.item) == ("TIP", Decimal("2.5"), "TIPS")

    play(tmp_path, scene)


def test_the_changes_lead_from_the_document_to_what_stands_now(tmp_path: Path) -> None:
    """Edit, refund of pieces and money, and cancellation, each provable by itself."""

    async def scene(on: Stand) -> None:
        gid = await place(on, discount={"code": "X", "percent": "15"})
        before = await on.shop.order(gid)
        first = (await document(on, gid)).order
        await act(on, gid, "edit", {"set": {"0": 3}, "add": [{"sku": "NW-100-XL", "quantity": 1}]})
        await act(on, gid, "refund", {"amount": "0.55"})
        await act(on, gid, "cancel", {})
        given = await on.shop.order(gid)
        history = History(await on.shop.order_ledger(gid), await on.shop.order_refunds(gid))
        told = Told(tuple(keys_of(before)), first.total, first.tax_total, Decimal(0))
        found = [change.body for change in changes(given, history, told, RULES)]
        assert [change.kind for change in found] == ["edit", "refund", "cancel"]
        assert any(line.added for line in found[0].lines)
        assert (found[-1].total, found[-1].tax_total) == (Decimal(0), Decimal(0))
        assert sum(line.quantity for change in found for line in change.lines) == -8

    play(tmp_path, scene)


def test_a_cancellation_and_a_capture_go_through_and_are_refused_the_second_time(
    tmp_path: Path,
) -> None:
    """The shop says no, with its words, to what has been done."""

    async def scene(on: Stand) -> None:
        gid = await place(on, authorized=True)
        given = await on.shop.order(gid)
        (held,) = given["transactions"]
        total = Decimal(held["amountSet"]["shopMoney"]["amount"])
        given_up = {"parent_gid": held["id"], "amount": total, "currency": "EUR", "final": True}
        await on.shop.capture_order(gid, **given_up)
        with pytest.raises(Refused, match="exceeds"):
            await on.shop.capture_order(gid, **given_up)
        await on.shop.cancel_order(gid, restock=True, refund=True, note="no stock")
        assert (await on.shop.order(gid))["cancelledAt"]

    play(tmp_path, scene)
