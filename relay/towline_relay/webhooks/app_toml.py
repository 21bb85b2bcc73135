"""The part of ``shopify.app.toml`` that subscribes the app to what the relay takes. Pure.

Subscriptions of this file are the app's, not the shop's: they are the same for every shop, and
Shopify never deletes them, whatever happens to the receiver
(https://shopify.dev/docs/apps/build/webhooks/subscribe). The relay's addresses name shop and topic,
because the headers that do so are not signed; so the fragment is for an app of one shop, which is
what a custom app is.

No ``include_fields``: a cut body is the same for two changes within one second, and Shopify may
then send one webhook for both
(https://shopify.dev/docs/apps/build/webhooks/delivery-structure). No ``filter`` either: a wrong one
delivers nothing, in silence.
"""

from __future__ import annotations

from towline_relay.webhooks.topics import COMPLIANCE, SUBSCRIBED

__all__ = ["address", "fragment"]


def address(public_url: str, shop: str, topic: str) -> str:
    """Return where the webhooks of a topic are to go."""
    return f"{public_url.rstrip('/')}/webhooks/{shop}/{topic}"


def fragment(*, public_url: str, shop: str, api_version: str, events: bool = False) -> str:
    """Write the fragment.

    Args:
        public_url: the relay's address from outside, https.
        shop: the myshopify.com domain.
        api_version: what the bodies are to be written in, such as 2026-10.
        events: also subscribe to Events, the successor, for orders; it needs Shopify CLI 3.92.
    """
    lines = [
        f"# Towline's webhooks for {shop}; deploy with the Shopify CLI: shopify app deploy",
        "[webhooks]",
        f'api_version = "{api_version}"',
    ]
    for topic in SUBSCRIBED:
        lines += _block("topics", topic, address(public_url, shop, topic))
    for topic in COMPLIANCE:
        lines += _block("compliance_topics", topic, address(public_url, shop, topic))
    if events:
        lines += _events(public_url, shop, api_version)
    return "\n".join(lines) + "\n"


def _block(kind: str, topic: str, uri: str) -> list[str]:
    return ["", "[[webhooks.subscriptions]]", f'{kind} = ["{topic}"]', f'uri = "{uri}"']


def _events(public_url: str, shop: str, api_version: str) -> list[str]:
    """Subscribe to the order's resource: https://shopify.dev/docs/api/events/2026-10."""
    return [
        "",
        "[events]",
        f'api_version = "{api_version}"',
        "",
        "[[events.subscription]]",
        'handle = "towline_orders"',
        'topic = "Order"',
        'actions = ["create", "delete"]',
        f'uri = "{address(public_url, shop, "events/order")}"',
        'query = """',
        "query towlineOrder($orderId: ID!) { order(id: $orderId) { id updatedAt } }",
        '"""',
    ]
