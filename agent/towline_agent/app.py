"""The composition root: the only place that names concrete classes and the order they live in.

Start: state folder, identity, driver, buffer, health page, then the loops. Stop: the document in
hand, the loops, the link with a BYE, the connections, the page, the buffer. A bug in any loop ends
the process, so that the supervisor restarts it and everybody sees it; the state on disk is whole at
every moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import replace

import structlog

from towline_agent.buffer import Backlog
from towline_agent.buffer_file import open_buffer, set_aside
from towline_agent.calendar import Work
from towline_agent.capture import Capture
from towline_agent.clearing import Clearing
from towline_agent.config import AgentConfig
from towline_agent.courtesy.conditions import conditions
from towline_agent.courtesy.gauge import Gauge
from towline_agent.courtesy.messenger import Messenger, MessengerState
from towline_agent.courtesy.quiet import QuietHours
from towline_agent.day_totals import DayTotals
from towline_agent.deliver import Delivery
from towline_agent.doorbell import Doorbell
from towline_agent.gate import Gate
from towline_agent.health.server import HealthServer
from towline_agent.health.status import About, AgentStatus
from towline_agent.ibmi.binding import Binding
from towline_agent.ibmi.drivers import load_driver
from towline_agent.ibmi.port import IbmIDriver, Purpose
from towline_agent.ibmi.worker import IbmIWorker, SignOn
from towline_agent.identity import protect_identity
from towline_agent.journal_reader import JournalReader
from towline_agent.keeper import Keeper
from towline_agent.lease import Lease, OnDuty
from towline_agent.link_client import LinkClient
from towline_agent.loading import Loading
from towline_agent.new_term import PAIR, take_up
from towline_agent.pace import Pace, Patience, RealPace
from towline_agent.partition import Partition
from towline_agent.protect import chosen
from towline_agent.queue_reader import QueueReader
from towline_agent.reading_desk import ReadingDesk
from towline_agent.retention import Retention
from towline_agent.second_look import SecondLook
from towline_agent.sinks.base import Sink
from towline_agent.sinks.by_kind import document_sinks
from towline_agent.sources.data_queue import QueueFormat
from towline_agent.state_file import prepare_state
from towline_agent.state_folder import forget_port, note_port
from towline_agent.tls import tls_context
from towline_shared import __version__
from towline_shared.clock import Clock, SystemClock
from towline_shared.errors import Retryable
from towline_shared.events import Heartbeat
from towline_shared.retry import Backoff

__all__ = ["Agent"]

_log = structlog.get_logger(__name__)

_IBMI_BACKOFF = Backoff(first_s=0.5, most_s=30.0)  # a save lasts hours; half a minute is patient
_LOOP_BACKOFF = Backoff(first_s=0.5, most_s=60.0)
_LINK_BACKOFF = Backoff(first_s=0.5, most_s=30.0)
_LOOK_S = 2.0
_FINISH_S = 10.0


class Agent:
    """All parts of a running agent."""

    def __init__(
        self,
        config: AgentConfig,
        *,
        clock: Clock | None = None,
        driver: IbmIDriver | None = None,
        pace: Pace | None = None,
        rng: random.Random | None = None,
    ) -> None:
        """Open the buffer and put the parts together; connect nothing yet.

        Raises:
            Misconfigured: not enrolled, no such driver, a setting of the driver is wrong.
            Permanent: the buffer is in use by another process.
        """
        self._config = config
        self._clock = clock or SystemClock()
        self._pace = pace or RealPace()
        self._rng = rng or random.SystemRandom()
        self._order = asyncio.Lock()
        prepare_state(config.state)
        protect_identity(config.state, chosen(config.protect))
        self._keeper = Keeper.of(config.state, clock=self._clock)
        tls = tls_context(config.relay.url, config.relay.ca_file)
        driver = driver or load_driver(config.ibmi, config.site)
        self._buffer = open_buffer(config, clock=self._clock)
        self._retention = Retention(self._buffer, clock=self._clock)
        self._totals = DayTotals(lambda: self._keeper.identity, clock=self._clock)
        self._gate = Gate(self._buffer, most_events=config.buffer.most_events)
        self._sign_on = SignOn()
        self._workers = {
            purpose: IbmIWorker(
                driver, purpose, clock=self._clock, sign_on=self._sign_on,
                backoff=_IBMI_BACKOFF, rng=self._rng, belongs=Binding(config.state).hold,
            )
            for purpose in Purpose
            if purpose is not Purpose.WAIT or config.outbox.doorbell is not None
        }  # fmt: skip
        self._partition = Partition(
            self._workers[Purpose.READ], self._workers[Purpose.WRITE], clock=self._clock
        )
        self._lease = Lease(clock=self._clock, begin=self._begin_term)
        self._link = LinkClient(
            url=config.relay.url,
            keeper=self._keeper,
            buffer=self._buffer,
            clock=self._clock,
            heartbeat=self._heartbeat,
            fingerprint=lambda: self._partition.fingerprint,
            proxy=config.relay.proxy,
            tls=tls,
            backoff=_LINK_BACKOFF,
            rng=self._rng,
            lease=self._lease,
            on_inbox=self._on_inbox,
            on_acked=self._on_acked,
        )
        self._backlog = Backlog(0, None, {}, 0)
        self._build_loops()
        self._health = HealthServer(self.status, port=config.health_port)
        self._about = About(
            version=__version__,
            agent_id=self._keeper.identity.agent_id,
            tenant=self._keeper.identity.tenant,
            name=self._keeper.identity.name,
            words=self._keeper.identity.words,
            driver=config.driver,
            started_at=self._clock.now(),
            most_events=config.buffer.most_events,
            library=config.outbox.library,
            restricted_alarm_h=config.courtesy.restricted_alarm_h,
        )
        self._messenger: Messenger | None = None
        if config.courtesy.operator_messages:
            self._messenger = Messenger(
                name=self._about.name or self._about.agent_id,
                look=lambda: conditions(self._picture(0)), buffer=self._buffer,
                writer=self._workers[Purpose.WRITE], clock=self._clock, pace=self._pace,
            )  # fmt: skip

    @property
    def health_port(self) -> int:
        """Port the health page listens on; 0 before it does."""
        return self._health.port

    # -- putting together -----------------------------------------------------------------------

    def _build_loops(self) -> None:
        config, reader = self._config, self._workers[Purpose.READ]
        writer = self._workers[Purpose.WRITE]
        self._build_courtesy(reader)
        desk = ReadingDesk(
            buffer=self._buffer, reader=reader, order=self._order, gate=self._gate,
            clock=self._clock, pace=self._pace, patience=self._patience,
            captured=self._link.nudge, quiet=self._duty,
        )  # fmt: skip
        self._second_look = SecondLook(
            after_s=config.look_again_s, queries=config.queries, desk=desk
        )
        self._capture = Capture(
            settings=config.outbox, entities=config.triggered, desk=desk,
            told=self._second_look.note,
        )  # fmt: skip
        self._clearing = Clearing(
            buffer=self._buffer, writer=writer, order=self._order, clock=self._clock,
            pace=self._pace, patience=self._patience(), quiet=self._duty,
        )  # fmt: skip
        self._loading = Loading(
            queries=[each.query for each in config.entities if each.initial_load],
            page=config.snapshot.page, budget=config.snapshot.budget, desk=desk,
            changes_wait=lambda: self._capture.has_work,
        )  # fmt: skip
        self._queues = [
            QueueReader(
                form=QueueFormat(each.queue, each.entity, each.entries, each.key),
                look_s=each.look_s, desk=desk, writer=writer,
                after_ack=each.after_ack, paired=lambda: self._lease.paired,
            )
            for each in config.queues
        ]  # fmt: skip
        self._journal: JournalReader | None = None
        if config.journal is not None:
            self._journal = JournalReader(
                settings=config.journal, entities=config.entities, folder=config.state,
                desk=desk, published=self._second_look.note,
            )  # fmt: skip
        self._delivery = Delivery(
            buffer=self._buffer, sink=self._sink(writer), clock=self._clock, pace=self._pace,
            patience=self._patience(), reported=self._link.nudge, quiet=self._duty,
            policy=config.policy,
        )  # fmt: skip
        self._doorbell: Doorbell | None = None
        if config.outbox.doorbell is not None:
            self._doorbell = Doorbell(
                queue=config.outbox.doorbell, wait_s=config.outbox.wait_s,
                waiter=self._workers[Purpose.WAIT], clock=self._clock, pace=self._pace,
                patience=self._patience(), rang=self._rang,
                on_duty=lambda: self._lease.active,
            )  # fmt: skip

    def _build_courtesy(self, reader: IbmIWorker) -> None:
        config, courtesy = self._config, self._config.courtesy
        self._quiet = QuietHours(
            calendar=courtesy.calendar, signals=courtesy.signals, ask_s=courtesy.ask_s,
            folder=config.state, reader=reader, clock=self._clock, pace=self._pace,
        )  # fmt: skip
        self._duty = OnDuty(self._quiet, self._lease, pace=self._pace)
        queues = [each.queue for each in config.queues]
        if config.outbox.doorbell is not None:
            queues.append(config.outbox.doorbell)
        queues += config.orders.queues
        self._gauge = Gauge(
            queues=queues, limits=courtesy.fuse, reader=reader, clock=self._clock,
            pace=self._pace, quiet=self._quiet, buffered=lambda: self._backlog.unacked,
            most_events=config.buffer.most_events,
        )  # fmt: skip

    def _sink(self, writer: IbmIWorker) -> Sink:
        return document_sinks(self._config.orders, writer)

    def _patience(self) -> Patience:
        return Patience(_LOOP_BACKOFF, self._rng)

    # -- what wakes what ------------------------------------------------------------------------

    def _rang(self) -> None:
        self._capture.wake()
        for queue in self._queues:
            queue.wake()

    def _on_inbox(self) -> None:
        self._delivery.wake()

    def _on_acked(self, stream: str, upto: int) -> None:
        self._clearing.wake()
        for queue in self._queues:
            queue.acked()
        if self._capture.state.held:
            self._capture.wake()

    async def _begin_term(self, term: int) -> None:
        """Begin to work as the active one of a pair; all is read anew if the term is a new one."""
        if await take_up(self._buffer, term, config=self._config, now=self._clock.now()):
            self._capture.anew()

    # -- living ---------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Run until ``stop`` is set; return after everything in hand is finished and closed.

        Raises:
            Misconfigured: the health port is taken.
            Exception: a bug in a loop, after everything else was stopped.
        """
        try:
            await self._health.start()
            note_port(self._config.state, self.health_port)
            _log.info(
                "agent started", action="start", version=__version__, health_port=self.health_port
            )
            if await asyncio.wrap_future(self._buffer.meta(PAIR)):
                self._lease.pair()
            await self._live(stop)
        finally:
            await self._close()
            _log.info("agent stopped", action="stop")

    async def _live(self, stop: asyncio.Event) -> None:
        delivery = asyncio.create_task(self._delivery.run(), name="delivery")
        loops = [
            asyncio.create_task(self._link.run(), name="link"),
            asyncio.create_task(self._watch(), name="watch"),
            asyncio.create_task(self._capture.run(), name="capture"),
            asyncio.create_task(self._clearing.run(), name="clearing"),
            asyncio.create_task(self._load(), name="loading"),
            asyncio.create_task(self._quiet.run(), name="quiet"),
            asyncio.create_task(self._gauge.run(), name="fuse"),
            asyncio.create_task(self._second_look.run(), name="second look"),
            *(asyncio.create_task(queue.run(), name="queue") for queue in self._queues),
        ]
        if self._doorbell is not None:
            loops.append(asyncio.create_task(self._doorbell.run(), name="doorbell"))
        if self._journal is not None:
            loops.append(asyncio.create_task(self._journal.run(), name="journal"))
        if self._messenger is not None:
            loops.append(asyncio.create_task(self._messenger.run(), name="operator"))
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await _until_stop_or_bug(stopping, [delivery, *loops])
        finally:
            self._delivery.stop()
            await asyncio.wait([delivery], timeout=_FINISH_S)
            for task in (stopping, delivery, *loops):
                task.cancel()
            await asyncio.gather(stopping, delivery, *loops, return_exceptions=True)
            if self._messenger is not None:
                await self._messenger.goodbye()

    async def _load(self) -> None:
        if self._journal is not None:
            await self._journal.positioned.wait()  # position first, load second
        # every entity: people may ask for states only, but a lost journal asks for what it fed
        await self._loading.attend(self._config.state, list(self._config.queries.values()))

    async def _close(self) -> None:
        await asyncio.gather(*(worker.close() for worker in self._workers.values()))
        await self._health.stop()
        forget_port(self._config.state)
        await asyncio.to_thread(self._buffer.close)

    async def _watch(self) -> None:
        """Keep the figures of heartbeat and page fresh, learn who the partition is, trim."""
        while True:
            with contextlib.suppress(Retryable):  # a look shares its commit with a write that fails
                self._backlog = await asyncio.wrap_future(self._buffer.backlog())
            if self._partition.description is None or self._quiet.now(Work.READ) is None:
                await self._partition.look()
            await self._retention.work()
            with contextlib.suppress(Retryable):  # the day is closed at a later look
                if await self._totals.look(self._buffer):
                    self._link.nudge()
            await self._pace.rest(asyncio.Event(), _LOOK_S)

    # -- how it is ------------------------------------------------------------------------------

    async def status(self) -> AgentStatus:
        """Return everything at this moment."""
        waiting = 0
        with contextlib.suppress(Retryable):  # the picture of a full disk must not fail over it
            self._backlog = await asyncio.wrap_future(self._buffer.backlog())
            waiting = await asyncio.wrap_future(self._buffer.outbox_waiting())
        return self._picture(waiting)

    def _picture(self, outbox_waiting: int) -> AgentStatus:
        known = self._keeper.identity  # its keys change
        return AgentStatus(
            about=replace(self._about, words=known.words, relay_words=known.relay_words),
            now=self._clock.now(),
            connections={purpose: worker.state for purpose, worker in self._workers.items()},
            description=self._partition.description,
            link=self._link.state,
            backlog=self._backlog,
            outbox_waiting=outbox_waiting,
            capture=self._capture.state,
            doorbell=self._doorbell.state if self._doorbell else None,
            clearing=self._clearing.state,
            queues=[queue.state for queue in self._queues],
            journal=self._journal.state if self._journal else None,
            loading=self._loading.state,
            delivery=self._delivery.state,
            quiet=self._quiet.state,
            fuse=self._gauge.state,
            messenger=self._messenger.state if self._messenger else MessengerState(),
            storage=self._buffer.storage,
            set_aside=set_aside(self._config.state),
            lease=self._lease.state,
            sign_on_refused=self._sign_on.refused is not None,
        )

    def _heartbeat(self) -> Heartbeat:
        return self._picture(0).heartbeat()


async def _until_stop_or_bug(
    stopping: asyncio.Task[bool], loops: Sequence[asyncio.Task[None]]
) -> None:
    """Return when a stop is asked for; raise what ended a loop that must not end."""
    waiting: set[asyncio.Task[None]] = set(loops)
    while not stopping.done():
        done, _ = await asyncio.wait({stopping, *waiting}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task is not stopping:
                task.result()  # raises what ended it; the initial load ends well by itself
                waiting.discard(task)
