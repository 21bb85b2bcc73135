"""A disk of SQLite's own that answers with input/output errors when told to."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Iterator

import pytest

from tests.faults.power.disk import Disk
from tests.faults.power.vfs import Mounted

__all__ = ["WRITES", "mounted", "on_disk"]

WRITES = frozenset({"write", "sync"})


@contextlib.contextmanager
def mounted() -> Iterator[tuple[Disk, Mounted]]:
    """Mount a disk in memory for the length of a block; its switch is ``Disk.broken``."""
    disk = Disk()
    file_system = Mounted(disk)
    try:
        yield disk, file_system
    finally:
        disk.broken = frozenset()
        file_system.unmount()
    assert file_system.strange == []


def on_disk(monkeypatch: pytest.MonkeyPatch, opener: str, file_system: Mounted) -> None:
    """Let the product open its databases on that disk; ``opener`` is the dotted name it uses."""
    module, name = opener.rsplit(".", 1)
    opened = getattr(importlib.import_module(module), name)
    monkeypatch.setattr(opener, functools.partial(opened, connect=file_system.connect))
