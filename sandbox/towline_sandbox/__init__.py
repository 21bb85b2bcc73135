"""Both worlds on one machine: a simulated IBM i, a simulated Shopify and the stage between them."""

from __future__ import annotations
