"""An ERP on paper: it books the documents by their own figures, and answers when it is told to.

What it holds of an order is added up here from lines, shipping and charges, never from the totals a
document claims for itself; those are proved against the sums.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from towline_shared.events import (
    ChangeLine,
    Charge,
    Event,
    Order,
    OrderChange,
    OrderLine,
    ShippingLine,
)

__all__ = ["Booked", "PaperErp", "Parcel", "Told", "touches"]

_ZERO = Decimal(0)
#: Money that is no part of Shopify's total: see the fields of Charge.
_OUTSIDE = frozenset({"ADJUSTMENT", "ROUNDING"})


@dataclass
class Told:
    """A change the ERP was told; ``state`` is N (new), A (taken) or R (refused)."""

    id: str
    body: OrderChange
    state: str = "N"


@dataclass
class Booked:
    """An order on paper.

    Attributes:
        state: N (new), A (accepted), L (picked: no change any more), H (held), R (refused) or
            X (cancelled by the ERP).
        disturbed: the site could not write one of its documents down.
    """

    id: str
    order: Order
    number: str
    state: str = "N"
    changes: list[Told] = field(default_factory=list)
    disturbed: bool = False

    @property
    def kept(self) -> list[OrderChange]:
        """The changes that count: all it did not refuse."""
        return [told.body for told in self.changes if told.state != "R"]

    @property
    def total(self) -> Decimal:
        return order_sum(self.order) + sum((change_sum(each) for each in self.kept), _ZERO)

    @property
    def tax(self) -> Decimal:
        return order_tax(self.order) + sum((change_tax(each) for each in self.kept), _ZERO)

    @property
    def refunded(self) -> Decimal:
        """What it was told last of all that was paid back, certain or under way."""
        if self.kept:
            return self.kept[-1].refunded
        return _added(
            part.amount
            for part in self.order.payments
            if part.kind == "REFUND" and part.status in ("SUCCESS", "PENDING")
        )

    @property
    def pieces(self) -> Counter[str]:
        """Pieces by line of the shop, those without any left out."""
        found = Counter[str]()
        for line in self.order.lines:
            found[line.line_gid] += line.quantity
        for change in self.kept:
            for part in change.lines:
                found[part.line_gid] += part.quantity
        return Counter({gid: count for gid, count in found.items() if count})

    @property
    def refused_change(self) -> bool:
        return any(told.state == "R" for told in self.changes)


@dataclass
class Parcel:
    """A shipment: pieces by line of the shop; ``status`` X when the ERP took it back.

    ``unfit`` when a person settled by hand that the shop does not take it.
    """

    number: str
    gid: str
    warehouse: str
    lines: Counter[str]
    tracking: tuple[str, ...]
    status: str = ""
    unfit: bool = False

    @property
    def numbers(self) -> frozenset[str]:
        """What the shop knows it by."""
        return frozenset(self.tracking or (self.number,))


@dataclass
class PaperErp:
    """All orders by gid, all shipments, and the ids of the documents that came."""

    orders: dict[str, Booked] = field(default_factory=dict)
    parcels: list[Parcel] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    def shipped(self, gid: str) -> Counter[str]:
        """Return the pieces of an order that left and were not taken back."""
        found = Counter[str]()
        for parcel in self.parcels:
            if parcel.gid == gid and parcel.status != "X":
                found += parcel.lines
        return found

    def open_pieces(self, gid: str) -> Counter[str]:
        """Return what is still to be shipped of an order it may ship."""
        booked = self.orders[gid]
        return booked.pieces - self.shipped(gid) if booked.state in "AL" else Counter()

    def open_orders(self) -> list[str]:
        """Return the orders of which something is to be shipped."""
        return [gid for gid in self.orders if self.open_pieces(gid)]

    def pack(self, gid: str, *, warehouse: str, most: int, parcels: int) -> Parcel:
        """Take up to ``most`` pieces of each open line into a shipment."""
        number = f"S{len(self.parcels) + 1}"
        lines = {line: min(most, count) for line, count in self.open_pieces(gid).items()}
        tracking = tuple(f"JJD-{number}-{each}" for each in range(parcels))
        parcel = Parcel(number, gid, warehouse, Counter(lines), tracking)
        self.parcels.append(parcel)
        return parcel

    def tear(self, event: Event) -> None:
        """Lose a document the site can't write down; what it was about is disturbed."""
        assert event.id not in self.seen, f"{event.id} was told twice"
        if event.key in self.orders:
            self.orders[event.key].disturbed = True

    def take(self, event: Event) -> bool:
        """Book a document; False when it is about an order the site could not write down.

        Raises:
            AssertionError: it came before, or it does not prove itself.
        """
        assert event.id not in self.seen, f"{event.id} was told twice"
        self.seen.add(event.id)
        body = event.body
        if isinstance(body, Order):
            assert body.order_gid not in self.orders, f"{body.name} was handed over twice"
            prove_order(body)
            number = str(100 + len(self.orders))
            self.orders[body.order_gid] = Booked(event.id, body, number)
            return True
        assert isinstance(body, OrderChange)
        if body.order_gid not in self.orders:
            return False
        booked = self.orders[body.order_gid]
        before = booked.total, booked.tax
        booked.changes.append(Told(event.id, body))
        if not booked.refused_change and not booked.disturbed:
            moved = change_sum(body), change_tax(body)
            assert (before[0] + moved[0], before[1] + moved[1]) == (body.total, body.tax_total), (
                f"{body.name}: {before} and {moved} don't lead to what {body.kind} says of itself"
            )
        return True


def touches(change: OrderChange) -> bool:
    """Tell whether a change is about goods that have not left, or about where they go."""
    return (
        change.kind in ("edit", "cancel", "details")
        or any(line.quantity > 0 for line in change.lines)
        or any(each.kind == "CANCEL" for each in change.restocks)
    )


def prove_order(order: Order) -> None:
    """Hold an order's totals against its parts."""
    for line in order.lines:
        assert line.total == line.unit_price * line.quantity - line.discount
        assert line.quantity > 0
    assert order_tax(order) == order.tax_total
    assert order_sum(order) == order.total


def order_sum(order: Order) -> Decimal:
    """Return what an order comes to, added up from its parts."""
    parts: list[OrderLine | ShippingLine] = [*order.lines, *order.shipping]
    total = _added(part.total for part in parts)
    total += _added(part.amount for part in order.charges if part.kind not in _OUTSIDE)
    return total if order.taxes_included else total + order_tax(order)


def order_tax(order: Order) -> Decimal:
    """Return its taxes, added up likewise."""
    parts: list[OrderLine | ShippingLine] = [*order.lines, *order.shipping]
    taxes = _added(tax.amount for part in parts for tax in part.taxes)
    return taxes + _added(part.tax for part in order.charges)


def change_sum(change: OrderChange) -> Decimal:
    """Return what a change moves, added up from its parts."""
    parts: list[ChangeLine | Charge] = [*change.lines, *change.charges]
    total = _added(part.amount for part in parts if _inside(part))
    return total if change.taxes_included else total + change_tax(change)


def change_tax(change: OrderChange) -> Decimal:
    """Return what a change moves of the taxes."""
    parts: list[ChangeLine | Charge] = [*change.lines, *change.charges]
    return _added(part.tax for part in parts if _inside(part))


def _inside(part: ChangeLine | Charge) -> bool:
    return not isinstance(part, Charge) or part.kind not in _OUTSIDE


def _added(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, _ZERO)
