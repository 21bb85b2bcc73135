"""What the driver and the two processes share: a folder and a few numbers."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from towline_shared.clock import SystemClock

__all__ = ["TENANT", "JumpingClock", "Site", "Told", "begin"]

TENANT = "t"


@dataclass(frozen=True, slots=True)
class Site:
    """One world; it is handed to each process.

    Attributes:
        changes: events the agent captures for the stream of that name; ``bulk`` likewise.
        orders: events the relay appends for the agent; each gives one report up again.
        mistake: name of a mutation that both processes run with; empty for none.
    """

    folder: Path
    relay_port: int
    agent_port: int  # where the agent finds the relay: the proxy's port
    changes: int
    bulk: int
    orders: int
    mistake: str = ""

    @property
    def totals(self) -> dict[str, int]:
        """How many events each stream carries in the end."""
        return {
            "changes": self.changes,
            "bulk": self.bulk,
            "results": self.orders,
            "orders": self.orders,
        }

    @property
    def buffer(self) -> Path:
        return self.folder / "buffer.db"

    @property
    def relay(self) -> Path:
        return self.folder / "relay.db"

    @property
    def erp(self) -> Path:
        return self.folder / "erp.db"

    @property
    def identity(self) -> Path:
        return self.folder / "agent"

    def told(self, who: str) -> Path:
        """Return the file of what a process said it knows."""
        return self.folder / f"{who}.told"

    def log(self, who: str) -> Path:
        return self.folder / f"{who}.log"


class JumpingClock(SystemClock):
    """The system's clock, with a wall time that somebody else sets off by any number of seconds."""

    def __init__(self, offset_s: Any) -> None:
        """``offset_s`` is a shared double of ``multiprocessing``."""
        self._offset = offset_s

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._offset.value)


class Told:
    """Acknowledgements in a history that survives kill -9: one line each, written at once."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(self, stream: str, number: int) -> None:
        """Write that the far side acknowledged a stream up to a number."""
        os.write(self._file, f"{stream} {number}\n".encode())


def begin(site: Site, who: str) -> None:
    """Send what a process prints to its log."""
    log = os.open(site.log(who), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
