"""Asking the agent to begin a journal anew: a small file in the state folder.

The buffer belongs to the running process alone, so the verb can't write into it; a file works while
the agent runs and while it is down, and a second asking changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from towline_agent.state_file import write_private
from towline_shared.clock import utc_text
from towline_shared.errors import Permanent

__all__ = ["ask_restart", "forget_restart", "restart_asked"]

_NAME = "journal.restart"


def ask_restart(folder: Path, at: datetime) -> None:
    """Ask for a new beginning; idempotent until the agent takes it up.

    Raises:
        Permanent: the state folder can't be written.
    """
    try:
        write_private(folder / _NAME, utc_text(at) + "\n")
    except OSError as error:
        raise Permanent(
            f"{folder / _NAME} can't be written: {error.strerror}.",
            hint="Run this as the user the agent runs as.",
        ) from None


def restart_asked(folder: Path) -> bool:
    """Tell whether somebody asked."""
    return (folder / _NAME).exists()


def forget_restart(folder: Path) -> None:
    """Note that the agent took it up.

    Raises:
        Permanent: the file can't be removed.
    """
    try:
        (folder / _NAME).unlink(missing_ok=True)
    except OSError as error:
        raise Permanent(
            f"{folder / _NAME} can't be removed: {error.strerror}.", hint="Remove it by hand."
        ) from None
