"""Tests of the lanes."""

from __future__ import annotations
