"""The shop itself: its record, its clocks, its bucket, and one unit of work at a time."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from towline_sandbox.shopify import bodies, news, outbox, party_bodies
from towline_sandbox.shopify.bucket import Bucket
from towline_sandbox.shopify.faults import Faults
from towline_sandbox.shopify.record import Record
from towline_sandbox.shopify.settings import ShopSettings
from towline_shared.clock import Clock

__all__ = ["Changes", "Shop"]


@dataclass(slots=True)
class Changes:
    """What a unit of work touched; each thing is told to the webhooks once, when it ends.

    Attributes:
        products: product number -> created (True) or updated.
        orders: order number -> created (True) or updated.
        levels: (inventory item, location) numbers whose available quantity changed.
        fulfillments: new fulfillments' numbers.
        customers: customer number -> created (True) or updated.
        news: topic and number of the thing it is about, see ``news.py``.
        moves: new fulfillment order's number -> that of the one its work came from.
        uninstalled: the merchant removed the app.
    """

    products: dict[int, bool] = field(default_factory=dict)
    orders: dict[int, bool] = field(default_factory=dict)
    levels: dict[tuple[int, int], None] = field(default_factory=dict)
    fulfillments: list[int] = field(default_factory=list)
    customers: dict[int, bool] = field(default_factory=dict)
    news: dict[tuple[str, int], None] = field(default_factory=dict)
    moves: dict[int, int] = field(default_factory=dict)
    uninstalled: bool = False

    def product(self, number: int, *, created: bool = False) -> None:
        """Note a product as touched; a creation outlives later updates in the same unit."""
        self.products[number] = self.products.get(number, False) or created

    def order(self, number: int, *, created: bool = False) -> None:
        """Note an order as touched."""
        self.orders[number] = self.orders.get(number, False) or created

    def tell(self, topic: str, number: int) -> None:
        """Note something that has a topic of its own."""
        self.news[(topic, number)] = None

    def level(self, item: int, location: int) -> None:
        """Note an inventory level as touched."""
        self.levels[(item, location)] = None


class Shop:
    """Everything the resolvers work on."""

    def __init__(self, settings: ShopSettings, *, clock: Clock, record: Record) -> None:
        self.settings = settings
        self.clock = clock
        self.db = record
        self.faults = Faults(odds=settings.odds)
        self.bucket = Bucket(
            clock, maximum=settings.bucket_size, restore_rate=settings.restore_rate
        )
        self.changes = Changes()
        self.in_flight: set[str] = set()
        self.on_commit: Callable[[], None] = lambda: None
        self.base_url = ""  # where it is reached; known once its port is
        self.bulk_news = asyncio.Event()
        self.bulk_begin: Callable[..., int] = _no_bulk

    def now(self) -> str:
        """Return the time as the Admin API writes it: UTC, whole seconds, Z."""
        return self.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def webhook_base(self) -> str | None:
        """Where webhooks go: as set at the start or told since; lasts over a restart."""
        return self.db.setting("webhook_base")

    @property
    def scopes(self) -> tuple[str, ...]:
        """What the app was granted: as set at the start, or by the merchant since."""
        granted = self.db.setting("scopes")
        return self.settings.scopes if granted is None else tuple(granted.split())

    @property
    def uninstalled(self) -> bool:
        """Whether the merchant removed the app: its token is dead then."""
        return self.db.setting("uninstalled") == "yes"

    @contextmanager
    def unit(self) -> Iterator[None]:
        """One transaction; its webhooks are queued inside it and share one event id."""
        self.changes = Changes()
        with self.db.transaction():
            yield
            self._tell(self.changes)
        self.on_commit()

    def _tell(self, changes: Changes) -> None:
        event = str(uuid.uuid4())
        for number, created in changes.products.items():
            body = bodies.product(self, number)
            outbox.queue(self, f"products/{'create' if created else 'update'}", body, event)
        for item, location in changes.levels:
            outbox.queue(self, "inventory_levels/update", bodies.level(self, item, location), event)
        for number in changes.fulfillments:
            outbox.queue(self, "fulfillments/create", bodies.fulfillment(self, number), event)
        for number, created in changes.orders.items():
            body = bodies.order(self, number)
            outbox.queue(self, f"orders/{'create' if created else 'updated'}", body, event)
            if created and body["financial_status"] == "paid":
                outbox.queue(self, "orders/paid", body, event)
            told = news.order_event(self, number, created=created)
            outbox.queue(self, "events/order", told, event)
        for number, created in changes.customers.items():
            told = party_bodies.customer(self, number)
            outbox.queue(self, f"customers/{'create' if created else 'update'}", told, event)
        for topic, number in changes.news:
            outbox.queue(self, topic, news.body(self, topic, number), event)
        if changes.uninstalled:
            outbox.queue(self, "app/uninstalled", bodies.uninstalled(self), event)


def _no_bulk(**_given: Any) -> int:
    raise LookupError("nobody runs bulk operations here")
