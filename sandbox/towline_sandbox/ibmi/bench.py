"""The conformance kit's bench on the simulated IBM i: a fresh partition for each check.

A fresh partition takes some 20 ms, leaves nothing of an earlier check and touches nothing of the
partition people look at. The hand on the other side is the system console.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from towline_agent.conformance.bench import BenchFacts, BenchQueues, Capability
from towline_agent.ibmi.port import (
    IbmI,
    IbmIDriver,
    JournalName,
    ProgramCall,
    Purpose,
    QueueName,
    Site,
)
from towline_sandbox.dataset import Dataset
from towline_sandbox.ibmi.client import Console, driver
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.journal import JOURNAL
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_sandbox.ibmi.settings import BENCH
from towline_shared import __version__
from towline_shared.config import Section
from towline_shared.events import Scalar

__all__ = ["Partition", "SimulatedBench", "in_process", "local_partition", "over_tcp"]

Partition = tuple[IbmIDriver, Callable[..., Any]]
"""A driver for the partition, and its console's verbs."""

_PRICES, _BALANCES, _HEADER = "DISTLIB/ITMPRC", "DISTLIB/ITMBAL", "TOWLINE/WEBORDH"
_JOB = "CONFORM"


class SimulatedBench:
    """Implements :class:`~towline_agent.conformance.bench.Bench`."""

    library = "TOWLINE"
    erp_library = "DISTLIB"
    queues = BenchQueues(
        doorbell=QueueName("TOWLINE", "DOORBELL"),
        plain=QueueName("TOWLINE", "WEBPRICE"),
        lifo=QueueName("TOWLINE", "LASTIN"),
        keyed=QueueName("TOWLINE", "BYKEY"),
    )
    journal: JournalName | None = JOURNAL
    program: ProgramCall | None = ProgramCall("DISTLIB", "ORDENTRY", ())
    refusing: ProgramCall | None = ProgramCall("DISTLIB", "SAYNO", ("an order",))
    lacks: Mapping[Capability, str] = MappingProxyType({})

    def __init__(self, opened: Callable[[], AbstractContextManager[Partition]]) -> None:
        """``opened`` gives a fresh partition and takes it away again."""
        self._opened = opened
        self._stack = ExitStack()
        self._driver: IbmIDriver | None = None
        self._call: Callable[..., Any] = lambda verb, **_: None
        self._held: set[str] = set()

    def close(self) -> None:
        """Take the partition away; harmless when there is none."""
        self._driver = None
        self._held.clear()
        self._stack.close()

    def facts(self) -> BenchFacts:
        """See the protocol."""
        return BenchFacts(
            driver=f"simulated {__version__}",
            ptf_group="none: this is no IBM i",
            objects="A fresh simulated partition for each check, removed after it.",
        )

    def clean(self) -> None:
        """See the protocol: the next partition is a new one."""
        self.close()
        self._driver, self._call = self._stack.enter_context(self._opened())

    def connect(self, purpose: Purpose = Purpose.READ) -> IbmI:
        """See the protocol."""
        if self._driver is None:
            self.clean()
        assert self._driver is not None
        connection = self._driver.connect(purpose)
        self._stack.callback(connection.close)
        return connection

    def items(self, count: int) -> list[str]:
        """See the protocol."""
        return list(_good_items()[:count])

    def add_item(self, item: str, price: Decimal, *, currency: str = "EUR") -> None:
        """See the protocol."""
        values = {"IPITNB": item, "IPLIST": "STD", "IPPRC": price, "IPCUR": currency}
        self._committed("insert", file=_PRICES, values=values)

    def delete_item(self, item: str) -> None:
        """See the protocol."""
        self._committed("delete", file=_PRICES, key=[item, "STD"])

    def set_price(self, item: str, price: Decimal) -> None:
        """See the protocol."""
        self._committed("update", file=_PRICES, key=[item, "STD"], values={"IPPRC": price})

    def hold_price(self, job: str, item: str, price: Decimal) -> None:
        """See the protocol."""
        self._hold(job, _PRICES, [item, "STD"], {"IPPRC": price})

    def commit(self, job: str) -> None:
        """See the protocol."""
        self._held.discard(job)
        self._call("commit", job=job)

    def rollback(self, job: str) -> None:
        """See the protocol."""
        self._held.discard(job)
        self._call("rollback", job=job)

    def delete_balance(self, item: str, warehouse: str) -> None:
        """See the protocol."""
        self._committed("delete", file=_BALANCES, key=[item, warehouse])

    def spoil_price(self, item: str, data: bytes) -> None:
        """See the protocol."""
        self._call("spoil", file=_PRICES, key=[item, "STD"], field="IPPRC", data=data.hex())

    def send(self, queue: QueueName, data: bytes, *, key: bytes = b"") -> None:
        """See the protocol."""
        self._call("send_raw", queue=str(queue), data=data.hex(), key=key.hex())

    def staged(self) -> list[str]:
        """See the protocol."""
        return [str(order["name"]) for order in self._call("web_orders", count=1000)]

    def hold_staged(self, job: str, event_id: str) -> None:
        """See the protocol."""
        self._hold(job, _HEADER, [event_id], {"REASON": "order entry looks at it"})

    def lock_staging(self) -> None:
        """See the protocol."""
        self._call("lock_record", file=_HEADER, key=[])

    def unlock(self) -> None:
        """See the protocol."""
        self._call("unlock_all")

    def set_data_area(self, name: str, value: str) -> None:
        """See the protocol."""
        self._call("set_data_area", name=f"{self.library}/{name}", value=value)

    def set_active_jobs(self, names: Sequence[str]) -> None:
        """See the protocol."""
        self._call("set_active_jobs", names=list(names))

    def messages(self) -> list[str]:
        """See the protocol."""
        return [str(told["text"]) for told in self._call("messages", count=100)][::-1]

    def cut(self) -> None:
        """See the protocol: every server job ends, and new ones start at once."""
        self.restrict()
        self.resume()

    def restrict(self) -> None:
        """See the protocol."""
        self._call("end_subsystem")

    def resume(self) -> None:
        """See the protocol."""
        self._call("start_subsystem")

    def change_receiver(self) -> None:
        """See the protocol."""
        self._call("change_receiver")

    def delete_receivers(self) -> None:
        """See the protocol."""
        for receiver in self._call("receivers")[:-1]:
            if not receiver["deleted"]:
                self._call("delete_receiver", name=receiver["name"])

    def _hold(self, job: str, file: str, key: list[str], values: dict[str, Scalar]) -> None:
        if job not in self._held:
            self._call("begin", job=job)
            self._held.add(job)
        self._call("update", job=job, file=file, key=key, values=values)

    def _committed(self, verb: str, **arguments: Any) -> None:
        self._call("begin", job=_JOB)
        try:
            self._call(verb, job=_JOB, **arguments)
        except BaseException:
            self._call("rollback", job=_JOB)
            raise
        self._call("commit", job=_JOB)


