"""Orders live random lives, and whatever happens the ERP's book and the shop's agree to the cent.

Buyers buy, the merchant edits, refunds and cancels; webhooks come late, twice, out of order or
never; the relay dies at any call and any commit; the ERP answers as it likes. Whenever it is quiet,
the figures of every order are worked out from the shop's own tables and held against the documents
the ERP has. ``TOWLINE_LIVES`` is how many lives are led (``make soak-orders``).
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.support.order_life import wishes
from tests.support.order_life.house import OrderHouse
from tests.support.order_life.paper_erp import Booked, PaperErp, Told, touches
from tests.support.order_life.raw_shop import RawOrder, raw_orders
from towline_relay.store.states import FINAL, State
from towline_sandbox.shopify import aftersales, holding, refunding
from towline_sandbox.shopify.buying import buy
from towline_sandbox.shopify.order_work import NotPossible
from towline_sandbox.shopify.shop import Shop
from towline_shared.events import ChangeResult, OrderResult
from towline_shared.money import plain

LIVES = int(os.environ.get("TOWLINE_LIVES", "12"))
RULES = """
version = 1
[orders]
custom_item = "{custom}"
test_orders = "skip"
risk_wait_s = 60
capture = "{capture}"
"""
_TURNS = 60  # more than any life needs to come to rest
_ANSWERS = ["accepted"] * 4 + ["refused", "held", "locked"]


class OrderLives(RuleBasedStateMachine):
    """A shop, a relay and an ERP on paper."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.erp = PaperErp()
        self.bought: list[int] = []

    @initialize(
        currency=st.sampled_from(["EUR", "EUR", "USD", "JPY", "KWD"]),
        custom=st.sampled_from(["", "CUSTOM"]),
        capture=st.sampled_from(["never", "on_accept", "on_shipment"]),
    )
    def open_house(self, currency: str, custom: str, capture: str) -> None:
        """A tenant with rules of its own."""
        self.currency, self.custom, self.capture = currency, custom, capture
        text = RULES.format(custom=custom, capture=capture)
        self.house = OrderHouse(Path(self._folder.name), text, currency)

    # -- the shop ------------------------------------------------------------------------------

    @rule(data=st.data())
    def buy(self, data: st.DataObject) -> None:
        """Somebody orders."""
        body = data.draw(wishes.purchase(self.currency))
        with self.house.merchant() as shop:
            self.bought.append(buy(shop, body))

    @precondition(lambda self: self.bought)
    @rule(data=st.data(), which=st.integers(0, 5))
    def edit(self, data: st.DataObject, which: int) -> None:
        """The merchant changes lines."""
        body = data.draw(wishes.edit(self.currency))
        self._do(lambda shop: aftersales.edit(shop, self._order(which), body))

    @precondition(lambda self: self.bought)
    @rule(data=st.data(), which=st.integers(0, 5))
    def refund(self, data: st.DataObject, which: int) -> None:
        """The merchant pays back."""
        body = data.draw(wishes.refund(self.currency))
        self._do(lambda shop: refunding.refund(shop, self._order(which), body))

    @precondition(lambda self: self.bought)
    @rule(which=st.integers(0, 5), status=st.sampled_from(["SUCCESS", "FAILURE"]))
    def settle_refund(self, which: int, status: str) -> None:
        """The gateway says what became of a refund that was under way."""
        self._do(lambda shop: refunding.settle(shop, self._order(which), {"status": status}))

    @precondition(lambda self: self.bought)
    @rule(which=st.integers(0, 5), restock=st.booleans())
    def cancel(self, which: int, restock: bool) -> None:
        """The merchant cancels."""
        self._do(
            lambda shop: aftersales.cancel(
                shop, self._order(which), reason="CUSTOMER", restock=restock
            )
        )

    # -- webhooks, time and the relay's deaths ---------------------------------------------------

    @rule(which=st.integers(0, 9), lost=st.booleans())
    def webhook(self, which: int, lost: bool) -> None:
        """One of the webhooks under way arrives, or never does."""
        queued = self.house.queued()
        if queued:
            seq = queued[which % len(queued)]
            (self.house.lose if lost else self.house.deliver)(seq)

    @rule(which=st.integers(0, 9))
    def webhook_again(self, which: int) -> None:
        """One that came before comes again."""
        if delivered := self.house.delivered():
            self.house.deliver(delivered[which % len(delivered)])

    @rule(seconds=st.sampled_from([0.3, 1, 90, 4_000]))
    def time_passes(self, seconds: float) -> None:
        """Time is what some things wait for."""
        self.house.clock.advance(seconds)

    @rule()
    def sweep(self) -> None:
        """The sweep looks for what no webhook told."""
        self.house.sweep()

    @rule(dies=st.none() | st.integers(1, 25), lost=st.integers(0, 1))
    def work(self, dies: int | None, lost: int) -> None:
        """The lane works, and may die at any of its calls and commits."""
        self.house.fuse.left, self.house.fuse.lose = dies, lost
        self._turn()
        self.house.fuse.left = None

    # -- the ERP ---------------------------------------------------------------------------------

    @precondition(lambda self: self.erp.orders)
    @rule(which=st.integers(0, 5), outcome=st.sampled_from(_ANSWERS))
    def answer(self, which: int, outcome: str) -> None:
        """The ERP decides about an order."""
        booked = list(self.erp.orders.values())[which % len(self.erp.orders)]
        self._answer(booked, outcome)

    @precondition(lambda self: any(self._asked()))
    @rule(which=st.integers(0, 5), outcome=st.sampled_from(["accepted"] * 4 + ["refused"]))
    def answer_change(self, which: int, outcome: str) -> None:
        """The ERP decides about a change."""
        asked = self._asked()
        self._answer_change(*asked[which % len(asked)], outcome)

    # -- quiet -----------------------------------------------------------------------------------

    @rule(lost=st.booleans())
    def rest(self, lost: bool) -> None:
        """Everybody finishes what they began; then the books are compared."""
        for seq in self.house.queued():
            (self.house.lose if lost else self.house.deliver)(seq)
        for _ in range(_TURNS):
            self.house.clock.advance(400)
            self.house.sweep()
            self._turn()
            busy = self._finish()
            if not busy and not self.house.open():
                break
        else:
            raise AssertionError([(r.entity, r.state, r.reason) for r in self.house.open()])
        self._compare()

    def teardown(self) -> None:
        """Every life comes to rest in the end."""
        try:
            if hasattr(self, "house"):
                self.rest(lost=True)
        finally:
            if hasattr(self, "house"):
                self.house.close()
            self._folder.cleanup()

    # -- inside ----------------------------------------------------------------------------------

    def _order(self, which: int) -> int:
        return self.bought[which % len(self.bought)]

    def _do(self, action: Callable[[Shop], Any]) -> None:
        """Let the merchant do something; what the admin would not offer is not done."""
        try:
            with self.house.merchant() as shop:
                action(shop)
        except (NotPossible, holding.NotHeld):
            pass

    def _turn(self) -> None:
        """Let the lane work; what it tells the ERP is on its way then, died or not."""
        locked = {booked.order.order_gid for booked in self.erp.orders.values()
                  if booked.state == "L" and self._outcome(booked) == "locked"}  # fmt: skip
        self.house.turn()
        for event in self.house.downlink():
            self.erp.take(event)
            still = self.erp.orders[event.key].state == "L"
            assert not (still and event.key in locked and touches(event.body)), (
                f"the ERP picks {event.key} and was told a change of what is to be delivered"
            )

    def _outcome(self, booked: Booked) -> str:
        sent = self.house.run(self.house.relay.store.order("t", booked.order.order_gid))
        return sent.outcome if sent else ""

    def _answer(self, booked: Booked, outcome: str) -> None:
        """Answer as an ERP may: what it picks it does not refuse, and what is over is over."""
        allowed = {
            "N": ("accepted", "refused", "held", "locked"),
            "A": ("refused", "held", "locked"),
            "H": ("accepted", "refused", "locked"),
            "L": ("accepted",),
            "R": ("accepted",),
            "X": (),
        }[booked.state]
        if outcome not in allowed:
            return
        booked.state = {"accepted": "A", "refused": "R", "held": "H", "locked": "L"}[outcome]
        number = "" if outcome == "refused" else booked.number
        key = booked.order.order_gid
        self.house.feed(key, OrderResult(key, outcome, number, "No such item"))

    def _asked(self) -> list[tuple[Booked, Told]]:
        return [
            (booked, told)
            for booked in self.erp.orders.values()
            for told in booked.changes
            if told.state == "N"
        ]

    def _answer_change(self, booked: Booked, told: Told, outcome: str) -> None:
        told.state = "A" if outcome == "accepted" else "R"
        key = booked.order.order_gid
        self.house.feed(key, ChangeResult(key, told.id, outcome, "Too late"))

    def _finish(self) -> bool:
        """Let the ERP answer what it has not answered; tell whether there was something."""
        busy = False
        for booked in self.erp.orders.values():
            if booked.state in ("N", "H"):
                self._answer(booked, "accepted")
                busy = True
        for booked, told in self._asked():
            self._answer_change(booked, told, "accepted")
            busy = True
        return busy

    def _compare(self) -> None:
        """Hold both books against each other, order by order, and every event against its ends."""
        rows = self.house.rows()
        assert {row.state for row in rows} <= FINAL, [r for r in rows if r.state not in FINAL]
        for raw in raw_orders(self.house.shop):
            parked = [row for row in rows if row.key == raw.gid and row.state is State.PARKED]
            assert all(row.reason and row.hint for row in parked)
            booked = self.erp.orders.get(raw.gid)
            if booked is None:
                self._left_out(raw, parked)
            else:
                self._one(raw, booked, [row.reason for row in parked])

    def _left_out(self, raw: RawOrder, parked: list[Any]) -> None:
        """An order the ERP does not have was left out or stopped for a reason of its own."""
        assert raw.test or raw.cancelled or parked, f"{raw.name} was lost"
        for row in parked:
            assert ("no SKU" in row.reason and raw.blank and not self.custom) or (
                "no line left" in row.reason and not raw.ordered
            ), row.reason  # fmt: skip

    def _one(self, raw: RawOrder, booked: Booked, parked: list[str]) -> None:
        """What the ERP holds of an order is what the shop holds, or people see why not."""
        assert not raw.test
        if booked.state == "R" or booked.refused_change:
            assert parked, f"{raw.name} was refused and nobody sees it"
            return
        ours = (booked.total, booked.tax, booked.refunded)
        theirs = (raw.total, raw.tax, raw.refunded)
        if booked.state == "L" and (ours, booked.pieces) != (theirs, raw.ordered):
            words = "|".join(parked)
            assert _figures(ours[0]) & _numbers(words), f"{raw.name}: {ours}, {theirs}, {words}"
            return
        assert ours == theirs, f"{raw.name}: the ERP has {ours}, the shop {theirs}; {parked}"
        assert booked.pieces == raw.ordered, f"{raw.name}: {booked.pieces}, {raw.ordered}"
        assert not parked, f"{raw.name} agrees and is parked: {parked}"


def _numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def _figures(amount: Decimal) -> set[str]:
    return {plain(amount), plain(amount.normalize())}


TestOrderLives = OrderLives.TestCase
TestOrderLives.settings = settings(
    max_examples=LIVES,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
