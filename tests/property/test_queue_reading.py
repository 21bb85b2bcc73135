"""Peek, keep, take under fire: whatever breaks and whenever, each entry is one event.

The machine sends entries, reads, loses replies before or after their effect, and restarts, in any
order, on a queue of any sequence. Entries differ from each other, so that "exactly once" can be
seen; equal ones are the business of the unit tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.agent_house import ORIGIN, PRICE_RECORD, WEBPRICE, AgentHouse, agent_house
from tests.support.fake_ibmi import FakePartition
from towline_agent.ibmi.errors import InUse, LinkLost
from towline_agent.ibmi.port import QueueEntry
from towline_agent.ibmi.records import RecordFormat, encode
from towline_shared.errors import Retryable
from towline_shared.events import Price, Row

QUEUE = str(WEBPRICE)
KEYS = (b"k1", b"k2", b"k3")


class Breaking(FakePartition):
    """Loses the reply of a take after it had its effect, or lets another job be faster.

    Attributes:
        sent: (SKU, key) in the order of their coming.
        lose_reply: which take from now on breaks off after its effect; 0 for none.
        before, after: key of an entry that comes just before or after the next take.
    """

    def __init__(self, sequence: str) -> None:
        super().__init__()
        self.sequences[QUEUE] = sequence
        self.sent: list[tuple[str, bytes]] = []
        self.lose_reply = 0
        self.before = self.after = b""

    def send(self, key: bytes) -> None:
        sku = f"S-{len(self.sent)}"
        self.sent.append((sku, key))
        keyed = key if self.sequences[QUEUE] == "KEYED" else b""
        self.queues[QUEUE].append(_entry(sku, keyed))

    def take(self, queue: str, key: bytes = b"") -> QueueEntry | None:
        # A LIFO entry of this very moment is lost if the line breaks now too: said in the docs.
        if self.before and not self.lose_reply:
            self.send(self.before)
            self.before = b""
        entry = super().take(queue, key)
        if self.after:
            self.send(self.after)
            self.after = b""
        if self.lose_reply:
            self.lose_reply -= 1
            if not self.lose_reply:
                raise LinkLost("The line broke after the take.")
        return entry


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["send", "before", "after"]), st.sampled_from(KEYS)),
        st.tuples(st.just("lose reply"), st.integers(1, 3)),
        st.tuples(st.just("fail"), st.sampled_from(["queue_take", "queue_peek", "queue_info"])),
        st.just(("read", 0)),
        st.just(("restart", 0)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["FIFO", "LIFO", "KEYED"]), STEPS)
def test_each_entry_becomes_one_event(sequence: str, steps: list[tuple[str, object]]) -> None:
    """None lost, none doubled; FIFO keeps the order of sending, a keyed queue that of each key."""
    with tempfile.TemporaryDirectory() as folder:
        partition = Breaking(sequence)
        with agent_house(Path(folder), partition=partition) as house:
            asyncio.run(_scenario(house, partition, steps))
            found = [event.body.sku for event in house.events() if isinstance(event.body, Price)]
    sent = partition.sent
    assert Counter(found) == Counter(sku for sku, _ in sent)
    for key in KEYS if sequence != "LIFO" else ():
        own = [sku for sku, its in sent if sequence == "FIFO" or its == key]
        assert [sku for sku in found if sku in own] == own


async def _scenario(
    house: AgentHouse, partition: Breaking, steps: list[tuple[str, object]]
) -> None:
    reader = house.queue_reader()
    for step, what in [*steps, *[("read", 0)] * 6]:
        match step, what:
            case "send", bytes(key):
                partition.send(key)
            case "before", bytes(key):
                partition.before = key
            case "after", bytes(key):
                partition.after = key
            case "lose reply", int(count):
                partition.lose_reply = count
            case "fail", str(verb):
                partition.failures[verb] = [InUse("The queue is locked.")]
            case "restart", _:
                await house.restart()
                reader = house.queue_reader()
            case _:
                house.clock.advance(60)  # the worker spares a system whose line broke
                with contextlib.suppress(Retryable):
                    while await reader.read(ORIGIN.fingerprint):
                        pass
    assert not partition.queues[QUEUE]
    assert await asyncio.wrap_future(house.buffer.kept_entries(QUEUE)) == []


def _entry(sku: str, key: bytes) -> QueueEntry:
    assert isinstance(PRICE_RECORD.entries, RecordFormat)
    values: Row = {"SKU": sku, "PRICE": Decimal("1.10"), "CURRENCY": "EUR"}
    return QueueEntry(encode(PRICE_RECORD.entries, values), key)
