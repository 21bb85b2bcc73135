"""Tests of the relay: sync, sweeps."""

from __future__ import annotations
