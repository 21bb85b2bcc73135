"""Asking a running agent to load an entity anew: one small file for each entity that is asked for.

The buffer belongs to the running process alone, so the verb can't write into it; a file outlives
restarts, and a second asking changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from towline_agent.state_file import write_private
from towline_shared.clock import utc_text
from towline_shared.errors import Permanent

__all__ = ["ask_reload", "asked_reloads", "forget_reload"]

_PREFIX = "reload."


def ask_reload(folder: Path, entity: str, at: datetime) -> None:
    """Ask for an entity; idempotent until the agent takes it up.

    Raises:
        Permanent: the state folder can't be written.
    """
    path = folder / (_PREFIX + entity)
    try:
        write_private(path, utc_text(at) + "\n")
    except OSError as error:
        raise Permanent(
            f"{path} can't be written: {error.strerror}.",
            hint="Run this as the user the agent runs as.",
        ) from None


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
    """Note that the agent took it up.

    Raises:
        Permanent: the file can't be removed.
    """
    path = folder / (_PREFIX + entity)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise Permanent(
            f"{path} can't be removed: {error.strerror}.",
            hint="Remove it by hand; the reload itself is under way.",
        ) from None
