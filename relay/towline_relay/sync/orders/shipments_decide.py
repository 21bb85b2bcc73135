"""What to do about a shipment of the ERP, given what the shop holds and what was told. Pure.

What was told about a shipment is kept by the ERP's number (:class:`Told`): only so can a changed
tracking number be told from a second parcel of the same lines.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass

from towline_relay.shopify.fulfillment_plan import DEAD, plan_moves, plan_shipment, recognise
from towline_relay.shopify.models import (
    AlreadyDone,
    Fulfillment,
    FulfillmentSpec,
    FulfillmentState,
    Refusal,
)
from towline_relay.shopify.models_fulfillment import DeliveryStatus, MoveSpec, TrackingSpec
from towline_relay.store.rows import Known
from towline_relay.sync.rules.shipments import CANCELLED, ShipmentRules
from towline_shared.events import Shipment

__all__ = [
    "KIND",
    "Cancel",
    "Create",
    "Decision",
    "Keep",
    "Move",
    "Told",
    "Track",
    "cancelled",
    "decide",
    "delivery_of",
    "tracking_of",
]

KIND = "shipment"


@dataclass(frozen=True, slots=True)
class Told:
    """What the shop was told of a shipment, or was about to be told when a call was begun.

    Attributes:
        numbers: the tracking numbers it was told under.
        fulfillments: what it became; empty while the answer of the call is not known.
    """

    order_gid: str
    numbers: tuple[str, ...]
    fulfillments: tuple[str, ...] = ()

    def known(self, shipment: str) -> Known:
        """Write it as a row of what was last written."""
        value = json.dumps(
            {
                "order": self.order_gid,
                "numbers": self.numbers,
                "fulfillments": self.fulfillments,
            }
        )
        return Known(KIND, shipment, hashlib.sha256(value.encode()).hexdigest(), value)

    @classmethod
    def read(cls, known: Known | None) -> Told | None:
        """Read it back; None when nothing was told."""
        if known is None:
            return None
        given = json.loads(known.value)
        return cls(given["order"], tuple(given["numbers"]), tuple(given["fulfillments"]))


@dataclass(frozen=True, slots=True)
class Create:
    """The shop lacks it: make these fulfillments, one a location."""

    parts: tuple[FulfillmentSpec, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """Its work lies at other locations: move it, then look again."""

    moves: tuple[MoveSpec, ...]


@dataclass(frozen=True, slots=True)
class Track:
    """The shop has it under other tracking."""

    fulfillments: tuple[str, ...]
    tracking: TrackingSpec


@dataclass(frozen=True, slots=True)
class Cancel:
    """The ERP took it back."""

    fulfillments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Keep:
    """The shop has it as it is; ``fulfillments`` is empty when there is nothing to have."""

    fulfillments: tuple[str, ...]


Decision = Create | Move | Track | Cancel | Keep | Refusal | None


def tracking_of(shipment: Shipment, rules: ShipmentRules) -> TrackingSpec:
    """Return numbers, carrier and pages as the shop shall show them.

    A shipment without tracking is told by its own number, so that a repetition is recognised.
    """
    numbers = tuple(dict.fromkeys(number for number in shipment.tracking if number))
    carrier = rules.carrier(shipment.carrier)
    if not numbers:
        return TrackingSpec((shipment.shipment,), carrier.name)
    urls = shipment.urls if len(shipment.urls) == len(numbers) else ()
    if not any(urls) and carrier.url:
        urls = tuple(carrier.url.replace("{number}", number) for number in numbers)
    return TrackingSpec(numbers, carrier.name, urls if all(urls) else ())


def delivery_of(shipment: Shipment, rules: ShipmentRules) -> DeliveryStatus | None:
    """Return where the parcels are by the ERP's code; None when it says nothing of that."""
    found = rules.status.get(shipment.status, "")
    return None if found in ("", CANCELLED) else DeliveryStatus(found)


def cancelled(shipment: Shipment, rules: ShipmentRules) -> bool:
    """Tell whether the ERP took the shipment back, as far as the rules let it."""
    if shipment.gone:
        return rules.gone == "cancel"
    return rules.status.get(shipment.status) == CANCELLED


def decide(
    shipment: Shipment,
    state: FulfillmentState,
    told: Told | None,
    *,
    rules: ShipmentRules,
    location_gid: str,
) -> Decision:
    """Decide about one shipment.

    Returns:
        None when its lines no longer fit what the shop has it as: a fulfillment's lines can't be
        changed.
    """
    tracking = tracking_of(shipment, rules)
    lines = [(line.line_gid, line.quantity) for line in shipment.lines]
    mine = _mine(state, told, lines, tracking.numbers)
    if cancelled(shipment, rules):
        return Cancel(tuple(one.gid for one in mine)) if mine else Keep(())
    if mine:
        gids = tuple(one.gid for one in mine)
        if _held(mine) != _counted(lines):
            return None
        return Keep(gids) if _tracked(mine, tracking) else Track(gids, tracking)
    if rules.move:
        moves = plan_moves(state, lines, location_gid=location_gid)
        if moves:
            return Move(moves)
    plan = plan_shipment(
        state,
        lines,
        shipment=shipment.shipment,
        tracking=tracking.numbers,
        carrier=tracking.carrier,
        urls=tracking.urls,
        location_gid=location_gid,
        notify=rules.notify,
    )
    if isinstance(plan, AlreadyDone):
        return Keep(plan.gids)
    return plan if isinstance(plan, Refusal) else Create(plan)


def _mine(
    state: FulfillmentState,
    told: Told | None,
    lines: list[tuple[str, int]],
    numbers: tuple[str, ...],
) -> list[Fulfillment]:
    """Find the living fulfillments that are this shipment.

    Those that were made are known by gid; of a call without an answer only the numbers it was made
    with are known, and they may have changed since.
    """
    alive = {one.gid: one for one in state.fulfillments if one.status not in DEAD}
    known = [alive[gid] for gid in (told.fulfillments if told else ()) if gid in alive]
    if known:
        return known
    for candidate in (numbers, told.numbers if told else ()):
        found = recognise(state, lines, candidate) if candidate else ()
        if found:
            return [alive[gid] for gid in found]
    return []


def _held(made: list[Fulfillment]) -> Counter[str]:
    return _counted([line for one in made for line in one.lines])


def _counted(lines: list[tuple[str, int]]) -> Counter[str]:
    counts = Counter[str]()
    for line_gid, quantity in lines:
        counts[line_gid] += quantity
    return counts


def _tracked(made: list[Fulfillment], tracking: TrackingSpec) -> bool:
    """Tell whether the shop shows this tracking.

    Shopify adds pages for carriers it knows, so pages count only where we give them; and a carrier
    that somebody wrote in the shop stays where the ERP names none.
    """
    return all(
        set(one.numbers) == set(tracking.numbers)
        and (not tracking.carrier or one.carrier == tracking.carrier)
        and (not tracking.urls or set(one.urls) == set(tracking.urls))
        for one in made
    )
