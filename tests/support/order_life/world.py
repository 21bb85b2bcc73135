"""What all lives share: a house, an ERP on paper, and how the two are connected."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from tests.support.order_life.house import OrderHouse
from tests.support.order_life.paper_erp import Booked, PaperErp, Told, touches
from towline_sandbox.shopify.holding import NotHeld
from towline_sandbox.shopify.order_work import NotPossible
from towline_sandbox.shopify.shop import Shop
from towline_shared.events import ChangeResult, Delivered, Event, OrderChange, OrderResult

__all__ = ["World"]

_RULES = """
version = 1
[orders]
custom_item = "{custom}"
test_orders = "skip"
risk_wait_s = 60
capture = "{capture}"
erp_cancels = {erp_cancels}
erp_holds = {erp_holds}
[shipments]
move = {move}
[shipments.status]
X = "cancelled"
T = "IN_TRANSIT"
D = "DELIVERED"
"""
#: What an ERP may answer next: what it picks it does not refuse, and what is over is over.
_NEXT = {
    "N": ("accepted", "refused", "held", "locked", "cancelled"),
    "A": ("refused", "held", "locked", "cancelled"),
    "H": ("accepted", "refused", "locked", "cancelled"),
    "L": ("accepted",),
    "R": ("accepted",),
    "X": (),
}
_STATES = {"accepted": "A", "refused": "R", "held": "H", "locked": "L", "cancelled": "X"}


class World(RuleBasedStateMachine):
    """A shop, a relay and an ERP; what happens in it is added by its subclasses.

    Attributes:
        bought: numbers of the orders, oldest first.
        torn: how many of the next documents the site can't write down.
        reports: what the site has to say of documents, and has not said yet.
    """

    house: OrderHouse

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.erp = PaperErp()
        self.bought: list[int] = []
        self.torn = 0
        self.reports: list[tuple[str, Delivered | ChangeResult]] = []

    @initialize(
        currency=st.sampled_from(["EUR", "EUR", "USD", "JPY", "KWD"]),
        custom=st.sampled_from(["", "CUSTOM"]),
        capture=st.sampled_from(["never", "on_accept", "on_shipment"]),
        flags=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    )
    def open_house(
        self, currency: str, custom: str, capture: str, flags: tuple[bool, bool, bool, bool]
    ) -> None:
        """A tenant with rules of its own."""
        self.currency, self.custom, self.capture = currency, custom, capture
        names = ("erp_cancels", "erp_holds", "move")
        written = {name: str(flag).lower() for name, flag in zip(names, flags, strict=False)}
        self.erp_cancels = flags[0]
        text = _RULES.format(custom=custom, capture=capture, **written)
        self.house = OrderHouse(Path(self._folder.name), text, currency, credit_counts=flags[3])

    def leave(self) -> None:
        """Close everything."""
        if hasattr(self, "house"):
            self.house.close()
        self._folder.cleanup()

    # -- the shop

    def order(self, which: int) -> int:
        """Pick one of the orders."""
        return self.bought[which % len(self.bought)]

    def do(self, action: Callable[[Shop], Any]) -> None:
        """Let the merchant do something; what the admin would not offer is not done."""
        try:
            with self.house.merchant() as shop:
                action(shop)
        except (NotPossible, NotHeld):
            pass

    # -- the relay

    def turn(self) -> None:
        """Let the lane work; what it tells the ERP is on its way then, died or not."""
        locked = {gid for gid, booked in self.erp.orders.items()
                  if booked.state == "L" and self._known(gid) == "locked"}  # fmt: skip
        self.house.turn()
        for event in self.house.downlink():
            body = event.body
            assert not (event.key in locked and isinstance(body, OrderChange) and touches(body)), (
                f"the ERP picks {event.key} and was told a change of what is to be delivered"
            )
            self._arrives(event)

    def _known(self, gid: str) -> str:
        sent = self.house.run(self.house.relay.store.order("t", gid))
        return sent.outcome if sent else ""

    def _arrives(self, event: Event) -> None:
        """Write a document down at the site, or say that it can't be."""
        if self.torn:
            self.torn -= 1
            self.erp.tear(event)
            why = "the column is too short"
            self.reports.append((event.key, Delivered(event.id, "refused", why)))
            return
        self.reports.append((event.key, Delivered(event.id, "written")))
        if not self.erp.take(event):
            refused = ChangeResult(event.key, event.id, "refused", "The order is not here")
            self.reports.append((event.key, refused))

    def report(self) -> bool:
        """Let the site say what it has to say next; False when there is nothing."""
        if not self.reports:
            return False
        self.house.feed(*self.reports.pop(0))
        return True

    # -- the ERP

    def answer(self, booked: Booked, outcome: str) -> None:
        """Answer about an order, if an ERP may answer that now."""
        gid = booked.order.order_gid
        gone = outcome == "cancelled" and self.erp.shipped(gid)
        if outcome not in _NEXT[booked.state] or gone:
            return
        booked.state = _STATES[outcome]
        number = "" if outcome == "refused" else booked.number
        self.house.feed(gid, OrderResult(gid, outcome, number, "No such item"))

    def asked(self) -> list[tuple[Booked, Told]]:
        """Return the changes that were not answered."""
        return [
            (booked, told)
            for booked in self.erp.orders.values()
            for told in booked.changes
            if told.state == "N"
        ]

    def answer_change(self, booked: Booked, told: Told, outcome: str) -> None:
        """Answer about a change; one of an order it does not have any more is refused."""
        if booked.state in "RX":
            outcome = "refused"
        told.state = "A" if outcome == "accepted" else "R"
        gid = booked.order.order_gid
        self.house.feed(gid, ChangeResult(gid, told.id, outcome, "Too late"))
