"""The IbmI port: everything the agent may ask of an IBM i, in verbs.

All verbs block; the agent calls each connection from one thread of its own. Three connections, no
more: one reads, one writes, one waits (courtesy: https://github.com/IBM/JTOpen/issues/116). The
checks in :mod:`towline_agent.conformance` are the contract's executable half; every driver passes
them unchanged.

Errors, for every verb: :class:`~towline_shared.errors.Retryable` for locks, link loss and a
restricted system; :class:`~towline_shared.errors.Permanent` for authority, missing objects and
sign-on; :class:`~towline_shared.errors.BadRecord` never aborts a read, see :class:`Unread`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from towline_agent.ibmi.journal_entry import (
    JournalEntry,
    JournalName,
    JournalPage,
    JournalPosition,
)
from towline_shared.events import BusinessCustomer, Customer, Order, OrderChange, Scalar

__all__ = [
    "Applied",
    "Description",
    "Document",
    "EntityQuery",
    "IbmI",
    "IbmIDriver",
    "JournalEntry",
    "JournalName",
    "JournalPage",
    "JournalPosition",
    "OutboxDepth",
    "OutboxRow",
    "ProgramCall",
    "Purpose",
    "QueueEntry",
    "QueueInfo",
    "QueueName",
    "Site",
    "TableRow",
    "Unread",
]


#: What the shop tells the ERP.
Document = Order | OrderChange | Customer | BusinessCustomer


class Purpose(Enum):
    """What a connection is for; a waiting one is busy for seconds at a time."""

    READ = "read"
    WRITE = "write"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class QueueName:
    """A data queue: system names, upper case, at most 10 characters each."""

    library: str
    name: str

    def __str__(self) -> str:
        return f"{self.library}/{self.name}"


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """The customer's own SELECT behind an entity.

    Attributes:
        entity: item, price, stock, order_result, shipment...
        select: one SELECT without ORDER BY, FETCH or isolation clause; the driver wraps it.
        key: result columns, upper case, that identify a row (or a group of rows: the lines of a
            shipment share a key), in the order of the outbox's key columns.
    """

    entity: str
    select: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One committed row of the outbox: what changed, never how.

    Attributes:
        id: identity value; given before commit, so a lower one may appear later.
        library: library of the changed file.
        file: system name of the changed file.
        keys: key values as text, as the trigger wrote them (right-trimmed).
        operation: ``I``, ``U`` or ``D``.
        changed_at: the partition's local timestamp as text, 26 characters.
        job: qualified job name; ``user`` the user profile that changed the row.
    """

    id: int
    library: str
    file: str
    keys: tuple[str, ...]
    operation: str
    changed_at: str
    job: str
    user: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A cell Db2 could not map (SQL0802 and kin), re-read as HEX: reported, never guessed."""

    raw_hex: str
    reason: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a mapped SELECT: upper-case column name -> value, CHAR right-padded as stored."""

    cells: Mapping[str, Scalar | Unread]


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One entry of a data queue: its bytes, undecoded, and for keyed queues the key's bytes."""

    data: bytes
    key: bytes = b""
    sender_job: str = ""


@dataclass(frozen=True, slots=True)
class QueueInfo:
    """Depth of a data queue; ``most`` is 0 where the system does not tell."""

    entries: int
    most: int
    max_length: int
    sequence: str


@dataclass(frozen=True, slots=True)
class OutboxDepth:
    """How full the outbox is: the figure behind the fuse.

    Attributes:
        rows: committed rows that wait.
        oldest_at: local timestamp of the oldest one, 26 characters; empty when there is none.
        missed: changes whose outbox row a trigger could not write (table MISSED).
    """

    rows: int
    oldest_at: str = ""
    missed: int = 0


class Applied(Enum):
    """What became of a downlink document."""

    WRITTEN = "written"
    ALREADY_THERE = "already there"


@dataclass(frozen=True, slots=True)
class ProgramCall:
    """A call of one of the customer's own programs with positional, typed parameters."""

    library: str
    program: str
    parameters: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """Who and what the partition is.

    Attributes:
        system: system name; ``serial`` and ``partition`` complete the fingerprint.
        release: e.g. ``V7R5M0``.
        ccsid: CCSID of the job.
        user: profile the agent is signed on with.
        missing: sentences, one for each object or authority the agent needs and does not have.
        simulated: true for stand-ins; the health page says so.
    """

    system: str
    serial: str
    partition: str
    rdb: str
    release: str
    ccsid: int
    user: str
    missing: tuple[str, ...] = ()
    simulated: bool = False

    @property
    def fingerprint(self) -> str:
        """Text that differs between partitions and restored copies of one."""
        return f"{self.serial}/{self.partition}/{self.system}/{self.rdb}"


