"""Figures, never a verdict: run ``make bench``."""

from __future__ import annotations
