"""Disks that fill up: one whose room the test says, and a small real one where root may mount."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from towline_shared import reserve
from towline_shared.storage import MIB

__all__ = ["Disk", "fill", "put_disk", "small_disk"]


class Disk:
    """What every folder is told of its disk.

    Attributes:
        free: bytes that are left; turn it at will.
    """

    def __init__(self, free: int) -> None:
        self.free = free

    def __call__(self, folder: Path) -> int:
        return self.free


def put_disk(monkeypatch: pytest.MonkeyPatch, *, free: int = 100 * MIB) -> Disk:
    """Let every database measure this disk until the test is over."""
    disk = Disk(free)
    monkeypatch.setattr(reserve, "disk_free", disk)
    return disk


@contextlib.contextmanager
def small_disk(folder: Path, *, megabytes: int = 24) -> Iterator[Path]:
    """Mount a file system of its own for the length of a block; skips where that is not allowed."""
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mount.returncode:
        pytest.skip(f"no right to mount a tmpfs: {mount.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write a file until its disk is full to the last block."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        with contextlib.suppress(OSError):
            while os.write(descriptor, b"x" * 4096):
                pass
    finally:
        os.close(descriptor)
