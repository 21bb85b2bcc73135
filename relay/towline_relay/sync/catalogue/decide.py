"""What to do with one event, given what the shop holds and what was written last. Pure.

A decision is either a call to make (:class:`Create`, :class:`SetFields`, :class:`SetPrice`,
:class:`SetStock`) or :class:`Settle`: nothing to call, a new state with its sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from towline_relay.store.effects import AGAIN, Move, Release
from towline_relay.store.rows import EventRow, ItemRow, Known, LinkRow
from towline_relay.store.states import State
from towline_relay.sync.catalogue.item_parts import (
    NOTHING,
    item_known,
    parts_of,
    value_hash,
    why_moved,
)
from towline_relay.sync.rules.mapping import ItemTarget, LeftOut, PriceTarget, StockTarget
from towline_shared.money import plain
from towline_shared.sku import fold_sku

__all__ = [
    "Create",
    "Decision",
    "SetFields",
    "SetPrice",
    "SetStatus",
    "SetStock",
    "Settle",
    "decide_item",
    "decide_price",
    "decide_stock",
    "item_known",
    "item_of",
    "newest",
    "park",
    "price_hash",
    "price_known",
    "same_value",
    "skip",
    "stock_target",
    "value_hash",
    "variant_of",
]


@dataclass(frozen=True, slots=True)
class Settle:
    """A new state without a call, and what else becomes known by it."""

    move: Move
    item: ItemRow | None = None
    claim: tuple[str, str] | None = None
    release: tuple[Release, ...] = ()


@dataclass(frozen=True, slots=True)
class Create:
    """Make a draft product with this price, which the event ``priced_by`` told.

    Attributes:
        anew: the item had a product, which is gone from the shop; so all that was said of it is
            said again.
    """

    event: EventRow
    target: ItemTarget
    price: PriceTarget
    priced_by: EventRow
    anew: bool = False


@dataclass(frozen=True, slots=True)
class SetFields:
    """Write the owned fields of an item that the shop has.

    Attributes:
        known: the fields, as they are remembered once they are written.
        parts: what else of it has changed, by kind; the fields themselves are among them when they
            have.
        again: its event stays open, because its status is to be set after it.
    """

    event: EventRow
    target: ItemTarget
    link: LinkRow
    known: Known
    parts: tuple[Known, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Write what buyers can see of the product of an item.

    Attributes:
        known: what this item asks for; its product gets the most visible of its items' wishes.
        item: what is then known about the item.
    """

    event: EventRow
    link: LinkRow
    status: str
    known: Known
    item: ItemRow


@dataclass(frozen=True, slots=True)
class SetPrice:
    """Write a price."""

    event: EventRow
    target: PriceTarget
    link: LinkRow
    known: Known


@dataclass(frozen=True, slots=True)
class SetStock:
    """Write a quantity."""

    event: EventRow
    location_gid: str
    name: str
    quantity: int
    link: LinkRow
    known: Known


Decision = Settle | Create | SetFields | SetStatus | SetPrice | SetStock


def newest(rows: Sequence[EventRow], *, base_list: str = "") -> list[EventRow]:
    """Coalesce: keep the newest row of each absolute value, in order of serial."""
    last = {
        (row.entity, row.key, min(same_value(row, base_list))): row
        for row in sorted(rows, key=lambda row: row.serial)
    }
    return sorted(last.values(), key=lambda row: row.serial)


def same_value(row: EventRow, base_list: str) -> tuple[str, ...]:
    """Return the subkeys that mean the same value as this row's.

    A price without a list (from a data queue) and one of the base list are one price.
    """
    if row.entity == "price" and row.subkey in ("", base_list):
        return tuple({"", base_list})
    return (row.subkey,)


def park(row: EventRow, reason: str, hint: str = "", *, waits_for: str = "") -> Settle:
    """Stop an event with a reason."""
    return Settle(Move(row.serial, State.PARKED, reason, hint, waits_for=waits_for))


def skip(row: EventRow, reason: str, *, waits_for: str = "") -> Settle:
    """Decide not to apply an event."""
    return Settle(Move(row.serial, State.SKIPPED, reason, waits_for=waits_for))


def decide_item(
    row: EventRow,
    mapped: ItemTarget | LeftOut,
    *,
    links: Sequence[LinkRow],
    price: tuple[PriceTarget, EventRow] | None,
    known: Known | None,
    parts: Mapping[str, Known] = NOTHING,
) -> Decision:
    """Decide about an item.

    Args:
        mapped: what the rules make of it.
        links: variants of the shop with this SKU, compared without case and outer blanks.
        price: what it shall cost when it is made, and the event that told; None when the ERP told
            no usable price yet.
        known: what was last written of its owned fields.
        parts: what was last written of the rest, by kind: ``metafields``, ``options``, ``group``.
    """
    if isinstance(mapped, LeftOut):
        return replace(skip(row, mapped.reason), item=ItemRow(row.key, "left out", mapped.reason))
    wrong = _duplicate(row, links)
    if wrong is not None:
        return replace(wrong, item=ItemRow(row.key, "parked", wrong.move.reason))
    if not links:
        if price is not None:
            return Create(row, mapped, *price)
        reason = f"The item {row.key} has no price yet, so no product was made of it."
        return replace(
            park(row, reason, "Give it a price on the IBM i.", waits_for=_price_of(row.key)),
            item=ItemRow(row.key, "parked", reason),
        )
    link = links[0]
    moved = why_moved(link, mapped, parts)
    if moved is not None:
        hint = "Delete the variant in the shop, then retry: it is made anew where it belongs."
        return replace(park(row, moved, hint), item=ItemRow(row.key, "linked"))
    wanted = item_known(link, mapped)
    changed = tuple(parts_of(link, mapped, known, parts))
    if changed:
        return SetFields(row, mapped, link, wanted, changed)
    linked = ItemRow(row.key, "linked")
    if link.erp_key == row.key:
        settled = skip(row, "The shop holds the values of this item already.")
    else:
        settled = Settle(Move(row.serial, State.APPLIED, "Linked to the product of this SKU."))
    return replace(
        settled,
        item=linked,
        claim=(link.variant_gid, row.key),
        release=(Release(item_of(row.key)),),
    )


