"""Asking the agent for a new key."""

from __future__ import annotations

from towline_agent.wish import Wish

__all__ = ["ask_rotation", "forget_rotation", "rotation_asked"]

_ROTATION = Wish("key.rotate")
ask_rotation = _ROTATION.ask
rotation_asked = _ROTATION.asked
forget_rotation = _ROTATION.forget
