"""The one door to the IBM i: a port in verbs and the drivers behind it."""

from __future__ import annotations
