"""A small IBM i in memory, for the agent's own tests: obedient, fast, and it fails on request.

The conformance suite holds drivers to the port; this fake only serves loops and crash points.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.journal_site import FakeJournal
from towline_agent.ibmi.port import (
    Applied,
    Description,
    Document,
    EntityQuery,
    IbmI,
    JournalEntry,
    JournalName,
    JournalPage,
    JournalPosition,
    OutboxDepth,
    OutboxRow,
    ProgramCall,
    Purpose,
    QueueEntry,
    QueueInfo,
    QueueName,
    TableRow,
    Unread,
)
from towline_shared.errors import Misuse, Permanent
from towline_shared.events import Scalar

Cells = Mapping[str, Scalar | Unread]

ABOUT = Description(
    system="NORDWIND", serial="78A1B2C", partition="1", rdb="NORDWIND", release="V7R5M0",
    ccsid=37, user="TOWLINE", simulated=True,
)  # fmt: skip


@dataclass
class FakePartition:
    """What all connections share.

    Attributes:
        rows: entity -> key -> rows of the mapped SELECT.
        queues: queue -> entries, oldest first, whatever its sequence is.
        sequences: queue -> FIFO (where none is named), LIFO or KEYED.
        failures: verb -> errors to raise, one a call, before the verb works again.
        refuse: error every connect raises while it is set.
        calls: verbs in the order they were called, with their purpose.
    """

    rows: dict[str, dict[tuple[str, ...], list[Cells]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    outbox: dict[int, OutboxRow] = field(default_factory=dict)
    queues: dict[str, deque[QueueEntry]] = field(default_factory=lambda: defaultdict(deque))
    sequences: dict[str, str] = field(default_factory=dict)
    orders: dict[str, Document] = field(default_factory=dict)
    programs: list[ProgramCall] = field(default_factory=list)
    failures: dict[str, list[Exception]] = field(default_factory=lambda: defaultdict(list))
    refuse: Exception | None = None
    connects: list[Purpose] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    about: Description = ABOUT
    journal: list[JournalEntry] = field(default_factory=list)
    receivers: FakeJournal | None = None  # a journal with a chain of receivers instead
    data_areas: dict[str, str] = field(default_factory=dict)
    active_jobs: set[str] = field(default_factory=set)
    messages: list[str] = field(default_factory=list)
    missed: int = 0
    worn: bool = False
    bell: threading.Condition = field(default_factory=threading.Condition)

    def connect(self, purpose: Purpose) -> IbmI:
        self.connects.append(purpose)
        if self.refuse is not None:
            raise self.refuse
        return FakeConnection(self)

    def change(
        self, number: int, file: str, *keys: str, operation: str = "U", library: str = "DISTLIB"
    ) -> None:
        """Commit an outbox row."""
        self.outbox[number] = OutboxRow(
            id=number,
            library=library,
            file=file,
            keys=keys,
            operation=operation,
            changed_at=f"2026-11-23-08.00.00.{number:06d}",
            job="123456/MWEBER/QPADEV0003",
            user="MWEBER",
        )

    def set_price(self, number: int, sku: str, price: Scalar | Unread) -> None:
        """Change a price as a program does: the row, then the outbox row."""
        self.rows["price"][(sku,)] = [{"SKU": sku.ljust(15), "PRICE": price, "CURRENCY": "EUR"}]
        self.change(number, "ITMPRC", sku, "STD")

    def queued(self, queue: str) -> list[QueueEntry]:
        """Return a queue's entries in queue order."""
        waiting, sequence = list(self.queues[queue]), self.sequences.get(queue, "FIFO")
        if sequence == "KEYED":
            return sorted(waiting, key=lambda entry: entry.key)
        return waiting[::-1] if sequence == "LIFO" else waiting

    def take(self, queue: str, key: bytes = b"") -> QueueEntry | None:
        """Remove and return the first entry; of a keyed queue the first with this key."""
        if (self.sequences.get(queue) == "KEYED") != bool(key):
            raise Permanent(f"SQL0443: {queue} and a key of {len(key)} bytes don't fit.")
        for entry in self.queued(queue):
            if entry.key == key or not key:
                # identity counts: of two equal entries a LIFO queue gives up the newer one
                place = next(i for i, e in enumerate(self.queues[queue]) if e is entry)
                del self.queues[queue][place]
                return entry
        return None

    def ring(self) -> None:
        """Send a doorbell entry."""
        with self.bell:
            self.queues["TOWLINE/DOORBELL"].append(QueueEntry(b"\x40"))
            self.bell.notify_all()


