"""The partition: everything together, opened from one file.

Restricted state is modelled as what an agent sees of ENDSBS *ALL: its jobs end, connecting is
refused, programs stop; the console goes on
(https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/rzaiu/rzaiurzaiu314.htm).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from towline_agent.ibmi.columns import store
from towline_agent.ibmi.errors import Restricted
from towline_agent.ibmi.port import Description, Purpose
from towline_sandbox.dataset import Dataset
from towline_sandbox.ibmi.data_queues import DataQueues
from towline_sandbox.ibmi.jobs import Job
from towline_sandbox.ibmi.locks import RecordLocks
from towline_sandbox.ibmi.messages import MessageQueue
from towline_sandbox.ibmi.order_entry import OrderEntry
from towline_sandbox.ibmi.programs import Program
from towline_sandbox.ibmi.queries import Queries
from towline_sandbox.ibmi.settings import IbmISettings
from towline_sandbox.ibmi.storage import Storage
from towline_sandbox.ibmi.towline_files import layout
from towline_sandbox.ibmi.units import UnitManager
from towline_sandbox.ibmi.warehouse import Warehouse
from towline_shared.clock import Clock, SystemClock

__all__ = ["SimulatedIbmI"]


class SimulatedIbmI:
    """One partition; also an :class:`~towline_agent.ibmi.port.IbmIDriver` in process."""

    def __init__(self, storage: Storage, settings: IbmISettings) -> None:
        """Use :meth:`open`."""
        self.settings = settings
        self.storage = storage
        self.locks = RecordLocks(storage.lock, waitrcd_s=settings.waitrcd_s)
        self.queues = DataQueues(storage)
        self.units = UnitManager(storage, self.queues, self.locks)
        self.queries = Queries(storage, withheld=settings.withheld, user=settings.user)
        self.messages = MessageQueue(storage)
        self.session = 1
        self.restricted = False
        self._jobs: dict[str, Job] = {}
        self._on_ended: list[Callable[[], None]] = []
        self.order_entry = OrderEntry(self)
        self.warehouse = Warehouse(self)
        self.programs = {
            "ORDENTRY": Program("ORDENTRY", self.order_entry.run_next),
            "WHSHIP": Program("WHSHIP", self.warehouse.run_next),
        }

    @classmethod
    def open(
        cls, path: Path, settings: IbmISettings | None = None, *, clock: Clock | None = None
    ) -> SimulatedIbmI:
        """Open a partition's file; a new one is filled with the wholesaler's data."""
        settings = settings or IbmISettings()
        storage = Storage(path, clock=clock or SystemClock(), utc_offset_h=settings.utc_offset_h)
        system = cls(storage, settings)
        if not storage.fact("filled"):
            system.load(Dataset.generate(settings.items, settings.seed))
        return system

    def load(self, data: Dataset) -> None:
        """Write rows straight into the files, as a restore does: no trigger fires."""
        with self.storage.write() as db:
            for file, rows in data.rows.items():
                shape = layout(file)
                names = ", ".join(f'"{field.name}"' for field in shape.fields)
                marks = ", ".join("?" for _ in shape.fields)
                db.executemany(
                    f'INSERT INTO "{shape.table}" ({names}) VALUES ({marks})',  # noqa: S608
                    (
                        [
                            store(f.type, row.get(f.name, "" if f.type.is_text else 0), where=file)
                            for f in shape.fields
                        ]
                        for row in rows
                    ),
                )
            self.storage.remember("filled", "yes")

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

    def start_programs(self) -> None:
        """Start order entry and warehouse."""
        for program in self.programs.values():
            program.start()

    def stop_programs(self) -> None:
        """End them after the order they are at; new orders wait with STATUS N."""
        for program in self.programs.values():
            program.stop()

    def programs_wake(self) -> None:
        """Tell the programs that there may be work."""
        for program in self.programs.values():
            program.wake()

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
        self.stop_programs()

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
            self.start_programs()

    def close(self) -> None:
        """Stop the programs and close the file; a power-down that was planned."""
        self.stop_programs()
        self.drop_jobs()
        self.storage.close()

    def _job_name(self, user: str) -> str:
        number = int(self.storage.fact("last_job", "48200")) + 1
        with self.storage.write():
            self.storage.remember("last_job", str(number))
        return f"{number:06d}/{user}/QZDASOINIT"
