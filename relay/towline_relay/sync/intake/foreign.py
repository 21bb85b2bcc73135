"""What others wrote at the shop into an item's fields, or into what buyers see of it. Pure.

A webhook tells title, vendor, product type, barcode and status. What it does not tell (weights,
metafields) is not looked at: those stand as they are until the ERP's value changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from towline_relay.store.rows import Known, LinkRow
from towline_relay.sync.catalogue.item_parts import item_known
from towline_relay.sync.catalogue.visibility import asked_of
from towline_relay.sync.intake.moments import is_before
from towline_relay.sync.rules.mapping import ItemTarget
from towline_relay.sync.rules.ownership import Attempt

__all__ = ["ForeignFields", "foreign_fields", "foreign_status"]

_OF_PRODUCT = ("title", "vendor", "product_type")
_TOLD = 100  # variants that a webhook tells: https://shopify.dev/docs/apps/build/webhooks


@dataclass(frozen=True, slots=True)
class ForeignFields:
    """Fields of one variant that are not what the IBM i says.

    Attributes:
        held: the item as the shop holds it; an older value of ours is no foreign one.
    """

    gid: str
    held: str
    attempts: tuple[Attempt, ...]


def foreign_fields(
    facts: Mapping[str, Any],
    links: Mapping[str, LinkRow],
    wanted: Mapping[str, ItemTarget],
    known: Mapping[str, Known],
    changed_at: datetime | None,
    topic: str,
) -> Iterator[ForeignFields]:
    """Compare what a delivery tells of a product's variants with what was written to them.

    Args:
        facts: of a delivery about a product.
        links: by variant.
        wanted: by variant, what the ERP said last.
        known: by variant, what was written last of its item. Where that is not what the ERP says
            now, the next write comes anyway.
        changed_at: when the product changed at the latest; None when the source says not. What was
            before our last write of the item was overwritten by it.
    """
    for variant in facts["variants"]:
        gid = variant["variant"]
        target, last = wanted.get(gid), known.get(gid)
        if target is None or last is None or last.hash != item_known(links[gid], target).hash:
            continue
        if is_before(changed_at, last):
            continue
        told = {name: facts.get(name) for name in _OF_PRODUCT} | {"barcode": variant.get("barcode")}
        theirs: dict[str, str] = {
            name: str(value)
            for name, value in told.items()
            if value is not None
            and name in target.kept
            and name in target.fields
            and _plain(value) != _plain(target.fields[name])
        }
        if theirs:
            held = replace(target, fields={**target.fields, **theirs})
            yield ForeignFields(
                gid,
                item_known(links[gid], held).hash,
                tuple(
                    Attempt("item", variant["sku"], name, str(target.fields[name]), value, topic)
                    for name, value in sorted(theirs.items())
                ),
            )


def _plain(value: str | Decimal | tuple[str, ...]) -> str:
    """Leave out what Shopify may do to blanks."""
    return " ".join(str(value).split())


def foreign_status(
    facts: Mapping[str, Any], known: Mapping[str, Known], changed_at: datetime | None, topic: str
) -> Attempt | None:
    """Compare a product's status with what the items of all its variants asked for.

    A webhook of before our own write comes late at times, so only what can have changed after it
    counts.

    Args:
        known: by variant, what its item asked for last.
        changed_at: when the product changed at the latest; None when the source says not.
    """
    variants = facts["variants"]
    asked = asked_of([each["variant"] for each in variants], known)
    if not asked or facts["status"] in ("", asked) or len(variants) >= _TOLD or changed_at is None:
        return None
    if any(is_before(changed_at, known[each["variant"]]) for each in variants):
        return None
    return Attempt("item", variants[0]["sku"], "status", asked, facts["status"], topic)