class FakeConnection:
    """One connection to a :class:`FakePartition`."""

    def __init__(self, partition: FakePartition) -> None:
        self._partition = partition
        self.closed = False

    def _enter(self, verb: str) -> FakePartition:
        if self.closed:
            raise Misuse("The connection is closed.")
        self._partition.calls.append(verb)
        if self._partition.failures[verb]:
            raise self._partition.failures[verb].pop(0)
        return self._partition

    def outbox(self, *, after: int, limit: int) -> Sequence[OutboxRow]:
        rows = self._enter("outbox").outbox
        return [rows[number] for number in sorted(rows) if number > after][:limit]

    def outbox_delete(self, ids: Sequence[int]) -> int:
        rows = self._enter("outbox_delete").outbox
        return sum(rows.pop(number, None) is not None for number in ids)

    def rows(self, query: EntityQuery, keys: Sequence[tuple[str, ...]]) -> Sequence[TableRow]:
        rows = self._enter("rows").rows[query.entity]
        return [TableRow(cells) for key in keys for cells in rows.get(key, [])]

    def snapshot(
        self, query: EntityQuery, *, after_key: tuple[str, ...] | None, limit: int
    ) -> Sequence[TableRow]:
        rows = self._enter("snapshot").rows[query.entity]
        keys = sorted(key for key in rows if after_key is None or key > after_key)
        return [TableRow(cells) for key in keys for cells in rows[key]][:limit]

    def wait(self, queue: QueueName, *, seconds: float) -> QueueEntry | None:
        partition = self._enter("wait")
        waiting = partition.queues[str(queue)]
        with partition.bell:
            partition.bell.wait_for(lambda: bool(waiting), timeout=seconds)
            return waiting.popleft() if waiting else None

    def queue_peek(self, queue: QueueName, *, limit: int) -> Sequence[QueueEntry]:
        return self._enter("queue_peek").queued(str(queue))[:limit]

    def queue_take(self, queue: QueueName, *, key: bytes = b"") -> QueueEntry | None:
        return self._enter("queue_take").take(str(queue), key)

    def queue_send(self, queue: QueueName, data: bytes, *, key: bytes = b"") -> None:
        self._enter("queue_send").queues[str(queue)].append(QueueEntry(data, key))

    def queue_info(self, queue: QueueName) -> QueueInfo:
        entries = len(self._enter("queue_info").queues[str(queue)])
        return QueueInfo(entries, 0, 64512, self._partition.sequences.get(str(queue), "FIFO"))

    def apply_order(self, document: Document, *, event_id: str) -> Applied:
        orders = self._enter("apply_order").orders
        if event_id in orders:
            return Applied.ALREADY_THERE
        orders[event_id] = document
        return Applied.WRITTEN

    def call_program(self, call: ProgramCall) -> None:
        self._enter("call_program").programs.append(call)

    def describe(self) -> Description:
        return self._enter("describe").about

    def outbox_depth(self) -> OutboxDepth:
        rows = self._enter("outbox_depth").outbox
        oldest = min((row.changed_at for row in rows.values()), default="")
        return OutboxDepth(len(rows), oldest, self._partition.missed)

    def journal(
        self,
        journal: JournalName,
        *,
        files: Sequence[tuple[str, str]],
        after: JournalPosition | None,
        limit: int,
    ) -> JournalPage:
        partition = self._enter("journal")
        if partition.receivers is not None:
            return partition.receivers.read(after, limit)
        entries = partition.journal
        newest = entries[-1].position if entries else None
        if after is None:
            return JournalPage((), newest, more=False)
        later = [entry for entry in entries if entry.position.sequence > after.sequence]
        page = tuple(later[:limit])
        return JournalPage(page, page[-1].position if page else after, more=len(later) > limit)

    def data_area(self, library: str, name: str) -> str:
        areas = self._enter("data_area").data_areas
        if f"{library}/{name}" not in areas:
            raise Permanent(f"CPF1015: data area {name} in {library} was not found.")
        return areas[f"{library}/{name}"]

    def job_active(self, name: str) -> bool:
        return name in self._enter("job_active").active_jobs

    def send_message(self, text: str) -> None:
        self._enter("send_message").messages.append(text)

    def expired(self) -> bool:
        return self._partition.worn and not self.closed

    def close(self) -> None:
        self.closed = True
