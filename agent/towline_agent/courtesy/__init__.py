"""The agent as a guest: quiet hours, load budget, the fuse, and what the operator is told."""

from __future__ import annotations
