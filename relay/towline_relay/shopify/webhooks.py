"""Webhook subscriptions made by the Admin API: read, create, point elsewhere, delete.

Those of the app's toml file are not listed here and can't be changed here:
https://shopify.dev/docs/apps/build/webhooks/subscribe. After eight deliveries that failed in a row
Shopify deletes one that is listed here:
https://shopify.dev/docs/apps/build/webhooks/troubleshoot.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import Document, document
from towline_relay.shopify.paging import MOST, pages
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import raise_first, read_errors

__all__ = ["Subscription", "WebhookDoor"]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription as the shop lists it.

    Attributes:
        topic: value of the enum, such as ``ORDERS_CREATE``.
        name: given by whoever made it; empty when it has none.
        api_version: version its bodies come in.
        format: ``JSON`` or ``XML``.
        filter: search that a change must match to be told; empty for none.
        include_fields: the only fields its bodies have; empty for all.
    """

    gid: str
    topic: str
    uri: str
    name: str
    api_version: str
    format: str = "JSON"
    filter: str = ""
    include_fields: tuple[str, ...] = ()


class WebhookDoor:
    """The verbs over one client."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def webhook_subscriptions(self) -> AsyncIterator[Subscription]:
        """Read every subscription of this app in this shop, in order of id."""
        nodes = pages(
            self._client,
            document("webhook_subscriptions"),
            {"first": MOST, "after": None},
            pick=lambda data: data["webhookSubscriptions"],
            priority=Priority.SWEEP,
        )
        async for node in nodes:
            yield Subscription(
                gid=node["id"],
                topic=node["topic"],
                uri=node["uri"],
                name=node["name"] or "",
                api_version=node["apiVersion"]["handle"],
                format=node["format"],
                filter=node["filter"] or "",
                include_fields=tuple(node["includeFields"]),
            )

    async def create_webhook(self, topic: str, *, uri: str, name: str) -> None:
        """Subscribe to a topic; Shopify refuses a second one of the same topic and address."""
        await self._change(
            "webhookSubscriptionCreate",
            document("webhook_create"),
            {"topic": topic, "subscription": {"uri": uri, "name": name}},
        )

    async def update_webhook(self, gid: str, *, uri: str, name: str) -> None:
        """Set a subscription right in everything: whole bodies of all changes, as JSON; idempotent.

        That null takes a filter away is our assumption; who looks again finds out.
        """
        given: dict[str, Any] = {"uri": uri, "name": name, "format": "JSON"}
        given |= {"filter": None, "includeFields": []}
        await self._change(
            "webhookSubscriptionUpdate",
            document("webhook_update"),
            {"id": gid, "subscription": given},
        )

    async def delete_webhook(self, gid: str) -> None:
        """Delete a subscription.

        Raises:
            Refused: it is not there (any more).
        """
        await self._change("webhookSubscriptionDelete", document("webhook_delete"), {"id": gid})

    async def _change(self, mutation: str, wanted: Document, variables: dict[str, Any]) -> None:
        answer = await self._client.execute(wanted, variables, priority=Priority.SWEEP)
        raise_first(mutation, read_errors(answer.data[mutation]))
