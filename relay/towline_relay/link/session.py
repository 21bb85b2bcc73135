"""One agent's session at the relay, from HELLO to BYE; bytes only, the rules are in shared."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from towline_relay.link import enrolment
from towline_relay.link.agent_link import AgentLink
from towline_relay.link.lease import HEARTBEAT_S, Verdict
from towline_relay.link.ledger import Fenced, Ledger
from towline_relay.link.pair import told
from towline_relay.link.positions import windows
from towline_relay.link.proof import prove
from towline_relay.link.wire import Lost, Wire
from towline_shared import caps
from towline_shared.clock import utc_text
from towline_shared.clock_gap import gap_s
from towline_shared.codec import Undecodable, decode
from towline_shared.database import Damaged
from towline_shared.errors import PeerFault, Retryable, TowlineError
from towline_shared.events import Heartbeat
from towline_shared.frames import (
    Ack,
    Beat,
    Bye,
    Credit,
    Data,
    GoAway,
    Hello,
    Part,
    Resume,
    Rotate,
    Rotated,
    Welcome,
)
from towline_shared.link import Timers
from towline_shared.parts import FRAME_BYTES, PartSender, take_part
from towline_shared.pending import Pending, Word
from towline_shared.window import Incoming, Outgoing, more_credit

if TYPE_CHECKING:
    from towline_relay.link.server import LinkServer

__all__ = ["CALLED", "Session"]

_log = structlog.get_logger(__name__)
_HANDSHAKE_S = 20.0
_FENCED = Bye("taken_over", "A newer connection of this agent took over, or it was revoked.")


CALLED = GoAway(0, "The lease of the pair is free; come back and take it.")


class _Dismissed(Exception):
    """This session has to end with a last word."""

    def __init__(self, word: Bye | GoAway) -> None:
        super().__init__(word.reason)
        self.word = word


class Session:
    """One websocket; created for a request, serves until the end, and is then thrown away."""

    def __init__(
        self,
        server: LinkServer,
        socket: web.WebSocketResponse,
        *,
        address: str,
        cut: Callable[[], None],
    ) -> None:
        """Prepare on an open socket.

        Args:
            address: of the last hop, for the agents page.
            cut: ends the connection at once, for a peer that takes nothing any more.
        """
        self._server = server
        self._address = address
        self._pending = Pending()
        self._wake = asyncio.Event()
        self._order: asyncio.Future[Bye | GoAway] = asyncio.get_running_loop().create_future()
        self._gone = asyncio.Event()
        self._agent_id = ""
        self._ledger: Ledger | None = None
        self._epoch = 0
        self._answered = ""  # `at` of the agent's last BEAT that the lease was asked for
        self._out: dict[str, Outgoing] = {}
        self._turns: deque[Outgoing] = deque()
        self._in: dict[str, Incoming] = {}
        self._parts = PartSender(parts=False)
        self._identity = server.identity  # one for the whole session, whatever rolls meanwhile
        self._timers = Timers(server.clock.monotonic(), server.rng, heartbeat_s=server.heartbeat_s)
        self._wire = Wire(socket, cut=cut, heard=self._heard)

    async def serve(self) -> None:
        """Prove the agent, then read, write and beat until one of them ends."""
        try:
            # Not wait_for: before Python 3.12 it loses a cancellation that comes as it ends
            # (https://github.com/python/cpython/issues/86296).
            async with asyncio.timeout(_HANDSHAKE_S):
                hello = await self._handshake()
        except Lost:
            return
        except TowlineError as error:
            _log.warning(
                "link refused", action="link_refused", agent=self._agent_id, why=str(error)
            )
            await self._wire.end(_refusal(error))
            return
        except (TimeoutError, ConnectionError):
            await self._wire.end(None)
            return
        now = self._server.clock.now()
        link = AgentLink(
            agent_id=self._agent_id,
            epoch=self._epoch,
            since=now,
            last_seen_at=now,
            address=self._address,
            version=hello.version,
            fingerprint=hello.fingerprint,
        )
        self._server.opened(self._agent_id, self, link)
        try:
            await self._work()
        finally:
            self._server.closed(self._agent_id, self)
            self._gone.set()

    def nudge(self) -> None:
        """Say that downlink rows were appended."""
        self._wake.set()

    def dismiss(self, word: Bye | GoAway) -> None:
        """End the session with a last word; returns at once, whatever the peer does."""
        if not self._order.done():
            self._order.set_result(word)

    async def gone(self) -> None:
        """Wait until the session has ended."""
        await self._gone.wait()

    # -- handshake --------------------------------------------------------------------------------

    async def _handshake(self) -> Hello:
        server = self._server

        def said(hello: Hello) -> None:
            self._agent_id = hello.agent_id[:64]

        proven = await prove(
            self._wire,
            keys=self._identity,
            said=said,
            find=lambda agent_id: server.unit(lambda db: enrolment.find_agent(db, agent_id)),
        )
        pins = proven.shown.pinned if caps.PINS in proven.hello.caps else []
        self._ledger = Ledger(server, proven, next_key=pins[-1] if pins else "")
        await self._welcome(self._ledger, proven.hello, pins)
        return proven.hello

    async def _welcome(self, ledger: Ledger, hello: Hello, pins: Sequence[str]) -> None:
        joined, found = await ledger.join()
        self._epoch = joined.epoch
        self._in, self._out = windows(found, hello.streams, rows=self._server.window_rows)
        self._turns.extend(self._out.values())
        known = caps.agreed(hello.caps)
        self._parts = PartSender(parts=caps.PARTS in known, kept=hello.parts)
        standing, heartbeat_s = ledger.standing, self._server.heartbeat_s
        if standing is not None:
            heartbeat_s = min(heartbeat_s, HEARTBEAT_S)
            now = self._server.clock.monotonic()
            self._timers = Timers(now, self._server.rng, heartbeat_s=heartbeat_s)
        limits = tuple(window.grant(ready=self._ready(window)) for window in self._in.values())
        await self._wire.send(
            Welcome(
                epoch=joined.epoch,
                join_counter=joined.join_counter,
                heartbeat_s=heartbeat_s,
                positions=tuple(found),
                limits=limits,
                caps=known,
                relay_keys=tuple(pins),
                parts=self._server.shelf.kept(self._agent_id) if caps.PARTS in known else (),
                **told(standing),
            )
        )
        if caps.PARTS in known:
            self._wire.most = FRAME_BYTES

    # -- at work ----------------------------------------------------------------------------------

    async def _work(self) -> None:
        word: Bye | GoAway | None = None
        try:
            await self._until_one_ends()
        except _Dismissed as error:
            word = error.word
        except Fenced:
            word = _FENCED
        except (Lost, ConnectionError) as error:
            _log.info("link lost", action="link_lost", agent=self._agent_id, why=str(error))
        except (Retryable, Damaged) as error:
            _log.warning("link paused", action="link_paused", agent=self._agent_id, why=str(error))
            word = _refusal(error)
        except TowlineError as error:
            _log.warning("peer fault", action="link_fault", agent=self._agent_id, why=error.what)
            word = Bye("protocol", error.what)
        await self._wire.end(word)

    async def _until_one_ends(self) -> None:
        # The reader is first: what the agent said explains why the others can't go on.
        loops = (self._read(), self._dismissal(), self._write(), self._beats())
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            ended = next(task for task in tasks if task.done())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        ended.result()

    async def _dismissal(self) -> None:
        raise _Dismissed(await self._order)

    async def _read(self) -> None:
        while True:
            _, frame = await self._wire.receive()
            if isinstance(frame, Data):
                await self._data(frame)
            elif isinstance(frame, Part):
                await self._part(frame)
            elif isinstance(frame, Ack):
                await self._ack(frame)
            elif isinstance(frame, Credit):
                self._window(frame.name).on_credit(frame)
                self._wake.set()
            elif isinstance(frame, Resume):
                self._window(frame.name).on_resume(frame)
                self._parts.resume(frame.name)
                self._wake.set()
            elif isinstance(frame, Beat):
                await self._beat_came(frame)
            elif isinstance(frame, Rotate):
                await self._rotate(frame)
            elif isinstance(frame, Bye):
                if frame.code == "stop" and await self._books.stopped():
                    self._server.call_standbys(self._books.tenant)
                return

    async def _data(self, frame: Data) -> None:
        window = self._incoming(frame.name)
        gap = window.check(frame)
        if gap is not None:
            self._say(gap)
            return
        upto = await self._books.receive(frame)
        self._server.on_received(self._agent_id, frame.name, len(frame.rows))
        self._say(window.stored(frame, upto, ready=self._ready(window)))

    async def _part(self, frame: Part) -> None:
        shelf, window = self._server.shelf, self._incoming(frame.name)
        found = take_part(frame, window=window, shelf=shelf, peer=self._agent_id)
        if isinstance(found, Data):
            await self._data(found)
        elif found is not None:
            self._say(found)

    def _incoming(self, name: str) -> Incoming:
        window = self._in.get(name)
        if window is None:
            raise PeerFault(f"The agent sent the unknown stream {name[:40]!r}.")
        return window

    async def _ack(self, frame: Ack) -> None:
        if self._window(frame.name).on_ack(frame):
            await self._books.acked(frame)
        self._wake.set()

    async def _beat_came(self, frame: Beat) -> None:
        heartbeat, gap = _heartbeat(frame), gap_s(frame.at, self._server.clock.now())
        await self._books.saw(heartbeat.partition if heartbeat is not None else "")
        self._server.heard(self._agent_id, self, heartbeat, clock_gap_s=gap)
        standing = self._books.standing
        if standing is None:
            return
        if standing.verdict is Verdict.CALL:
            raise _Dismissed(CALLED)
        self._answered = frame.at
        await self._answer()

    async def _rotate(self, frame: Rotate) -> None:
        self._say(Rotated(frame.public_key, await self._books.offer(frame)))

    async def _write(self) -> None:
        """Send: what is pending before rows, and the streams in turn, so that none waits for all.

        Nothing else sends while the link is open. That makes the order on the wire the order of
        sealing, and lets reader and heartbeat go on while the agent does not take anything.
        """
        while True:
            self._wake.clear()
            frame = self._pending.take() or await self._batch()
            if frame is None:
                await self._wake.wait()
            else:
                await self._wire.send(frame)

    async def _batch(self) -> Data | Part | None:
        for window in list(self._turns):
            self._turns.rotate(-1)
            part = self._parts.more(window)
            if part is not None:
                return part
            after = window.last_sent
            rows = await self._books.unsent(window)
            if rows and window.last_sent == after:  # else a RESUME came meanwhile: it wakes us
                return self._parts.next(window, rows)
        return None

    async def _beats(self) -> None:
        clock = self._server.clock
        while True:
            await asyncio.sleep(self._timers.wait_s(clock.monotonic()))
            if self._timers.dead(clock.monotonic()):
                raise Lost("The agent has been silent too long.")
            if self._timers.beat(clock.monotonic()):
                await self._answer()
                self.more_credit()

    async def _answer(self) -> None:
        """Say BEAT, with what the agent's last one was answered about the lease."""
        standing, backlog = self._books.standing, await self._books.backlog()
        lease = told(standing) if self._answered else {}
        at = utc_text(self._server.clock.now())
        self._say(Beat(at=at, backlog=backlog, answers=self._answered, **lease))

    def stands_by(self, tenant: str) -> bool:
        """Tell whether this is a standby of a tenant's pair."""
        books = self._ledger
        standing = books.standing if books is not None and books.tenant == tenant else None
        return standing is not None and not standing.active

    def more_credit(self) -> None:
        """Grant again what was held back while the relay was busy."""
        for credit in more_credit(self._in.values(), ready=self._ready):
            self._say(credit)

    def _ready(self, window: Incoming) -> bool:
        return self._server.ready(self._agent_id, window.name)

    # -- inside -----------------------------------------------------------------------------------

    @property
    def _books(self) -> Ledger:
        assert self._ledger is not None, "an agent that has not joined has no ledger"
        return self._ledger

    def _window(self, name: str) -> Outgoing:
        window = self._out.get(name)
        if window is None:
            raise PeerFault(f"The agent speaks of the unknown stream {name[:40]!r}.")
        return window

    def _heard(self) -> None:
        self._timers.heard(self._server.clock.monotonic())

    def _say(self, word: Word) -> None:
        self._pending.put(word)
        self._wake.set()


def _refusal(error: TowlineError) -> Bye:
    """Say why; what is wrong inside the relay is for its own log."""
    code = "busy" if isinstance(error, Retryable | Damaged) else getattr(error, "code", "")
    reason = "The relay can't take anything at the moment." if code == "busy" else error.what
    return Bye(code or "refused", reason)


def _heartbeat(frame: Beat) -> Heartbeat | None:
    """Read how the agent is doing; a newer agent's report that can't be read is still a beat."""
    try:
        body = decode(frame.event).body if frame.event else None
    except Undecodable:
        return None
    return body if isinstance(body, Heartbeat) else None
