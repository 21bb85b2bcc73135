"""What agent and relay have in common: pure, standard library only, no asyncio and no sockets."""

from __future__ import annotations

__version__ = "0.1.0"
