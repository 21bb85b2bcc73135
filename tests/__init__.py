"""The tests' own package, so that helpers are imported and not copied."""

from __future__ import annotations
