"""Shopify's Admin API behind one door: throttled, classified, in verbs."""

from __future__ import annotations
