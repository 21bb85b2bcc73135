"""Tests of the relay: sync, bulk."""

from __future__ import annotations
