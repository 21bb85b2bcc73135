"""The catalogue lane: items, prices and stocks from the IBM i to the shop."""

from __future__ import annotations
