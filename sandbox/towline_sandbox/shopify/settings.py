"""What a simulated shop is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from towline_sandbox.shopify.paging import MAX_PAGE

__all__ = [
    "DEFAULT_SCOPES",
    "DEFAULT_TOPICS",
    "SeedLocation",
    "SeedPriceList",
    "SeedProduct",
    "ShopSettings",
    "WebhookOdds",
]

DEFAULT_TOPICS = (
    "orders/create",
    "orders/updated",
    "products/create",
    "products/update",
    "inventory_levels/update",
    "fulfillments/create",
    "fulfillment_orders/hold_released",
    "fulfillment_orders/placed_on_hold",
    "app/scopes_update",
    "app/uninstalled",
    "customers/data_request",
    "customers/redact",
    "orders/cancelled",
    "orders/edited",
    "orders/paid",
    "refunds/create",
    "returns/approve",
    "returns/cancel",
    "returns/close",
    "returns/decline",
    "returns/reopen",
    "returns/request",
    "returns/update",
    "reverse_fulfillment_orders/dispose",
    "shop/redact",
    "bulk_operations/finish",
)

# The least a relay needs: https://shopify.dev/docs/api/usage/access-scopes
DEFAULT_SCOPES = (
    "read_companies",
    "read_customers",
    "read_inventory",
    "read_locations",
    "read_merchant_managed_fulfillment_orders",
    "read_orders",
    "read_payment_terms",
    "read_products",
    "read_publications",
    "read_returns",
    "write_companies",
    "write_customers",
    "write_fulfillments",
    "write_inventory",
    "write_merchant_managed_fulfillment_orders",
    "write_orders",
    "write_products",
    "write_publications",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOdds:
    """How badly webhooks travel.

    Shopify promises neither order nor single delivery, and not even delivery:
    https://shopify.dev/docs/apps/build/webhooks

    Attributes:
        late: share of deliveries held back by up to ``late_s``.
        twice: share of deliveries sent a second time with the same webhook id.
        lost: share of deliveries never sent.
        late_s: the longest hold in seconds.
        shuffle_s: every delivery waits a random time up to this, in seconds; mixes their order.
    """

    late: float = 0.10
    twice: float = 0.05
    lost: float = 0.02
    late_s: float = 3.0
    shuffle_s: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedLocation:
    """A place that holds stock."""

    name: str
    city: str
    zip: str
    address1: str = ""
    country_code: str = "DE"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedPriceList:
    """A price list of a B2B catalog of the same title."""

    name: str
    currency: str = "EUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedProduct:
    """A product the shop had before anybody connected it; one variant.

    Attributes:
        sku: as the merchant typed it; may repeat over products, which Shopify allows.
        title: name in the shop window.
        price: in the shop's currency.
        status: ACTIVE, DRAFT or ARCHIVED.
        stock: available at the first location.
    """

    sku: str
    title: str
    price: Decimal
    status: str = "ACTIVE"
    stock: int = 0


_WAREHOUSES = (
    SeedLocation(name="Berlin warehouse", city="Berlin", zip="12099", address1="Lagerstraße 1"),
    SeedLocation(name="Hamburg warehouse", city="Hamburg", zip="21129", address1="Hafenweg 20"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSettings:
    """One simulated shop.

    Attributes:
        state: the SQLite file that holds everything; made and seeded when it does not exist.
        access_token: the Admin API token the shop accepts; never shown.
        webhook_secret: the key webhooks are signed with; never shown.
        client_secret: the app's secret for the client credentials grant; empty means
            ``webhook_secret``, as Shopify signs webhooks with the app's client secret.
        webhook_base: where webhooks go, with ``{shop}`` and ``{topic}``; without placeholders
            ``/{shop}/{topic}`` is appended; None keeps them in the queue until it is set.
        webhook_topics: topics the app subscribed to in its shopify.app.toml.
        webhook_version: the app's configured version of webhook bodies; empty: subscriptions that
            are made by the API have that of the request.
        events_family: send the header names of Shopify's Events, without ``X-``.
        bucket_size: points the cost bucket holds (20,000 on Plus).
        restore_rate: points that come back per second (1,000 on Plus).
        seed: of everything random here.
        retry_scale: factor on Shopify's retry gaps (1 to 118 minutes); 0.01 heals in seconds.
        latency_s: how long the shop thinks before it works on a GraphQL call, in seconds.
        locations: places with stock, the default one first; used when the state is new.
        products: catalogue the shop starts with; used when the state is new.
        price_lists: of its catalogs; used when the state is new.
        publications: names of its sales channels; used when the state is new.
        daily_variants: how many variants may be added on a day; None for a Plus shop.
        largest_page: rows a page of a list holds at most, if the caller asked whether there are
            more; 1 makes every list one of many pages, so that a caller who reads only the first
            is found out.
        credit_counts: money paid back for nothing returned lowers an order's present total. Which
            of the two Shopify does is written down nowhere (docs/unverified.md).
        upload_bytes: the longest file a staged upload takes: 100 MB, by
            https://shopify.dev/docs/api/usage/bulk-operations/imports
        bulk_line_s: how long a bulk operation takes over a line, in seconds.
        bulk_nodes_only: bulk queries over connections of objects without an id are refused.
    """

    state: Path
    access_token: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 0
    client_id: str = "towline-demo-app"
    client_secret: str = field(default="", repr=False)
    shop_domain: str = "nordwind-demo.myshopify.com"
    shop_name: str = "Nordwind Demo"
    webhook_base: str | None = None
    webhook_topics: tuple[str, ...] = DEFAULT_TOPICS
    webhook_version: str = ""
    events_family: bool = False
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    currency: str = "EUR"
    taxes_included: bool = True
    tax_rate: Decimal = Decimal("0.19")
    bucket_size: int = 20_000
    restore_rate: float = 1_000.0
    odds: WebhookOdds = field(default_factory=WebhookOdds)
    seed: int = 7
    retry_scale: float = 0.01
    webhook_concurrency: int = 16
    latency_s: float = 0.0
    locations: tuple[SeedLocation, ...] = _WAREHOUSES
    products: tuple[SeedProduct, ...] = ()
    price_lists: tuple[SeedPriceList, ...] = ()
    publications: tuple[str, ...] = ("Online Store",)
    daily_variants: int | None = None
    credit_counts: bool = False
    largest_page: int = MAX_PAGE
    upload_bytes: int = 100_000_000
    bulk_line_s: float = 0.0
    bulk_nodes_only: bool = False
