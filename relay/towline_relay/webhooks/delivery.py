"""One delivered webhook, and the inbox it is put into."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

__all__ = ["Delivery", "PutResult", "WebhookInbox", "header"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook whose signature is right.

    Only the body is signed: the rest comes from the path (checked against the headers) and from
    headers anybody could have changed on a replay, so a store must recognise a repetition by
    ``webhook_id`` AND by ``body_hash``.

    Attributes:
        tenant: whose shop it is.
        shop: the myshopify.com domain.
        topic: lower case, such as ``orders/create``.
        webhook_id: Shopify's id of this delivery, the same over its retries; derived from topic
            and body when the header is missing.
        event_id: shared by all deliveries of one merchant action; for correlation only.
        triggered_at: Shopify's text of the moment; empty when missing.
        api_version: version of the payload; empty when missing.
        body: the raw bytes; signed, yet not necessarily JSON: whoever reads it parks what is not.
        received_at: aware UTC.
    """

    tenant: str
    shop: str
    topic: str
    webhook_id: str
    event_id: str
    triggered_at: str
    api_version: str
    body: bytes = field(repr=False)
    received_at: datetime

    @property
    def body_hash(self) -> str:
        """SHA-256 over topic and body, hex."""
        return hashlib.sha256(self.topic.encode() + b"\0" + self.body).hexdigest()


class PutResult(Enum):
    """What the inbox did."""

    NEW = "new"
    DUPLICATE = "duplicate"


class WebhookInbox(Protocol):
    """Where deliveries are kept; implemented by the store."""

    async def put(self, delivery: Delivery) -> PutResult:
        """Keep a delivery durably, or recognise one it has; returns after the commit.

        Raises:
            Retryable: it can't be kept now; Shopify will deliver it again.
        """
        ...


def header(headers: Mapping[str, str], name: str) -> str:
    """Return a header of either family: ``X-Shopify-<name>``, else ``Shopify-<name>``.

    Webhooks send the first, Events (2026-10) the second:
    https://shopify.dev/docs/apps/build/events/migrate-from-webhooks
    """
    return (headers.get(f"X-Shopify-{name}") or headers.get(f"Shopify-{name}") or "").strip()
