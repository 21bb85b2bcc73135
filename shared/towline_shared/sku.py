"""How SKUs are compared: people type the same one with other case and blanks around it."""

from __future__ import annotations

__all__ = ["fold_sku"]


def fold_sku(sku: str) -> str:
    """Return what two SKUs that people mean as one have in common; idempotent."""
    return sku.strip().casefold()
