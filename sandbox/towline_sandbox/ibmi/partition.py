"""The partition: everything together, opened from one file.

Restricted state is modelled as what an agent sees of ENDSBS *ALL: its jobs end, connecting is
refused, programs stop; the console goes on
(https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/rzaiu/rzaiurzaiu314.htm).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from towline_agent.ibmi.errors import Restricted
from towline_agent.ibmi.port import Description, Purpose
from towline_sandbox.dataset import Dataset
from towline_sandbox.ibmi.data_queues import DataQueues
from towline_sandbox.ibmi.erp import Figures, Record, Where
from towline_sandbox.ibmi.files import Files
from towline_sandbox.ibmi.jobs import Job
from towline_sandbox.ibmi.journal import Journal
from towline_sandbox.ibmi.locks import RecordLocks
from towline_sandbox.ibmi.messages import MessageQueue
from towline_sandbox.ibmi.queries import Queries
from towline_sandbox.ibmi.settings import IbmISettings
from towline_sandbox.ibmi.storage import Storage
from towline_sandbox.ibmi.subsystem import Subsystem
from towline_sandbox.ibmi.towline_files import QUEUES
from towline_sandbox.ibmi.units import Unit, UnitManager
from towline_shared.clock import Clock, SystemClock
from towline_shared.events import Scalar

__all__ = ["SimulatedIbmI"]


class SimulatedIbmI:
    """One partition; also an :class:`~towline_agent.ibmi.port.IbmIDriver` in process."""

    def __init__(self, storage: Storage, settings: IbmISettings) -> None:
        """Use :meth:`open`."""
        self.settings = settings
        self.storage = storage
        self.locks = RecordLocks(storage.lock, waitrcd_s=settings.waitrcd_s)
        self.files = Files(storage)
        self.queues = DataQueues(storage)
        self.journal = Journal(storage)
        if settings.journal:
            self.journal.start()
        self.units = UnitManager(storage, self.queues, self.locks, self.journal)
        self.queries = Queries(storage, withheld=settings.withheld, user=settings.user)
        self.messages = MessageQueue(storage)
        self.session = 1
        self.restricted = False
        self._jobs: dict[str, Job] = {}
        self._on_ended: list[Callable[[], None]] = []
        self.subsystem = Subsystem(self)

    @classmethod
    def open(
        cls, path: Path, settings: IbmISettings | None = None, *, clock: Clock | None = None
    ) -> SimulatedIbmI:
        """Open a partition's file; a new one is filled with the wholesaler's data."""
        settings = settings or IbmISettings()
        storage = Storage(
            path, clock=clock or SystemClock(), utc_offset_h=settings.utc_offset_h,
            triggers=settings.triggers,
        )  # fmt: skip
        system = cls(storage, settings)
        if not storage.fact("filled"):
            data = Dataset.generate(settings.items, settings.seed, settings.currency)
            system.files.load(data)
        return system

    def connect(self, purpose: Purpose) -> Job:
        """Start a server job.

        Raises:
            Restricted: restricted state; a full save is normal, not an alarm.
        """
        with self.storage.lock:
            if self.restricted:
                raise Restricted(
                    "08001: connection refused, the host servers are not started (CWBCO1049).",
                    hint="The system is in restricted state; it is tried again.",
                )
            job = Job(self, name=self._job_name(self.settings.user), purpose=purpose)
            self._jobs[job.name] = job
            return job

    def job_ended(self, job: Job) -> None:
        """Forget a job; its locks go with it."""
        with self.storage.lock:
            self._jobs.pop(job.name, None)
            self.locks.release_job(job.name)

    def jobs(self) -> list[str]:
        """Name the server jobs that are there."""
        with self.storage.lock:
            return [f"{name} {job.purpose.value}" for name, job in self._jobs.items()]

    def describe(self) -> Description:
        """Return who the partition is; ``missing`` follows the withheld authorities."""
        settings = self.settings
        return Description(
            system=settings.system_name,
            serial=settings.serial,
            partition=settings.partition,
            rdb=settings.rdb,
            release=settings.release,
            ccsid=settings.ccsid,
            user=settings.user,
            missing=tuple(
                f"{settings.user} has no authority to {name} (SQL0551)."
                for name in settings.withheld
            ),
            simulated=True,
        )

    # -- the port of the ERP's programs and of the console: see erp.py ----------------------------

    def begin(self, job: str) -> Unit:
        """Start a unit of work."""
        return self.units.begin(job)

    def select(
        self, file: str, *where: Where, order: Sequence[str] = (), most: int | None = None
    ) -> list[Record]:
        """Read records without waiting."""
        return self.files.select(file, *where, order=order, most=most)

    def count(self, file: str, *where: Where) -> int:
        """Count records."""
        return self.files.count(file, *where)

    def timestamp(self) -> str:
        """Return the local time, 26 characters."""
        return self.storage.timestamp()

    def cymd(self) -> int:
        """Return the local date as CYYMMDD."""
        return self.storage.local.cymd()

    def hms(self) -> int:
        """Return the local time as HHMMSS."""
        return self.storage.local.hms()

    def programs_wake(self) -> None:
        """Tell the programs that there may be work."""
        self.subsystem.wake()

    def figures(self) -> Figures:
        """Return the counters."""
        with self.storage.lock:
            drawn = self.storage.db.execute(
                "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'SYS.UNIT_OUTBOX'"
            ).fetchone()[0]
            rung, missed = (self.storage.fact(f"doorbell_{n}", "0") for n in ("total", "missed"))
            queues = {name: self.queues.info(name).entries for name in QUEUES}
        return Figures(int(drawn), int(rung), int(missed), self.messages.count(), queues)

    def hold(self, file: str, key: Sequence[str], *, job: str, seconds: float | None) -> str:
        """Lock a record or a file by hand."""
        return self.locks.hold(file, tuple(key), job=job, seconds=seconds).sentence()

    def release(self, file: str, key: Sequence[str]) -> bool:
        """Let a lock go."""
        return self.locks.release(file, tuple(key))

    def release_all(self) -> None:
        """Let all locks go."""
        self.locks.release_all()

    def held(self) -> list[str]:
        """Say what is locked."""
        return [held.sentence() for held in self.locks.held()]

    def spoil(self, file: str, key: Sequence[Scalar], field: str, data: bytes) -> int:
        """Put raw bytes into a field."""
        return self.files.spoil(file, key, field, data)

    def set_data_area(self, name: str, value: str) -> None:
        """Create, change or delete a data area."""
        with self.storage.write():
            self.storage.remember(f"dtaara {name}", value)

    def set_active_jobs(self, names: Sequence[str]) -> None:
        """Name the active jobs."""
        with self.storage.write():
            self.storage.remember("active_jobs", " ".join(names))

    def own_verbs(self) -> Sequence[Callable[..., Any]]:
        """Return the journal's verbs."""
        journal = self.journal
        return (
            journal.receivers, journal.change_receiver, journal.delete_receiver, journal.clear_file,
        )  # fmt: skip

    # -- restricted state -------------------------------------------------------------------------

    def end_subsystem(self) -> None:
        """ENDSBS *ALL: restricted state."""
        with self.storage.lock:
            if self.restricted:
                return
            self.restricted = True
            self.drop_jobs()
            self.messages.send("CPF0968", "System ended to restricted condition.", severity=0)
        for tell in self._on_ended:
            tell()
        self.subsystem.stop()

    def on_ended(self, tell: Callable[[], None]) -> None:
        """Call this when the jobs are ended with their subsystem."""
        self._on_ended.append(tell)

    def drop_jobs(self) -> None:
        """End all server jobs: waits end, further calls are Retryable."""
        with self.storage.lock:
            self.session += 1
            self._jobs.clear()
            self.queues.wake_all()

    def start_subsystem(self) -> None:
        """Back to work."""
        with self.storage.lock:
            if not self.restricted:
                return
            self.restricted = False
            self.messages.send("CPF1124", "Host servers started.", severity=0)
        if self.settings.programs:
            self.subsystem.start()

    def close(self) -> None:
        """Stop the programs and close the file; a power-down that was planned."""
        self.subsystem.stop()
        self.drop_jobs()
        self.storage.close()

    def _job_name(self, user: str) -> str:
        number = int(self.storage.fact("last_job", "48200")) + 1
        with self.storage.write():
            self.storage.remember("last_job", str(number))
        return f"{number:06d}/{user}/QZDASOINIT"
