"""The ``[orders]`` table of the rules: which orders travel, as what, and when money is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from towline_relay.sync.rules.cutoff import read_since
from towline_shared.config import Section

__all__ = ["CHARGE_KINDS", "HOLD_REASONS", "OrderRules", "read_orders"]

#: Those that fit an ERP:
#: https://shopify.dev/docs/api/admin-graphql/2026-10/enums/FulfillmentHoldReason
HOLD_REASONS = (
    "AWAITING_PAYMENT",
    "HIGH_RISK_OF_FRAUD",
    "INCORRECT_ADDRESS",
    "INVENTORY_OUT_OF_STOCK",
    "OTHER",
    "UNKNOWN_DELIVERY_DATE",
)

_WARN_DAYS = (3, 1)
_MOST_DAYS = 30

#: What an order has beside goods, and ``[orders.items]`` may name an item of the ERP for.
CHARGE_KINDS = ("gift_card", "shipping", "tip", "duty", "fee", "rounding")


@dataclass(frozen=True, slots=True)
class OrderRules:
    """How orders travel.

    Attributes:
        tag: put on an accepted order; ``{ERP_ORDER}`` stands for the ERP's number.
        custom_item: the ERP's item for lines without a SKU; empty parks such orders.
        test_orders: ``send`` or ``skip``.
        notify: Shopify mails the customer about a shipment.
        items: kind of charge -> the ERP's item for it; kinds without one have none.
        risk_wait_s: how long an order waits for Shopify's risk assessment, in seconds after it was
            placed; 0 does not wait.
        risky: what to do with an order Shopify recommends to cancel: ``send`` or ``park``.
        capture: when an authorised payment is captured: ``never``, ``on_accept`` (whole, when the
            ERP takes the order) or ``on_shipment`` (what was shipped).
        erp_cancels: the ERP's cancellation also cancels the order in the shop.
        erp_holds: the ERP's hold also holds the order's work in the shop, and its next answer
            releases it.
        hold_reason: the reason the shop shows for it, a word of ``FulfillmentHoldReason``.
        authorization_days: how many days before an authorised payment lapses people are warned,
            once each; empty never warns.
        since: orders placed before are not taken in; None means since the set-up.
    """

    tag: str
    refused_tag: str
    cancelled_tag: str
    namespace: str
    key: str
    custom_item: str
    test_orders: str
    notify: bool
    items: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    risk_wait_s: int = 0
    risky: str = "send"
    capture: str = "never"
    erp_cancels: bool = False
    erp_holds: bool = False
    hold_reason: str = "OTHER"
    authorization_days: tuple[int, ...] = ()
    since: datetime | None = None


def read_orders(section: Section) -> OrderRules:
    """Read the table; everything in it has a default.

    Raises:
        Misconfigured: names file, field and value.
    """
    section.only(
        "tag", "refused_tag", "cancelled_tag", "metafield", "custom_item", "test_orders", "notify",
        "items", "risk_wait_s", "risky", "capture", "erp_cancels",
        "erp_holds", "hold_reason", "authorization_days", "since",
    )  # fmt: skip
    metafield = section.section("metafield")
    metafield.only("namespace", "key")
    items = section.section("items")
    items.only(*CHARGE_KINDS)
    return OrderRules(
        tag=section.text("tag", "ERP {ERP_ORDER}"),
        refused_tag=section.text("refused_tag", "erp-refused"),
        cancelled_tag=section.text("cancelled_tag", "erp-cancelled"),
        namespace=metafield.text("namespace", "ibmi"),
        key=metafield.text("key", "order_number"),
        custom_item=section.text("custom_item", ""),
        test_orders=section.text("test_orders", "skip", among=("send", "skip")),
        notify=section.flag("notify", False),
        items=MappingProxyType({kind: items.text(kind) for kind in items.data}),
        risk_wait_s=section.number("risk_wait_s", 0),
        risky=section.text("risky", "send", among=("send", "park")),
        capture=section.text("capture", "never", among=("never", "on_accept", "on_shipment")),
        erp_cancels=section.flag("erp_cancels", False),
        erp_holds=section.flag("erp_holds", False),
        hold_reason=section.text("hold_reason", "OTHER", among=HOLD_REASONS),
        authorization_days=_days(section),
        since=read_since(section),
    )


def _days(section: Section) -> tuple[int, ...]:
    """Read the levels of warning, the earliest first."""
    field = "authorization_days"
    given = section.data.get(field, list(_WARN_DAYS))
    good = isinstance(given, list) and all(
        isinstance(each, int) and not isinstance(each, bool) and 0 < each <= _MOST_DAYS
        for each in given
    )
    if not good:
        raise section.wrong(field, given, f"must be a list of whole days from 1 to {_MOST_DAYS}")
    return tuple(sorted(set(given), reverse=True))
