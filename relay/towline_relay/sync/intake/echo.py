"""Was a change in the shop our own write? Decided by value, because nothing else tells. Pure.

A webhook about a product or a quantity is compared with what was written to it at any time that is
kept: webhooks come late and out of order, so an older value of ours is ours too. For the same
reason one that tells of a product as it was before our last write of a value tells nothing of it:
what others had written until then, that write has overwritten.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from towline_relay.store.effects import Release
from towline_relay.store.rows import DeliveryRow, Known, LinkRow, Observed
from towline_relay.sync.catalogue.decide import item_of, price_hash, stock_target, value_hash
from towline_relay.sync.intake.foreign import ForeignFields
from towline_relay.sync.intake.moments import is_before, latest_change
from towline_relay.sync.rules.ownership import Attempt

__all__ = ["Foreign", "Seen", "look_at"]

Written = Callable[[str, str, str], bool]  # (kind, target, hash) -> was it ever written by us?
LastKnown = Callable[[str, str], Known | None]  # (kind, target) -> what was written last


@dataclass(frozen=True, slots=True)
class Foreign:
    """What others wrote, as :mod:`towline_relay.sync.intake.foreign` found it in a delivery."""

    fields: tuple[ForeignFields, ...] = ()
    status: Attempt | None = None


NOTHING_FOREIGN = Foreign()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a delivery tells."""

    observed: Observed
    links: tuple[LinkRow, ...] = ()
    release: tuple[Release, ...] = ()
    unlink: tuple[str, ...] = ()
    forget: tuple[tuple[str, str], ...] = ()
    known: tuple[Known, ...] = ()
    attempts: tuple[Attempt, ...] = ()


def look_at(
    delivery: DeliveryRow,
    *,
    written: Written,
    known: LastKnown,
    quantity: str = "available",
    foreign: Foreign = NOTHING_FOREIGN,
) -> Seen:
    """Look at a delivery that is no order.

    Args:
        quantity: the name of the quantity the rules write. The webhook tells ``available`` alone,
            so with ``on_hand`` it can't be told whose change it was.
        foreign: what others wrote into fields of the items, and into their product's status.
    """
    facts: dict[str, Any] = json.loads(delivery.facts)
    if "deleted" in facts:
        return Seen(
            Observed(delivery.id, "noted", f"{facts['deleted']} was deleted in the shop."),
            unlink=(facts["deleted"],),
        )
    if "available" in facts:
        if quantity != "available":
            said = f"available {facts['available']}; the rules write {quantity}"
            return Seen(Observed(delivery.id, "noted", said))
        return _level(delivery, facts, written)
    if "product" in facts:
        return _product(delivery, facts, written, known, foreign)
    return Seen(Observed(delivery.id, "noted"))


def _level(delivery: DeliveryRow, facts: dict[str, Any], written: Written) -> Seen:
    """A quantity: ours, or moved by the shop itself (an order, a return, a person)."""
    available = facts["available"]
    target = stock_target(facts["inventory_item"], facts["location"], "available")
    if available is not None and written("stock", target, value_hash("stock", str(available))):
        return Seen(Observed(delivery.id, "own write", f"available {available}"))
    # The shop's figure has moved: the ERP's next statement is written even if it is the same again.
    # The figure itself is kept for the brake, which must know what would fall to zero.
    held = str(available or 0)
    return Seen(
        Observed(delivery.id, "the shop's own", f"available {available}"),
        forget=(("stock", target),),
        known=(Known("level", target, value_hash("level", held), held),),
    )


def _product(
    delivery: DeliveryRow,
    facts: dict[str, Any],
    written: Written,
    known: LastKnown,
    foreign: Foreign,
) -> Seen:
    links, attempts, ours = [], list[Attempt](), 0
    changed_at = latest_change(delivery, facts)
    for variant in facts["variants"]:
        links.append(
            LinkRow(
                sku=variant["sku"],
                product_gid=facts["product"],
                variant_gid=variant["variant"],
                inventory_item_gid=variant["inventory_item"],
                product_status=facts["status"],
                tracked=variant.get("tracked"),  # told by the sweep, not by a webhook
                bundle=variant.get("bundle"),
            )
        )
        last = known("price", variant["variant"])
        if last is None or is_before(changed_at, last):
            continue
        if _our_price(variant, last, written):
            ours += 1
        else:
            attempts.append(
                Attempt(
                    "price", variant["sku"], "price", last.value, _shown(variant), delivery.topic
                )
            )
    priced = {attempt.key for attempt in attempts}
    attempts += [attempt for one in foreign.fields for attempt in one.attempts]
    attempts += [foreign.status] if foreign.status else []
    outcome = "foreign write" if attempts else "own write" if ours else "noted"
    return Seen(
        Observed(delivery.id, outcome, f"{len(links)} variants of {facts['product']}"),
        links=tuple(links),
        release=tuple(Release(item_of(link.sku)) for link in links if link.sku.strip()),
        forget=(
            *(("price", link.variant_gid) for link in links if link.sku in priced),
            *(("item", one.gid) for one in foreign.fields),
            *(("status", link.variant_gid) for link in links if foreign.status),
        ),
        attempts=tuple(attempts),
    )


def _our_price(variant: dict[str, Any], last: Known, written: Written) -> bool:
    """Compare with and without the compare-at price: the rules may not own it."""
    price = Decimal(variant["price"])
    compare_at = None if variant["compare_at"] is None else Decimal(variant["compare_at"])
    hashes = {price_hash(price, compare_at), price_hash(price)}
    return last.hash in hashes or any(
        written("price", variant["variant"], hash_) for hash_ in hashes
    )


def _shown(variant: dict[str, Any]) -> str:
    compare_at = variant["compare_at"]
    return f"{variant['price']} (was {compare_at})" if compare_at else str(variant["price"])
