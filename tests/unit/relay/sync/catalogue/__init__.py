"""Tests of the relay: sync, catalogue."""

from __future__ import annotations