@cache
def _good_items() -> tuple[str, ...]:
    """Return the items without dirt that have a price and a balance in both warehouses."""
    data = Dataset.generate(BENCH.items, BENCH.seed)
    balances = {(str(row["IBITNB"]), str(row["IBWHS"])) for row in data.rows[_BALANCES]}
    items = [str(row["IPITNB"]) for row in data.rows[_PRICES] if row["IPLIST"] == "STD"]
    return tuple(
        item
        for item in items
        if item not in data.traps and {(item, "001"), (item, "002")} <= balances
    )


@contextmanager
def in_process() -> Iterator[SimulatedBench]:
    """A bench whose partitions are called directly."""
    yield from _bench(local_partition)


@contextmanager
def over_tcp(address: str) -> Iterator[SimulatedBench]:
    """A bench whose partitions the stand-in at ``address`` makes and takes away."""
    yield from _bench(lambda: _remote_partition(address))


def _bench(opened: Callable[[], AbstractContextManager[Partition]]) -> Iterator[SimulatedBench]:
    bench = SimulatedBench(opened)
    try:
        yield bench
    finally:
        bench.close()


@contextmanager
def local_partition() -> Iterator[Partition]:
    """Open a fresh partition in this process, and remove it at the end."""
    with tempfile.TemporaryDirectory(prefix="towline-kit-") as folder:
        system = SimulatedIbmI.open(Path(folder) / "ibmi.db", BENCH)
        verbs = ConsoleVerbs(system)
        try:
            yield system, lambda verb, **arguments: verbs.call(verb, arguments)
        finally:
            system.close()


@contextmanager
def _remote_partition(address: str) -> Iterator[Partition]:
    # The stand-in keeps the partition exactly as long as this connection lives: a kit that is
    # killed leaves nothing behind.
    with Console(address, hello="bench") as lent, Console(lent.told) as console:
        settings = Section({"address": lent.told}, file="agent.toml", name="ibmi")
        yield driver(settings, Site()), console.call
