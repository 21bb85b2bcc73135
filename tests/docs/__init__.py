"""Whole things, held as a user would hold them."""

from __future__ import annotations
