"""The shop's customers in memory behind the engine's port: one e-mail and one number each."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from towline_relay.shopify.models import ChangedRef
from towline_relay.shopify.models_customers import ADDRESS_FIELDS, CustomerRef, CustomerSpec
from towline_relay.shopify.user_errors import Stale
from towline_shared.clock import parse_utc

_NAMES = ("first_name", "last_name", "email", "phone", "note", "locale", *ADDRESS_FIELDS)


@dataclass
class FakeCustomers:
    """See the module's docstring; ``before`` and ``after`` are scripts of failures by verb."""

    people: dict[str, CustomerRef] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    before: dict[str, Callable[[], None]] = field(default_factory=dict)
    after: dict[str, Callable[[], None]] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def add(self, *, number: str = "", **fields: str) -> CustomerRef:
        """Let somebody sign up in the shop."""
        gid = f"gid://shopify/Customer/{next(self.numbers)}"
        values = {**dict.fromkeys(_NAMES, ""), "tax_exempt": "false", **fields}
        ref = CustomerRef(gid, number, values, "", "2026-11-23T08:00:00Z")
        self.people[gid] = ref
        return ref

    async def customer(self, gid: str) -> CustomerRef | None:
        self.calls.append("customer")
        return self.people.get(gid)

    async def updated_since(self, moment: datetime) -> AsyncIterator[ChangedRef]:
        self.calls.append("updated_since")
        for ref in sorted(self.people.values(), key=lambda ref: ref.updated_at):
            if parse_utc(ref.updated_at) >= moment:
                yield ChangedRef(ref.gid, parse_utc(ref.updated_at))

    async def by_number(self, number: str) -> CustomerRef | None:
        self.calls.append("by_number")
        return next((ref for ref in self.people.values() if ref.number == number), None)

    async def by_email(self, email: str) -> CustomerRef | None:
        self.calls.append("by_email")
        return next((r for r in self.people.values() if r.fields["email"] == email.lower()), None)

    async def write(self, spec: CustomerSpec) -> str:
        self.calls.append("write")
        self.before.get("write", lambda: None)()
        email = spec.fields.get("email", "").lower()
        for ref in self.people.values():
            if email and ref.fields["email"] == email and ref.gid != spec.gid:
                raise Stale("Shopify refused customerSet: Email has already been taken (TAKEN).")
        gid = spec.gid or next(
            (ref.gid for ref in self.people.values() if ref.number == spec.number), ""
        )
        if not gid:
            gid = self.add(number=spec.number).gid
        held = self.people[gid]
        fields = {**held.fields, **spec.fields}
        fields["email"] = fields["email"].lower()
        self.people[gid] = replace(held, fields=fields)
        self.after.get("write", lambda: None)()
        return gid

    async def set_number(self, gid: str, number: str) -> None:
        self.calls.append("set_number")
        self.people[gid] = replace(self.people[gid], number=number)

    async def add_tag(self, gid: str, tag: str) -> None:
        self.calls.append("add_tag")
        held = self.tags.setdefault(gid, [])
        held += [tag] if tag not in held else []
