"""What no webhook told about: sweeps, the first backfill, the daily comparison."""

from __future__ import annotations
