"""Shopify's webhooks: verify, store, answer; nothing else happens in the request."""

from __future__ import annotations
