"""Mirrors the source."""

from __future__ import annotations
