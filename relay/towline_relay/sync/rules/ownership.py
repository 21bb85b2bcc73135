"""Who owns a field, and what becomes of a value the other side wrote. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from towline_relay.store.rows import Conflict, LinkRow
from towline_relay.sync.rules.tenant import Rules

__all__ = ["Attempt", "deletion", "judge", "owner_of"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A value that somebody wrote into a field at the shop, other than what we wrote.

    Attributes:
        key: the SKU, or the order's name.
        ours: what we wrote last; theirs: what stands there now.
        source: where it was seen, such as ``products/update``.
    """

    entity: str
    key: str
    field: str
    ours: str
    theirs: str
    source: str


def owner_of(rules: Rules, entity: str, field: str) -> str:
    """Return the system of record of a field: ``ibmi`` or ``shopify``.

    What no rule names belongs to the shop: Towline never writes it.
    """
    if entity == "stock":
        return "ibmi" if rules.stock is not None else "shopify"
    if (entity, field) == ("item", "status"):
        return "ibmi" if rules.item is not None and rules.item.shape.owns_status else "shopify"
    part = {"item": rules.item, "price": rules.price}.get(entity)
    found = part.fields.get(field) if part is not None else None
    return "shopify" if found is None or found.create_only else found.owner


def judge(rules: Rules, attempt: Attempt) -> Conflict | None:
    """Decide about a foreign value; None when the shop owns the field and may write it.

    The owner's value is not written back here: it is forgotten as known, so that the ERP's next
    statement about it is written even when the ERP's value has not changed.
    """
    if owner_of(rules, attempt.entity, attempt.field) == "shopify":
        return None
    return Conflict(
        entity=attempt.entity,
        key=attempt.key,
        field=attempt.field,
        ours=attempt.ours,
        theirs=attempt.theirs,
        source=attempt.source,
        done="The IBM i owns it: its next value overwrites this one.",
    )


def deletion(rules: Rules, link: LinkRow, source: str) -> Conflict | None:
    """Decide about a variant that was deleted in the shop; None when no item of the ERP was it.

    Nothing is made anew by itself: whoever deleted it may have had a reason.
    """
    if not link.erp_key:
        return None
    done = "Prices and stocks of it are parked until the shop has a variant of this SKU again."
    if rules.item is not None:
        done = "The IBM i owns the item: its next statement about it makes it anew, as a draft."
    return Conflict(
        entity="item",
        key=link.erp_key,
        field="variant",
        ours=link.variant_gid,
        theirs="deleted",
        source=source,
        done=done,
    )