class IbmI(Protocol):
    """One connection."""

    def outbox(self, *, after: int, limit: int) -> Sequence[OutboxRow]:
        """Return committed outbox rows with id > ``after``, ascending by id; never blocks on locks.

        Rows of open transactions are absent and may appear later with a lower id.
        """
        ...

    def outbox_delete(self, ids: Sequence[int]) -> int:
        """Delete outbox rows in one transaction; ids no longer there are no error (idempotent)."""
        ...

    def rows(self, query: EntityQuery, keys: Sequence[tuple[str, ...]]) -> Sequence[TableRow]:
        """Return the current rows for the keys, read without holding locks.

        Keys without a row are simply absent. Keys compare right-trimmed.
        """
        ...

    def snapshot(
        self, query: EntityQuery, *, after_key: tuple[str, ...] | None, limit: int
    ) -> Sequence[TableRow]:
        """Return up to ``limit`` rows in key order after a key (None = from the start)."""
        ...

    def wait(self, queue: QueueName, *, seconds: float) -> QueueEntry | None:
        """Wait for and TAKE one entry of a doorbell queue; None when none came in time.

        Only for queues whose entries carry no data (see ghost receiver in docs/understand).
        """
        ...

    def queue_peek(self, queue: QueueName, *, limit: int) -> Sequence[QueueEntry]:
        """Return the first entries in queue order without removing them.

        FIFO: oldest first. LIFO: newest first. Keyed: ascending by key, equal keys oldest first.
        """
        ...

    def queue_take(self, queue: QueueName, *, key: bytes = b"") -> QueueEntry | None:
        """Remove and return the first entry at once; None when there is none.

        Args:
            key: of a keyed queue: take the first entry with exactly this key; empty otherwise.
        """
        ...

    def queue_send(self, queue: QueueName, data: bytes, *, key: bytes = b"") -> None:
        """Append an entry; a full queue is Retryable, a longer entry than MAXLEN Permanent."""
        ...

    def queue_info(self, queue: QueueName) -> QueueInfo:
        """Return depth and limits of a queue."""
        ...

    def apply_order(self, document: Document, *, event_id: str) -> Applied:
        """Write a document of the shop with its applied-event row in ONE transaction.

        Idempotent by ``event_id``: a second call returns ALREADY_THERE and writes nothing.

        Raises:
            Refused: a value does not fit a column; the sentence names it. Nothing was written.
        """
        ...

    def call_program(self, call: ProgramCall) -> None:
        """Call one of the customer's programs.

        Raises:
            Refused: the program signalled an SQLSTATE of its own (class 38 or 7x): it said no.
        """
        ...

    def outbox_depth(self) -> OutboxDepth:
        """Return how full the outbox is; never blocks on locks."""
        ...

    def journal(
        self,
        journal: JournalName,
        *,
        files: Sequence[tuple[str, str]],
        after: JournalPosition | None,
        limit: int,
    ) -> JournalPage:
        """Return entries of the files (library, name) and commit boundaries after a position.

        Args:
            after: the last entry read; None starts at the newest entry and returns none, so that
                an initial load may follow (position first, load second: nothing falls between).

        Raises:
            PositionLost: the receiver is gone or the position aged out: stop loudly, load anew.
        """
        ...

    def data_area(self, library: str, name: str) -> str:
        """Return the value of a character data area, right-trimmed."""
        ...

    def job_active(self, name: str) -> bool:
        """Tell whether a job with this name (not qualified) is active."""
        ...

    def send_message(self, text: str) -> None:
        """Tell the operator: one informational message, cut at 512 characters, in QSYSOPR."""
        ...

    def expired(self) -> bool:
        """Tell whether the connection should be closed and opened anew before its next verb.

        Server jobs wear out (LOB handles, job log, prestart job MAXUSE); asked between verbs.
        """
        ...

    def describe(self) -> Description:
        """Return who the partition is and what is missing."""
        ...

    def close(self) -> None:
        """Close the connection; further calls are Misuse, closing twice is harmless."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """What a driver must know of the rest of agent.toml.

    Attributes:
        library: the library that holds outbox, staging tables and applied events.
        unique_key: write documents without commitment control, made harmless to repeat by unique
            keys; for staging tables that can't be journaled.
        messages: message queue the operator reads, ``LIBRARY/NAME``.
    """

    library: str = "TOWLINE"
    unique_key: bool = False
    messages: QueueName = QueueName("QSYS", "QSYSOPR")


class IbmIDriver(Protocol):
    """Opens connections; found by name through the entry-point group ``towline.ibmi``.

    The entry point is a callable ``(settings: Section, site: Site) -> IbmIDriver`` that validates
    the ``[ibmi]`` table of agent.toml and opens nothing yet.
    """

    def connect(self, purpose: Purpose) -> IbmI:
        """Open one connection.

        Raises:
            Retryable: not reachable now (a full save is normal, not an alarm).
            Permanent: sign-on refused or misconfigured; must not be repeated by itself.
        """
        ...
