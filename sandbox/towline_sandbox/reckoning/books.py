"""What each side's books say at the end, read from its own files by nobody's code but this.

The reckoning shares no mapping and no store code with agent or relay: a mistake there must show up
here as a difference, not be repeated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

__all__ = ["ErpBook", "ErpItem", "ErpOrder", "ShopBook", "ShopOrder", "ShopVariant"]


@dataclass(frozen=True, slots=True)
class ErpItem:
    """An item as the ERP's files hold it.

    Attributes:
        sku: right-trimmed, case as stored.
        sellable: active, meant for the web, readable, described, priced, its SKU nobody else's.
        price: list price, None when it can't be read.
        on_hand: pieces by warehouse, None where the figure can't be read.
        trade: price of the trade's list, None when it has none.
        group: product of the shop it must be a variant of; empty when it stands alone.
    """

    sku: str
    sellable: bool
    price: Decimal | None
    on_hand: Mapping[str, int | None]
    trade: Decimal | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class ErpOrder:
    """A web order as the staging and order files hold it, its accepted changes included.

    Attributes:
        copies: how often the order's gid stands in the staging header; more than 1 is a double.
        outcome: ``A`` accepted, ``R`` refused, anything else undecided.
        shipped: pieces by line gid.
        tracking: tracking numbers of its shipments.
        changes: states of its changes in order: A accepted, R refused.
    """

    gid: str
    copies: int
    total: Decimal
    tax: Decimal
    outcome: str
    erp_number: str
    quantities: Mapping[str, int]
    shipped: Mapping[str, int]
    tracking: frozenset[str]
    changes: tuple[str, ...] = ()
    refunded: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class ShopVariant:
    """A variant in the shop; ``on_hand`` is by location name.

    Attributes:
        trade: its fixed price in the list of the trade; None when it has none.
        product: title of its product; ``siblings``: how many variants that has, itself included.
    """

    sku: str
    price: Decimal
    status: str
    on_hand: Mapping[str, int]
    trade: Decimal | None = None
    product: str = ""
    siblings: int = 1


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """An order in the shop, with what came back from the ERP."""

    gid: str
    name: str
    total: Decimal
    tax: Decimal
    quantities: Mapping[str, int]
    importable: bool
    tags: frozenset[str]
    erp_number: str
    fulfilled: Mapping[str, int]
    tracking: frozenset[str]
    refunded: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class ErpBook:
    """The ERP's side.

    ``customers`` are those not blocked: number -> e-mail. ``places`` are those of businesses that
    are not: number of the place -> number, name of the business, city.
    """

    items: Mapping[str, ErpItem]
    orders: Mapping[str, ErpOrder]
    outbox_rows: int
    customers: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShopBook:
    """The shop's side; a SKU may stand in several variants.

    ``customers`` are those that carry the ERP's number: number -> e-mails, one a customer.
    ``places`` are the locations of companies by the ERP's number, as in :class:`ErpBook`; those
    without one stand under their gid.
    """

    variants: Mapping[str, tuple[ShopVariant, ...]]
    orders: Mapping[str, ShopOrder]
    customers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    places: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
