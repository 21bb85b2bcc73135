"""Bulk operations as the engine sees them; :mod:`towline_relay.shopify.bulk_shop` has them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from towline_relay.shopify.bulk import BulkState, Target
from towline_relay.shopify.exports import Asked

__all__ = ["BulkPort"]


class BulkPort(Protocol):
    """The verbs; every one may raise Retryable, Refused or Permanent."""

    async def stage(self, mark: str) -> Target: ...

    async def upload(self, target: Target, content: bytes) -> None: ...

    async def start(self, kind: str, *, path: str, mark: str) -> str: ...

    async def export(self, asked: Asked, *, mark: str) -> str: ...

    async def find(self, mark: str, *, since: datetime) -> str: ...

    async def state(self, gid: str) -> BulkState | None: ...

    async def cancel(self, gid: str) -> None: ...

    def lines(self, url: str) -> AsyncIterator[bytes]: ...
