"""Backups of the relay's database: copied while it runs, checked, named by the moment.

A copy holds all but the key files (``secrets.key``, ``identity.json``), which are kept apart:
whoever has both can read documents that were erased later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from towline_shared.backup import write_backup
from towline_shared.database import Database
from towline_shared.errors import Permanent

__all__ = ["Backup", "backup", "backups_folder"]


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy and its size in bytes."""

    file: Path
    bytes: int

    def facts(self) -> dict[str, str | int]:
        """Return it as JSON-ready fields."""
        return {"file": str(self.file), "bytes": self.bytes}


def backups_folder(state: Path) -> Path:
    """Return where copies are written."""
    return state / "backups"


def backup(database: Database, state: Path, at: datetime) -> Backup:
    """Copy a database into the backups' folder; waits, so not for an event loop's thread.

    Raises:
        Permanent: the folder can't be written.
        StorageFull: its disk is full; nothing half is left.
        Damaged: what was copied is damaged.
    """
    folder = backups_folder(state)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Permanent(f"{folder} can't be made: {error.strerror}.") from None
    target = folder / f"relay-{at:%Y%m%dT%H%M%S}Z.db"
    return Backup(target, write_backup(database, target))
