"""The relay's end of the link: who may come in, and the websocket shell."""

from __future__ import annotations
