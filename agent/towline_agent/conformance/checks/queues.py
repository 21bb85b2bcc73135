"""Data-queue verbs for FIFO queues: looking without taking, taking, sending, limits."""

from __future__ import annotations

from collections.abc import Callable

from towline_agent.conformance.bench import Bench
from towline_agent.conformance.check import Subject
from towline_agent.conformance.expect import expect, fails, same
from towline_agent.ibmi.port import IbmI, Purpose, QueueEntry, QueueName
from towline_shared.errors import Permanent

__all__ = ["QUEUES", "data_of"]

QUEUES = Subject("data queues")


def data_of(entries: list[QueueEntry | None]) -> list[bytes | None]:
    """Return the entries' bytes; None where there was no entry."""
    return [None if entry is None else entry.data for entry in entries]


def _peeked(bench: Bench, queue: QueueName, limit: int = 999) -> list[bytes | None]:
    return data_of(list(bench.connect().queue_peek(queue, limit=limit)))


@QUEUES.check()
def looking_takes_nothing_and_keeps_the_order(bench: Bench) -> None:
    """Peeking twice shows the same entries, byte for byte, up to the limit."""
    queue = bench.queues.plain
    for number in range(3):
        bench.send(queue, bytes([number]))
    connection = bench.connect()
    for limit, wanted in ((2, [b"\x00", b"\x01"]), (9, [b"\x00", b"\x01", b"\x02"])):
        found = data_of(list(connection.queue_peek(queue, limit=limit)))
        same(found, wanted, f"the first {limit} entries")
    same(connection.queue_info(queue).entries, 3, "depth after looking")


@QUEUES.check()
def taking_removes_the_first_entry_at_once(bench: Bench) -> None:
    """Entries are taken in queue order; an empty queue gives None without waiting."""
    queue = bench.queues.plain
    for number in range(2):
        bench.send(queue, bytes([number]))
    writer = bench.connect(Purpose.WRITE)
    taken = data_of([writer.queue_take(queue) for _ in range(3)])
    same(taken, [b"\x00", b"\x01", None], "entries taken")


@QUEUES.check()
def a_taken_entry_is_gone_when_the_call_returns(bench: Bench) -> None:
    """No commit is waited for: another connection sees it gone, and closing brings none back."""
    queue = bench.queues.plain
    for number in range(2):
        bench.send(queue, bytes([number]))
    writer = bench.connect(Purpose.WRITE)
    writer.queue_take(queue)
    same(_peeked(bench, queue), [b"\x01"], "entries after one was taken")
    writer.close()
    same(_peeked(bench, queue), [b"\x01"], "entries after the connection was closed")


@QUEUES.check()
def a_sent_entry_is_there_when_the_call_returns(bench: Bench) -> None:
    """Another connection sees it at once, and closing the sender takes none back."""
    queue = bench.queues.plain
    writer = bench.connect(Purpose.WRITE)
    writer.queue_send(queue, b"\xc1")
    same(_peeked(bench, queue), [b"\xc1"], "entries after the send")
    writer.close()
    same(_peeked(bench, queue), [b"\xc1"], "entries after the sender was closed")


@QUEUES.check()
def every_byte_arrives_unchanged(bench: Bench) -> None:
    """All 256 byte values survive both ways; nothing is converted between CCSIDs."""
    data = bytes(range(256))
    bench.connect(Purpose.WRITE).queue_send(bench.queues.plain, data)
    same(_peeked(bench, bench.queues.plain), [data], "bytes the driver sent")
    bench.send(bench.queues.plain, data)
    same(_peeked(bench, bench.queues.plain), [data, data], "bytes a program sent")
    taken = bench.connect(Purpose.WRITE).queue_take(bench.queues.plain)
    same(data_of([taken]), [data], "bytes the driver took")


@QUEUES.check()
def blanks_and_zeros_at_the_end_belong_to_the_entry(bench: Bench) -> None:
    """An entry keeps its length: packed zeros and blanks at its end are data."""
    queue = bench.queues.plain
    entries: list[bytes | None] = [b"\xc1\x40\x40", b"\x40", b"\x00\x00", b"\xc1\x00", b"\x20"]
    for data in entries:
        bench.send(queue, data or b"")
    same(_peeked(bench, queue), entries, "entries seen")
    writer = bench.connect(Purpose.WRITE)
    same(data_of([writer.queue_take(queue) for _ in entries]), entries, "entries taken")


