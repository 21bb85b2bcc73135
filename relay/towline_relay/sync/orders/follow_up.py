"""What follows an order that was handed over: changes as documents, conflicts as parked readings.

Until the ERP says that it picks the order, everything that happens in the shop goes down as a
document of its own, once, in order. From then on a change of what is to be delivered is a conflict
that people see with both sides' figures (https://github.com/microsoft/BCApps/issues/7620); money
back and goods that come back still go down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from towline_relay.store.base import Store
from towline_relay.store.effects import Downlink, Effects
from towline_relay.store.rows import Conflict, EventRow, OrderSent, OrderTold
from towline_relay.store.states import State
from towline_relay.sync.orders.changes import (
    Change,
    History,
    Told,
    changes,
    has_returns,
    news,
    touches_delivery,
)
from towline_relay.sync.orders.document import CONTENT, content_of
from towline_relay.sync.orders.holds_decide import After, hold_change, may_be_news
from towline_relay.sync.orders.money import Amounts
from towline_relay.sync.orders.parties import parties
from towline_relay.sync.orders.readings import all_of, moved_stock, park, take_over
from towline_relay.sync.rules.tenant import Rules
from towline_relay.sync.shop_port import ShopPort
from towline_shared.clock import utc_text
from towline_shared.events import Event, OrderChange, event_id
from towline_shared.money import plain

__all__ = ["FollowUp", "told_of"]

_BY_HAND = "Change it in the ERP by hand, then forget this."
_PARKED = "The ERP keeps its figure: the change waits, parked, for a person."
_CONFLICT = "Agree with the warehouse what is still possible, settle it in the ERP or in the shop."


class FollowUp:
    """Decides about readings of an order the ERP has."""

    def __init__(
        self, *, tenant: str, store: Store, shop: ShopPort, rules: Rules, stream: str
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules
        self._stream = stream

    async def effects(
        self, readings: Sequence[EventRow], sent: OrderSent, given: Mapping[str, Any]
    ) -> Effects:
        """Tell the ERP what it was not told.

        Raises:
            BadRecord: the changes don't add up; the reading is parked with the figures.
        """
        rows = await self._store.order_told(self._tenant, sent.order_gid)
        content = content_of(given)
        if not rows:
            return await self._older(readings, sent, given, content)
        told = _told(rows)
        found: list[Change] = []
        if news(given, told):
            found = changes(given, await self._history(given), told, self._rules.orders)
        else:
            changes(given, History(), told, self._rules.orders)  # the totals must still be told
        if content != sent.content and sent.content.startswith(CONTENT):
            found.append(_details(given, content, found, told))
        if may_be_news(given, rows):
            found += await self.held(readings[0], given, rows, _after(found, told))
        if not found:
            what = f"The IBM i has {sent.name} with the same content (event {sent.serial})."
            return all_of(readings, State.SKIPPED, what)
        if sent.outcome in ("refused", "cancelled"):
            what = f"{sent.name} was changed in the shop; the ERP has no such order any more."
            return all_of(readings, State.SKIPPED, what)
        if sent.outcome == "locked" and any(touches_delivery(each.body) for each in found):
            return await self._conflict(readings, sent, told, found)
        return await self._send(readings, sent, found, content)

    async def returned(
        self,
        given: Mapping[str, Any],
        rows: Sequence[OrderTold],
        ledger: Sequence[Mapping[str, Any]],
    ) -> list[Change]:
        """Read the returns and return the documents about what the ERP does not know of them.

        Args:
            rows: what it was told, with all of the ledger.
        """
        history = History(ledger=ledger, returns=await self._shop.order_returns(given["id"]))
        return changes(given, history, _told(rows), self._rules.orders)

    async def held(
        self, row: EventRow, given: Mapping[str, Any], rows: Sequence[OrderTold], after: After
    ) -> list[Change]:
        """Read what is on hold and return the document about it, if the ERP does not know it."""
        state = await self._shop.fulfillment_orders(given["id"])
        at = utc_text(row.seen_at)
        found = hold_change(given, state, rows, self._rules.orders, after=after, at=at)
        return [found] if found else []

    def event(self, row: EventRow, change: Change) -> Event:
        """Make the event that tells a change; its id comes from what it tells."""
        return Event(
            id=event_id("order_change", self._tenant, change.keys[0]),
            key=change.body.order_gid,
            origin=row.origin,
            seen_at=row.seen_at,
            body=change.body,
            origin_time=change.body.happened_at,
        )

    async def _history(self, given: Mapping[str, Any]) -> History:
        gid = given["id"]
        return History(
            ledger=await self._shop.order_ledger(gid),
            refunds=await self._shop.order_refunds(gid) if given["refunds"] else (),
            returns=await self._shop.order_returns(gid) if has_returns(given) else (),
        )

    async def _send(
        self,
        readings: Sequence[EventRow],
        sent: OrderSent,
        found: Sequence[Change],
        content: str,
    ) -> Effects:
        row = readings[0]
        events = [self.event(row, change) for change in found]
        kinds = ", ".join(dict.fromkeys(change.body.kind for change in found))
        reason = f"{sent.name} was changed in the shop ({kinds}); told to the agent {sent.agent}."
        moves = await take_over(self._store, self._tenant, readings, reason)
        skus = [line.sku for change in found for line in change.body.lines]
        return Effects(
            moves=moves,
            told=tuple(
                told_of(row, event, change, key)
                for event, change in zip(events, found, strict=True)
                for key in change.keys
            ),
            contents=((sent.order_gid, content),),
            # an added item moves the shop's figure when it ships, so its stock is said again then
            added=((sent.order_gid, tuple(dict.fromkeys(skus))),),
            downlink=tuple(Downlink(sent.agent, self._stream, event) for event in events),
            forget=await moved_stock(self._store, self._tenant, skus),
        )

    async def _conflict(
        self, readings: Sequence[EventRow], sent: OrderSent, told: Told, found: Sequence[Change]
    ) -> Effects:
        """Park with both sides' figures and keep them in the conflict log."""
        after = found[-1].body
        ours, theirs = plain(told.total), plain(after.total)
        reason = (
            f"{sent.name} was changed in the shop to {theirs} {after.currency}, and the ERP picks"
            f" it as order {sent.erp_order} over {ours} {after.currency} already."
        )
        effects = await park(self._store, self._tenant, readings, reason, _CONFLICT)
        if not any(move.state is State.PARKED for move in effects.moves):
            return effects
        kept = Conflict(
            entity="order", key=sent.order_gid, field="total", ours=ours, theirs=theirs,
            source=readings[0].origin, done=_PARKED,
        )  # fmt: skip
        return replace(effects, conflicts=(kept,))

    async def _older(
        self,
        readings: Sequence[EventRow],
        sent: OrderSent,
        given: Mapping[str, Any],
        content: str,
    ) -> Effects:
        """Decide about an order an older release handed over, which kept no totals."""
        where = f"as order {sent.erp_order}" if sent.erp_order else "already"
        if given["cancelledAt"]:
            what = f"{sent.name} was cancelled in the shop, and the IBM i has it {where}."
            return await park(self._store, self._tenant, readings, what, _BY_HAND)
        changed = given.get("edited") or given.get("refunds") or (
            sent.content.startswith(CONTENT) and content != sent.content
        )  # fmt: skip
        if changed:
            what = f"{sent.name} was changed in the shop, and the IBM i has it {where}."
            return await park(self._store, self._tenant, readings, what, _BY_HAND)
        what = f"The IBM i has {sent.name} with the same content (event {sent.serial})."
        return all_of(readings, State.SKIPPED, what)


