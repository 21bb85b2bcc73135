"""The IbmI port's suite: every sentence of the port is a test; every driver passes it unchanged."""

from __future__ import annotations
