"""The simulated IBM i."""

from __future__ import annotations
