"""Decisions to lines of a bulk run: the exact input, and what its outcome will mean. Pure.

Each writer takes the run's id and the line's number last, which are known only when the line is
about to go into a file.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from towline_relay.shopify.bulk_lines import (
    create_variables,
    prices_variables,
    publish_variables,
    quantities_variables,
    status_variables,
)
from towline_relay.shopify.models import Quantity, VariantPrice
from towline_relay.shopify.models_prices import PriceListRef
from towline_relay.shopify.price_lines import list_variables
from towline_relay.store.bulk import BulkLine, handle_touch, item_touch, product_touch
from towline_relay.store.rows import LinkRow
from towline_relay.store.states import OPEN
from towline_relay.sync.catalogue import decide
from towline_relay.sync.catalogue.item_parts import extras_known, item_known
from towline_relay.sync.catalogue.list_prices import SetListPrice
from towline_relay.sync.catalogue.new_products import NewProduct
from towline_relay.sync.catalogue.specs import group_of, price_of, spec_of
from towline_shared.events import event_id

__all__ = ["create_line", "list_line", "price_line", "seen_line", "stock_line"]


def create_line(product: NewProduct, _run: str, number: int) -> BulkLine:
    """Write the line that makes one product with its variants and their prices."""
    items = product.items
    spec = group_of(items) if product.grouped else spec_of(items[0])
    about = {
        "status": product.status,
        "follows": product.follows,
        "members": [_member(found) for found in items],
    }
    serials = [found.event.serial for found in items]
    serials += [found.priced_by.serial for found in items if found.priced_by.state in OPEN]
    touches = [item_touch(found.event.key) for found in items]
    if product.grouped:
        touches.append(handle_touch(product.handle))
    return BulkLine(
        number,
        _text(create_variables(spec, status=product.status)),
        tuple(serials),
        _text(about),
        touches=tuple(touches),
    )


def _member(found: decide.Create) -> dict[str, Any]:
    """Write what is needed to understand what became of one item."""
    nobody = LinkRow(found.target.sku, "", "", "")  # its gid is known with the outcome
    known = [item_known(nobody, found.target), *extras_known(nobody, found.target)]
    return {
        "key": found.event.key,
        "sku": found.target.sku,
        "serial": found.event.serial,
        "priced": found.priced_by.serial if found.priced_by.state in OPEN else None,
        "wish": found.target.status,
        "known": [[one.kind, one.hash, one.value] for one in known],
        "price": asdict(found.price),
        "shown": found.price.shown,
    }


def seen_line(
    group: Sequence[decide.SetStatus], channels: Sequence[str], step: str, _run: str, number: int
) -> BulkLine:
    """Write the line of one step (:func:`step_of`) of what buyers see of a product."""
    product, status = group[0].link.product_gid, group[0].status
    variables = (
        status_variables(product, status)
        if step == "status"
        else publish_variables(product, channels)
    )
    about = {
        "product": product,
        "status": status,
        "follows": step == "status" and status == "ACTIVE" and bool(channels),
        "members": [
            {
                "serial": found.event.serial,
                "key": found.event.key,
                "gid": found.link.variant_gid,
                "claim": not found.link.erp_key and found.item.state == "linked",
                "item": [found.item.key, found.item.state, found.item.reason],
                "known": [found.known.target, found.known.hash, found.known.value],
            }
            for found in group
        ],
    }
    return BulkLine(
        number,
        _text(variables),
        tuple(found.event.serial for found in group),
        _text(about),
        touches=(product_touch(product),),
    )


def price_line(group: Sequence[decide.SetPrice], _run: str, number: int) -> BulkLine:
    """Write the line that sets the prices of one product's variants."""
    prices: list[VariantPrice] = [price_of(found) for found in group]
    about = [
        {
            "serial": found.event.serial,
            "gid": found.link.variant_gid,
            "claim": "" if found.link.erp_key else found.event.key,
            "known": [found.known.target, found.known.hash, found.known.value],
        }
        for found in group
    ]
    return BulkLine(
        number,
        _text(prices_variables(group[0].link.product_gid, prices)),
        tuple(found.event.serial for found in group),
        _text(about),
    )


def list_line(
    ref: PriceListRef, group: Sequence[SetListPrice], tiered: bool, _run: str, number: int
) -> BulkLine:
    """Write the line that sets or takes away up to 250 prices of one price list."""
    variables = list_variables(
        ref.gid, ref.currency, [found.line for found in group], tiered=tiered
    )
    about = [
        {
            "serial": found.event.serial,
            "gid": found.link.variant_gid,
            "gone": found.line.price is None,
            "tiers": len(found.line.tiers),
            "known": [found.known.target, found.known.hash, found.known.value],
        }
        for found in group
    ]
    return BulkLine(
        number, _text(variables), tuple(found.event.serial for found in group), _text(about)
    )


def stock_line(group: Sequence[decide.SetStock], run: str, number: int) -> BulkLine:
    """Write the line that sets up to 250 quantities; its key is the run's and the line's own."""
    quantities = [
        Quantity(found.link.inventory_item_gid, found.location_gid, found.quantity)
        for found in group
    ]
    variables = quantities_variables(
        group[0].name,
        quantities,
        reference=f"gid://towline/Event/{group[0].event.id}",
        key=event_id("bulk", run, str(number)),
    )
    about = [
        {
            "serial": found.event.serial,
            "gid": found.link.variant_gid,
            "known": [found.known.target, found.known.hash, found.known.value],
        }
        for found in group
    ]
    return BulkLine(
        number, _text(variables), tuple(found.event.serial for found in group), _text(about)
    )


def _text(value: Any) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a bulk line")
