"""Asking a running agent to load an entity anew: one wish for each entity that is asked for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from towline_agent.wish import Wish

__all__ = ["ask_reload", "asked_reloads", "forget_reload"]

_PREFIX = "reload."


def ask_reload(folder: Path, entity: str, at: datetime) -> None:
    """Ask for an entity; see :meth:`Wish.ask`."""
    _wish(entity).ask(folder, at)


def asked_reloads(folder: Path, entities: frozenset[str]) -> dict[str, str]:
    """Return entity -> moment of asking, for those of ``entities`` that are asked for."""
    found: dict[str, str] = {}
    for entity in sorted(entities):
        try:
            found[entity] = (folder / (_PREFIX + entity)).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            continue
    return found


def forget_reload(folder: Path, entity: str) -> None:
    """Note that the agent took it up; see :meth:`Wish.forget`."""
    _wish(entity).forget(folder)


def _wish(entity: str) -> Wish:
    return Wish(_PREFIX + entity, "Remove it by hand; the reload itself is under way.")
