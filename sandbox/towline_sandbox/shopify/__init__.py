"""A stand-in for one Shopify shop: Admin GraphQL API, webhooks and a shop window's back door.

Every assumption cites where it comes from; what is not simulated says so instead of answering null.
"""

from __future__ import annotations
