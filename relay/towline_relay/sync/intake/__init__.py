"""From webhooks to facts, and which of them were our own writes."""

from __future__ import annotations
