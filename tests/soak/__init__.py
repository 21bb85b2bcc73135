"""Full-size runs of relay and simulated shop, killed on the way; CI runs them small."""

from __future__ import annotations
