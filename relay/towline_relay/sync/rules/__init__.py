"""The rules of one tenant: what towline.toml says, and the pure steps from a row to a value."""

from __future__ import annotations
