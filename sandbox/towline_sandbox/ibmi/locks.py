"""Record and object locks: who holds what, and waiting for it.

A write waits for a locked record as long as WAITRCD of the file says and then fails with SQL0913;
reads under UR never wait. Db2's holder view: https://ibm.com/support/knowledgecenter/ssw_ibm_i_74/rzajq/rzajqviewrcdlockinfo.htm
Modelled: one update lock per record, and an object lock (*EXCLRD) on a whole file.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from towline_agent.ibmi.errors import InUse

__all__ = ["Held", "RecordLocks"]

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A lock in somebody's hands; an empty key is the whole file."""

    file: str
    key: Key
    job: str
    until: float | None = None

    def sentence(self) -> str:
        """Say it as people do."""
        what = f"Record {' '.join(self.key)} of {self.file}" if self.key else f"File {self.file}"
        return f"{what} is in use by job {self.job}."


class RecordLocks:
    """All locks of the partition; guarded by the storage's lock."""

    def __init__(self, lock: threading.RLock, *, waitrcd_s: float) -> None:
        self._changed = threading.Condition(lock)
        self._waitrcd_s = waitrcd_s
        self._held: dict[tuple[str, Key], Held] = {}

    def hold(self, file: str, key: Key, *, job: str, seconds: float | None = None) -> Held:
        """Take a lock by hand and keep it until it is released or its time is over."""
        with self._changed:
            self._expire()
            holder = self._blocker(file, key, job)
            if holder is not None:
                raise InUse(f"SQL0913: {holder.sentence()}")
            until = None if seconds is None else time.monotonic() + seconds
            held = Held(file, key, job, until)
            self._held[file, key] = held
            return held

    def acquire(self, file: str, key: Key, *, job: str, may_wait: bool = True) -> None:
        """Lock a record for a unit of work; waits up to WAITRCD.

        Raises:
            InUse: SQL0913, naming the holder.
        """
        with self._changed:
            self.wait_free(file, key, job=job, may_wait=may_wait)
            self._held.setdefault((file, key), Held(file, key, job))

    def wait_free(self, file: str, key: Key, *, job: str, may_wait: bool = True) -> None:
        """Wait until nobody else holds the record or its file.

        Raises:
            InUse: SQL0913, naming the holder.
        """
        deadline = time.monotonic() + (self._waitrcd_s if may_wait else 0.0)
        with self._changed:
            while True:
                self._expire()
                holder = self._blocker(file, key, job)
                if holder is None:
                    return
                now = time.monotonic()
                if now >= deadline:
                    raise InUse(
                        f"SQL0913: row or object in use. {holder.sentence()}",
                        hint="Nothing was written; it is tried again.",
                    )
                ends = deadline if holder.until is None else min(deadline, holder.until)
                self._changed.wait(max(0.0, ends - now))

    def release(self, file: str, key: Key) -> bool:
        """Let one lock go, whoever holds it."""
        with self._changed:
            gone = self._held.pop((file, key), None) is not None
            self._changed.notify_all()
            return gone

    def release_job(self, job: str) -> None:
        """Let all locks of a job go: its unit of work ended, or the job did."""
        with self._changed:
            for name in [name for name, held in self._held.items() if held.job == job]:
                del self._held[name]
            self._changed.notify_all()

    def release_all(self) -> None:
        """Let every lock go."""
        with self._changed:
            self._held.clear()
            self._changed.notify_all()

    def held(self) -> list[Held]:
        """Return what is held now."""
        with self._changed:
            self._expire()
            return list(self._held.values())

    def _blocker(self, file: str, key: Key, job: str) -> Held | None:
        for held in self._held.values():
            if held.file == file and held.job != job and (not key or held.key in (key, ())):
                return held
        return None

    def _expire(self) -> None:
        now = time.monotonic()
        for name in [n for n, h in self._held.items() if h.until is not None and h.until <= now]:
            del self._held[name]
