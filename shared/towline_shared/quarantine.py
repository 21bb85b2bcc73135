"""Setting a damaged database aside: moved with all that belongs to it, never deleted.

What is in it may be the only copy of something; people and tools can still look into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from towline_shared.sqlite_file import FILE_ENDINGS

__all__ = ["quarantine", "quarantined"]

_MARK = ".damaged-"


def quarantine(path: Path, at: datetime) -> Path:
    """Move a database, its log and its marks to a name with the moment in it; returns that name.

    The log moves first: a database without its log is older, a log beside a new database would be
    taken for that one's.

    Raises:
        OSError: the folder can't be written.
    """
    target = path.with_name(f"{path.name}{_MARK}{at:%Y%m%dT%H%M%SZ}")
    number = 0
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}{_MARK}{at:%Y%m%dT%H%M%SZ}-{number}")
    for ending in (*FILE_ENDINGS, ""):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(target.with_name(target.name + ending))
    return target


def quarantined(path: Path) -> Sequence[Path]:
    """Return what was set aside of a database and is still there, oldest first."""
    found = path.parent.glob(f"{path.name}{_MARK}*")
    return sorted(each for each in found if not each.name.endswith(FILE_ENDINGS))