def decide_price(
    row: EventRow,
    mapped: PriceTarget | LeftOut,
    *,
    links: Sequence[LinkRow],
    item: ItemRow | None,
    known: Known | None,
) -> Decision:
    """Decide about a price; see :func:`decide_item` for the arguments."""
    if isinstance(mapped, LeftOut):
        return skip(row, mapped.reason)
    found = variant_of(row, links, item)
    if isinstance(found, Settle):
        return replace(found, release=(Release(_price_of(row.key)),))
    wanted = price_known(found, mapped)
    told = known is not None and known.hash == wanted.hash
    if told and not row.origin.startswith(AGAIN):
        return skip(row, f"The shop holds the price {mapped.shown} already.")
    return SetPrice(row, mapped, found, wanted)


def decide_stock(
    row: EventRow,
    mapped: StockTarget | LeftOut,
    *,
    links: Sequence[LinkRow],
    item: ItemRow | None,
    known: Mapping[str, Known],
    places: Mapping[str, str],
) -> Decision:
    """Decide about a stock.

    Args:
        known: what was last written, by :func:`stock_target`.
        places: name and gid of each active location of the shop -> its gid.
    """
    if isinstance(mapped, LeftOut):
        return skip(row, mapped.reason)
    found = variant_of(row, links, item)
    if isinstance(found, Settle):
        return found
    location = places.get(mapped.location)
    if location is None:
        return park(
            row,
            f"The shop has no active location {mapped.location!r} for warehouse {row.subkey}.",
            "Correct [entities.stock.locations] in the rules, or activate the location, and retry.",
        )
    if found.bundle:
        return skip(row, f"{row.key} is a bundle in the shop: its stock follows its components.")
    if found.tracked is False:
        return park(
            row,
            f"The shop does not track the stock of {row.key}, so a quantity has no effect.",
            "Switch on 'Track quantity' for it in the shop, then retry.",
        )
    target = stock_target(found.inventory_item_gid, location, mapped.name)
    quantity = str(mapped.quantity)
    wanted = Known("stock", target, value_hash("stock", quantity), quantity)
    told = target in known and known[target].hash == wanted.hash
    if told and not row.origin.startswith(AGAIN):
        return skip(row, f"The shop was told the quantity {quantity} already.")
    return SetStock(row, location, mapped.name, mapped.quantity, found, wanted)


def stock_target(inventory_item_gid: str, location_gid: str, name: str) -> str:
    """Return the key under which a quantity is known."""
    return f"{inventory_item_gid}|{location_gid}|{name}"


def price_known(link: LinkRow, target: PriceTarget) -> Known:
    """Return a price as it is remembered once it is written."""
    compare_at = target.compare_at if target.writes_compare_at else None
    return Known("price", link.variant_gid, price_hash(target.price, compare_at), target.shown)


def price_hash(price: Decimal, compare_at: Decimal | None = None) -> str:
    """Hash a price so that 9.9 and 9.90 are one."""
    shown = "" if compare_at is None else plain(compare_at.normalize())
    return value_hash("price", plain(price.normalize()), shown)


def item_of(key: str) -> str:
    """Name what events of an unknown SKU wait for."""
    return f"item:{fold_sku(key)}"


def _price_of(key: str) -> str:
    """Name what an item without a price waits for."""
    return f"price:{fold_sku(key)}"


def variant_of(row: EventRow, links: Sequence[LinkRow], item: ItemRow | None) -> LinkRow | Settle:
    """Find the one variant an event is about, or say why there is none."""
    if item is not None and item.state == "left out":
        return skip(row, f"Its item is not for the shop. {item.reason}", waits_for=item_of(row.key))
    wrong = _duplicate(row, links)
    if wrong is not None:
        return wrong
    if links:
        return links[0]
    if item is not None and item.state == "parked":
        reason = f"Its item is parked, so the {row.entity} has nowhere to go. {item.reason}"
        return park(row, reason, waits_for=item_of(row.key))
    if item is not None:
        return park(
            row,
            f"The product of SKU {row.key} is gone from the shop.",
            "Retry the item's event to make it again.",
            waits_for=item_of(row.key),
        )
    return park(
        row,
        f"Unknown SKU {row.key}: the shop has no such variant and the IBM i sent no item.",
        "It goes on by itself when the item arrives; else correct the SKU on one of both sides.",
        waits_for=item_of(row.key),
    )


def _duplicate(row: EventRow, links: Sequence[LinkRow]) -> Settle | None:
    """Refuse to guess when one SKU means two things."""
    waits_for = item_of(row.key)
    if len(links) > 1:
        where = ", ".join(f"{link.sku!r} {link.variant_gid}" for link in links[:4])
        return park(
            row,
            f"The SKU {row.key} stands at {len(links)} variants of the shop: {where}.",
            "Give each variant a SKU of its own in the shop, then retry.",
            waits_for=waits_for,
        )
    if links and links[0].erp_key not in ("", row.key):
        return park(
            row,
            f"{row.key!r} and {links[0].erp_key!r} are two items of the ERP and one SKU to the"
            f" shop; {links[0].erp_key!r} has the variant {links[0].variant_gid}.",
            "Give one of the two another item number, or take it off the web.",
            waits_for=waits_for,
        )
    return None
