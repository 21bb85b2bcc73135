"""Tests of the relay: sync, orders."""

from __future__ import annotations
