"""Tests of the relay: sync, rules."""

from __future__ import annotations
