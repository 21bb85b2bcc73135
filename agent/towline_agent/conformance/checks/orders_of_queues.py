"""Data queues that are not FIFO: newest first, by key, and one that is full."""

from __future__ import annotations

from towline_agent.conformance.bench import Bench, Capability
from towline_agent.conformance.check import Subject
from towline_agent.conformance.checks.queues import data_of
from towline_agent.conformance.expect import expect, fails, same
from towline_agent.ibmi.port import Purpose
from towline_shared.errors import Permanent, Retryable

__all__ = ["KEYED_AND_LIFO"]

KEYED_AND_LIFO = Subject("keyed and LIFO queues")


@KEYED_AND_LIFO.check(Capability.LIFO_QUEUES)
def a_lifo_queue_gives_the_newest_first(bench: Bench) -> None:
    """Looking and taking agree: the entry that came last is the first."""
    queue = bench.queues.lifo
    for number in range(3):
        bench.send(queue, bytes([number]))
    writer = bench.connect(Purpose.WRITE)
    newest = [b"\x02", b"\x01", b"\x00"]
    same(data_of(list(writer.queue_peek(queue, limit=9))), newest, "entries seen")
    same(data_of(list(writer.queue_peek(queue, limit=1))), newest[:1], "the first one seen")
    same(data_of([writer.queue_take(queue) for _ in range(3)]), newest, "entries taken")
    same(writer.queue_info(queue).sequence, "LIFO", "sequence")


@KEYED_AND_LIFO.check(Capability.KEYED_QUEUES)
def a_keyed_queue_is_seen_in_the_order_of_its_keys(bench: Bench) -> None:
    """Ascending by the key's bytes, equal keys oldest first; each entry comes with its key."""
    queue = bench.queues.keyed
    sent = [(b"\xc2\xc2\xc2\xc2", b"1"), (b"\x81\x82\x83\x84", b"2"), (b"\xc2\xc2\xc2\xc2", b"3"),
            (b"\xf0\xf0\xf0\xf1", b"4"), (b"\xc1\x40\x40\x40", b"5")]  # fmt: skip
    for key, data in sent:
        bench.send(queue, data, key=key)
    found = [(e.key, e.data) for e in bench.connect().queue_peek(queue, limit=9)]
    same(found, sorted(sent, key=lambda pair: pair[0]), "keys and data in order")
    few = [(e.key, e.data) for e in bench.connect().queue_peek(queue, limit=2)]
    same(few, found[:2], "the first two")


@KEYED_AND_LIFO.check(Capability.KEYED_QUEUES)
def a_key_takes_only_its_own_entries(bench: Bench) -> None:
    """Exactly this key, oldest first; a key nobody sent gives None, also one between two."""
    queue = bench.queues.keyed
    low, high = b"\xc1\xc1\xc1\xc1", b"\xc3\xc3\xc3\xc3"
    for key, data in ((high, b"1"), (low, b"2"), (high, b"3")):
        bench.send(queue, data, key=key)
    writer = bench.connect(Purpose.WRITE)
    same(writer.queue_take(queue, key=b"\xc2\xc2\xc2\xc2"), None, "an entry of a key between")
    taken = [writer.queue_take(queue, key=high) for _ in range(3)]
    same(data_of(taken), [b"1", b"3", None], "entries taken by the higher key")
    expect(taken[0] is not None and taken[0].key == high, "a taken entry does not tell its key")
    same([e.data for e in writer.queue_peek(queue, limit=9)], [b"2"], "entries left")


@KEYED_AND_LIFO.check(Capability.KEYED_QUEUES)
def a_sent_key_is_kept_byte_by_byte(bench: Bench) -> None:
    """Keys with blanks in front, at the end or nowhere else are keys as any other."""
    _kept(bench, b"\xc1\x40\x40\x40", b"\x40\x40\x40\xc1", b"\x7d\x7d\x7f\x4d", b"\x81\xc1\xf1\x40")


@KEYED_AND_LIFO.check(Capability.KEYED_QUEUES, Capability.BINARY_KEYS)
def a_key_may_be_binary(bench: Bench) -> None:
    """Packed numbers, zeros and x'FF' are keys too."""
    _kept(bench, b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x01\x23\x45\x6f")


def _kept(bench: Bench, *keys: bytes) -> None:
    queue = bench.queues.keyed
    writer = bench.connect(Purpose.WRITE)
    for key in keys:
        writer.queue_send(queue, b"\xd2", key=key)
        taken = writer.queue_take(queue, key=key)
        expect(taken is not None, f"nothing was taken with the key x'{key.hex()}'")
        same(None if taken is None else taken.key, key, "the key that came back")


@KEYED_AND_LIFO.check(Capability.KEYED_QUEUES)
def a_key_of_another_length_is_permanent(bench: Bench) -> None:
    """Neither sending nor taking pads or cuts a key; without a key nothing is taken."""
    queue = bench.queues.keyed
    writer = bench.connect(Purpose.WRITE)
    for key in (b"", b"\xc1", b"\xc1" * (bench.queues.key_length + 1)):
        length = f"{len(key)} bytes"
        fails(Permanent, lambda k=key: writer.queue_send(queue, b"\xc1", key=k),  # type: ignore[misc]
              f"sending with a key of {length}")  # fmt: skip
        fails(Permanent, lambda k=key: writer.queue_take(queue, key=k),  # type: ignore[misc]
              f"taking with a key of {length}")  # fmt: skip
    same(writer.queue_info(queue).entries, 0, "depth after all of these")


@KEYED_AND_LIFO.check()
def a_key_for_a_queue_without_keys_is_permanent(bench: Bench) -> None:
    """A FIFO queue takes no key: it would be lost silently."""
    queue = bench.queues.plain
    writer = bench.connect(Purpose.WRITE)
    fails(Permanent, lambda: writer.queue_send(queue, b"\xc1", key=b"\xc1"), "sending with a key")
    same(writer.queue_info(queue).entries, 0, "depth after it")


@KEYED_AND_LIFO.check(Capability.SMALL_QUEUES)
def a_full_queue_is_retryable(bench: Bench) -> None:
    """The entry that finds no place is not there; once one was taken the same send succeeds."""
    queue, most = bench.queues.lifo, bench.queues.lifo_most
    for number in range(most):
        bench.send(queue, bytes([number]))
    writer = bench.connect(Purpose.WRITE)
    same(writer.queue_info(queue).most, most, "the most entries, as queue_info tells")
    fails(Retryable, lambda: writer.queue_send(queue, b"\xff"), "sending to a full queue")
    same(writer.queue_info(queue).entries, most, "depth after it")
    writer.queue_take(queue)
    writer.queue_send(queue, b"\xff")
    same(data_of(list(writer.queue_peek(queue, limit=1))), [b"\xff"], "the newest entry")
