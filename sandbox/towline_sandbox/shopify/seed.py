"""What a new shop starts with: locations, a publication, the app's subscriptions, old products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from towline_sandbox.shopify import stock
from towline_sandbox.shopify.catalogue import add_product, add_variant, free_handle, handle_from
from towline_sandbox.shopify.outbox import remove_subscription, topic_enum
from towline_sandbox.shopify.settings import SeedProduct

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["add_seed_product", "seed", "subscribe"]


def seed(shop: Shop) -> None:
    """Fill a new state file; does nothing to one that was filled before. Tells no webhooks."""
    with shop.db.transaction():
        if shop.db.setting("seeded") != "yes":
            for position, place in enumerate(shop.settings.locations):
                shop.db.insert(
                    "locations",
                    id=shop.db.next_number("Location"),
                    name=place.name,
                    address1=place.address1,
                    city=place.city,
                    zip=place.zip,
                    country_code=place.country_code,
                    position=position,
                )
            for title in shop.settings.publications:
                number = shop.db.next_number("Publication")
                shop.db.insert("publications", id=number, title=title)
            for one in shop.settings.price_lists:
                number = shop.db.next_number("PriceList")
                shop.db.insert(
                    "price_lists",
                    id=number,
                    name=one.name,
                    currency=one.currency,
                    catalog=f"{one.name} catalog",
                )
            for product in shop.settings.products:
                add_seed_product(shop, product)
            shop.db.set_setting("seeded", "yes")
        if shop.settings.webhook_base is not None:
            shop.db.set_setting("webhook_base", shop.settings.webhook_base)
        subscribe(shop)


def add_seed_product(shop: Shop, given: SeedProduct) -> int:
    """Make a product with one variant and stock at the first location; return its number."""
    handle = free_handle(shop, handle_from(given.title))
    number = add_product(shop, title=given.title, handle=handle, status=given.status)
    variant = add_variant(shop, number, sku=given.sku, price=given.price, options={})
    item = shop.db.scalar("SELECT inventory_item_id FROM variants WHERE id = ?", variant)
    first = shop.db.scalar("SELECT id FROM locations ORDER BY position")
    stock.set_quantity(shop, item, first, name="available", quantity=given.stock)
    return number


def subscribe(shop: Shop) -> None:
    """Make the subscriptions of the app's shopify.app.toml those of the settings."""
    wanted = {topic_enum(topic) for topic in shop.settings.webhook_topics}
    rows = shop.db.all("SELECT id, topic FROM webhook_subscriptions WHERE origin = 'app'")
    for row in rows:
        if row["topic"] not in wanted:
            remove_subscription(shop, row["id"])
    now = shop.now()
    for topic in sorted(wanted - {row["topic"] for row in rows}):
        shop.db.insert(
            "webhook_subscriptions",
            id=shop.db.next_number("WebhookSubscription"),
            topic=topic,
            uri=None,
            name=None,
            format="JSON",
            origin="app",
            created_at=now,
            updated_at=now,
        )
