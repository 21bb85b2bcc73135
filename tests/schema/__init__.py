"""Every GraphQL document against Shopify's own schema."""

from __future__ import annotations
