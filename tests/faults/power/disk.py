"""A disk in memory that forgets what was not synced when the power goes.

The model is that of ALICE (https://www.usenix.org/conference/osdi14/technical-sessions/presentation/pillai):
between two syncs of a file the operating system may write back any of its writes, in any order, or
none; a write may be torn at a sector. A new file has a name on the platter from its first sync on,
because SQLite then syncs the folder too (``unixSync``, ``UNIXFILE_DIRSYNC`` in its ``os_unix.c``);
a removed one may be back until the folder is synced.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

__all__ = ["SECTOR", "Disk", "DiskBroken", "DiskFull", "File", "PowerOff"]

SECTOR = 512
_KEPT = 0.5  # share of un-synced writes that reached the platter by themselves
_TORN = 0.3  # share of those that did so in part


class PowerOff(Exception):
    """The power is off; nothing answers."""


class DiskFull(Exception):
    """No space is left."""


class DiskBroken(Exception):
    """An input/output error (EIO)."""


@dataclass(frozen=True, slots=True)
class _Write:
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Truncate:
    size: int


@dataclass
class File:
    """One file: as programs see it, as the platter holds it, and the writes in between."""

    seen: bytearray = field(default_factory=bytearray)
    durable: bytearray = field(default_factory=bytearray)
    pending: list[_Write | _Truncate] = field(default_factory=list)
    named: bool = False  # its name is on the platter


class Disk:
    """Files by name, one switch for the power, and a limit for their size together.

    Attributes:
        on: the power is on.
        operations: writes, syncs and removals so far.
        syncs: how many of them were syncs.
        space: most bytes of all files together; None for a disk without end.
        broken: which of read, write and sync end in an input/output error now. A sync that does so
            forgets what it was to bring to the platter, although programs go on seeing it, as
            Linux does: https://wiki.postgresql.org/wiki/Fsync_Errors
        spared: so many of them still go through before.
    """

    def __init__(self, *, space: int | None = None) -> None:
        self.space = space
        self.on = True
        self.operations = 0
        self.syncs = 0
        self.broken: frozenset[str] = frozenset()
        self.spared = 0
        self._files: dict[str, File] = {}
        self._removed: dict[str, File] = {}  # and the folder not synced since: they may be back
        self._fuse: int | None = None

    @property
    def used(self) -> int:
        """Bytes of all files."""
        return sum(len(file.seen) for file in self._files.values())

    def names(self) -> list[str]:
        """Names of the files programs see."""
        return sorted(self._files)

    # -- the switch -----------------------------------------------------------------------------

    def cut_after(self, operations: int) -> None:
        """Let the power fail in so many operations from now, before the last one is done."""
        self._fuse = operations

    def off(self) -> None:
        """Let the power fail now."""
        self.on, self._fuse = False, None

    def power_up(self, rng: random.Random) -> None:
        """Turn the power on again, with what the platter holds."""
        for name, file in self._removed.items():
            if rng.random() < _KEPT:
                self._files.setdefault(name, file)
        self._removed = {}
        self._files = {name: file for name, file in self._files.items() if file.named}
        for file in self._files.values():
            _settle(file, rng)
        self.on = True

    # -- what a file system does -----------------------------------------------------------------

    def open(self, name: str) -> File:
        """Open or create a file."""
        self._alive()
        return self._files.setdefault(name, File())

    def exists(self, name: str) -> bool:
        self._alive()
        return name in self._files

    def remove(self, name: str, *, synced: bool) -> None:
        self._operation()
        file = self._files.pop(name, None)
        if file is not None and file.named and not synced:
            self._removed[name] = file

    def read(self, file: File, size: int, offset: int) -> bytes:
        self._alive()
        if self._fails("read"):
            raise DiskBroken
        return bytes(file.seen[offset : offset + size])

    def size(self, file: File) -> int:
        self._alive()
        return len(file.seen)

    def write(self, file: File, data: bytes, offset: int) -> None:
        self._operation()
        if self._fails("write"):
            raise DiskBroken
        more = offset + len(data) - len(file.seen)
        if more > 0 and self.space is not None and self.used + more > self.space:
            raise DiskFull
        write = _Write(offset, data)
        _apply(file.seen, write)
        file.pending.append(write)

    def truncate(self, file: File, size: int) -> None:
        self._operation()
        _apply(file.seen, _Truncate(size))
        file.pending.append(_Truncate(size))

    def sync(self, file: File) -> None:
        self._operation()
        if self._fails("sync"):
            file.pending.clear()
            raise DiskBroken
        self.syncs += 1
        for write in file.pending:
            _apply(file.durable, write)
        file.pending.clear()
        if not file.named:
            file.named = True
            self._removed.clear()

    # -- inside -----------------------------------------------------------------------------------

    def _operation(self) -> None:
        self._alive()
        self.operations += 1
        if self._fuse is not None:
            self._fuse -= 1
            if self._fuse <= 0:
                self.off()
                raise PowerOff

    def _fails(self, what: str) -> bool:
        if what not in self.broken:
            return False
        self.spared -= 1
        return self.spared < 0

    def _alive(self) -> None:
        if not self.on:
            raise PowerOff


def _settle(file: File, rng: random.Random) -> None:
    """Decide which of the un-synced writes the platter holds."""
    for write in file.pending:
        if rng.random() >= _KEPT:
            continue
        if isinstance(write, _Write) and len(write.data) > SECTOR and rng.random() < _TORN:
            sectors = rng.randrange(1, len(write.data) // SECTOR + 1)
            write = _Write(write.offset, write.data[: sectors * SECTOR])
        _apply(file.durable, write)
    file.pending.clear()
    file.seen = bytearray(file.durable)


def _apply(content: bytearray, change: _Write | _Truncate) -> None:
    if isinstance(change, _Truncate):
        del content[change.size :]
        return
    end = change.offset + len(change.data)
    if len(content) < end:
        content.extend(b"\0" * (end - len(content)))
    content[change.offset : end] = change.data
