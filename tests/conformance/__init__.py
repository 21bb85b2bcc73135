"""Conformance suites: one per port, run against every implementation."""

from __future__ import annotations
