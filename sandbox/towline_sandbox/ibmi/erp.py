"""The port of the ERP's own programs: record-level access to files, as an RPG program has it.

Order entry, warehouse, green screen and console use this and nothing else of a partition. Two
partitions implement it: the simulated IBM i on SQLite, and the ODBC lab on Derby. A record is a
mapping of column name to the value as stored (:data:`~towline_agent.ibmi.columns.Stored`): CHAR
blank-padded, a number without decimals an int, one with decimals its exact text, and bytes where
the field holds no number at all.

Errors are those of the IbmI port: Retryable SQL0913 for a record somebody holds, Permanent for what
can't be stored or is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from towline_agent.ibmi.port import QueueEntry, QueueInfo
from towline_shared.events import Scalar

if TYPE_CHECKING:
    from towline_sandbox.ibmi.settings import IbmISettings
    from towline_sandbox.ibmi.subsystem import Subsystem

__all__ = [
    "Figures",
    "Machine",
    "Messages",
    "Operator",
    "Partition",
    "Queues",
    "Record",
    "UnitOfWork",
    "Values",
    "Where",
]

Record = Mapping[str, Any]  # each program knows the types of its columns
Values = Mapping[str, Scalar | bytes]

#: ``in`` takes a sequence; ``alike`` compares texts without regard to case.
Operator = Literal["=", "<>", ">=", "<", "in", "alike"]


class Where(NamedTuple):
    """A condition on a column; several of them are ANDed."""

    column: str
    operator: Operator
    value: Scalar | Sequence[Scalar]

    @property
    def several(self) -> Sequence[Scalar]:
        """The values; one, except for ``in``."""
        if isinstance(self.value, Sequence) and not isinstance(self.value, str):
            return self.value
        return (self.value,)


class UnitOfWork(Protocol):
    """What one job changes together; ends with :meth:`commit` or :meth:`rollback`."""

    @property
    def number(self) -> int:
        """A number no other unit of this partition has."""
        ...

    def read(self, file: str, key: Sequence[Scalar], *, lock: bool = False) -> Record | None:
        """Return a record, or None.

        Args:
            lock: for update, as CHAIN on an update file: the record is committed, or this unit's
                own, and stays locked until the unit ends.
        """
        ...

    def insert(self, file: str, values: Values) -> None:
        """Write a record; fields left out are blank or zero, as in a new record format."""
        ...

    def update(self, file: str, key: Sequence[Scalar], values: Values) -> None:
        """Change fields of a record; it stays locked until the unit ends."""
        ...

    def delete(self, file: str, key: Sequence[Scalar]) -> None:
        """Delete a record."""
        ...

    def commit(self) -> list[int]:
        """End the unit; returns the ids of the outbox rows that became visible, ascending."""
        ...

    def rollback(self) -> None:
        """Undo the unit; entries it sent to data queues stay sent. Never raises for a lost link."""
        ...


class Messages(Protocol):
    """The operator's message queue."""

    def send(self, message_id: str, text: str, *, severity: int = 20) -> None:
        """Send a message unless the newest one says the same."""
        ...

    def newest(self, count: int) -> list[dict[str, str | int]]:
        """Return the newest messages, newest first: at, id, severity, text."""
        ...


class Queues(Protocol):
    """The data queues as programs of the ERP and the operator use them."""

    def send(self, name: str, data: bytes, *, key: bytes = b"", sender: str = "") -> None:
        """Append an entry to queue ``LIB/NAME``."""
        ...

    def peek(self, name: str, *, limit: int) -> Sequence[QueueEntry]:
        """Return the first entries; nothing is removed."""
        ...

    def info(self, name: str) -> QueueInfo:
        """Return depth and limits."""
        ...


class Partition(Protocol):
    """What the ERP's programs need of the machine."""

    @property
    def settings(self) -> IbmISettings:
        """Size, identity and pace."""
        ...

    @property
    def messages(self) -> Messages:
        """The operator's messages."""
        ...

    @property
    def queues(self) -> Queues:
        """The data queues."""
        ...

    def begin(self, job: str) -> UnitOfWork:
        """Start a unit of work for a qualified job name ``number/user/name``."""
        ...

    def select(
        self,
        file: str,
        *where: Where,
        order: Sequence[str] = (),
        most: int | None = None,
    ) -> list[Record]:
        """Read without waiting for anybody: changes not yet committed are seen.

        Args:
            order: columns; one that starts with ``-`` descends. Without it, and among equals, the
                order of arrival where the machine knows it, else that of the key.
            most: rows at most.
        """
        ...

    def count(self, file: str, *where: Where) -> int:
        """Count records; reads as :meth:`select` does."""
        ...

    def timestamp(self) -> str:
        """Return the partition's local time as Db2 writes it: 26 characters."""
        ...

    def cymd(self) -> int:
        """Return the local date as CYYMMDD."""
        ...

    def hms(self) -> int:
        """Return the local time as HHMMSS."""
        ...

    def programs_wake(self) -> None:
        """Tell the never-ending programs that there may be work."""
        ...


class Figures(NamedTuple):
    """Counters of the machine that no file holds; ``queues`` are entries by ``LIB/NAME``."""

    outbox_total: int
    doorbell_total: int
    doorbell_missed: int
    messages: int
    queues: Mapping[str, int]


class Machine(Partition, Protocol):
    """What the console needs beside: the operator's levers."""

    @property
    def subsystem(self) -> Subsystem:
        """ORDENTRY and WHSHIP."""
        ...

    @property
    def restricted(self) -> bool:
        """Whether the machine is in restricted state."""
        ...

    def jobs(self) -> list[str]:
        """Name the server jobs that are there."""
        ...

    def figures(self) -> Figures:
        """Return the counters."""
        ...

    def hold(self, file: str, key: Sequence[str], *, job: str, seconds: float | None) -> str:
        """Take a lock on a record, or with an empty key on the file; returns the sentence.

        Raises:
            InUse: SQL0913, somebody else has it.
        """
        ...

    def release(self, file: str, key: Sequence[str]) -> bool:
        """Let one lock go; False when it was not held."""
        ...

    def release_all(self) -> None:
        """Let every lock go that was taken by hand."""
        ...

    def held(self) -> list[str]:
        """Return a sentence for each lock."""
        ...

    def end_subsystem(self) -> None:
        """ENDSBS *ALL: restricted state."""
        ...

    def drop_jobs(self) -> None:
        """End all server jobs: waits end, further calls are Retryable."""
        ...

    def start_subsystem(self) -> None:
        """Back to work."""
        ...

    def on_ended(self, tell: Callable[[], None]) -> None:
        """Call this when the jobs are ended with their subsystem."""
        ...

    def spoil(self, file: str, key: Sequence[Scalar], field: str, data: bytes) -> int:
        """Put raw bytes into a field, past all triggers; returns the records changed."""
        ...

    def set_data_area(self, name: str, value: str) -> None:
        """Create or change a character data area ``LIB/NAME``; an empty value deletes it."""
        ...

    def set_active_jobs(self, names: Sequence[str]) -> None:
        """Name the jobs that are active beside our own."""
        ...

    def own_verbs(self) -> Sequence[Callable[..., Any]]:
        """Return console verbs that only this machine has."""
        ...

    def close(self) -> None:
        """Stop the programs and let go of everything; a power-down that was planned."""
        ...
