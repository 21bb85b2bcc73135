"""What goes in and out of the shop's verbs: frozen, typed, in Shopify's own words.

Ids are Shopify's gid strings. Prices are Decimal in the shop's currency. Quantities are whole
numbers. None of these types knows GraphQL; the verbs in :mod:`operations` translate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum

from towline_relay.shopify.models_fulfillment import Hold
from towline_relay.shopify.models_variants import MetafieldValue

__all__ = [
    "AlreadyDone",
    "ChangedProduct",
    "ChangedRef",
    "Fulfillment",
    "FulfillmentOrder",
    "FulfillmentOrderLine",
    "FulfillmentSpec",
    "FulfillmentState",
    "ItemFields",
    "LineOutcome",
    "LocationRef",
    "MetafieldEntry",
    "OrderRef",
    "ProductSpec",
    "Quantity",
    "Refusal",
    "Remedy",
    "ShopInfo",
    "VariantPrice",
    "VariantRef",
]


class Remedy(Enum):
    """What the caller does next about one line, or one call, that Shopify did not take.

    ``NONE``: it was taken. ``RETRY``: send the same again later, with the same idempotency key.
    ``NEW_KEY``: send the same again with a new idempotency key. ``SPLIT``: this line is innocent,
    another one made the whole call fail; send it again without the guilty one (and with a new key).
    ``REREAD``: our picture of the shop is stale; read it and decide again. ``PARK``: it needs
    somebody.
    """

    NONE = "none"
    RETRY = "retry"
    NEW_KEY = "new key"
    SPLIT = "split"
    REREAD = "re-read"
    PARK = "park"


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What became of one line of a call.

    Attributes:
        index: position of the line in the sequence the caller handed in, from 0.
        ok: Shopify holds the value now.
        code: Shopify's user error code; empty when ok or when Shopify gave none.
        message: Shopify's words and what we know about them, without the code; empty when ok.
        verdict: what to do next; ``NONE`` when ok.
    """

    index: int
    ok: bool
    code: str = ""
    message: str = ""
    verdict: Remedy = Remedy.NONE


@dataclass(frozen=True, slots=True)
class VariantRef:
    """A variant with the three gids that writing to it takes.

    Attributes:
        sku: as Shopify holds it, not trimmed; may be empty; Shopify does not make it unique.
        product_status: ``ACTIVE``, ``ARCHIVED``, ``DRAFT`` or ``UNLISTED``.
        tracked: Shopify counts its stock; false means quantities are ignored.
        bundle: it is made of components, so its stock follows theirs.
    """

    product_gid: str
    variant_gid: str
    inventory_item_gid: str
    sku: str
    price: Decimal
    compare_at: Decimal | None
    product_status: str
    tracked: bool
    bundle: bool = False


@dataclass(frozen=True, slots=True)
class LocationRef:
    """A place of the shop that holds stock."""

    gid: str
    name: str
    active: bool


