"""Tests of shopify."""

from __future__ import annotations
