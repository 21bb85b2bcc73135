"""The arithmetic of a checkout: cent-exact, no I/O.

Figures that a reader must be able to add up
(https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order): subtotal = lines after all
discounts; total = subtotal + shipping after discounts, plus tax only when prices exclude it; tax is
rounded half up per line, and the order's tax is the sum of its lines' and its shipping's tax.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from towline_shared.money import allocate, exponent

__all__ = ["Cart", "CartLine", "Discount", "PricedLine", "PricedOrder", "price"]
__all__ += ["unit_after_discounts"]

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class CartLine:
    """What a buyer puts into the cart; a line without a variant is a custom one.

    ``extra``: gift_card, attributes, group (a bundle), selling_plan, duty, tip.
    """

    title: str
    unit_price: Decimal
    quantity: int
    sku: str = ""
    variant_id: int | None = None
    product_id: int | None = None
    inventory_item_id: int | None = None
    variant_title: str | None = None
    vendor: str | None = None
    taxable: bool = True
    requires_shipping: bool = True
    grams: int = 0
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """A reduction: by percent or by amount, of the lines or of the shipping."""

    title: str
    code: str | None = None
    percent: Decimal | None = None
    amount: Decimal | None = None
    on_shipping: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """Everything the total depends on."""

    lines: tuple[CartLine, ...]
    currency: str
    tax_rate: Decimal
    taxes_included: bool
    shipping: Decimal = _ZERO
    discounts: tuple[Discount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedLine:
    """One line's money; ``allocations`` pairs a discount's index with its share of this line."""

    line: CartLine
    original_total: Decimal
    allocations: tuple[tuple[int, Decimal], ...]
    tax: Decimal

    @property
    def discount(self) -> Decimal:
        return sum((share for _, share in self.allocations), _ZERO)

    @property
    def total(self) -> Decimal:
        return self.original_total - self.discount


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedOrder:
    """The order's money, in the cart's currency."""

    cart: Cart
    lines: tuple[PricedLine, ...]
    shipping_allocations: tuple[tuple[int, Decimal], ...]
    shipping_tax: Decimal

    @property
    def subtotal(self) -> Decimal:
        return sum((line.total for line in self.lines), _ZERO)

    @property
    def shipping_discount(self) -> Decimal:
        return sum((share for _, share in self.shipping_allocations), _ZERO)

    @property
    def shipping(self) -> Decimal:
        return self.cart.shipping - self.shipping_discount

    @property
    def total_discounts(self) -> Decimal:
        return sum((line.discount for line in self.lines), _ZERO) + self.shipping_discount

    @property
    def total_tax(self) -> Decimal:
        return sum((line.tax for line in self.lines), _ZERO) + self.shipping_tax

    @property
    def total(self) -> Decimal:
        tax = _ZERO if self.cart.taxes_included else self.total_tax
        return self.subtotal + self.shipping + tax


def price(cart: Cart) -> PricedOrder:
    """Work out an order's money.

    Raises:
        ValueError: a quantity below one, a negative price, or a discount without a measure.
    """
    for line in cart.lines:
        if line.quantity < 1 or line.unit_price < 0:
            raise ValueError(f"{line.title!r} can't be sold {line.quantity} times")
    step = Decimal(1).scaleb(-exponent(cart.currency))
    originals = [(line.unit_price * line.quantity).quantize(step) for line in cart.lines]
    shares: list[list[tuple[int, Decimal]]] = [[] for _ in cart.lines]
    left = list(originals)
    shipping_left = cart.shipping
    shipping_shares: list[tuple[int, Decimal]] = []
    for index, discount in enumerate(cart.discounts):
        if discount.on_shipping:
            off = _reduction(discount, shipping_left, step)
            shipping_shares.append((index, off))
            shipping_left -= off
            continue
        off = _reduction(discount, sum(left, _ZERO), step)
        for position, part in enumerate(allocate(off, left, currency=cart.currency)):
            if part:
                shares[position].append((index, part))
                left[position] -= part
    lines = tuple(
        PricedLine(
            line=line,
            original_total=originals[position],
            allocations=tuple(shares[position]),
            tax=_tax(left[position], cart, step) if line.taxable else _ZERO.quantize(step),
        )
        for position, line in enumerate(cart.lines)
    )
    return PricedOrder(
        cart=cart,
        lines=lines,
        shipping_allocations=tuple(shipping_shares),
        shipping_tax=_tax(shipping_left, cart, step),
    )


def _reduction(discount: Discount, base: Decimal, step: Decimal) -> Decimal:
    if discount.percent is not None:
        off = (base * discount.percent / 100).quantize(step, rounding=ROUND_HALF_UP)
    elif discount.amount is not None:
        off = discount.amount.quantize(step, rounding=ROUND_HALF_UP)
    else:
        raise ValueError(f"the discount {discount.title!r} has neither percent nor amount")
    return max(_ZERO, min(off, base))


def _tax(amount: Decimal, cart: Cart, step: Decimal) -> Decimal:
    rate = cart.tax_rate / (1 + cart.tax_rate) if cart.taxes_included else cart.tax_rate
    return (amount * rate).quantize(step, rounding=ROUND_HALF_UP)


def unit_after_discounts(line_total: Decimal, quantity: int, *, currency: str) -> Decimal:
    """Return a line's price per unit after all discounts, rounded: times quantity it may be off."""
    step = Decimal(1).scaleb(-exponent(currency))
    return (line_total / quantity).quantize(step, rounding=ROUND_HALF_UP)
