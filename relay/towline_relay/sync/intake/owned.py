"""Reading what the IBM i owns of the products that deliveries speak of, to know a foreign write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from towline_relay.store.base import Store
from towline_relay.store.bulk import product_touch
from towline_relay.store.rows import DeliveryRow, LinkRow
from towline_relay.sync.intake.echo import Foreign
from towline_relay.sync.intake.foreign import ForeignFields, foreign_fields, foreign_status
from towline_relay.sync.intake.moments import latest_change
from towline_relay.sync.rules.mapping import ItemTarget, map_item
from towline_relay.sync.rules.tenant import ItemRules, Rules
from towline_shared.codec import Undecodable, decode
from towline_shared.errors import BadRecord
from towline_shared.events import Item

__all__ = ["read_foreign"]


async def read_foreign(
    deliveries: Sequence[DeliveryRow], *, tenant: str, store: Store, rules: Rules
) -> Mapping[int, Foreign]:
    """Find what others wrote into items, by delivery; nothing where the rules own nothing of them.

    A value of ours that is older is no foreign one: webhooks come late.
    """
    found: dict[int, Foreign] = {}
    item = rules.item
    told = {delivery.id: json.loads(delivery.facts) for delivery in deliveries}
    about = {number: facts for number, facts in told.items() if "product" in facts}
    if item is None or not about:
        return found
    links = await _links(tenant, store, about.values())
    wanted = await _wanted(tenant, store, links, item)
    known = await store.known(tenant, "item", list(wanted))
    asked = await store.known(tenant, "status", list(links)) if item.shape.owns_status else {}
    # A bulk run under way writes what buyers see; its webhooks may come before its outcome.
    touches = sorted({product_touch(facts["product"]) for facts in about.values()})
    writing = await store.bulk_touched(f"{tenant}/catalogue", touches) if asked else {}
    for delivery in deliveries:
        if (facts := about.get(delivery.id)) is None:
            continue
        changed_at = latest_change(delivery, facts)
        theirs: list[ForeignFields] = []
        for one in foreign_fields(facts, links, wanted, known, changed_at, delivery.topic):
            if not await store.was_written(tenant, "item", one.gid, one.held):
                theirs.append(one)
        status = None
        if product_touch(facts["product"]) not in writing:
            status = foreign_status(facts, asked, changed_at, delivery.topic)
        found[delivery.id] = Foreign(tuple(theirs), status)
    return found


async def _links(tenant: str, store: Store, facts: Any) -> dict[str, LinkRow]:
    products = [each["product"] for each in facts]
    found = await store.product_links(tenant, products)
    return {link.variant_gid: link for links in found.values() for link in links}


async def _wanted(
    tenant: str, store: Store, links: Mapping[str, LinkRow], rules: ItemRules
) -> dict[str, ItemTarget]:
    """Map what the ERP said last of the items that have these variants, as far as it can be."""
    if all(field.create_only for field in rules.fields.values()):
        return {}
    keys = {link.erp_key: gid for gid, link in links.items() if link.erp_key}
    wanted: dict[str, ItemTarget] = {}
    for key, row in (await store.latest(tenant, "item", list(keys))).items():
        try:
            body = decode(row.body).body
            mapped = map_item(body, rules) if isinstance(body, Item) else None
        except (Undecodable, BadRecord):
            continue  # its own event says what is wrong with it
        if isinstance(mapped, ItemTarget):
            wanted[keys[key]] = mapped
    return wanted
