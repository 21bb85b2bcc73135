"""The shop's companies as the engine sees them; see :mod:`towline_relay.shopify.companies`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from towline_relay.shopify.models_companies import CompanyRef, ContactRoles, Place

__all__ = ["CompanyPort"]


class CompanyPort(Protocol):
    """The verbs; every one may raise Retryable, Refused or Permanent."""

    async def find(self, number: str) -> str: ...

    async def company(self, gid: str) -> CompanyRef | None: ...

    async def create(self, number: str, fields: Mapping[str, str], place: Place) -> str: ...

    async def update(self, gid: str, fields: Mapping[str, str]) -> None: ...

    async def add_place(self, gid: str, place: Place) -> str: ...

    async def update_place(self, place: Place) -> None: ...

    async def set_contact(self, gid: str, customer_gid: str) -> None: ...

    async def contact_roles(self, gid: str) -> ContactRoles: ...

    async def assign_role(self, contact: str, role: str, places: Sequence[str]) -> None: ...

    async def terms(self) -> Mapping[str, str]: ...
