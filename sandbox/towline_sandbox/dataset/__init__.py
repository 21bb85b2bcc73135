"""Data of a made-up technical wholesaler, Nordwind Handel: believable, repeatable and dirty."""

from __future__ import annotations

from towline_sandbox.dataset.generate import Dataset, ShopProduct

__all__ = ["Dataset", "ShopProduct"]
