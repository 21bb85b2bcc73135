"""The agent's page on loopback: how it is, for people and for machines."""

from __future__ import annotations
