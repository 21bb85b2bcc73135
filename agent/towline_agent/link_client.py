"""The agent's end of the link: a websockets shell around the table in ``towline_shared.link``.

It connects, proves, sends what the buffer holds within the relay's credit, writes what arrives and
acknowledges it after the commit. It decides nothing itself and trusts no memory across a reconnect.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.typing import Subprotocol

from towline_agent.buffer import Buffer
from towline_agent.identity import Identity
from towline_shared import __version__
from towline_shared.clock import Clock, utc_text
from towline_shared.codec import encode
from towline_shared.errors import PeerFault, Permanent, Retryable, TowlineError
from towline_shared.events import Event, Heartbeat, event_id
from towline_shared.frames import (
    BATCH_BYTES,
    BATCH_ROWS,
    MOST_BYTES,
    Ack,
    Beat,
    Bye,
    Challenge,
    Credit,
    Data,
    Frame,
    GoAway,
    Hello,
    Resume,
    StreamOffer,
    Welcome,
    pack,
    unpack,
)
from towline_shared.handshake import Sealed, agent_answer, check_divergence
from towline_shared.link import Incoming, Outgoing, Protocol, Role, Timers
from towline_shared.retry import Backoff
from towline_shared.sealing import Ephemeral
from towline_shared.stream_log import UP_STREAMS

__all__ = ["SUBPROTOCOL", "LinkClient", "LinkState"]

SUBPROTOCOL = Subprotocol("towline.link.v1")
_log = structlog.get_logger(__name__)
_OPEN_S = 20.0


@dataclass(frozen=True, slots=True)
class LinkState:
    """The link as the health page shows it; all moments aware UTC."""

    relay_url: str
    connected: bool = False
    since: datetime | None = None
    last_good_at: datetime | None = None
    attempts: int = 0
    epoch: int = 0
    last_error: str = ""
    acked: Mapping[str, int] = field(default_factory=dict)


class LinkClient:
    """Keeps one sealed connection to the relay for as long as it runs."""

    def __init__(
        self,
        *,
        url: str,
        identity: Identity,
        buffer: Buffer,
        clock: Clock,
        heartbeat: Callable[[], Heartbeat],
        fingerprint: Callable[[], str] = lambda: "",
        proxy: str | Literal["environment"] | None = "environment",
        tls: ssl.SSLContext | None = None,
        backoff: Backoff | None = None,
        rng: random.Random | None = None,
        on_inbox: Callable[[], None] = lambda: None,
        on_acked: Callable[[str, int], None] = lambda name, upto: None,
    ) -> None:
        """Prepare; nothing is opened before :meth:`run`.

        Args:
            heartbeat: how the agent is doing, asked at each heartbeat.
            fingerprint: of the partition, once it is known.
            on_inbox: called after a document was written to the inbox.
            on_acked: called with (stream, upto) after the relay's acknowledgement was written.
        """
        self._url = url
        self._identity = identity
        self._buffer = buffer
        self._clock = clock
        self._heartbeat = heartbeat
        self._fingerprint = fingerprint
        self._proxy: str | Literal[True] | None = True if proxy == "environment" else proxy
        self._tls = tls
        self._backoff = backoff or Backoff()
        self._rng = rng or random.SystemRandom()
        self._on_inbox = on_inbox
        self._on_acked = on_acked
        self._boot_id = secrets.token_hex(8)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._state = LinkState(relay_url=url)

    @property
    def state(self) -> LinkState:
        """A frozen picture of the link."""
        return self._state

    def nudge(self) -> None:
        """Say that something was appended to the buffer; may be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Connect, serve, and connect again, until cancelled."""
        self._loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            least: float | None = None
            before = self._state.epoch
            try:
                await self._session()
            except Retryable as error:
                least = error.retry_after_s
                self._lost(error)
            except TowlineError as error:
                # Refused, revoked, diverged: it may be mended at the relay, so ask again, rarely.
                least = self._backoff.most_s / 2
                self._lost(error)
            attempt = 0 if self._state.epoch != before else attempt + 1
            self._state = replace(self._state, attempts=attempt)
            await asyncio.sleep(self._backoff.delay_s(attempt, rng=self._rng, least_s=least))

    # -- one session ----------------------------------------------------------------------------

    async def _session(self) -> None:
        try:
            async with connect(
                self._url,
                subprotocols=[SUBPROTOCOL],
                compression=None,
                proxy=self._proxy,
                ssl=self._tls if self._url.startswith("wss:") else None,
                max_size=MOST_BYTES,
                open_timeout=_OPEN_S,
                ping_interval=None,  # our heartbeats carry more and are not held up by a queue
                user_agent_header=f"towline-agent/{__version__}",
            ) as socket:
                session = _Session(self, socket)
                await session.serve()
        except ConnectionClosed as error:
            raise Retryable(f"The relay closed the link ({error}).") from None
        except (OSError, TimeoutError, InvalidHandshake, ssl.SSLError) as error:
            raise Retryable(
                f"The relay at {self._url} can't be reached: {type(error).__name__} {error}."
            ) from None
        except InvalidURI as error:
            raise Permanent(f"[relay] url is not an address: {error}.") from None

    def opened(self, epoch: int) -> None:
        """Note that the relay welcomed us."""
        now = self._clock.now()
        self._state = replace(
            self._state, connected=True, since=now, last_good_at=now, epoch=epoch, last_error=""
        )
        _log.info("link open", action="link_open", epoch=epoch)

    def heard(self) -> None:
        """Note that the relay lives."""
        self._state = replace(self._state, last_good_at=self._clock.now())

    def acked(self, name: str, upto: int) -> None:
        """Note and pass on a new acknowledgement."""
        self._state = replace(self._state, acked={**self._state.acked, name: upto})
        self._on_acked(name, upto)

    def _lost(self, error: TowlineError) -> None:
        since = self._clock.now() if self._state.connected else self._state.since
        self._state = replace(self._state, connected=False, since=since, last_error=str(error))
        _log.warning("link down", action="link_down", error=str(error))


class _Session:
    """One connection from HELLO to BYE."""

    def __init__(self, client: LinkClient, socket: ClientConnection) -> None:
        self._client = client
        self._socket = socket
        self._buffer = client._buffer
        self._protocol = Protocol(Role.AGENT)
        self._seals: Sealed | None = None
        self._sending = asyncio.Lock()
        self._out: dict[str, Outgoing] = {}
        self._in: dict[str, Incoming] = {}
        self._goaway: GoAway | None = None
        self._timers = Timers(client._clock.monotonic(), client._rng)

    async def serve(self) -> None:
        welcome = await asyncio.wait_for(self._handshake(), _OPEN_S)
        self._timers = Timers(
            self._client._clock.monotonic(), self._client._rng, heartbeat_s=welcome.heartbeat_s
        )
        self._client.opened(welcome.epoch)
        tasks = [
            asyncio.create_task(loop(), name=f"link-{loop.__name__}")
            for loop in (self._read, self._pump, self._beats)
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except asyncio.CancelledError:
            with contextlib.suppress(ConnectionClosed, TowlineError, TimeoutError):
                await asyncio.wait_for(self._send(Bye("stop", "The agent is stopping.")), 2)
            raise
        except PeerFault as error:
            with contextlib.suppress(ConnectionClosed, TowlineError):
                await self._send(Bye("protocol", error.what))
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._goaway is not None:
            raise Retryable(self._goaway.reason, retry_after_s=float(self._goaway.after_s))
        raise Retryable("The relay ended the link.")

    # -- handshake ------------------------------------------------------------------------------

    async def _handshake(self) -> Welcome:
        ephemeral = Ephemeral()
        offers = await self._offers()
        hello = Hello(
            agent_id=self._client._identity.agent_id,
            boot_id=self._client._boot_id,
            versions=(1,),
            ephemeral=ephemeral.public,
            nonce=secrets.token_hex(16),
            version=__version__,
            fingerprint=self._client._fingerprint(),
            streams=tuple(offers),
        )
        hello_message = await self._send(hello)
        challenge_message, challenge = await self._receive()
        if not isinstance(challenge, Challenge):
            raise _ended(challenge)
        counter = int(await asyncio.wrap_future(self._buffer.meta("join_counter")) or 0)
        auth, seals = agent_answer(
            hello_message,
            challenge_message,
            challenge,
            key=self._client._identity.key,
            ephemeral=ephemeral,
            pinned=self._client._identity.relay_keys,
            join_counter=counter,
        )
        self._seals = seals
        await self._send(auth)
        _, welcome = await self._receive()
        if not isinstance(welcome, Welcome):
            raise _ended(welcome)
        await asyncio.wrap_future(self._buffer.set_meta("join_counter", str(welcome.join_counter)))
        await self._open(welcome, offers)
        return welcome

    async def _offers(self) -> list[StreamOffer]:
        return [
            StreamOffer(
                name=state.name,
                direction="up" if state.direction == "out" else "down",
                stream_id=state.stream_id,
                first=first,
                last=state.last,
                chain=state.chain.hex(),
            )
            for state, first in await asyncio.wrap_future(self._buffer.offers())
        ]

    async def _open(self, welcome: Welcome, offers: list[StreamOffer]) -> None:
        chains: dict[tuple[str, int], str] = {}
        for position in welcome.positions:
            if position.direction == "up" and position.name in UP_STREAMS:
                chain = await asyncio.wrap_future(
                    self._buffer.chain_at(position.name, position.upto)
                )
                if chain is not None:
                    chains[position.name, position.upto] = chain.hex()
        check_divergence(offers, welcome.positions, chain_at=chains)
        limits = {limit.name: limit.upto for limit in welcome.limits}
        for position in welcome.positions:
            if position.direction == "up":
                await self._acked(position.name, position.upto)
                self._out[position.name] = Outgoing(
                    position.name, position.stream_id, position.upto, position.upto,
                    limits.get(position.name, position.upto),
                )  # fmt: skip
            else:
                state = await asyncio.wrap_future(
                    self._buffer.expect(position.name, position.stream_id)
                )
                incoming = Incoming(position.name, state.stream_id, state.last, state.last)
                self._in[position.name] = incoming
                await self._send(Credit(position.name, incoming.grant(ready=True)))

    # -- loops ----------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            _, frame = await self._receive()
            if isinstance(frame, Data):
                await self._data(frame)
            elif isinstance(frame, Ack):
                await self._ack(frame)
            elif isinstance(frame, Credit):
                self._window(frame.name).on_credit(frame)
                self._client._wake.set()
            elif isinstance(frame, Resume):
                self._window(frame.name).on_resume(frame)
                self._client._wake.set()
            elif isinstance(frame, GoAway):
                self._goaway = frame
                return
            elif isinstance(frame, Bye):
                raise _ended(frame)

    async def _data(self, frame: Data) -> None:
        window = self._in.get(frame.name)
        if window is None:
            raise PeerFault(f"The relay sent the unknown stream {frame.name}.")
        gap = window.check(frame)
        if gap is not None:
            await self._send(gap)
            return
        _, upto = await asyncio.wrap_future(
            self._buffer.receive(
                frame.name, stream_id=frame.stream_id, first=frame.first, rows=frame.rows
            )
        )
        await self._send(window.stored(upto, ready=True))
        self._client._on_inbox()

    async def _ack(self, frame: Ack) -> None:
        if self._window(frame.name).on_ack(frame):
            await self._acked(frame.name, frame.upto)
        self._client._wake.set()

    async def _acked(self, name: str, upto: int) -> None:
        if await asyncio.wrap_future(self._buffer.acked(name, upto)):
            self._client.acked(name, upto)

    async def _pump(self) -> None:
        while True:
            self._client._wake.clear()
            sent = [await self._send_batch(window) for window in self._out.values()]
            if not any(sent):
                await self._client._wake.wait()

    async def _send_batch(self, window: Outgoing) -> bool:
        rows = await asyncio.wrap_future(
            self._buffer.unsent(
                window.name,
                after=window.last_sent,
                rows=min(window.room, BATCH_ROWS),
                most=BATCH_BYTES,
            )
        )
        if not rows:
            return False
        window.sent(rows[-1].seq)
        await self._send(
            Data(
                window.name,
                window.stream_id,
                rows[0].seq,
                tuple((row.event_id, row.entity, row.key, row.text) for row in rows),
            )
        )
        return True

    async def _beats(self) -> None:
        clock = self._client._clock
        await self._beat()
        while True:
            await asyncio.sleep(self._timers.wait_s(clock.monotonic()))
            if self._timers.dead(clock.monotonic()):
                raise Retryable("The relay has been silent too long; connecting anew.")
            if self._timers.beat(clock.monotonic()):
                await self._beat()

    async def _beat(self) -> None:
        now = self._client._clock.now()
        event = Event(
            id=event_id("heartbeat", self._client._boot_id, utc_text(now)),
            key="",
            origin="agent",
            seen_at=now,
            body=self._client._heartbeat(),
        )
        await self._send(Beat(at=utc_text(now), event=encode(event)))

    # -- bytes ----------------------------------------------------------------------------------

    def _window(self, name: str) -> Outgoing:
        window = self._out.get(name)
        if window is None:
            raise PeerFault(f"The relay speaks of the unknown stream {name}.")
        return window

    async def _send(self, frame: Frame) -> bytes:
        async with self._sending:  # sealing counts frames, so order on the wire is order of sealing
            self._protocol.sent(frame)
            message = pack(frame, self._seals.to_relay if self._seals else None)
            await self._socket.send(message)
            return message

    async def _receive(self) -> tuple[bytes, Frame]:
        message = await self._socket.recv(decode=False)
        if isinstance(message, str):
            raise PeerFault("The relay sent text; the link is binary.")
        frame = unpack(message, self._seals.to_agent if self._seals else None)
        self._protocol.received(frame)
        self._timers.heard(self._client._clock.monotonic())
        self._client.heard()
        return message, frame


def _ended(frame: Frame) -> TowlineError:
    """Turn the relay's BYE into an error with a verdict."""
    if not isinstance(frame, Bye):
        return PeerFault(f"The relay said {type(frame).__name__.upper()} too early.")
    if frame.code in ("stop", "busy", "taken_over"):
        return Retryable(frame.reason)
    return Permanent(frame.reason, hint="Ask the relay's operator; the agent keeps everything.")
