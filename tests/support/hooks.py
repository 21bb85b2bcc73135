"""Webhook deliveries made by hand, as the receiver hands them on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

__all__ = ["NOW", "Hook", "hook"]

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Hook:
    """A delivery whose signature was right."""

    topic: str
    body: bytes
    webhook_id: str = "w1"
    tenant: str = "t"
    shop: str = "demo.myshopify.com"
    triggered_at: str = ""
    received_at: datetime = NOW

    @property
    def body_hash(self) -> str:
        return sha256(self.topic.encode() + self.body).hexdigest()


def hook(topic: str, body: Any, webhook_id: str = "w1", **more: Any) -> Hook:
    """Make a delivery of a JSON body."""
    return Hook(topic, json.dumps(body).encode(), webhook_id, **more)
