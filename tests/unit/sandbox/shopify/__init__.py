"""Tests of the simulated shop."""

from __future__ import annotations
