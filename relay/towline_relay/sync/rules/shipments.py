"""The ``[shipments]`` table of the rules: carriers, what the ERP's codes mean, what is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from towline_relay.shopify.models_fulfillment import DeliveryStatus
from towline_shared.config import Section

__all__ = ["CANCELLED", "Carrier", "ShipmentRules", "read_shipments"]

#: What a code of the ERP may mean beside the words Shopify has for a parcel's way.
CANCELLED = "cancelled"
_STATUSES = (CANCELLED, *(status.value for status in DeliveryStatus))
_NUMBER = "{number}"


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier of the ERP in the shop.

    Attributes:
        name: as Shopify knows it (see its list of carriers), else as buyers shall read it.
        url: page of a parcel, ``{number}`` stands for its number; empty leaves it to Shopify, which
            knows the pages of the carriers it knows.
            https://shopify.dev/docs/api/admin-graphql/2026-10/objects/FulfillmentTrackingInfo
    """

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class ShipmentRules:
    """How shipments of the ERP become fulfillments.

    Attributes:
        notify: Shopify mails the buyer about a new shipment and about changed tracking.
        move: work that Shopify assigned to another location is moved to the one that ships.
        gone: what a shipment that is gone on the IBM i does: ``keep`` the fulfillment, or
            ``cancel`` it.
        carriers: the ERP's code -> carrier; others are called what the ERP calls them.
        status: the ERP's code -> ``cancelled`` or a word of :class:`DeliveryStatus`.
    """

    notify: bool = False
    move: bool = False
    gone: str = "keep"
    carriers: Mapping[str, Carrier] = field(default_factory=lambda: MappingProxyType({}))
    status: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def carrier(self, code: str) -> Carrier:
        """Return the carrier behind the ERP's code."""
        return self.carriers.get(code.strip(), Carrier(code.strip()))


def read_shipments(section: Section, *, notify: bool) -> ShipmentRules:
    """Read the table; everything in it has a default.

    Args:
        notify: what ``[orders] notify`` says; it holds where this table says nothing.

    Raises:
        Misconfigured: names file, field and value.
    """
    section.only("notify", "move", "gone", "carriers", "status")
    carriers = {}
    for code, part in section.sections("carriers").items():
        part.only("name", "url")
        url = part.text("url", "")
        if url and (_NUMBER not in url or not url.startswith(("https://", "http://"))):
            raise part.wrong("url", url, f"must be an address with {_NUMBER} in it")
        carriers[code] = Carrier(part.text("name", code), url)
    status = section.section("status")
    return ShipmentRules(
        notify=section.flag("notify", notify),
        move=section.flag("move", False),
        gone=section.text("gone", "keep", among=("keep", "cancel")),
        carriers=MappingProxyType(carriers),
        status=MappingProxyType({code: status.text(code, among=_STATUSES) for code in status.data}),
    )
