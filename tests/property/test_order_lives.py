"""Orders live random lives, and whatever happens the ERP's book and the shop's agree to the cent.

Buyers buy, the merchant edits, refunds, takes back, holds and cancels; webhooks come late, twice,
out of order or never; the relay dies at any call and any commit; the ERP answers, ships and
corrects itself as it likes. Whenever it is quiet, the figures of every order are worked out from
the shop's own tables and held against the documents the ERP has. ``TOWLINE_LIVES`` is how many
lives are led (``make soak-orders``).
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.support.order_life.back_office import BackOfficeLife
from tests.support.order_life.books import Terms, differences, unfit
from tests.support.order_life.merchant import MerchantLife
from tests.support.order_life.raw_shop import raw_orders
from tests.support.order_life.wire import WireLife
from towline_relay.store.effects import Move
from towline_relay.store.event_rows import move
from towline_relay.store.rows import EventRow
from towline_relay.store.states import FINAL, State
from towline_sandbox.shopify import holding

LIVES = int(os.environ.get("TOWLINE_LIVES", "0"))  # 0: a few, the same ones each time
_TURNS = 80  # more than any life needs to come to rest


class OrderLives(MerchantLife, WireLife, BackOfficeLife):
    """All of it at once, and the quiet in between."""

    def __init__(self) -> None:
        super().__init__()
        self.retried: set[str] = set()

    def release(self, order: int) -> None:
        """Let an order that is on hold go, if it is on hold."""
        self.do(lambda shop: holding.release_order(shop, order))

    @rule(lost=st.booleans(), free=st.booleans())
    def rest(self, lost: bool, free: bool) -> None:
        """Everybody finishes what they began; then the books are compared."""
        self.house.shop.faults.slow_jobs = 0
        for seq in self.house.queued():
            (self.house.lose if lost else self.house.deliver)(seq)
        if free:
            for order in self.bought:
                self.release(order)
        calm = 0
        for _ in range(_TURNS):
            self.house.clock.advance(400)
            self.house.sweep()
            self.turn()
            calm = 0 if self._finish() or self._open() else calm + 1
            if calm == 2:  # the relay's own writes are swept for too
                break
        else:
            raise AssertionError([(r.entity, r.state, r.reason) for r in self.house.open()])
        self._compare()

    def teardown(self) -> None:
        """Every life comes to rest in the end."""
        try:
            if hasattr(self, "house"):
                self.rest(lost=True, free=True)
        finally:
            self.leave()

    def _open(self) -> list[EventRow]:
        """Return what still moves; a shipment of an order on hold waits for the merchant."""
        held = {raw.gid for raw in raw_orders(self.house.shop) if raw.held}
        return [
            row
            for row in self.house.open()
            if not (row.key in held and row.entity == "shipment" and "on hold" in row.reason)
        ]

    def _finish(self) -> bool:
        """Let the ERP answer what it has not, and people look at what is parked; tell if any did.

        What is parked is tried once more. Then it must have a cause, and is settled by hand.
        """
        busy = False
        while self.report():
            busy = True
        for booked in self.erp.orders.values():
            if booked.state in ("N", "H"):
                self.answer(booked, "accepted")
                busy = True
        for booked, told in self.asked():
            self.answer_change(booked, told, "accepted")
            busy = True
        for row in self._parked():
            busy |= self._looked_at(row)
        return busy

    def _parked(self) -> list[EventRow]:
        return [row for row in self.house.rows() if row.state is State.PARKED]

    def _looked_at(self, row: EventRow) -> bool:
        torn = row.reason.startswith("The IBM i refused")
        if row.entity == "order" and not torn:
            return False
        if row.id not in self.retried or torn:
            self.retried.add(row.id)
            self.house.run(self.house.relay.store.retry("t", row.id))
            return True
        self._settle_by_hand(row)
        return True

    def _settle_by_hand(self, row: EventRow) -> None:
        (raw,) = [raw for raw in raw_orders(self.house.shop) if raw.gid == row.key]
        if row.entity == "shipment":
            (parcel,) = [each for each in self.erp.parcels if each.number == row.subkey]
            assert unfit(raw, parcel), f"{row.reason}: {parcel}, {raw.left}"
            parcel.unfit = True
        else:
            assert row.entity == "order_result", row
            assert raw.parcels, row
        done = Move(row.serial, State.SUPERSEDED, "Settled by hand.")
        now = self.house.clock.now()
        self.house.relay.database.call(lambda db: move(db, done, now=now))

    def _compare(self) -> None:
        """Hold both books against each other, and every event against its ends."""
        rows = self.house.rows()
        waiting = {row.serial for row in self.house.open()}
        assert {row.state for row in rows if row.serial not in waiting} <= FINAL
        terms = Terms(self.custom, self.capture, self.erp_cancels)
        for raw in raw_orders(self.house.shop):
            parked = [row for row in rows if row.key == raw.gid and row.state is State.PARKED]
            assert all(row.reason and row.hint for row in parked)
            parcels = [each for each in self.erp.parcels if each.gid == raw.gid]
            if any(row.key == raw.gid for row in self.house.open()):
                continue
            booked = self.erp.orders.get(raw.gid)
            wrong = list(differences(raw, booked, parcels, [row.reason for row in parked], terms))
            assert not wrong, wrong


TestOrderLives = OrderLives.TestCase
TestOrderLives.settings = settings(
    max_examples=LIVES or 12,
    derandomize=not LIVES,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
