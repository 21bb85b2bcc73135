"""Tests of the relay: sync, people."""

from __future__ import annotations
