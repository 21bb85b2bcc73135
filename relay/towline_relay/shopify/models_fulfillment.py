"""What is said about a shipment after, and before, it is a fulfillment: moves, tracking, news."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = [
    "OUR_HOLD",
    "DeliveryStatus",
    "Hold",
    "HoldSpec",
    "MoveSpec",
    "TrackingSpec",
    "WorkRef",
]

#: Handle of the hold the ERP sets; unique among an app's holds of one fulfillment order.
OUR_HOLD = "towline-erp"


class DeliveryStatus(StrEnum):
    """Where a parcel is, in Shopify's words (FulfillmentEventStatus)."""

    ATTEMPTED_DELIVERY = "ATTEMPTED_DELIVERY"
    CARRIER_PICKED_UP = "CARRIER_PICKED_UP"
    CONFIRMED = "CONFIRMED"
    DELAYED = "DELAYED"
    DELIVERED = "DELIVERED"
    FAILURE = "FAILURE"
    IN_TRANSIT = "IN_TRANSIT"
    LABEL_PRINTED = "LABEL_PRINTED"
    LABEL_PURCHASED = "LABEL_PURCHASED"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    READY_FOR_PICKUP = "READY_FOR_PICKUP"


@dataclass(frozen=True, slots=True)
class TrackingSpec:
    """How the parcels of a shipment are found.

    Attributes:
        numbers: tracking numbers, one a parcel; never empty for a fulfillment of ours, they are
            what a repetition is recognised by.
        urls: where the parcels can be looked up, in the order of the numbers; empty leaves that to
            Shopify, which knows the pages of the carriers it knows by name.
        carrier: its name; one that Shopify knows (see the page of FulfillmentTrackingInfo.company)
            gives links by itself. Empty when unknown.
    """

    numbers: tuple[str, ...]
    carrier: str = ""
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MoveSpec:
    """Work of one fulfillment order that is to move to the location that really ships it.

    Attributes:
        order_gid: of the fulfillment order.
        lines: (fulfillment order line gid, quantity) pairs.
    """

    order_gid: str
    location_gid: str
    lines: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """Why work of a fulfillment order must not be begun.

    Attributes:
        reason: a word of FulfillmentHoldReason, such as ``HIGH_RISK_OF_FRAUD``.
        notes: what whoever set it wrote; may name people.
        ours: this relay set it, for the ERP.
    """

    gid: str
    reason: str
    notes: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class HoldSpec:
    """A hold the ERP sets on all that is left of a fulfillment order."""

    order_gid: str
    reason: str
    notes: str


@dataclass(frozen=True, slots=True)
class WorkRef:
    """A fulfillment order that changed lately; ``fresh`` when it was only made."""

    gid: str
    order_gid: str
    status: str
    updated_at: datetime
    fresh: bool
