"""Unit tests of the agent as a guest."""

from __future__ import annotations
