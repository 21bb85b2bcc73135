"""How the disk under a database is doing: as data, as checks for the pages, as figures.

Pure: whoever measures hands in what was found; see :mod:`towline_shared.reserve`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from towline_shared.config import Section
from towline_shared.health import Check, Status

__all__ = [
    "MIB",
    "Room",
    "Storage",
    "has_wal_reset_flaw",
    "is_low",
    "read_room",
    "sqlite_check",
    "sqlite_note",
    "storage_check",
]

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Room:
    """How much room a database leaves; all in bytes.

    Attributes:
        ballast: size of the file that is given up when the disk is full; 0 for none.
        low: with less than this left nothing new is taken; it goes on at twice as much.
        cap: most the file may have; 0 = four fifths of what it and the free disk make together.
    """

    ballast: int = 16 * MIB
    low: int = 32 * MIB
    cap: int = 0


@dataclass(frozen=True, slots=True)
class Storage:
    """The disk under a database at one moment; sizes in bytes.

    Attributes:
        full: one sentence while nothing new is taken; empty when there is room and it can be used.
        since: when it filled up (aware UTC), or None.
        used: the file, without the pages that are free inside.
        cap: most the file may have.
        disk_free: what the disk has left for this user.
        ballast: whether the ballast file is there to be given up.
        refuses: whether nothing new is even tried; a full disk that came as a surprise is tried.
        remedy: what to do when it is no want of room that stands in ``full`` but a fault of the
            disk or damage; empty otherwise.
        damaged: the file is damaged; nothing is done with it until the process starts again.
    """

    full: str = ""
    since: datetime | None = None
    used: int = 0
    cap: int = 0
    disk_free: int = 0
    ballast: bool = False
    refuses: bool = False
    remedy: str = ""
    damaged: bool = False


def read_room(section: Section) -> Room:
    """Read ``ballast_mb`` and ``most_mb``.

    Raises:
        Misconfigured: a value can't be used.
    """
    return Room(
        ballast=section.number("ballast_mb", 16, least=0) * MIB,
        cap=section.number("most_mb", 0, least=0) * MIB,
    )


def is_low(left: int, *, low: int, was_low: bool) -> bool:
    """Tell whether to take nothing new; stop and go lie apart, so that it does not flutter.

    Args:
        left: bytes that can still be written, free pages of the file included.
    """
    return left < (2 * low if was_low else low)


def storage_check(storage: Storage, *, started_at: datetime, meanwhile: str) -> Check:
    """Return the check of a database's disk.

    Args:
        started_at: since when it is watched.
        meanwhile: who keeps what is not taken, one sentence.
    """
    if storage.remedy:
        since = storage.since or started_at
        return Check(
            "disk fault", Status.FAILED, since, storage.full, f"{storage.remedy} {meanwhile}"
        )
    if storage.full:
        return Check(
            "disk full",
            Status.FAILED,
            storage.since or started_at,
            storage.full,
            f"Free disk space; it goes on by itself and nothing is lost. {meanwhile}",
        )
    return Check(
        "disk",
        Status.OK,
        started_at,
        f"{storage.used // MIB:,} MiB used of at most {storage.cap // MIB:,};"
        f" the disk has {storage.disk_free // MIB:,} MiB left.",
    )


def sqlite_check(version: Sequence[int], *, started_at: datetime) -> Check:
    """Return which SQLite runs; a flaw that one connection can't meet is told and no alarm."""
    said = f"SQLite {'.'.join(map(str, version))}. {sqlite_note(version)}".rstrip()
    return Check("SQLite", Status.OK, started_at, said)


def has_wal_reset_flaw(version: Sequence[int]) -> bool:
    """Tell whether a release of SQLite can damage a file that two connections write.

    Fixed in 3.51.3, 3.50.7 and 3.44.6: https://www.sqlite.org/wal.html#walresetbug
    """
    major, minor, patch = version[:3]
    if (major, minor) == (3, 44):
        return patch < 6
    if (major, minor) == (3, 50):
        return patch < 7
    return (3, 7, 0) <= (major, minor, patch) < (3, 51, 3)


def sqlite_note(version: Sequence[int]) -> str:
    """Return a sentence about a release of SQLite that is worth an update; empty for others."""
    if not has_wal_reset_flaw(version):
        return ""
    return (
        "This release can damage a file that two connections write. Towline holds one and locks"
        " others out, so an update (3.51.3, 3.50.7, 3.44.6 or later) is worth while, not urgent:"
        " never open its files with another program while it runs."
    )
