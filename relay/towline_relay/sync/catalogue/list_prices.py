"""Prices of the ERP's other lists: what a price list of the shop should hold. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from towline_relay.shopify.models_prices import ListPrice, PriceListRef, Tier
from towline_relay.shopify.paging import MOST
from towline_relay.store.effects import AGAIN
from towline_relay.store.rows import EventRow, ItemRow, Known, LinkRow
from towline_relay.sync.catalogue.decide import Settle, park, skip, value_hash, variant_of
from towline_relay.sync.rules.mapping import LeftOut, amount_of, left_out
from towline_relay.sync.rules.price import ListRules
from towline_relay.sync.rules.tenant import PriceRules
from towline_shared.events import Price
from towline_shared.money import plain

__all__ = ["ListTarget", "SetListPrice", "decide_list_price", "holds", "in_calls", "list_known"]
__all__ += ["list_target", "map_list_price"]


@dataclass(frozen=True, slots=True)
class ListTarget:
    """What a variant should cost in one list; without a price the list's own adjustment counts."""

    price: Decimal | None
    compare_at: Decimal | None = None
    tiers: tuple[Tier, ...] = ()

    @property
    def shown(self) -> str:
        """The value for people and for comparison."""
        if self.price is None:
            return "no fixed price"
        was = f" (was {plain(self.compare_at)})" if self.compare_at is not None else ""
        tiers = "".join(f", {plain(tier.price)} from {tier.minimum}" for tier in self.tiers)
        return f"{plain(self.price)}{was}{tiers}"


@dataclass(frozen=True, slots=True)
class SetListPrice:
    """Write a fixed price into a price list, or take it away."""

    event: EventRow
    link: LinkRow
    line: ListPrice
    known: Known


def in_calls(found: Sequence[SetListPrice]) -> list[list[SetListPrice]]:
    """Divide prices of one list into calls: no input list of one holds more than 250.

    Volume prices are a list of their own: https://shopify.dev/docs/api/usage/limits
    """
    calls: list[list[SetListPrice]] = []
    tiers = 0
    for one in found:
        mine = len(one.line.tiers)
        if not calls or len(calls[-1]) == MOST or tiers + mine > MOST:
            calls.append([])
            tiers = 0
        calls[-1].append(one)
        tiers += mine
    return calls


def map_list_price(price: Price, rules: PriceRules, own: ListRules) -> ListTarget | LeftOut:
    """Map a row of the price file that belongs to a list with a price list of its own.

    A row that is gone, or that the rules' ``when`` leaves out, has no fixed price.

    Raises:
        BadRecord: a value can't be worked out, or two volume prices begin at one quantity.
    """
    if price.gone or left_out(rules.when, price.row) is not None:
        return ListTarget(None)
    source = own.price or rules.fields["price"].source
    amount = amount_of(source, price.row, own.currency)
    if amount is None:
        return ListTarget(None)
    if rules.currency is not None and rules.currency(price.row) != own.currency:
        raise rules.currency.bad(f"the price list is in {own.currency}", price.row)
    compare_at = None
    if own.compare_at is not None:
        compare_at = amount_of(own.compare_at, price.row, own.currency)
        if compare_at is not None and compare_at <= amount:
            compare_at = None
    return ListTarget(amount, compare_at, _tiers(price, own))


def _tiers(price: Price, own: ListRules) -> tuple[Tier, ...]:
    found: dict[int, Tier] = {}
    for rule in own.tiers:
        minimum = rule.minimum(price.row)
        if minimum is None or minimum == "":
            continue
        if isinstance(minimum, bool) or not isinstance(minimum, int | Decimal):
            raise rule.minimum.bad(f"{minimum!r} is not a quantity", price.row)
        if minimum != int(minimum):
            raise rule.minimum.bad(f"{minimum} is not a whole number", price.row)
        amount = amount_of(rule.price, price.row, own.currency)
        if minimum <= 1 or not amount:
            continue  # zero is how the ERP says that there is no such tier
        if int(minimum) in found:
            raise rule.minimum.bad(f"two volume prices begin at {int(minimum)}", price.row)
        found[int(minimum)] = Tier(int(minimum), amount)
    return tuple(found[minimum] for minimum in sorted(found))


def list_target(variant_gid: str, price_list_gid: str) -> str:
    """Return the key under which a price of a list is known."""
    return f"{variant_gid}|{price_list_gid}"


def list_known(price_list_gid: str, line: ListPrice) -> Known:
    """Return a price of a list as it is remembered once it is written."""
    shown = ListTarget(line.price, line.compare_at, line.tiers).shown
    target = list_target(line.variant_gid, price_list_gid)
    return Known("list_price", target, value_hash("list_price", shown), shown)


def holds(held: ListPrice | None, wanted: ListPrice, *, tiered: bool) -> bool:
    """Tell whether a list holds what is to be written to it.

    Args:
        held: what was read; None when the variant has no fixed price.
        tiered: volume prices are the ERP's too; else they are the merchant's, whatever they are.
    """
    if held is None or wanted.price is None:
        return held is None and wanted.price is None
    same = (held.price, held.compare_at) == (wanted.price, wanted.compare_at)
    return same and (not tiered or held.tiers == wanted.tiers)


def decide_list_price(
    row: EventRow,
    mapped: ListTarget | LeftOut,
    own: ListRules,
    *,
    ref: PriceListRef | None,
    links: Sequence[LinkRow],
    item: ItemRow | None,
    known: Known | None,
) -> SetListPrice | Settle:
    """Decide about a price of a list.

    Args:
        ref: the price list of the shop that the rules name; None when there is none.
        known: what was last written of it; an event that says something again is written anyhow.
    """
    if isinstance(mapped, LeftOut):
        return skip(row, mapped.reason)
    if ref is None:
        return park(
            row,
            f"The shop has no price list {own.price_list!r} for the list {row.subkey}.",
            "Make the catalog with its price list in the shop, or correct"
            " [entities.price.lists] in the rules, and retry.",
        )
    if ref.currency != own.currency:
        return park(
            row,
            f"The price list {ref.name!r} is in {ref.currency}, the rules say {own.currency}.",
            "Correct [entities.price.lists] in the rules, and retry.",
        )
    found = variant_of(row, links, item)
    if isinstance(found, Settle):
        return found
    line = ListPrice(found.variant_gid, mapped.price, mapped.compare_at, mapped.tiers)
    wanted = list_known(ref.gid, line)
    if mapped.price is None and known is None:
        return skip(row, f"There is no price for {ref.name!r}, and none was ever set by Towline.")
    told = known is not None and known.hash == wanted.hash
    if told and not row.origin.startswith(AGAIN):
        return skip(row, f"The price list {ref.name!r} holds {mapped.shown} already.")
    return SetListPrice(row, found, line, wanted)
