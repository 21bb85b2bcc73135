"""Which topics the relay takes, and why each of them.

Names as in the path of a delivery, lower case. Every topic an app may subscribe to by the Admin API
is a value of ``WebhookSubscriptionTopic`` (https://shopify.dev/docs/api/webhooks); a test holds
these against the schema.
"""

from __future__ import annotations

__all__ = ["COMPLIANCE", "EVENTS", "SUBSCRIBED", "TOPICS", "enum_of", "topic_of"]

# Any of them tells of an order, and any of them may come first: orders/paid overtakes
# orders/create. Returns do not fire orders/updated, so they are subscribed to by themselves, and so
# are their dispositions.
_ORDERS = (
    "order_transactions/create",
    "orders/cancelled",
    "orders/create",
    "orders/delete",
    "orders/edited",
    "orders/fulfilled",
    "orders/paid",
    "orders/partially_fulfilled",
    "orders/risk_assessment_changed",
    "orders/updated",
    "refunds/create",
    "returns/approve",
    "returns/cancel",
    "returns/close",
    "returns/decline",
    "returns/process",
    "returns/reopen",
    "returns/request",
    "returns/update",
    "reverse_fulfillment_orders/dispose",
)
_FULFILLMENT = (
    "fulfillment_orders/cancelled",
    "fulfillment_orders/hold_released",
    "fulfillment_orders/merged",
    "fulfillment_orders/moved",
    "fulfillment_orders/order_routing_complete",
    "fulfillment_orders/placed_on_hold",
    "fulfillment_orders/split",
    "fulfillments/create",
    "fulfillments/update",
)
_CUSTOMERS = (
    "companies/create",
    "companies/delete",
    "companies/update",
    "company_contacts/create",
    "company_contacts/delete",
    "company_contacts/update",
    "company_locations/create",
    "company_locations/delete",
    "company_locations/update",
    "customers/create",
    "customers/delete",
    "customers/merge",
    "customers/update",
)
_CATALOGUE = (
    "inventory_levels/update",
    "locations/deactivate",
    "products/create",
    "products/delete",
    "products/update",
)
_APP = ("app/scopes_update", "app/uninstalled", "bulk_operations/finish")

#: What the app subscribes to, by its toml file or by the API.
SUBSCRIBED: tuple[str, ...] = tuple(sorted(_ORDERS + _FULFILLMENT + _CUSTOMERS + _CATALOGUE + _APP))

#: Set in the toml file or the dashboard alone, never by the API:
#: https://shopify.dev/docs/apps/build/privacy-law-compliance
COMPLIANCE: tuple[str, ...] = ("customers/data_request", "customers/redact", "shop/redact")

#: Topics of Events, the successor: names of resources, with the action in the body
#: (https://shopify.dev/docs/apps/build/events/delivery-structure).
EVENTS: tuple[str, ...] = ("events/customer", "events/order", "events/product")

TOPICS: frozenset[str] = frozenset((*SUBSCRIBED, *COMPLIANCE, *EVENTS))


def enum_of(topic: str) -> str:
    """Write ``orders/create`` as the Admin API's ``ORDERS_CREATE``."""
    return topic.replace("/", "_").upper()


def topic_of(enum: str) -> str:
    """Return the topic of an enum value; empty when the relay does not take it."""
    return _BY_ENUM.get(enum, "")


_BY_ENUM = {enum_of(topic): topic for topic in SUBSCRIBED}
