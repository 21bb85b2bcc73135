"""The shop read in bulk: durable from the wish to the last line."""

from __future__ import annotations
