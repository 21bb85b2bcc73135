"""Both books of one order held against each other: pure, one sentence for each difference."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tests.support.order_life.paper_erp import Booked, Parcel
from tests.support.order_life.raw_shop import RawOrder
from towline_shared.money import plain

__all__ = ["Terms", "differences", "unfit"]

_DISPOSED = {"NO_RESTOCK": "NOT_RESTOCKED", "PROCESSING": "PROCESSING_REQUIRED"}


@dataclass(frozen=True)
class Terms:
    """The rules of the tenant that a comparison must know; see OrderRules."""

    custom: str = ""
    capture: str = "never"
    erp_cancels: bool = False


def differences(
    raw: RawOrder,
    booked: Booked | None,
    parcels: Iterable[Parcel],
    parked: Sequence[str],
    terms: Terms,
) -> Iterator[str]:
    """Say what is wrong with an order now that nothing is under way.

    Args:
        booked: what the ERP has of it; None when nothing.
        parcels: its shipments.
        parked: the sentences of its events that are parked.
    """
    if booked is None:
        yield from _left_out(raw, parked, terms)
        return
    if raw.test:
        yield f"{raw.name} is a test order and the ERP has it."
    if raw.captured > raw.authorized:
        yield f"{raw.captured} were taken of {raw.authorized} for {raw.name}."
    for parcel in parcels:
        yield from _parcel(raw, parcel)
    if booked.state == "X":
        if terms.erp_cancels and not (raw.cancelled or raw.parcels or parked):
            yield f"The ERP cancelled {raw.name} and the shop did not."
    elif booked.state == "R" or booked.refused_change or booked.disturbed:
        if not (parked or booked.disturbed):
            yield f"{raw.name} was refused in the ERP and nobody sees it."
    else:
        yield from _standing(raw, booked, parked, terms)


def unfit(raw: RawOrder, parcel: Parcel) -> bool:
    """Tell whether the shop has not what a shipment takes: only then may it be parked."""
    return bool(parcel.lines - raw.left)


def _left_out(raw: RawOrder, parked: Sequence[str], terms: Terms) -> Iterator[str]:
    """An order the ERP does not have was left out or stopped for a reason of its own."""
    if not (raw.test or raw.cancelled or parked):
        yield f"{raw.name} was lost."
    for sentence in parked:
        if "no SKU" in sentence and raw.blank and not terms.custom:
            continue
        if "no line left" in sentence and not raw.ordered:
            continue
        if "The IBM i refused the order" in sentence:
            continue
        yield f"{raw.name} is stopped without a cause: {sentence}"


def _parcel(raw: RawOrder, parcel: Parcel) -> Iterator[str]:
    """A shipment stands in the shop with its numbers and pieces; one taken back does not."""
    there = raw.parcels.get(parcel.numbers, Counter())
    wanted = Counter[str]() if parcel.status == "X" else parcel.lines
    if there != wanted and not parcel.unfit:
        yield f"{raw.name}: shipment {parcel.number} is {wanted} and the shop has {there}."


def _standing(raw: RawOrder, booked: Booked, parked: Sequence[str], terms: Terms) -> Iterator[str]:
    """What the ERP holds is what the shop holds, or the ERP picks it and people see both."""
    ours = (booked.total, booked.tax, booked.refunded)
    theirs = (raw.total, raw.tax, raw.refunded)
    if booked.state == "L" and (ours, booked.pieces) != (theirs, raw.ordered):
        if not _figures(ours[0]) & _numbers(parked):
            yield f"{raw.name} is picked over {ours}, the shop says {theirs}; seen is {parked}."
        return
    if ours != theirs:
        yield f"{raw.name}: the ERP has {ours}, the shop {theirs}; seen is {parked}."
    if booked.pieces != raw.ordered:
        yield f"{raw.name}: the ERP has {booked.pieces}, the shop {raw.ordered}."
    if parked:
        yield f"{raw.name} is parked without a cause: {parked}"
    yield from _history(raw, booked)
    yield from _money(raw, booked, terms)


def _history(raw: RawOrder, booked: Booked) -> Iterator[str]:
    """Holds and returns were told as they stand."""
    holds = [change.status for change in booked.kept if change.kind == "hold"]
    if (holds[-1:] == ["ON_HOLD"]) != raw.held_by_merchant:
        yield f"{raw.name}: held in the shop is {raw.held_by_merchant}, told was {holds}."
    for each in raw.returns:
        told = [change for change in booked.kept if change.change_gid == each.gid]
        if not told or told[-1].status != each.status:
            last = told[-1].status if told else "nothing"
            yield f"{raw.name}: {each.gid} is {each.status}, told was {last}."
        disposed = Counter[tuple[str, str]]()
        for part in (part for change in told for part in change.restocks):
            if part.kind != "EXPECTED":
                disposed[part.line_gid, _DISPOSED.get(part.kind, part.kind)] += part.quantity
        if disposed != each.disposed:
            yield f"{raw.name}: of {each.gid} came {each.disposed}, told was {disposed}."


def _money(raw: RawOrder, booked: Booked, terms: Terms) -> Iterator[str]:
    """What is due of an authorised payment was taken."""
    due = terms.capture == "on_accept" or (terms.capture == "on_shipment" and not raw.left)
    taken = booked.state in "AL" and due and not (raw.cancelled or raw.held)
    if taken and raw.captured < min(raw.authorized, raw.total):
        yield f"{raw.name}: {raw.captured} of {raw.authorized} were taken, {raw.total} is due."


def _numbers(sentences: Sequence[str]) -> set[str]:
    return set(re.findall(r"\d+(?:\.\d+)?", "|".join(sentences)))


def _figures(amount: Decimal) -> set[str]:
    return {plain(amount), plain(amount.normalize())}
