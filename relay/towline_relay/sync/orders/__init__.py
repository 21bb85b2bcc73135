"""The orders lane: orders and their changes down to the IBM i, its answers and shipments up."""

from __future__ import annotations
