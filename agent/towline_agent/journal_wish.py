"""Asking the agent to begin a journal anew."""

from __future__ import annotations

from towline_agent.wish import Wish

__all__ = ["ask_restart", "forget_restart", "restart_asked"]

_RESTART = Wish("journal.restart")
ask_restart = _RESTART.ask
restart_asked = _RESTART.asked
forget_restart = _RESTART.forget
