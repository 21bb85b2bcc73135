"""Locks that people hold: a record or a whole file, each by a job of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from towline_agent.ibmi.errors import InUse
from towline_sandbox.ibmi.towline_files import layout
from towline_sandbox.odbc.sessions import Session
from towline_sandbox.odbc.unit import lock_record
from towline_shared.errors import Permanent, TowlineError

__all__ = ["HandLocks"]

_Name = tuple[str, tuple[str, ...]]


@dataclass
class _Held:
    sentence: str
    session: Session
    timer: threading.Timer | None = field(default=None, repr=False)


class HandLocks:
    """Every lock is an open unit of work on a connection that does nothing else."""

    def __init__(self, opened: Callable[[], Session]) -> None:
        self._opened = opened
        self._guard = threading.Lock()
        self._held: dict[_Name, _Held] = {}

    def hold(self, file: str, key: Sequence[str], *, job: str, seconds: float | None) -> str:
        """See :meth:`towline_sandbox.ibmi.erp.Machine.hold`."""
        name = (file, tuple(key))
        what = f"Record {' '.join(key)} of {file}" if key else f"File {file}"
        sentence = f"{what} is in use by job {job}."
        with self._guard:
            if name in self._held:
                raise InUse(f"SQL0913: {self._held[name].sentence}")
            session = self._opened()
            try:
                self._lock(session, file, key)
            except TowlineError:
                session.door.close()
                raise
            held = self._held[name] = _Held(sentence, session)
            if seconds is not None:
                held.timer = threading.Timer(seconds, self.release, name)
                held.timer.daemon = True
                held.timer.start()
        return sentence

    def release(self, file: str, key: Sequence[str]) -> bool:
        """Let one lock go; False when it was not held."""
        with self._guard:
            held = self._held.pop((file, tuple(key)), None)
        if held is None:
            return False
        if held.timer is not None:
            held.timer.cancel()
        held.session.door.close()
        return True

    def release_all(self) -> None:
        """Let every lock go."""
        with self._guard:
            names = list(self._held)
        for file, key in names:
            self.release(file, key)

    def sentences(self) -> list[str]:
        """Say what is held."""
        with self._guard:
            return [held.sentence for held in self._held.values()]

    @staticmethod
    def _lock(session: Session, file: str, key: Sequence[str]) -> None:
        shape = layout(file)
        if not key:
            # A share lock: reads go on, changes wait, as with *EXCLRD on the machine.
            text = f"LOCK TABLE {shape.table} IN SHARE MODE"
            session.door.execute(text, doing=f"locking {file}")
        elif not lock_record(session, shape, key):
            raise Permanent(f"SQL0100: {file} has no record {' '.join(key)}.")
