"""The nightly comparison of orders, both ways: shop, relay, ERP. Pure, but for the reading.

Webhooks may be lost and a sweep may be down; an order that nobody misses until the buyer calls is
the dearest fault of a connector. So the orders the shop has are held against those handed over and
against the ERP's answers, by number and by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from towline_relay.shopify.models import OrderRef
from towline_relay.store.base import Store
from towline_relay.store.order_book import BookedOrder, OrderBook
from towline_relay.sync.intake.deliveries import order_event
from towline_relay.sync.orders.cutoff import cutoff
from towline_relay.sync.shop_port import ShopPort
from towline_shared.clock import Clock, parse_utc, utc_text
from towline_shared.errors import Refused
from towline_shared.health import Check, Status

__all__ = ["Comparison", "Reconciliation", "compare", "sentence"]

_log = structlog.get_logger()

_MOST_NAMED = 50
_ANSWER_WITHIN = timedelta(hours=24)
_EVERY = timedelta(hours=24)
_OVERLAP = timedelta(minutes=10)  # as the sweep's


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found; lists hold names (``#1001``), at most 50 each.

    Attributes:
        since: beginning of the window, by the time an order was placed.
        shop: orders the shop has in the window.
        accepted: of these, those the ERP took.
        left_out: those the rules leave out, or that were cancelled before they were sent.
        under_way: those that are on their way and not late.
        missing: the relay had never heard of them; they were taken in now.
        parked: stopped at the relay with a reason.
        refused: the ERP refused them.
        unanswered: with the ERP for more than a day, without an answer.
        gone: handed over in the window, and the shop has them no more.
    """

    since: str
    at: str
    days: int
    shop: int
    accepted: int = 0
    left_out: int = 0
    under_way: int = 0
    missing: tuple[str, ...] = ()
    parked: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Nothing needs anybody."""
        return not (self.missing or self.parked or self.unanswered or self.gone)


@dataclass
class _Sums:
    accepted: int = 0
    left_out: int = 0
    under_way: int = 0
    names: dict[str, list[str]] = field(default_factory=dict)

    def name(self, kind: str, order: str) -> None:
        self.names.setdefault(kind, []).append(order)


def compare(
    shop: Sequence[OrderRef],
    booked: Mapping[str, BookedOrder],
    *,
    since: datetime,
    now: datetime,
    days: int,
    gone: Sequence[str] = (),
) -> Comparison:
    """Hold the shop's orders of a window against what became of them."""
    wanted = [ref for ref in shop if ref.created_at >= since]
    sums = _Sums()
    for ref in wanted:
        _place(sums, ref, booked.get(ref.gid), now)
    named = {kind: tuple(sorted(names)[:_MOST_NAMED]) for kind, names in sums.names.items()}
    return Comparison(
        since=utc_text(since),
        at=utc_text(now),
        days=days,
        shop=len(wanted),
        accepted=sums.accepted,
        left_out=sums.left_out,
        under_way=sums.under_way,
        gone=tuple(gone[:_MOST_NAMED]),
        **named,
    )


def _place(sums: _Sums, ref: OrderRef, order: BookedOrder | None, now: datetime) -> None:
    """Put one order of the shop into its class."""
    late = order is not None and now - order.since > _ANSWER_WITHIN
    if order is None:
        sums.name("missing", ref.name)
    elif order.outcome in ("accepted", "cancelled"):
        sums.accepted += 1
    elif order.outcome == "refused":
        sums.name("refused", ref.name)
    elif order.sent and not order.outcome:
        if late:
            sums.name("unanswered", ref.name)
        else:
            sums.under_way += 1
    elif order.state == "parked":
        sums.name("parked", ref.name)
    elif order.state in ("skipped", "superseded"):
        sums.left_out += 1
    elif late:
        sums.name("parked", ref.name)
    else:
        sums.under_way += 1


def sentence(found: Comparison) -> str:
    """Say what was found, with the first names of each kind."""
    head = (
        f"{found.shop} orders of {found.days} days: {found.accepted} in the ERP, "
        f"{found.under_way} under way, {found.left_out} left out"
    )
    words = {
        "missing": "nobody had heard of",
        "parked": "stopped at the relay",
        "refused": "refused by the ERP",
        "unanswered": "a day without an answer",
        "gone": "no longer in the shop",
    }
    parts = [
        f"{len(names)} {said} ({', '.join(names[:5])})"
        for kind, said in words.items()
        if (names := getattr(found, kind))
    ]
    return "; ".join([head, *parts]) + "."


