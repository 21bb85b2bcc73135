"""Claims about data queues."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.unit.sandbox.ibmi.lab import FAST
from towline_agent.ibmi.port import Purpose, QueueEntry, QueueName
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_shared.errors import Permanent, Retryable

_BELL = QueueName("TOWLINE", "DOORBELL")
_PRICE = QueueName("TOWLINE", "WEBPRICE")
_LIFO = QueueName("TOWLINE", "LASTIN")
_KEYED = QueueName("TOWLINE", "BYKEY")


def test_a_wait_ends_with_the_entry_another_thread_sends(system: SimulatedIbmI) -> None:
    """The waiter blocks, gets the entry with its sender's job, and takes it from the queue."""
    waiting, sending = system.connect(Purpose.WAIT), system.connect(Purpose.WRITE)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(waiting.wait, _BELL, seconds=30)
        assert not found.done()
        sending.queue_send(_BELL, b"ring")
        entry = found.result(timeout=20)
    assert entry == QueueEntry(b"ring", sender_job=sending.name)
    assert sending.queue_info(_BELL).entries == 0


def test_a_wait_that_nobody_answers_ends_with_none(system: SimulatedIbmI) -> None:
    """Its seconds are over and there was no entry."""
    assert system.connect(Purpose.WAIT).wait(_BELL, seconds=0.01) is None


def test_each_entry_goes_to_one_waiter(system: SimulatedIbmI) -> None:
    """Four waiters and forty entries: nothing twice, nothing lost."""
    jobs = [system.connect(Purpose.WAIT) for _ in range(4)]
    sender = system.connect(Purpose.WRITE)
    got: list[bytes] = []
    guard = threading.Lock()

    def wait(number: int) -> None:
        while (entry := jobs[number].wait(_PRICE, seconds=30)) is not None:
            if entry.data == b"end":
                return
            with guard:
                got.append(entry.data)

    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(wait, number) for number in range(4)]
        for number in range(40):
            sender.queue_send(_PRICE, b"%d" % number)
        for _ in jobs:
            sender.queue_send(_PRICE, b"end")
        for each in done:
            each.result(timeout=30)
    assert sorted(got) == sorted(b"%d" % number for number in range(40))


def test_fifo_lifo_and_keyed_give_their_own_order(system: SimulatedIbmI) -> None:
    """Peeking shows the order of taking, and removes nothing."""
    job = system.connect(Purpose.WRITE)
    for data in (b"1", b"2", b"3"):
        job.queue_send(_PRICE, data)
        job.queue_send(_LIFO, data)
        job.queue_send(_KEYED, data, key=b"k%03d" % (9 - int(data)))
    orders = {name: [e.data for e in job.queue_peek(name, limit=9)] for name in (_PRICE, _LIFO)}
    assert orders == {_PRICE: [b"1", b"2", b"3"], _LIFO: [b"3", b"2", b"1"]}
    assert [e.key for e in job.queue_peek(_KEYED, limit=2)] == [b"k006", b"k007"]
    taken = [job.queue_take(_LIFO) for _ in range(4)]
    assert [entry and entry.data for entry in taken] == [b"3", b"2", b"1", None]
    assert job.queue_info(_PRICE).entries == 3


def test_a_keyed_queue_gives_the_oldest_entry_of_exactly_one_key(system: SimulatedIbmI) -> None:
    """Other keys stay; without a key, or with one of another length, nothing is given."""
    job = system.connect(Purpose.WRITE)
    for data, key in ((b"1", b"bbbb"), (b"2", b"aaaa"), (b"3", b"bbbb")):
        job.queue_send(_KEYED, data, key=key)
    assert [e.data for e in job.queue_peek(_KEYED, limit=9)] == [b"2", b"1", b"3"]
    taken = [job.queue_take(_KEYED, key=b"bbbb") for _ in range(3)]
    assert [entry and entry.data for entry in taken] == [b"1", b"3", None]
    assert job.queue_take(_KEYED, key=b"aaaa") == QueueEntry(b"2", b"aaaa", job.name)
    for queue, key in ((_KEYED, b""), (_KEYED, b"a"), (_PRICE, b"aaaa")):
        with pytest.raises(Permanent, match="key"):
            job.queue_take(queue, key=key)


def test_a_full_queue_is_retryable_and_a_long_entry_permanent(system: SimulatedIbmI) -> None:
    """CPF950A heals when somebody reads; an entry longer than MAXLEN never fits."""
    job = system.connect(Purpose.WRITE)
    for data in (b"1", b"2", b"3"):
        job.queue_send(_LIFO, data)
    with pytest.raises(Retryable, match="CPF950A"):
        job.queue_send(_LIFO, b"4")
    job.queue_take(_LIFO)
    job.queue_send(_LIFO, b"4")
    with pytest.raises(Permanent, match="CPF2498"):
        job.queue_send(_LIFO, b"x" * 65)
    with pytest.raises(Permanent, match="CPF9801"):
        job.queue_send(QueueName("TOWLINE", "NOTHERE"), b"x")


def test_entries_survive_a_restart(tmp_path: Path) -> None:
    """They stand in the file, in order."""
    first = SimulatedIbmI.open(tmp_path / "q.db", FAST)
    ConsoleVerbs(first).call("send_queue_price", {"item": "FA-1", "price": "12.90"})
    first.close()
    second = SimulatedIbmI.open(tmp_path / "q.db", FAST)
    try:
        entry = second.connect(Purpose.WRITE).queue_take(_PRICE)
    finally:
        second.close()
    assert entry is not None
    amounts = bytes.fromhex("000001290F" + "000000000F")
    assert entry.data == "FA-1".ljust(15).encode("cp037") + amounts + "EUR".encode("cp037")
