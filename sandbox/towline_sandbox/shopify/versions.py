"""Shopify's API versions on the day this stand-in was written, and falling forward.

A request to a version that is not supported is answered by the oldest supported one, and only the
answer's header tells: https://shopify.dev/docs/api/usage/versioning. This stand-in speaks 2026-10
only, so every other version is answered as 2026-10.
"""

from __future__ import annotations

__all__ = ["SPOKEN", "VERSIONS"]

SPOKEN = "2026-10"

# handle, display name, supported
VERSIONS = (
    ("2026-01", "2026-01", True),
    ("2026-04", "2026-04", True),
    ("2026-07", "2026-07", True),
    ("2026-10", "2026-10 (Latest)", True),
    ("2027-01", "2027-01 (Release candidate)", False),
    ("unstable", "unstable", False),
)
