"""What the suite needs beside the port: a hand on the other side, to change rows and break things.

A driver joins by a class with these verbs. The files are those of the sandbox's wholesaler; on a
customer's machine they are a test library with the same layout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from towline_agent.ibmi.port import EntityQuery, IbmI, IbmIDriver, Purpose, QueueName, Site
from towline_sandbox.ibmi.client import Console, driver
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_sandbox.ibmi.server import Server
from towline_sandbox.ibmi.settings import IbmISettings
from towline_shared.config import Section

__all__ = ["DOORBELL", "PRICE", "STOCK", "WEBPRICE", "World", "in_process", "over_tcp"]

DOORBELL = QueueName("TOWLINE", "DOORBELL")
WEBPRICE = QueueName("TOWLINE", "WEBPRICE")
PRICE = EntityQuery(
    "price",
    "SELECT RTRIM(IPITNB) AS SKU, IPITNB, IPPRC, IPCUR, IPEFFD FROM DISTLIB.ITMPRC",
    ("SKU",),
)
STOCK = EntityQuery(
    "stock",
    "SELECT IBITNB AS SKU, IBWHS AS WAREHOUSE, IBQOH FROM DISTLIB.ITMBAL",
    ("SKU", "WAREHOUSE"),
)


class World(Protocol):
    """One partition under test; connections are closed by the world."""

    def connect(self, purpose: Purpose = Purpose.READ) -> IbmI:
        """Open a connection through the driver under test."""
        ...

    def skus(self, count: int) -> list[str]:
        """Return item numbers that have a readable price and a balance."""
        ...

    def set_price(self, sku: str, price: Decimal) -> None:
        """Change a price as an ERP program does, with COMMIT."""
        ...

    def hold_price(self, job: str, sku: str, price: Decimal) -> None:
        """Change a price in a unit of work that stays open."""
        ...

    def commit(self, job: str) -> None:
        """End a unit of work with COMMIT."""
        ...

    def rollback(self, job: str) -> None:
        """End a unit of work with ROLLBACK."""
        ...

    def delete_balance(self, sku: str, warehouse: str) -> None:
        """Delete a balance record."""
        ...

    def spoil_price(self, sku: str, data: bytes) -> None:
        """Put bytes into IPPRC that are no packed number."""
        ...

    def send(self, queue: QueueName, data: bytes) -> None:
        """Send an entry as a program does."""
        ...

    def staged(self) -> list[str]:
        """Return the names of the orders in the staging header, newest first."""
        ...

    def lock_staging(self) -> None:
        """Hold the staging header exclusively in another job."""
        ...

    def unlock(self) -> None:
        """Let everything go."""
        ...

    def restrict(self) -> None:
        """End the subsystems."""
        ...

    def resume(self) -> None:
        """Start them again."""
        ...


class SimulatedWorld:
    """The simulated IBM i, by whatever road its connections and its console are reached."""

    def __init__(self, connecting: IbmIDriver, call: Callable[..., Any]) -> None:
        self._driver = connecting
        self._call = call
        self._open: list[IbmI] = []

    def connect(self, purpose: Purpose = Purpose.READ) -> IbmI:
        connection = self._driver.connect(purpose)
        self._open.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._open:
            connection.close()

    def skus(self, count: int) -> list[str]:
        traps = self._call("traps")
        items = self._call("items", position="", count=count + len(traps) + 10)
        good = [
            item["number"]
            for item in items
            if item["number"] not in traps and item["price"] and item["on_hand"] is not None
        ]
        assert len(good) >= count
        return good[:count]

    def set_price(self, sku: str, price: Decimal) -> None:
        self.hold_price("CONFORM", sku, price)
        self.commit("CONFORM")

    def hold_price(self, job: str, sku: str, price: Decimal) -> None:
        self._call("begin", job=job)
        key = [sku, "STD"]
        self._call("update", job=job, file="DISTLIB/ITMPRC", key=key, values={"IPPRC": price})

    def commit(self, job: str) -> None:
        self._call("commit", job=job)

    def rollback(self, job: str) -> None:
        self._call("rollback", job=job)

    def delete_balance(self, sku: str, warehouse: str) -> None:
        self._call("begin", job="CONFORM")
        self._call("delete", job="CONFORM", file="DISTLIB/ITMBAL", key=[sku, warehouse])
        self._call("commit", job="CONFORM")

    def spoil_price(self, sku: str, data: bytes) -> None:
        key = [sku, "STD"]
        self._call("spoil", file="DISTLIB/ITMPRC", key=key, field="IPPRC", data=data.hex())

    def send(self, queue: QueueName, data: bytes) -> None:
        self._call("send_raw", queue=str(queue), data=data.hex())

    def staged(self) -> list[str]:
        return [order["name"] for order in self._call("web_orders", count=100)]

    def lock_staging(self) -> None:
        self._call("lock_record", file="TOWLINE/WEBORDH", key=[])

    def unlock(self) -> None:
        self._call("unlock_all")

    def restrict(self) -> None:
        self._call("end_subsystem")

    def resume(self) -> None:
        self._call("start_subsystem")


_SETTINGS = IbmISettings(items=60, waitrcd_s=0.05, programs=False)


@contextmanager
def in_process(folder: Path) -> Iterator[World]:
    """The stand-in called directly."""
    system = SimulatedIbmI.open(folder / "ibmi.db", _SETTINGS)
    verbs = ConsoleVerbs(system)
    world = SimulatedWorld(system, lambda verb, **arguments: verbs.call(verb, arguments))
    try:
        yield world
    finally:
        world.close()
        system.close()


@contextmanager
def over_tcp(folder: Path) -> Iterator[World]:
    """The driver ``simulated`` against the stand-in's server."""
    with Server(folder / "ibmi.db", _SETTINGS) as server, Console(server.address) as console:
        settings = Section({"address": server.address}, file="agent.toml", name="ibmi")
        world = SimulatedWorld(driver(settings, Site()), console.call)
        try:
            yield world
        finally:
            world.close()


ROADS: Sequence[tuple[str, Callable[[Path], Any]]] = (
    ("in process", in_process),
    ("over TCP", over_tcp),
)
