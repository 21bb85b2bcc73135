"""Never-ending programs of the ERP: a thread that works while there is work and else waits."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

from towline_shared.errors import TowlineError

__all__ = ["Program", "Stopping"]

_log = structlog.get_logger(__name__)

_AGAIN_S = 0.5  # after a lock: look again; a wake-up comes sooner


class Stopping(Exception):
    """The program was told to end while it paused."""


class Pause:
    """What a program waits with: ends early when the program is told to end."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def __call__(self, seconds: float) -> None:
        """Wait, or raise :class:`Stopping`."""
        if self.ended.wait(seconds) if seconds > 0 else self.ended.is_set():
            raise Stopping


class Program:
    """One program; ``work`` does the next piece and returns the seconds until it wants to look
    again: 0 at once, None when only a wake-up brings work."""

    def __init__(self, name: str, work: Callable[[Callable[[float], None]], float | None]) -> None:
        self.name = name
        self.state = "stopped"
        self._work = work
        self._pause = Pause()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start unless it runs."""
        if self._thread is None:
            self._pause = Pause()
            self.state = "waiting"
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End it and wait for the end; an open unit of work is finished or rolled back first."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._pause.ended.set()
            self._woken.set()
            thread.join()
        self.state = "stopped"

    def wake(self) -> None:
        """There may be work."""
        self._woken.set()

    def _run(self) -> None:
        pause = self._pause
        while not pause.ended.is_set():
            self._woken.clear()
            self.state = "working"
            try:
                wait_s = self._work(pause)
            except Stopping:
                return
            except TowlineError as error:
                _log.info("program waits", action="erp_program", program=self.name, why=error.what)
                wait_s = _AGAIN_S
            except Exception:
                _log.exception("program failed", action="erp_program", program=self.name)
                self.state = "failed"
                return
            self.state = "waiting"
            if wait_s is None or wait_s > 0:
                self._woken.wait(wait_s)
