"""The customers lane: customers and companies, both ways, and their right to be forgotten."""

from __future__ import annotations
