"""What buyers and the merchant do."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.support.order_life import wishes
from tests.support.order_life.world import World
from towline_sandbox.shopify import aftersales, fulfilling, holding, refunding, returning
from towline_sandbox.shopify.buying import buy
from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.shop import Shop

__all__ = ["MerchantLife"]

_MOST = 3  # a life of few orders goes deep
_WHICH = st.integers(0, _MOST - 1)
_SOME = precondition(lambda self: self.bought)
_ANY = precondition(lambda self: self.house.shop.db.scalar("SELECT count(*) FROM returns"))


class MerchantLife(World):
    """Rules of the shop's side."""

    @precondition(lambda self: len(self.bought) < _MOST)
    @rule(data=st.data())
    def buy(self, data: st.DataObject) -> None:
        """Somebody orders."""
        body = data.draw(wishes.purchase(self.currency))
        with self.house.merchant() as shop:
            self.bought.append(buy(shop, body))

    @_SOME
    @rule(data=st.data(), which=_WHICH)
    def edit(self, data: st.DataObject, which: int) -> None:
        """Lines get fewer or more, or are added."""
        body = data.draw(wishes.edit(self.currency))
        self.do(lambda shop: aftersales.edit(shop, self.order(which), body))

    @_SOME
    @rule(data=st.data(), which=_WHICH)
    def refund(self, data: st.DataObject, which: int) -> None:
        """Something is paid back, or put back."""
        body = data.draw(wishes.refund(self.currency))
        self.do(lambda shop: refunding.refund(shop, self.order(which), body))

    @_SOME
    @rule(which=_WHICH, status=st.sampled_from(["SUCCESS", "FAILURE"]))
    def settle_refund(self, which: int, status: str) -> None:
        """The gateway says what became of a refund that was under way."""
        self.do(lambda shop: refunding.settle(shop, self.order(which), {"status": status}))

    @_SOME
    @rule(which=_WHICH, restock=st.booleans())
    def cancel(self, which: int, restock: bool) -> None:
        """An order of which nothing has left is cancelled."""
        self.do(
            lambda shop: aftersales.cancel(
                shop, self.order(which), reason="CUSTOMER", restock=restock
            )
        )

    @_SOME
    @rule(which=_WHICH, free=st.booleans())
    def hold(self, which: int, free: bool) -> None:
        """What is left of an order must not leave, or may again; also if the ERP holds it."""
        if free:
            self.do(lambda shop: holding.release_order(shop, self.order(which)))
        else:
            self.do(
                lambda shop: holding.hold_order(
                    shop, self.order(which), reason="HIGH_RISK_OF_FRAUD", notes=""
                )
            )

    @_SOME
    @rule(which=_WHICH)
    def ship_by_hand(self, which: int) -> None:
        """The merchant ships all that is left at one place without the ERP."""
        self.do(lambda shop: _ship(shop, self.order(which)))

    @_SOME
    @rule(data=st.data(), which=_WHICH)
    def take_back(self, data: st.DataObject, which: int) -> None:
        """A buyer sends pieces back, perhaps for others."""
        body = data.draw(wishes.returned(self.currency))
        self.do(lambda shop: returning.start_return(shop, self.order(which), body))

    @_ANY
    @rule(which=_WHICH, status=st.sampled_from(["OPEN", "CLOSED", "DECLINED", "CANCELED"]))
    def change_return(self, which: int, status: str) -> None:
        """A return goes through its states."""
        number, before = self._return(which)
        allowed = {"REQUESTED": ("OPEN", "DECLINED"), "OPEN": ("CLOSED", "CANCELED"),
                   "CLOSED": ("OPEN",)}  # fmt: skip
        if status in allowed.get(before, ()):
            self.do(lambda shop: returning.change_return(shop, number, status))

    @_ANY
    @rule(data=st.data(), which=_WHICH, gone=st.booleans())
    def dispose(self, data: st.DataObject, which: int, gone: bool) -> None:
        """Pieces that came back are put somewhere, or taken out of the return."""
        number, before = self._return(which)
        if before != "OPEN":
            return
        body = data.draw(wishes.disposed())
        action = returning.remove_pieces if gone else returning.dispose
        self.do(lambda shop: action(shop, number, body))

    def _return(self, which: int) -> tuple[int, str]:
        rows = self.house.shop.db.all("SELECT id, status FROM returns ORDER BY id")
        row = rows[which % len(rows)]
        return row["id"], row["status"]


def _ship(shop: Shop, order: int) -> None:
    work = shop.db.one(
        "SELECT o.id FROM fulfillment_orders o JOIN fulfillment_order_lines l"
        " ON l.fulfillment_order_id = o.id WHERE o.order_id = ? AND l.remaining > 0"
        " AND o.status IN ('OPEN', 'IN_PROGRESS') ORDER BY o.id",
        order,
    )
    if work is not None:
        wanted: dict[str, Any] = {"fulfillmentOrderId": gid("FulfillmentOrder", work["id"])}
        fulfilling.create(shop, {"lineItemsByFulfillmentOrder": [wanted]})
