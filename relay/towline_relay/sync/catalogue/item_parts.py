"""The parts of an item that are written separately, and how each is remembered. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from towline_relay.store.rows import Known, LinkRow
from towline_relay.sync.rules.mapping import ItemTarget

__all__ = [
    "NOTHING",
    "extras_known",
    "item_known",
    "parts_of",
    "status_known",
    "value_hash",
    "why_moved",
]

NOTHING: Mapping[str, Known] = MappingProxyType({})


def value_hash(*parts: str) -> str:
    """Hash a value as it was written, for no-op detection and for recognising echoes."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def item_known(link: LinkRow, target: ItemTarget) -> Known:
    """Return the owned fields of an item as they are remembered once they are written."""
    fields: dict[str, Any] = {
        name: target.fields[name] for name in sorted(target.kept) if name in target.fields
    }
    shown = ", ".join(f"{name} {value}" for name, value in fields.items())
    return Known("item", link.variant_gid, value_hash("item", repr(fields)), shown)


def parts_of(
    link: LinkRow, target: ItemTarget, known: Known | None, parts: Mapping[str, Known]
) -> Iterator[Known]:
    """Yield the parts of an item that are not what was last written, by kind.

    The options of a variant are ours only when we made it: a product of the merchant's keeps the
    shape the merchant gave it.
    """
    wanted = item_known(link, target)
    if target.kept and (known is None or known.hash != wanted.hash):
        yield wanted
    for part in extras_known(link, target):
        last = parts.get(part.kind)
        if part.kind in ("options", "group") and "group" not in parts:
            continue
        if last is None or last.hash != part.hash:
            yield part


def extras_known(link: LinkRow, target: ItemTarget) -> Iterator[Known]:
    """Yield metafields, options and group as they are remembered once they are written."""
    gid = link.variant_gid
    if target.metafields:
        values = [f"{one.namespace}.{one.key}={one.value}" for one in target.metafields]
        shown = ", ".join(values)
        yield Known("metafields", gid, value_hash("metafields", *values), shown)
    if target.group:
        values = [value for _, value in target.options]
        yield Known("options", gid, value_hash("options", *values), " / ".join(values))
        yield Known("group", gid, value_hash("group", target.group), target.group)


def status_known(link: LinkRow, status: str) -> Known:
    """Return what an item asks for its product's status, as it is remembered once written."""
    return Known("status", link.variant_gid, value_hash("status", status), status)


def why_moved(link: LinkRow, target: ItemTarget, parts: Mapping[str, Known]) -> str | None:
    """Say that an item left the group in which its variant stands; None when it did not.

    Shopify has no way to move a variant to another product.
    """
    before = parts.get("group")
    if before is None or before.value == target.group:
        return None
    now = f"belongs to {target.group!r} now" if target.group else "stands alone now"
    return (
        f"The item {target.sku} {now}; its variant {link.variant_gid} is one of"
        f" {before.value!r}, and a variant can't move."
    )
