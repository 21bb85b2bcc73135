"""Values by the thousand: bulk operations of the shop, restartable at any point."""

from __future__ import annotations
