"""The wholesaler's data."""

from __future__ import annotations
