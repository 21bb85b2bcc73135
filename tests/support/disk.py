"""A disk whose room the test says; the files really lie on a larger one."""

from __future__ import annotations

from pathlib import Path

import pytest

from towline_shared import reserve
from towline_shared.storage import MIB

__all__ = ["Disk", "put_disk"]


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
