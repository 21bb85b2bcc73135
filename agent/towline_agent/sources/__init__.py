"""Where events come from: the outbox, data queues and the initial load."""

from __future__ import annotations
