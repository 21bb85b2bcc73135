"""The join counter in a small file beside the buffer, for the day the buffer has to be given up.

The relay takes an agent with an old counter for a copy. A buffer that was set aside takes its own
note of the counter with it; this one stays. A copy of the whole folder still shows an old one, and
an old buffer with a newer counter is found out by its numbers.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from towline_shared.private_file import write_private

__all__ = ["known_counter", "note_counter"]


def _file(buffer: Path) -> Path:
    return buffer.with_name("join.counter")


def known_counter(buffer: Path) -> int:
    """Return the counter in the file; 0 when there is none that can be read."""
    try:
        return int(_file(buffer).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def note_counter(buffer: Path, counter: int) -> None:
    """Write the counter; on a full disk the buffer's own note has to do."""
    with contextlib.suppress(OSError):
        write_private(_file(buffer), f"{counter}\n")
