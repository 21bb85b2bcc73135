"""Tests of the relay: sync, intake."""

from __future__ import annotations
