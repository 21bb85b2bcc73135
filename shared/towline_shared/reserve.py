"""Room kept for a database that must go on when its disk is full.

On a full disk SQLite loses nothing, but it can't delete or checkpoint either: the log must grow
first, so a buffer can't trim itself out. Three things keep it going. Nothing new is taken while
little is left (:attr:`Room.low`), so that acknowledging and trimming have that to work with. The
file has a cap below the disk (``max_page_count``), under which deleting works as ever. And when the
disk fills up all the same, a ballast file is given up; it is made again when there is room.

Owned by the database's thread; others read :attr:`Reserve.storage`, which is replaced as a whole.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

from towline_shared.clock import Clock
from towline_shared.errors import TowlineError
from towline_shared.storage import MIB, Room, Storage, is_low

__all__ = ["NO_ROOM_KEPT", "Reserve", "disk_free"]

NO_ROOM_KEPT = Room(ballast=0, low=0)
_SUFFIX = ".ballast"
_TRY_EVERY_S = 10.0  # a disk that failed


def disk_free(folder: Path) -> int:
    """Return the bytes a folder's disk has left for this user."""
    return shutil.disk_usage(folder).free


class Reserve:
    """Measures the room under one file, and holds the ballast."""

    def __init__(self, path: str, room: Room, *, clock: Clock) -> None:
        self._folder = Path(path).parent
        self._ballast = Path(path + _SUFFIX)
        self._path = path
        self._room = room
        self._clock = clock
        self._tried_at = 0.0
        self.storage = Storage()

    def look(self, connection: sqlite3.Connection) -> None:
        """Measure, set the cap, make the ballast if there is room.

        Afterwards :attr:`Storage.refuses` says whether something new may be written.
        """
        if self._room == NO_ROOM_KEPT or self.storage.remedy:
            return
        page, pages, inside = (
            int(connection.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_size", "page_count", "freelist_count")
        )
        size, inside = page * pages, page * inside
        free = self._measured()
        cap = self._room.cap or (size + free) * 4 // 5
        held = self._ballast.exists()
        spare = max(0, free - (0 if held else self._room.ballast))  # its room is kept, too
        left = inside + min(spare, max(0, cap - size))
        low = min(self._room.low, self._room.cap // 4) if self._room.cap else self._room.low
        self.storage = replace(
            self.storage, used=size - inside, cap=cap, disk_free=free,
            ballast=held,
        )  # fmt: skip
        connection.execute(f"PRAGMA max_page_count={max(1, cap // page)}")
        if is_low(left, low=low, was_low=self.storage.refuses):
            self._fill(self._sentence(free, low), refuses=True)
        elif self.storage.refuses:
            self._empty()
        self._make_ballast(free, low)

    def met(self) -> bool:
        """Note that SQLite found no room; give up the ballast and return whether there was one."""
        sentence = f"{self._path} can't grow: the disk or the file's cap is full."
        self._fill(self.storage.full or sentence, refuses=self.storage.refuses)
        try:
            self._ballast.unlink()
        except OSError:
            return False
        self.storage = replace(self.storage, ballast=False)
        return True

    def grew(self) -> None:
        """Note that something new was written: whatever was full has room again."""
        self._empty()

    def failed(self, error: TowlineError, *, damaged: bool) -> None:
        """Note that the disk or the file can't be used; nothing new is even tried from now on."""
        self._tried_at = self._clock.monotonic()
        self._fill(error.what, refuses=True)
        self.storage = replace(self.storage, remedy=error.hint, damaged=damaged)

    def to_be_tried(self) -> bool:
        """Tell whether a disk that failed is to be tried again, at most every few seconds."""
        if not self.storage.remedy or self.storage.damaged:
            return False
        now = self._clock.monotonic()
        if now - self._tried_at < _TRY_EVERY_S:
            return False
        self._tried_at = now
        return True

    def mended(self) -> None:
        """Note that the disk takes what is written to it."""
        self.storage = replace(self.storage, full="", since=None, refuses=False, remedy="")

    # -- inside --------------------------------------------------------------------------------

    def _measured(self) -> int:
        try:
            return disk_free(self._folder)
        except OSError:  # a share that does not tell: then the file's cap and SQLite must do
            return 1 << 62

    def _sentence(self, free: int, low: int) -> str:
        if free < 2 * low:
            return f"The disk under {self._path} is full: {free // MIB:,} MiB are left."
        return f"{self._path} has reached its cap of {self.storage.cap // MIB:,} MiB."

    def _fill(self, sentence: str, *, refuses: bool) -> None:
        since = self.storage.since or self._clock.now()
        self.storage = replace(self.storage, full=sentence, since=since, refuses=refuses)

    def _empty(self) -> None:
        if self.storage.full and not self.storage.remedy:
            self.storage = replace(self.storage, full="", since=None, refuses=False)

    def _make_ballast(self, free: int, low: int) -> None:
        """Make the file when that leaves more than the low mark; failing is no news."""
        size = self._room.ballast
        if size == 0 or self.storage.ballast or self.storage.full or free < size + 2 * low:
            return
        try:
            descriptor = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            return
        try:
            with os.fdopen(descriptor, "wb") as file:
                _occupy(file.fileno(), size)
                os.fsync(file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                self._ballast.unlink()
            return
        self.storage = replace(self.storage, ballast=True)


def _occupy(descriptor: int, size: int) -> None:
    """Take real blocks, not a hole."""
    allocate = getattr(os, "posix_fallocate", None)
    if allocate is not None:
        allocate(descriptor, 0, size)
        return
    for start in range(0, size, MIB):
        os.write(descriptor, b"\0" * min(MIB, size - start))
