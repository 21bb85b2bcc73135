"""An order of the shop, and what happens to it later, as the documents the ERP is given.

Part of :mod:`towline_shared.events`, which offers all of this; here only because it is much.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

__all__ = [
    "Address",
    "ChangeLine",
    "Charge",
    "Company",
    "Discount",
    "DueDate",
    "Order",
    "OrderChange",
    "OrderLine",
    "Payment",
    "Restock",
    "ShippingLine",
    "TaxLine",
]


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address as the buyer gave it; absent parts are empty strings."""

    name: str = ""
    company: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    province: str = ""
    postal_code: str = ""
    country: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class TaxLine:
    """A tax Shopify computed; ``rate`` is a fraction (0.19), ``amount`` in the order currency."""

    title: str
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount's share of one line: its code or title, and the amount, never negative."""

    title: str
    code: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One ordered position; all amounts in the order's currency.

    Attributes:
        line_gid: Shopify's gid of the line item.
        number: position from 1.
        quantity: current quantity, after edits and refunds.
        unit_price: price of one before discounts.
        discount: sum of the amounts allocated to the line, never negative.
        total: what the line costs after discounts (quantity x unit_price - discount).
        discounts: the parts of ``discount``; empty when an edit has changed the line since.
        group: title of the bundle the line is part of; ``group_gid`` tells bundles apart.
        duty: what the border takes for the line; part of the order's charges, not of ``total``.
        presentment_total: ``total`` in the buyer's currency; 0 when it was not told.
    """

    line_gid: str
    number: int
    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    discount: Decimal
    total: Decimal
    taxes: tuple[TaxLine, ...] = ()
    variant_gid: str = ""
    discounts: tuple[Discount, ...] = ()
    gift_card: bool = False
    requires_shipping: bool = True
    attributes: tuple[tuple[str, str], ...] = ()
    group: str = ""
    group_gid: str = ""
    group_sku: str = ""
    group_quantity: int = 0
    selling_plan: str = ""
    duty: Decimal = Decimal(0)
    presentment_total: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class ShippingLine:
    """A way of shipping the buyer chose; ``total`` is after discounts, ``item`` the ERP's item."""

    code: str
    title: str
    price: Decimal
    discount: Decimal
    total: Decimal
    taxes: tuple[TaxLine, ...] = ()
    discounts: tuple[Discount, ...] = ()
    item: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """Money that is neither goods nor shipping.

    Attributes:
        kind: ``TIP``, ``DUTY``, ``FEE``, ``ROUNDING`` (cash); in changes also ``SHIPPING``,
            ``ADJUSTMENT`` (money paid back for nothing in particular, or kept back of what was
            returned; outside of the total), ``CREDIT`` (the same, inside) and ``OTHER``.
        amount: as lines are: with the tax when the order's prices include it, else without.
        tax: the tax in it, or on top of it.
        item: the ERP's item for money of this kind, from the rules; may be empty.
    """

    kind: str
    title: str
    amount: Decimal
    tax: Decimal = Decimal(0)
    item: str = ""


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment transaction: kind such as SALE or AUTHORIZATION, status such as SUCCESS.

    Attributes:
        gateway: a gift card pays under the gateway ``gift_card``.
        parent_gid: the transaction it captures, refunds or voids.
        expires_at: when an authorisation lapses, ISO 8601; empty when it does not.
    """

    gateway: str
    kind: str
    status: str
    amount: Decimal
    payment_gid: str = ""
    parent_gid: str = ""
    expires_at: str = ""


@dataclass(frozen=True, slots=True)
class Company:
    """The business that bought; ``company_id`` and ``location_id`` are the ERP's own numbers.

    They are what Shopify calls external ids, and empty until somebody has set them there.
    """

    company_gid: str = ""
    company_id: str = ""
    name: str = ""
    location_gid: str = ""
    location_id: str = ""
    location: str = ""
    contact_gid: str = ""


@dataclass(frozen=True, slots=True)
class DueDate:
    """A part of the total and when it is to be paid, ISO 8601; empty when that is not known."""

    due_at: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """An order of the shop for the ERP, cent-exact. Key: order gid.

    Control totals: sum of line totals = ``lines_total``; sum of shipping totals =
    ``shipping_total``; sum of all taxes = ``tax_total``; and ``total`` = lines + shipping, plus tax
    when prices are without tax, plus ``adjustment``, the named rest (tips, duties, fees, cash
    rounding), which ``charges`` lists.

    Attributes:
        order_gid: Shopify's gid; ``name`` is what the merchant sees (#1001).
        placed_at: ISO 8601 text with offset, as Shopify gave it.
        currency: the shop's; every amount is in it, except those called presentment.
        taxes_included: prices and totals contain the tax.
        presentment_currency: what the buyer saw and pays in; ``presentment_total`` and
            ``presentment_tax`` are for papers the buyer gets, never for the books.
        terms: name of the payment terms, empty when it is paid at once; ``due`` lists the parts.
        source: the sales channel, such as ``web`` or ``pos``.
        risk: Shopify's recommendation: ACCEPT, INVESTIGATE, CANCEL, NONE; empty when not told.
        localized: fields some countries ask for, such as a tax number.
    """

    order_gid: str
    name: str
    placed_at: str
    currency: str
    taxes_included: bool
    lines: tuple[OrderLine, ...]
    shipping: tuple[ShippingLine, ...]
    payments: tuple[Payment, ...]
    lines_total: Decimal
    shipping_total: Decimal
    tax_total: Decimal
    adjustment: Decimal
    total: Decimal
    customer_gid: str = ""
    customer_name: str = ""
    email: str = ""
    phone: str = ""
    purchase_order: str = ""
    note: str = ""
    test: bool = False
    financial_status: str = ""
    ship_to: Address = Address()
    bill_to: Address = Address()
    attributes: tuple[tuple[str, str], ...] = ()
    charges: tuple[Charge, ...] = ()
    presentment_currency: str = ""
    presentment_total: Decimal = Decimal(0)
    presentment_tax: Decimal = Decimal(0)
    company: Company = Company()
    terms: str = ""
    due: tuple[DueDate, ...] = ()
    source: str = ""
    risk: str = ""
    tags: tuple[str, ...] = ()
    localized: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """What a change does to one line: more or fewer pieces, more or less money.

    Attributes:
        quantity: pieces added, negative when taken off; 0 when only money moves.
        amount: money added, negative when taken off, after discounts; as the order's lines are:
            with the tax when its prices include it, else without.
        tax: the tax in it, or on top of it.
        unit_price: price of one before discounts, for a line the order did not have.
        added: the order did not have the line before.
    """

    line_gid: str
    sku: str
    title: str
    quantity: int
    amount: Decimal
    tax: Decimal
    unit_price: Decimal = Decimal(0)
    added: bool = False


@dataclass(frozen=True, slots=True)
class Restock:
    """What becomes of the goods of a line; apart from the money, as Shopify keeps them apart.

    Attributes:
        kind: of a refund ``CANCEL`` (they never left), ``RETURN`` (they came back into
            ``location_gid``) or ``NO_RESTOCK`` (they are not counted back in). Of a return
            ``EXPECTED`` (all that is still awaited), and each once, when it is said:
            ``RESTOCKED`` (into ``location_gid``), ``NO_RESTOCK``, ``MISSING``, ``PROCESSING``
            (somebody must still look at them) or ``OTHER``. Of a hold ``HELD`` (they must not leave
            now; ``location_gid`` is where they would).
    """

    line_gid: str
    sku: str
    quantity: int
    kind: str
    location_gid: str = ""


@dataclass(frozen=True, slots=True)
class OrderChange:
    """What happened to an order after it was handed over. Key: order gid.

    ``total``, ``tax_total`` and ``refunded`` are what stands after it; ``total`` less the sum of
    the amounts of lines and charges (and of their taxes, when prices are without) is what stood
    before, which makes every change provable by itself. Charges of the kind ADJUSTMENT are outside
    of that sum: money that was paid back and took nothing off the order.

    Attributes:
        change_gid: Shopify's gid of the agreement, refund or return behind it.
        kind: ``edit``, ``refund``, ``restock``, ``return``, ``cancel``, ``hold``, ``payment``
            (money of a refund that was under way has arrived, or has not), ``details`` (who it is
            for and where it goes: the last fields hold all of that as it is now) or ``other``.
        status: of a return: REQUESTED, OPEN, CLOSED, DECLINED, CANCELED; of a hold: ON_HOLD (the
            restocks are all that waits now) or RELEASED; else empty.
        happened_at: ISO 8601 text as Shopify gave it.
        reason: words of the merchant or of Shopify; no personal data.
        refunded: all that was paid back up to and with this change.
        payments: the transactions of this change, such as REFUND.
    """

    order_gid: str
    name: str
    change_gid: str
    kind: str
    happened_at: str
    currency: str
    taxes_included: bool
    lines: tuple[ChangeLine, ...]
    total: Decimal
    tax_total: Decimal
    refunded: Decimal
    charges: tuple[Charge, ...] = ()
    restocks: tuple[Restock, ...] = ()
    payments: tuple[Payment, ...] = ()
    status: str = ""
    reason: str = ""
    email: str = ""
    phone: str = ""
    purchase_order: str = ""
    note: str = ""
    ship_to: Address = Address()
    bill_to: Address = Address()
    attributes: tuple[tuple[str, str], ...] = ()