@dataclass(frozen=True, slots=True)
class ProductSpec:
    """A product with one variant, to be created as a draft.

    Attributes:
        handle: deterministic, derived from the SKU by the caller; makes creation idempotent.
            Lower-case letters, digits and hyphens.
        weight_kg: None leaves Shopify's default.
    """

    handle: str
    title: str
    sku: str
    price: Decimal
    compare_at: Decimal | None = None
    vendor: str = ""
    product_type: str = ""
    barcode: str = ""
    weight_kg: Decimal | None = None
    tags: tuple[str, ...] = ()
    metafields: tuple[MetafieldValue, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemFields:
    """Scalar fields of an existing item; None means "not ours, leave it"."""

    title: str | None = None
    vendor: str | None = None
    product_type: str | None = None
    barcode: str | None = None
    weight_kg: Decimal | None = None


@dataclass(frozen=True, slots=True)
class VariantPrice:
    """New price of one variant.

    Attributes:
        compare_at: the struck-through price; None with ``set_compare_at`` removes it.
        set_compare_at: false leaves Shopify's compare-at price as it is.
    """

    variant_gid: str
    price: Decimal
    compare_at: Decimal | None = None
    set_compare_at: bool = False


@dataclass(frozen=True, slots=True)
class Quantity:
    """The absolute quantity of one inventory item at one location."""

    inventory_item_gid: str
    location_gid: str
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderRef:
    """An order as the sweep sees it; moments are aware UTC."""

    gid: str
    name: str
    created_at: datetime
    updated_at: datetime
    cancelled: bool
    test: bool


@dataclass(frozen=True, slots=True)
class ChangedRef:
    """Something of the shop that changed, and when; the moment is aware UTC."""

    gid: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ChangedProduct:
    """A product that changed, with all its variants; the moment is aware UTC."""

    gid: str
    updated_at: datetime
    variants: tuple[VariantRef, ...]


@dataclass(frozen=True, slots=True)
class MetafieldEntry:
    """One metafield; ``type`` is Shopify's type name such as ``single_line_text_field``."""

    owner_gid: str
    namespace: str
    key: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class FulfillmentOrderLine:
    """What is left to ship of one order line within one fulfillment order."""

    gid: str
    line_gid: str
    remaining: int


@dataclass(frozen=True, slots=True)
class FulfillmentOrder:
    """The work Shopify assigned to one location.

    Attributes:
        status: ``OPEN``, ``IN_PROGRESS``, ``SCHEDULED``, ``ON_HOLD``, ``INCOMPLETE``, ``CLOSED``
            or ``CANCELLED``.
        actions: what Shopify allows now, such as ``CREATE_FULFILLMENT``.
        location_gid: empty when the location was deleted.
        holds: why it may not be begun; several apps may each have set some.
        fulfill_at: when a scheduled one opens, ISO 8601; empty when Shopify names no moment.
    """

    gid: str
    status: str
    actions: frozenset[str]
    location_gid: str
    location_name: str
    lines: tuple[FulfillmentOrderLine, ...]
    holds: tuple[Hold, ...] = ()
    fulfill_at: str = ""


@dataclass(frozen=True, slots=True)
class Fulfillment:
    """A shipment Shopify already knows.

    Attributes:
        status: ``SUCCESS``, ``OPEN``, ``PENDING``, ``CANCELLED``, ``ERROR`` or ``FAILURE``.
        lines: (line item gid, quantity) pairs; not read of one that is dead.
        urls: where its parcels are looked up, as far as they have one.
    """

    gid: str
    status: str
    numbers: tuple[str, ...]
    lines: tuple[tuple[str, int], ...]
    carrier: str = ""
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FulfillmentState:
    """Everything about the shipping of one order, read at one moment."""

    order_gid: str
    orders: tuple[FulfillmentOrder, ...]
    fulfillments: tuple[Fulfillment, ...]


@dataclass(frozen=True, slots=True)
class FulfillmentSpec:
    """A fulfillment to be created.

    Attributes:
        lines: (fulfillment order gid, fulfillment order line gid, quantity) triples.
        numbers: tracking numbers; never empty, they are what a repetition is recognised by.
        carrier: name of the carrier; empty when unknown.
        notify: mail the customer.
        urls: where the parcels are looked up, in the order of the numbers; may be empty.
    """

    order_gid: str
    lines: tuple[tuple[str, str, int], ...]
    numbers: tuple[str, ...]
    carrier: str = ""
    notify: bool = False
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """The shipment is in the shop already, as this fulfillment, or as several."""

    fulfillment_gid: str
    others: tuple[str, ...] = ()

    @property
    def gids(self) -> tuple[str, ...]:
        """All fulfillments it is in the shop as."""
        return (self.fulfillment_gid, *self.others)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The shipment can't be written now.

    Attributes:
        reason: one sentence for people.
        hint: what to do; empty when it heals by itself.
        verdict: ``RETRY`` when it may heal by itself, else ``PARK``.
        on_hold: it waits for somebody to release a hold.
    """

    reason: str
    hint: str
    verdict: Remedy
    on_hold: bool = False


@dataclass(frozen=True, slots=True)
class ShopInfo:
    """What the relay must know about a shop before it writes to it.

    Attributes:
        currency: ISO 4217 code of the shop's currency.
        api_version_used: what Shopify answered with, which may differ from what was asked.
        scopes: access scopes granted to the app.
    """

    name: str
    domain: str
    currency: str
    taxes_included: bool
    time_zone: str
    api_version_used: str
    scopes: frozenset[str]
