"""Tests of the conformance kit itself."""

from __future__ import annotations
