"""The relay's durable memory: events by state, links, known values, intents, deliveries, lanes."""

from __future__ import annotations
