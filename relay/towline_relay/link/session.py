"""One agent's session at the relay, from HELLO to BYE; bytes only, the rules are in shared."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sqlite3
from typing import TYPE_CHECKING

import structlog
from aiohttp import WSMsgType, web

from towline_relay.link import enrolment
from towline_relay.link.agent_link import AgentLink
from towline_relay.link.enrolment import AgentRow, Joined
from towline_relay.link.positions import positions, windows
from towline_shared.clock import utc_text
from towline_shared.codec import Undecodable, decode
from towline_shared.errors import PeerFault, Refused, Retryable, TowlineError
from towline_shared.events import Heartbeat
from towline_shared.frames import (
    BATCH_BYTES,
    BATCH_ROWS,
    Ack,
    Auth,
    Beat,
    Bye,
    Credit,
    Data,
    Frame,
    GoAway,
    Hello,
    Limit,
    Position,
    Resume,
    Welcome,
    pack,
    unpack,
)
from towline_shared.handshake import Sealed, relay_accepts, relay_challenge
from towline_shared.link import Incoming, Outgoing, Protocol, Role, State, Timers
from towline_shared.sealing import Ephemeral, verify
from towline_shared.stream_log import LogRow

if TYPE_CHECKING:
    from towline_relay.link.server import LinkServer

__all__ = ["Session"]

_log = structlog.get_logger(__name__)
_HANDSHAKE_S = 20.0


class _Fenced(TowlineError):
    """A newer session of the same agent exists, or it was revoked."""


class Session:
    """One websocket; created for a request, serves until the end, and is then thrown away."""

    def __init__(self, server: LinkServer, socket: web.WebSocketResponse, *, address: str) -> None:
        self._server = server
        self._socket = socket
        self._address = address
        self._protocol = Protocol(Role.RELAY)
        self._seals: Sealed | None = None
        self._sending = asyncio.Lock()
        self._wake = asyncio.Event()
        self._agent_id = ""
        self._epoch = 0
        self._out: dict[str, Outgoing] = {}
        self._in: dict[str, Incoming] = {}
        self._timers = Timers(server.clock.monotonic(), server.rng, heartbeat_s=server.heartbeat_s)

    async def serve(self) -> None:
        """Prove the agent, then read, pump and beat until one of them ends."""
        try:
            # Not wait_for: before Python 3.12 it loses a cancellation that comes as it ends
            # (https://github.com/python/cpython/issues/86296).
            async with asyncio.timeout(_HANDSHAKE_S):
                hello = await self._handshake()
        except TowlineError as error:
            _log.warning(
                "link refused", action="link_refused", agent=self._agent_id, why=error.what
            )
            code = "busy" if isinstance(error, Retryable) else getattr(error, "code", "")
            await self.end(code or "refused", error.what)
            return
        except (TimeoutError, ConnectionError):
            await self._socket.close()
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
        await self._server.opened(self._agent_id, self, link)
        try:
            await self._work(hello)
        finally:
            self._server.closed(self._agent_id, self)

    def nudge(self) -> None:
        """Say that downlink rows were appended."""
        self._wake.set()

    async def leave(self, reason: str, *, after_s: int) -> None:
        """Ask the agent to come back later."""
        if self._protocol.state is State.OPEN:
            with contextlib.suppress(ConnectionError, TowlineError):
                await self._send(GoAway(after_s, reason))
        await self._socket.close()

    async def end(self, code: str, reason: str) -> None:
        """Say BYE with a sentence and close."""
        if self._protocol.state is not State.CLOSED and not self._socket.closed:
            with contextlib.suppress(ConnectionError, TowlineError):
                await self._send(Bye(code, reason))
        await self._socket.close()

    # -- handshake --------------------------------------------------------------------------------

    async def _handshake(self) -> Hello:
        hello_message, hello = await self._receive()
        if not isinstance(hello, Hello):
            raise PeerFault("The agent left before it said who it is.")
        self._agent_id = hello.agent_id[:64]
        agent = await self._server.unit(lambda db: enrolment.find_agent(db, hello.agent_id))
        ephemeral = Ephemeral()
        challenge = relay_challenge(
            hello_message,
            key=self._server.identity.current,
            ephemeral=ephemeral,
            nonce=secrets.token_hex(16),
        )
        challenge_message = await self._send(challenge)
        signed, seals = relay_accepts(
            hello_message,
            challenge_message,
            agent_ephemeral=hello.ephemeral,
            ephemeral=ephemeral,
        )
        self._seals = seals
        _, auth = await self._receive()
        if not isinstance(auth, Auth):
            raise PeerFault("The agent left before it proved who it is.")
        _check(agent, auth, signed)
        await self._welcome(hello, auth)
        return hello

    async def _welcome(self, hello: Hello, auth: Auth) -> None:
        def work(
            db: sqlite3.Connection,
        ) -> tuple[Joined | Refused, list[Position]]:
            try:
                joined: Joined | Refused = enrolment.join(
                    db,
                    agent_id=hello.agent_id,
                    join_counter=auth.join_counter,
                    clock=self._server.clock,
                )
            except Refused as error:
                enrolment.suspect(db, hello.agent_id, error.what)
                return error, []
            return joined, positions(db, self._server.log, hello.agent_id, hello.streams)

        joined, found = await self._server.unit(work)
        if isinstance(joined, Refused):
            raise joined
        self._epoch = joined.epoch
        ready = self._server.ready(self._agent_id)
        self._in, self._out = windows(found, hello.streams)
        limits = tuple(Limit(name, window.grant(ready=ready)) for name, window in self._in.items())
        await self._send(
            Welcome(
                epoch=joined.epoch,
                join_counter=joined.join_counter,
                heartbeat_s=self._server.heartbeat_s,
                positions=tuple(found),
                limits=limits,
            )
        )

    # -- at work ----------------------------------------------------------------------------------

    async def _work(self, hello: Hello) -> None:
        tasks = [
            asyncio.create_task(self._read(hello)),
            asyncio.create_task(self._pump()),
            asyncio.create_task(self._beats()),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            # The reader is first: what the agent said explains why the others can't go on.
            next(task for task in tasks if task.done()).result()
        except _Fenced as error:
            await self.end("taken_over", error.what)
        except (Retryable, ConnectionError) as error:
            _log.info("link lost", action="link_lost", agent=self._agent_id, why=str(error))
            await self._socket.close()
        except TowlineError as error:
            _log.warning("peer fault", action="link_fault", agent=self._agent_id, why=error.what)
            await self.end("protocol", error.what)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, hello: Hello) -> None:
        while True:
            _, frame = await self._receive()
            if isinstance(frame, Data):
                await self._data(frame)
            elif isinstance(frame, Ack):
                await self._ack(frame)
            elif isinstance(frame, Credit):
                self._window(frame.name).on_credit(frame)
                self._wake.set()
            elif isinstance(frame, Resume):
                self._window(frame.name).on_resume(frame)
                self._wake.set()
            elif isinstance(frame, Beat):
                await self._beat_came(frame, hello)
            elif isinstance(frame, Bye):
                return

    async def _data(self, frame: Data) -> None:
        window = self._in.get(frame.name)
        if window is None:
            raise PeerFault(f"The agent sent the unknown stream {frame.name[:40]!r}.")
        gap = window.check(frame)
        if gap is not None:
            await self._send(gap)
            return
        texts = [(text, event_id, entity, key) for event_id, entity, key, text in frame.rows]

        def work(db: sqlite3.Connection) -> int:
            self._fence(db)
            _, rows = self._server.log.receive(
                db,
                self._agent_id,
                frame.name,
                stream_id=frame.stream_id,
                first=frame.first,
                texts=texts,
            )
            if rows:
                self._server.sink.received(db, self._agent_id, frame.name, rows)
                self._server.log.consume(db, self._agent_id, frame.name, rows[-1].seq)
            return self._server.log.state(db, self._agent_id, frame.name, "in").last

        upto = await self._server.unit(work)
        self._server.on_received(self._agent_id)
        await self._send(window.stored(upto, ready=self._server.ready(self._agent_id)))

    async def _ack(self, frame: Ack) -> None:
        if self._window(frame.name).on_ack(frame):

            def work(db: sqlite3.Connection) -> None:
                self._fence(db)
                self._server.log.acked(db, self._agent_id, frame.name, frame.upto)

            await self._server.unit(work)
        self._wake.set()

    async def _beat_came(self, frame: Beat, hello: Hello) -> None:
        heartbeat = _heartbeat(frame)

        def work(db: sqlite3.Connection) -> None:
            self._fence(db)
            enrolment.saw(
                db,
                self._agent_id,
                clock=self._server.clock,
                version=hello.version,
                fingerprint=hello.fingerprint,
            )

        await self._server.unit(work)
        self._server.heard(self._agent_id, self, heartbeat)

    async def _pump(self) -> None:
        while True:
            self._wake.clear()
            sent = [await self._send_batch(window) for window in self._out.values()]
            if not any(sent):
                await self._wake.wait()

    async def _send_batch(self, window: Outgoing) -> bool:
        def work(db: sqlite3.Connection) -> list[LogRow]:
            self._fence(db)
            return self._server.log.unsent(
                db,
                self._agent_id,
                window.name,
                after=window.last_sent,
                rows=min(window.room, BATCH_ROWS),
                most=BATCH_BYTES,
            )

        rows = await self._server.unit(work)
        if not rows:
            return False
        window.sent(rows[-1].seq)
        frames = tuple((row.event_id, row.entity, row.key, row.text) for row in rows)
        await self._send(Data(window.name, window.stream_id, rows[0].seq, frames))
        return True

    async def _beats(self) -> None:
        clock = self._server.clock
        while True:
            await asyncio.sleep(self._timers.wait_s(clock.monotonic()))
            if self._timers.dead(clock.monotonic()):
                raise Retryable("The agent has been silent too long.")
            if self._timers.beat(clock.monotonic()):
                await self._send(Beat(at=utc_text(clock.now())))
                await self._more_credit()

    async def _more_credit(self) -> None:
        """Grant again what was held back while the relay was busy."""
        ready = self._server.ready(self._agent_id)
        for name, window in self._in.items():
            before = window.granted
            if window.grant(ready=ready) > before:
                await self._send(Credit(name, window.granted))

    # -- bytes ------------------------------------------------------------------------------------

    def _fence(self, db: sqlite3.Connection) -> None:
        if not enrolment.is_current(db, self._agent_id, self._epoch):
            raise _Fenced("A newer connection of this agent took over, or it was revoked.")

    def _window(self, name: str) -> Outgoing:
        window = self._out.get(name)
        if window is None:
            raise PeerFault(f"The agent speaks of the unknown stream {name[:40]!r}.")
        return window

    async def _send(self, frame: Frame) -> bytes:
        async with self._sending:  # sealing counts frames: order on the wire is order of sealing
            self._protocol.sent(frame)
            message = pack(frame, self._seals.to_agent if self._seals else None)
            await self._socket.send_bytes(message)
            return message

    async def _receive(self) -> tuple[bytes, Frame]:
        message = await self._socket.receive()
        if message.type is not WSMsgType.BINARY:
            if message.type is WSMsgType.TEXT:
                raise PeerFault("The agent sent text; the link is binary.")
            raise Retryable("The agent's connection ended.")
        frame = unpack(message.data, self._seals.to_relay if self._seals else None)
        self._protocol.received(frame)
        self._timers.heard(self._server.clock.monotonic())
        return message.data, frame


def _heartbeat(frame: Beat) -> Heartbeat | None:
    """Read how the agent is doing; a newer agent's report that can't be read is still a beat."""
    try:
        body = decode(frame.event).body if frame.event else None
    except Undecodable:
        return None
    return body if isinstance(body, Heartbeat) else None


def _check(agent: AgentRow | None, auth: Auth, signed: bytes) -> None:
    """Hold the proof against the public key of the enrolment.

    An unknown agent gets as far as a wrong key does, and the same answer.
    """
    if agent is None or not verify(agent.public_key, auth.signature, signed):
        raise Refused(
            "The relay does not know this agent, or its key is not the one it enrolled with.",
            hint="Enrol the agent anew.",
            code="unknown",
        )
    if agent.revoked_at is not None:
        raise Refused("This agent was revoked at the relay.", hint="Enrol it anew.", code="revoked")
