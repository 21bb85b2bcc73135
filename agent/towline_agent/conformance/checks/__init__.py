"""The checks, by subject; each is one function whose first sentence is what it proves."""

from __future__ import annotations