@QUEUES.check()
def two_hundred_entries_keep_their_order(bench: Bench) -> None:
    """A backlog comes out as it went in, by looking and by taking in turns."""
    queue = bench.queues.plain
    wanted: list[bytes | None] = [number.to_bytes(2, "big") for number in range(200)]
    for data in wanted:
        bench.send(queue, data or b"")
    writer = bench.connect(Purpose.WRITE)
    found: list[bytes | None] = []
    while page := data_of(list(writer.queue_peek(queue, limit=64))):
        same(data_of([writer.queue_take(queue) for _ in page]), page, "entries taken after a look")
        found += page
        expect(len(found) <= len(wanted), "more entries came than were sent")
    same(found, wanted, "all entries")


@QUEUES.check()
def an_entry_as_long_as_maxlen_is_taken_and_a_longer_one_is_permanent(bench: Bench) -> None:
    """Nothing is cut; the queue stays as it was and the connection usable."""
    queue = bench.queues.plain
    writer = bench.connect(Purpose.WRITE)
    longest = b"\xc1" * writer.queue_info(queue).max_length
    fails(Permanent, lambda: writer.queue_send(queue, longest + b"\xc1"), "one byte too many")
    same(writer.queue_info(queue).entries, 0, "depth after it")
    writer.queue_send(queue, longest)
    same(_peeked(bench, queue), [longest], "an entry of MAXLEN bytes")


@QUEUES.check()
def depth_and_limits_are_told(bench: Bench) -> None:
    """queue_info counts entries and knows MAXLEN and the sequence."""
    queue = bench.queues.plain
    connection = bench.connect()
    for wanted in range(3):
        same(connection.queue_info(queue).entries, wanted, "depth")
        bench.send(queue, b"\x40")
    info = connection.queue_info(queue)
    same((info.max_length, info.sequence), (256, "FIFO"), "MAXLEN and sequence")
    expect(info.most == 0 or info.most >= 3, f"at most {info.most} entries, and 3 are there")


@QUEUES.check()
def an_empty_queue_is_an_empty_answer(bench: Bench) -> None:
    """Looking, taking and counting find nothing and say so without an error."""
    queue = bench.queues.plain
    connection = bench.connect(Purpose.WRITE)
    same(list(connection.queue_peek(queue, limit=5)), [], "entries seen")
    same(connection.queue_take(queue), None, "entry taken")
    same(connection.queue_info(queue).entries, 0, "depth")


@QUEUES.check()
def a_missing_queue_is_permanent_for_every_verb(bench: Bench) -> None:
    """The sentence names it; the connection stays usable."""
    missing = QueueName(bench.library, "NOSUCH")
    connection = bench.connect(Purpose.WRITE)
    verbs: dict[str, Callable[[IbmI], object]] = {
        "queue_peek": lambda ibmi: ibmi.queue_peek(missing, limit=1),
        "queue_take": lambda ibmi: ibmi.queue_take(missing),
        "queue_send": lambda ibmi: ibmi.queue_send(missing, b"\x40"),
        "queue_info": lambda ibmi: ibmi.queue_info(missing),
        "wait": lambda ibmi: ibmi.wait(missing, seconds=0.02),
    }
    for name, verb in verbs.items():
        fails(Permanent, lambda v=verb: v(connection), name, naming="NOSUCH")  # type: ignore[misc]
        expect(bool(connection.queue_info(bench.queues.plain).sequence), f"{name} spoilt it")


@QUEUES.check()
def queues_don_t_mix(bench: Bench) -> None:
    """What is sent to one queue is in no other."""
    bench.send(bench.queues.plain, b"\xd7")
    bench.send(bench.queues.doorbell, b"\xd6")
    same(_peeked(bench, bench.queues.plain), [b"\xd7"], "entries of the plain queue")
    same(_peeked(bench, bench.queues.doorbell), [b"\xd6"], "entries of the doorbell")
