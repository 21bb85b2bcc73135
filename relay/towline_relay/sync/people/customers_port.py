"""The shop's customers as the engine sees them; see :mod:`towline_relay.shopify.customers`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from towline_relay.shopify.models import ChangedRef
from towline_relay.shopify.models_customers import CustomerRef, CustomerSpec

__all__ = ["CustomerPort"]


class CustomerPort(Protocol):
    """The verbs; every one may raise Retryable, Refused or Permanent."""

    async def customer(self, gid: str) -> CustomerRef | None: ...

    def updated_since(self, moment: datetime) -> AsyncIterator[ChangedRef]: ...

    async def by_number(self, number: str) -> CustomerRef | None: ...

    async def by_email(self, email: str) -> CustomerRef | None: ...

    async def write(self, spec: CustomerSpec) -> str: ...

    async def set_number(self, gid: str, number: str) -> None: ...

    async def add_tag(self, gid: str, tag: str) -> None: ...