class Reconciliation:
    """Compares one tenant's orders, remembers the last result, and heals what it can."""

    def __init__(
        self,
        *,
        tenant: str,
        store: Store,
        book: OrderBook,
        shop: ShopPort,
        clock: Clock,
        since: datetime | None = None,
        days: int = 7,
    ) -> None:
        """Build it.

        Args:
            since: the rules' date before which no order is taken in.
            days: how far back a comparison looks.
        """
        self._tenant = tenant
        self._timer = f"{tenant}/reconcile"
        self._store = store
        self._book = book
        self._shop = shop
        self._clock = clock
        self._since = since
        self._days = days
        self._last: dict[str, Any] | None = None

    async def nightly(self) -> bool:
        """Compare when the last comparison is a day old; true when orders were found."""
        written = await self._store.timer(self._timer)
        self._last = json.loads(written) if written else None
        if self._last and self._clock.now() - parse_utc(self._last["at"]) < _EVERY:
            return False
        return bool((await self.run()).missing)

    async def run(self) -> Comparison:
        """Compare now; orders nobody had heard of are taken in. Idempotent.

        Raises:
            Retryable: the shop can't be read now; the last result stays.
        """
        now = self._clock.now()
        start = now - timedelta(days=self._days)
        limit = await cutoff(self._tenant, self._store, self._since)
        since = max(start, limit) if limit else start
        shop = [ref async for ref in self._shop.orders_updated_since(since - _OVERLAP)]
        booked = await self._book.orders(self._tenant, [ref.gid for ref in shop], sent_since=since)
        gone = await self._gone({ref.gid for ref in shop}, booked)
        found = compare(shop, booked, since=since, now=now, days=self._days, gone=gone)
        missing = [ref.gid for ref in shop if ref.created_at >= since and ref.gid not in booked]
        await self._look_at([*missing, *await self._returning()], now)
        self._last = {**asdict(found), "equal": found.equal, "sentence": sentence(found)}
        await self._store.set_timer(self._timer, json.dumps(self._last))
        _log.info("orders compared", action="reconcile", tenant=self._tenant, equal=found.equal)
        return found

    async def _gone(self, listed: set[str], booked: Mapping[str, BookedOrder]) -> list[str]:
        """Find orders handed over that the shop has no more; each is looked up before it is said.

        One that was placed before the window and sent in it is not listed, and yet there.
        """
        gone = []
        candidates = [order for gid, order in booked.items() if order.sent and gid not in listed]
        for order in candidates[:_MOST_NAMED]:
            try:
                await self._shop.order(order.gid)
            except Refused as error:
                if error.code == "NOT_FOUND":
                    gone.append(order.name)
        return gone

    async def _returning(self) -> list[str]:
        """Name the orders with a return under way, in the shop or as the ERP was told last.

        A return does not touch the order's time of update, so no sweep would find what a lost
        webhook of it has told.
        """
        there = [ref.gid async for ref in self._shop.orders_with_returns()]
        return [*there, *await self._book.returning(self._tenant)]

    async def _look_at(self, gids: Sequence[str], now: datetime) -> None:
        rung = [
            order_event(
                tenant=self._tenant,
                gid=gid,
                updated_at=now,
                origin="shopify:reconcile",
                seen_at=now,
            )
            for gid in dict.fromkeys(gids)
        ]
        if rung:
            await self._store.append(rung)

    def check(self) -> Check:
        """Tell what the last comparison found."""
        name, now = f"orders compared {self._tenant}", self._clock.now()
        if self._last is None:
            return Check(name, Status.OK, now, "No comparison was made yet; it is made daily.")
        at = parse_utc(self._last["at"])
        if self._last["equal"]:
            return Check(name, Status.OK, at, self._last["sentence"])
        hint = "Orders nobody had heard of were taken in; look at the others on the events page."
        return Check(name, Status.WARNING, at, self._last["sentence"], hint)
