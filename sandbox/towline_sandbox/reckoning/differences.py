"""Both books held against each other: pure, one sentence per difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from towline_sandbox.reckoning.books import ErpBook, ErpOrder, ShopBook, ShopOrder

__all__ = ["Totals", "compare", "totals"]


@dataclass(frozen=True, slots=True)
class Totals:
    """Control totals over what both sides should agree on."""

    items: int
    price_sum: Decimal
    pieces: int
    orders: int
    order_sum: Decimal
    tax_sum: Decimal
    accepted: int
    shipped_pieces: int
    trade_prices: int = 0
    trade_price_sum: Decimal = Decimal(0)
    grouped_variants: int = 0
    customers: int = 0
    company_places: int = 0


def compare(
    erp: ErpBook,
    shop: ShopBook,
    *,
    locations: Mapping[str, str],
    safety: Mapping[str, int] | None = None,
) -> list[str]:
    """Return every difference as one sentence; an empty list means both sides agree.

    Args:
        locations: location name in the shop by warehouse of the ERP.
        safety: pieces of each item that a warehouse keeps back.
    """
    found = [
        *_item_differences(erp, shop, locations, safety or {}),
        *_order_differences(erp, shop),
        *_customer_differences(erp, shop),
        *_company_differences(erp, shop),
    ]
    if erp.outbox_rows:
        found.append(f"{erp.outbox_rows} rows still stand in the outbox.")
    return found


def totals(
    erp: ErpBook,
    shop: ShopBook,
    *,
    side: str,
    locations: Mapping[str, str],
    safety: Mapping[str, int] | None = None,
) -> Totals:
    """Add up one side (``erp`` or ``shop``) over the items and orders both should have."""
    skus = [sku for sku in _comparable(erp, shop) if len(shop.variants.get(sku, ())) == 1]
    names = [gid for gid, order in shop.orders.items() if order.importable]
    if side == "erp":
        known = [erp.orders[gid] for gid in names if gid in erp.orders]
        return Totals(
            items=len(skus),
            price_sum=sum((erp.items[sku].price or Decimal(0) for sku in skus), Decimal(0)),
            pieces=sum(
                _offered(n or 0, warehouse, safety or {})
                for sku in skus
                for warehouse, n in erp.items[sku].on_hand.items()
            ),
            orders=len(known),
            order_sum=sum((order.total for order in known), Decimal(0)),
            tax_sum=sum((order.tax for order in known), Decimal(0)),
            accepted=sum(order.outcome in ("A", "L") for order in known),
            shipped_pieces=sum(sum(order.shipped.values()) for order in known),
            trade_prices=sum(erp.items[sku].trade is not None for sku in skus),
            trade_price_sum=sum((erp.items[sku].trade or Decimal(0) for sku in skus), Decimal(0)),
            grouped_variants=sum(bool(erp.items[sku].group) for sku in skus),
            customers=len(erp.customers),
            company_places=len(erp.places),
        )
    orders = [shop.orders[gid] for gid in names]
    stocked = set(locations.values())
    return Totals(
        items=len(skus),
        price_sum=sum((shop.variants[sku][0].price for sku in skus), Decimal(0)),
        pieces=sum(
            n for sku in skus for where, n in shop.variants[sku][0].on_hand.items()
            if where in stocked
        ),
        orders=len(orders),
        order_sum=sum((order.total for order in orders), Decimal(0)),
        tax_sum=sum((order.tax for order in orders), Decimal(0)),
        accepted=sum(bool(order.erp_number) for order in orders),
        shipped_pieces=sum(sum(order.fulfilled.values()) for order in orders),
        trade_prices=sum(shop.variants[sku][0].trade is not None for sku in skus),
        trade_price_sum=sum(
            (shop.variants[sku][0].trade or Decimal(0) for sku in skus), Decimal(0)
        ),
        grouped_variants=sum(shop.variants[sku][0].siblings > 1 for sku in skus),
        customers=len(shop.customers),
        company_places=len(shop.places),
    )  # fmt: skip


def _comparable(erp: ErpBook, shop: ShopBook) -> list[str]:
    """SKUs that must agree: sellable in the ERP and not ambiguous in the shop."""
    return sorted(
        sku
        for sku, item in erp.items.items()
        if item.sellable and len(shop.variants.get(sku, ())) <= 1
    )


def _offered(pieces: int, warehouse: str, safety: Mapping[str, int]) -> int:
    """Return what a warehouse offers of the pieces it has."""
    return max(0, max(0, pieces) - safety.get(warehouse, 0))


def _item_differences(
    erp: ErpBook, shop: ShopBook, locations: Mapping[str, str], safety: Mapping[str, int]
) -> Iterator[str]:
    for sku in _comparable(erp, shop):
        item = erp.items[sku]
        variants = shop.variants.get(sku, ())
        if not variants:
            yield f"Item {sku} is sellable in the ERP and not in the shop."
            continue
        variant = variants[0]
        if item.price is not None and variant.price != item.price:
            yield f"Item {sku} costs {item.price} in the ERP and {variant.price} in the shop."
        if item.trade != variant.trade:
            yield f"Item {sku} costs the trade {item.trade} and {variant.trade} in the shop."
        if item.group and (variant.product != item.group or variant.siblings < 2):
            yield f"Item {sku} is no variant of {item.group} but of {variant.product}."
        for warehouse, pieces in item.on_hand.items():
            place = locations.get(warehouse)
            if place is None or pieces is None:
                continue
            there = variant.on_hand.get(place, 0)
            if there != _offered(pieces, warehouse, safety):
                yield (
                    f"Item {sku} has {pieces} pieces in warehouse {warehouse} and {there} in the"
                    f" shop's {place}."
                )


def _customer_differences(erp: ErpBook, shop: ShopBook) -> Iterator[str]:
    """Numbers tell who is meant; no sentence names a person."""
    for number, email in erp.customers.items():
        emails = shop.customers.get(number, ())
        if len(emails) != 1:
            yield f"Customer {number} of the ERP stands {len(emails)} times in the shop."
        elif emails[0] != email:
            yield f"Customer {number} has another e-mail in the shop."
    for number in shop.customers.keys() - erp.customers.keys():
        yield f"The shop knows a customer {number} that the ERP does not have."


def _company_differences(erp: ErpBook, shop: ShopBook) -> Iterator[str]:
    """Numbers tell who is meant, as with customers."""
    for number, place in erp.places.items():
        if number not in shop.places:
            yield f"Place {number} of a business of the ERP is not in the shop."
        elif shop.places[number] != place:
            yield f"Place {number} of a business has other values in the shop."
    for number in shop.places.keys() - erp.places.keys():
        yield f"The shop knows a place {number} of a company that the ERP does not have."


def _order_differences(erp: ErpBook, shop: ShopBook) -> Iterator[str]:
    for gid, order in shop.orders.items():
        known = erp.orders.get(gid)
        if known is None:
            if order.importable:
                yield f"Order {order.name} never reached the ERP."
            continue
        if not order.importable:
            yield f"Order {order.name} can't be imported, yet it stands in the ERP."
        yield from _one_order(order, known)
    for gid in erp.orders.keys() - shop.orders.keys():
        yield f"The ERP holds an order {gid} that the shop does not know."


def _one_order(order: ShopOrder, known: ErpOrder) -> Iterator[str]:
    if known.copies != 1:
        yield f"Order {order.name} stands {known.copies} times in the ERP."
    if (known.total, known.tax) != (order.total, order.tax):
        yield (
            f"Order {order.name} is {order.total} with {order.tax} tax in the shop and"
            f" {known.total} with {known.tax} tax in the ERP."
        )
    if known.refunded != order.refunded:
        yield (
            f"Order {order.name}: {order.refunded} was paid back in the shop and"
            f" {known.refunded} in the ERP."
        )
    if {k: v for k, v in known.quantities.items() if v} != {
        k: v for k, v in order.quantities.items() if v
    }:
        yield f"Order {order.name} has other quantities in the ERP than in the shop."
    if known.outcome in ("A", "L"):
        if order.erp_number != known.erp_number:
            yield (
                f"Order {order.name} is {known.erp_number} in the ERP and"
                f" {order.erp_number or 'without a number'} in the shop."
            )
        if {k: v for k, v in known.shipped.items() if v} != dict(order.fulfilled):
            yield f"Order {order.name} was shipped otherwise than the shop was told."
        if known.tracking != order.tracking:
            yield f"Order {order.name} has other tracking numbers in the shop."
    elif known.outcome == "R":
        if order.erp_number or order.fulfilled:
            yield f"Order {order.name} was refused by the ERP, yet the shop shows it as taken."
    else:
        yield f"Order {order.name} is still undecided in the ERP ({known.outcome!r})."
