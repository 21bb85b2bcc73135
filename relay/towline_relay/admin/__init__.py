"""The operator's pages: agents, events, and why a thing is where it is."""

from __future__ import annotations
