"""Asking the agent for a new key: a small file in the state folder, as for other wishes.

It works while the agent runs and while it is down; a second asking changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from towline_agent.state_file import write_private
from towline_shared.clock import utc_text
from towline_shared.errors import Permanent

__all__ = ["ask_rotation", "forget_rotation", "rotation_asked"]

_NAME = "key.rotate"


def ask_rotation(folder: Path, at: datetime) -> None:
    """Ask for a new key; idempotent until the agent takes it up.

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


def rotation_asked(folder: Path) -> bool:
    """Tell whether somebody asked."""
    return (folder / _NAME).exists()


def forget_rotation(folder: Path) -> None:
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
