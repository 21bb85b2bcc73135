"""The stage: one page with both worlds, the journey between them live, and faults to press."""

from __future__ import annotations