def _details(
    given: Mapping[str, Any], content: str, before: Sequence[Change], told: Told
) -> Change:
    """Return the document that tells who the order is for and where it goes now."""
    after = _after(before, told)
    now, money = parties(given), Amounts(given["name"], given["currencyCode"])
    names = (
        "email", "phone", "purchase_order", "note", "ship_to", "bill_to", "attributes",
    )  # fmt: skip
    key = f"{given['id']}#details#{content}"
    body = OrderChange(
        order_gid=given["id"],
        name=given["name"],
        change_gid=f"{given['id']}#details",
        kind="details",
        happened_at=given["updatedAt"],
        currency=money.currency,
        taxes_included=given["taxesIncluded"],
        lines=(),
        total=after.total,
        tax_total=after.tax,
        refunded=after.refunded,
        **{name: now[name] for name in names},
    )
    return Change((key,), body)


def _told(rows: Sequence[OrderTold]) -> Told:
    """Return what the ERP was told, of the rows that say so, oldest first."""
    last = rows[-1]
    return Told(tuple(row.what for row in rows), last.total, last.tax, last.refunded)


def _after(found: Sequence[Change], told: Told) -> After:
    """Return what stands after these documents."""
    if not found:
        return After(told.total, told.tax, told.refunded)
    last = found[-1].body
    return After(last.total, last.tax_total, last.refunded)


def told_of(row: EventRow, event: Event, change: Change, key: str) -> OrderTold:
    """Return the note that a change was told."""
    return OrderTold(
        order_gid=change.body.order_gid,
        what=key,
        event_id=event.id,
        serial=row.serial,
        kind=change.body.kind,
        total=change.body.total,
        tax=change.body.tax_total,
        refunded=change.body.refunded,
    )
