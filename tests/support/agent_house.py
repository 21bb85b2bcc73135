"""The agent's parts over a fake IBM i and a real buffer; ``restart`` is what kill -9 leaves."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.fake_ibmi import ABOUT, FakePartition
from towline_agent.buffer import Buffer
from towline_agent.buffer_key import KEY_FILE, KeyFile
from towline_agent.capture import Capture
from towline_agent.clearing import Clearing
from towline_agent.config import EntitySettings, OutboxSettings
from towline_agent.config_journal import JournalSettings
from towline_agent.courtesy.budget import LoadBudget
from towline_agent.courtesy.quiet import NEVER_QUIET, Rests
from towline_agent.deliver import Delivery
from towline_agent.doorbell import Doorbell
from towline_agent.gate import Gate
from towline_agent.ibmi.port import EntityQuery, Purpose, QueueName
from towline_agent.ibmi.records import Field, RecordFormat
from towline_agent.ibmi.worker import IbmIWorker, SignOn
from towline_agent.journal_reader import JournalReader
from towline_agent.loading import Loading
from towline_agent.pace import Patience
from towline_agent.policy import FileName, Policy
from towline_agent.queue_reader import QueueReader
from towline_agent.reading_desk import ReadingDesk
from towline_agent.sinks.base import Sink
from towline_agent.sinks.order_tables import OrderTables
from towline_agent.sources.data_queue import QueueFormat
from towline_agent.sources.outbox import Origin
from towline_agent.sources.second_look import Published
from towline_shared.clock import ManualClock
from towline_shared.codec import decode
from towline_shared.events import Event
from towline_shared.retry import Backoff

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DOORBELL = QueueName("TOWLINE", "DOORBELL")
WEBPRICE = QueueName("TOWLINE", "WEBPRICE")
ORIGIN = Origin(ABOUT.fingerprint, "TOWLINE")

PRICE_RECORD = QueueFormat(
    queue=WEBPRICE,
    entity="price",
    entries=RecordFormat(
        "TOWLINE/WEBPRICE",
        (
            Field("SKU", "char", length=15),
            Field("PRICE", "packed", digits=9, decimals=2),
            Field("CURRENCY", "char", length=3),
        ),
    ),
    key=("SKU",),
)


def entity(name: str, key: Sequence[str], *files: str) -> EntitySettings:
    """Return the settings of an entity as agent.toml would give them."""
    return EntitySettings(
        query=EntityQuery(name, f"SELECT 1 FROM DISTLIB.{name}", tuple(key)),
        fed_by=tuple(FileName(*file.split("/")) for file in files),
        authority="SELECT",
        initial_load=True,
    )


ENTITIES = (
    entity("item", ["SKU"], "DISTLIB/ITMMST"),
    entity("price", ["SKU"], "DISTLIB/ITMPRC"),
    entity("stock", ["SKU", "WAREHOUSE"], "DISTLIB/ITMBAL"),
    entity("order_result", ["ORDER_GID"], "TOWLINE/WEBORDH"),
    entity("shipment", ["SHIPMENT"], "DISTLIB/SHPHDR"),
)


class ManualPace:
    """Rests until it is woken or ``tick`` is called; remembers how long each rest would be."""

    def __init__(self) -> None:
        self.rests: list[float] = []
        self._ticks: list[asyncio.Event] = []

    async def rest(self, wake: asyncio.Event, seconds: float) -> bool:
        self.rests.append(seconds)
        tick = asyncio.Event()
        self._ticks.append(tick)
        waits = [asyncio.create_task(wake.wait()), asyncio.create_task(tick.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        woken = wake.is_set()
        wake.clear()
        return woken

    def tick(self) -> None:
        """Let every rest end as if its time were up."""
        ticks, self._ticks = self._ticks, []
        for tick in ticks:
            tick.set()


async def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait, bounded, for a condition that another task or thread brings about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - threads bring conditions about too
            await asyncio.sleep(0.002)


@dataclass
class AgentHouse:
    """One agent's parts; make the loops you need."""

    folder: Path
    partition: FakePartition = field(default_factory=FakePartition)
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    pace: ManualPace = field(default_factory=ManualPace)
    most_events: int = 10_000
    batch: int = 100
    captured: int = 0
    quiet: Rests = NEVER_QUIET
    budget: LoadBudget = field(default_factory=lambda: LoadBudget(100, 0))
    changes_wait: Callable[[], bool] = lambda: False
    sealed: bool = True

    def __post_init__(self) -> None:
        self._open()

    def _open(self) -> None:
        keys = KeyFile(self.folder / KEY_FILE) if self.sealed else None
        self.buffer = Buffer(self.folder / "buffer.db", clock=self.clock, keys=keys)
        self.gate = Gate(self.buffer, most_events=self.most_events)
        self.order = asyncio.Lock()
        self.sign_on = SignOn()
        self.workers = {purpose: self.worker(purpose) for purpose in Purpose}

    async def rested(self, times: int) -> None:
        """Wait until loops have come to rest so often, and keep still until the pace ticks."""
        await until(lambda: len(self.pace.rests) >= times)

    def worker(self, purpose: Purpose) -> IbmIWorker:
        return IbmIWorker(
            self.partition, purpose, clock=self.clock, sign_on=self.sign_on,
            backoff=Backoff(1.0, 8.0), rng=random.Random(7),
        )  # fmt: skip

    def close(self) -> None:
        """Close everything, as a stop does."""
        asyncio.run(self._close())

    async def _close(self) -> None:
        for worker in self.workers.values():
            await worker.close()
        self.buffer.close()

    async def restart(self) -> None:
        """Lose all memory and open the file again."""
        await self._close()
        self._open()

    # -- parts

    def desk(self) -> ReadingDesk:
        return ReadingDesk(
            buffer=self.buffer, reader=self.workers[Purpose.READ], order=self.order,
            gate=self.gate, clock=self.clock, pace=self.pace, patience=self.patience,
            captured=self._captured, quiet=self.quiet,
        )  # fmt: skip

    def capture(
        self,
        entities: Sequence[EntitySettings] = ENTITIES,
        told: Callable[[Sequence[Published]], None] = lambda _: None,
    ) -> Capture:
        settings = OutboxSettings("TOWLINE", DOORBELL, wait_s=0.05, sweep_s=60, batch=self.batch)
        return Capture(settings=settings, entities=entities, desk=self.desk(), told=told)

    def clearing(self) -> Clearing:
        return Clearing(
            buffer=self.buffer, writer=self.workers[Purpose.WRITE], order=self.order,
            clock=self.clock, pace=self.pace, patience=self.patience(), quiet=self.quiet,
        )  # fmt: skip

    def queue_reader(
        self, form: QueueFormat = PRICE_RECORD, *, after_ack: bool = False
    ) -> QueueReader:
        nonces = iter(range(10_000))
        return QueueReader(
            form=form, look_s=5, desk=self.desk(), writer=self.workers[Purpose.WRITE],
            nonce=lambda: f"{id(nonces)}-{next(nonces)}", after_ack=after_ack,
        )  # fmt: skip

    def journal_reader(self, settings: JournalSettings, **more: Any) -> JournalReader:
        return JournalReader(
            settings=settings, entities=ENTITIES, folder=self.folder, desk=self.desk(), **more
        )

    def loading(self, *names: str, page: int = 3) -> Loading:
        return Loading(
            queries=[each.query for each in ENTITIES if each.query.entity in names], page=page,
            desk=self.desk(), budget=self.budget, changes_wait=self.changes_wait,
        )  # fmt: skip

    def delivery(self, sink: Sink | None = None, *, policy: Policy | None = None) -> Delivery:
        return Delivery(
            buffer=self.buffer, sink=sink or OrderTables(self.workers[Purpose.WRITE]),
            clock=self.clock, pace=self.pace, patience=self.patience(), reported=self._captured,
            quiet=self.quiet, policy=policy,
        )  # fmt: skip

    def doorbell(self, rang: Callable[[], None]) -> Doorbell:
        return Doorbell(
            queue=DOORBELL, wait_s=0.05, waiter=self.workers[Purpose.WAIT], clock=self.clock,
            pace=self.pace, patience=self.patience(), rang=rang,
        )  # fmt: skip

    def patience(self) -> Patience:
        return Patience(Backoff(1.0, 8.0), random.Random(3))

    def _captured(self) -> None:
        self.captured += 1

    # -- looking

    def events(self, stream: str = "changes") -> list[Event]:
        """Return every event of an up stream that is still kept."""
        rows = self.buffer.unsent(stream, after=0, rows=100_000, most=1 << 30).result()
        return [decode(row.text) for row in rows]

    def ack_all(self) -> None:
        """Let the relay acknowledge everything."""
        for state, _ in self.buffer.offers().result():
            if state.direction == "out":
                self.buffer.acked(state.name, state.last).result()

    def receive(self, *events: tuple[str, str, str, str], first: int = 1) -> None:
        """Write rows (event id, entity, key, text) into the inbox as the link does."""
        self.buffer.expect("orders", "stream-1").result()
        self.buffer.receive("orders", stream_id="stream-1", first=first, rows=events).result()


@contextmanager
def agent_house(folder: Path, **settings: object) -> Iterator[AgentHouse]:
    """Open a house and close it whatever happens."""
    house = AgentHouse(folder, **settings)  # type: ignore[arg-type]
    try:
        yield house
    finally:
        house.close()
