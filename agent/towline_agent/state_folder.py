"""Files of the agent's state folder: the buffer, and where a running agent has its page."""

from __future__ import annotations

import contextlib
from pathlib import Path

__all__ = ["BUFFER_FILE", "forget_port", "known_port", "note_port"]

BUFFER_FILE = "buffer.db"
_PORT_FILE = "health.port"


def note_port(folder: Path, port: int) -> None:
    """Note where the health page is; on a full disk nobody does, and it is where settings say."""
    with contextlib.suppress(OSError):
        (folder / _PORT_FILE).write_text(f"{port}\n")


def known_port(folder: Path) -> int | None:
    """Return where a running agent has its health page; None when it has not noted it."""
    try:
        return int((folder / _PORT_FILE).read_text())
    except (OSError, ValueError):
        return None


def forget_port(folder: Path) -> None:
    """Forget where the health page was."""
    with contextlib.suppress(OSError):
        (folder / _PORT_FILE).unlink(missing_ok=True)
