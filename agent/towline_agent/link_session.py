"""One connection to the relay from HELLO to BYE: prove, send within credit, write, acknowledge.

It owns the socket and the windows of one session and nothing that outlives it; what the rest of the
agent may learn from it, it tells a :class:`Listener`.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from towline_agent.buffer import PEER
from towline_agent.load_place import ORDERS_IMAGES
from towline_agent.new_term import PAIR
from towline_agent.speaker import Listener, Speaker
from towline_shared import __version__, caps
from towline_shared.clock_gap import gap_s
from towline_shared.errors import PeerFault, Permanent, Retryable, TowlineError
from towline_shared.frames import (
    BATCH_ROWS,
    HANDSHAKE_BYTES,
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
    Limit,
    Part,
    Position,
    Resume,
    Rotated,
    StreamOffer,
    Welcome,
    pack,
    unpack,
)
from towline_shared.handshake import Sealed, agent_answer, check_divergence
from towline_shared.link import Protocol, Role, Timers
from towline_shared.parts import FRAME_BYTES, PartSender, take_part
from towline_shared.pending import Pending, Word
from towline_shared.sealing import Ephemeral
from towline_shared.stream_log import DOWN_STREAMS, UP_STREAMS
from towline_shared.window import Incoming, Outgoing, more_credit

__all__ = ["OPEN_S", "Session"]

OPEN_S = 20.0  # most seconds until WELCOME
_BYE_S = 2.0
_MOST_HEARTBEAT_S = 600
_MOST_PAUSE_S = 3600  # whatever GOAWAY says, an agent comes back within the hour


class Session:
    """One connection from HELLO to BYE."""

    def __init__(
        self,
        socket: ClientConnection,
        *,
        speaker: Speaker,
        listener: Listener,
        appended: asyncio.Event,
    ) -> None:
        """Prepare on an open socket.

        Args:
            appended: set by whoever appends to the buffer; the session clears it and looks.
        """
        self._socket = socket
        self._speaker = speaker
        self._listener = listener
        self._buffer = speaker.buffer
        self._clock = speaker.clock
        self._wake = appended
        self._protocol = Protocol(Role.AGENT)
        self._seals: Sealed | None = None
        self._pending = Pending()
        self._out: dict[str, Outgoing] = {}
        self._turns: deque[Outgoing] = deque()
        self._in: dict[str, Incoming] = {}
        self._goaway: GoAway | None = None
        self._may_rotate = False
        self._parts = PartSender(parts=False)
        self._most = MOST_BYTES
        self._timers = Timers(self._clock.monotonic(), speaker.rng)

    async def serve(self) -> None:
        """Serve until the end, which is always an error that says why.

        Raises:
            Retryable: the relay went away, was silent, or asked for a pause.
            Permanent: it refused the agent, or the databases don't belong together.
            PeerFault: it broke the protocol.
            ConnectionClosed: the socket ended without a word.
            TimeoutError: no WELCOME within :data:`OPEN_S`.
        """
        try:
            # Not wait_for: before Python 3.12 it loses a cancellation that comes as it ends
            # (https://github.com/python/cpython/issues/86296).
            async with asyncio.timeout(OPEN_S):
                welcome = await self._handshake()
        except PeerFault as error:
            if self._seals is not None:  # a stranger gets no explanation
                await self._bye("protocol", error.what)
            raise
        self._timers = Timers(
            self._clock.monotonic(), self._speaker.rng, heartbeat_s=welcome.heartbeat_s
        )
        self._listener.opened(welcome.epoch)
        await self._work()
        if self._goaway is not None:
            after_s = min(max(0, self._goaway.after_s), _MOST_PAUSE_S)
            raise Retryable(self._goaway.reason, retry_after_s=float(after_s))
        raise Retryable("The relay ended the link.")

    async def _work(self) -> None:
        try:
            await self._until_one_ends()
        except asyncio.CancelledError:
            await self._bye("stop", "The agent is stopping.")
            raise
        except PeerFault as error:
            await self._bye("protocol", error.what)
            raise

    async def _until_one_ends(self) -> None:
        # The reader is first: what the relay said explains why the others can't go on.
        loops = (self._read(), self._write(), self._beats())
        tasks = [asyncio.create_task(loop) for loop in loops]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            ended = next(task for task in tasks if task.done())
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        ended.result()

    # -- handshake ------------------------------------------------------------------------------

    async def _handshake(self) -> Welcome:
        keeper = self._speaker.keeper
        key = keeper.speaks_with()
        ephemeral = Ephemeral(key.algorithm)  # the relay answers in kind
        asked = f"hello {secrets.token_hex(4)}"
        self._speaker.lease.asks(asked)
        offers = await self._speaker.offers()
        hello = Hello(
            agent_id=keeper.identity.agent_id,
            boot_id=self._speaker.boot_id,
            versions=(1,),
            ephemeral=ephemeral.public,
            nonce=secrets.token_hex(16),
            version=__version__,
            fingerprint=self._speaker.fingerprint(),
            streams=tuple(offers),
            caps=caps.KNOWN,
            parts=self._speaker.shelf.kept(PEER),
        )
        hello_message = await self._send(hello)
        challenge_message, challenge = await self._receive()
        if not isinstance(challenge, Challenge):
            raise _ended(challenge)
        counter = await asyncio.wrap_future(self._buffer.join_counter())
        auth, seals = agent_answer(
            hello_message,
            challenge_message,
            challenge,
            key=key,
            ephemeral=ephemeral,
            pinned=keeper.identity.relay_keys,
            join_counter=counter,
        )
        self._seals = seals
        await self._send(auth)
        _, welcome = await self._receive()
        if not isinstance(welcome, Welcome):
            if isinstance(welcome, Bye) and welcome.code == "unknown":
                keeper.refused(key)
            raise _ended(welcome)
        if not 1 <= welcome.heartbeat_s <= _MOST_HEARTBEAT_S:
            raise PeerFault(f"The relay wants a heartbeat every {welcome.heartbeat_s} seconds.")
        await asyncio.wrap_future(self._buffer.joined(welcome.join_counter))
        await asyncio.to_thread(keeper.joined, key)
        if welcome.relay_keys:
            await asyncio.to_thread(keeper.pinned, welcome.relay_keys)
        self._may_rotate = caps.ROTATE in welcome.caps
        orders = "yes" if caps.BULK in welcome.caps else ""
        await asyncio.wrap_future(self._buffer.set_meta(ORDERS_IMAGES, orders))
        if caps.PARTS in welcome.caps:
            self._parts = PartSender(parts=True, kept=welcome.parts)
            self._most = FRAME_BYTES
        await self._open(welcome, offers)
        await asyncio.wrap_future(self._buffer.set_meta(PAIR, "yes" if welcome.role else ""))
        said = (welcome.role, welcome.lease_s, welcome.term)
        await self._speaker.lease.welcomed(*said, asked=asked)
        return welcome

    async def _open(self, welcome: Welcome, offers: list[StreamOffer]) -> None:
        """Hold the relay's positions against the buffer and open a window for each."""
        up = [p for p in welcome.positions if p.direction == "up" and p.name in UP_STREAMS]
        down = [p for p in welcome.positions if p.direction == "down" and p.name in DOWN_STREAMS]
        chains: dict[tuple[str, int], str] = {}
        for position in up:
            chain = await asyncio.wrap_future(self._buffer.chain_at(position.name, position.upto))
            if chain is not None:
                chains[position.name, position.upto] = chain.hex()
        check_divergence(offers, up, chain_at=chains)
        limits = {limit.name: limit for limit in welcome.limits}
        for position in up:
            await self._acked(position.name, position.upto)
            limit = limits.get(position.name, Limit(position.name, 0, 0))
            self._out[position.name] = Outgoing(
                position.name, position.stream_id, position.upto,
                max(position.upto, limit.upto), max(0, limit.limit_bytes),
            )  # fmt: skip
        self._turns.extend(self._out.values())
        for position in down:
            await self._open_down(position)

    async def _open_down(self, position: Position) -> None:
        state = await asyncio.wrap_future(self._buffer.expect(position.name, position.stream_id))
        window = Incoming(position.name, state.stream_id, state.last, state.last)
        self._in[position.name] = window
        self._say(window.credit(ready=self._roomy()))

    # -- loops ----------------------------------------------------------------------------------

    async def _read(self) -> None:
        while True:
            _, frame = await self._receive()
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
                gap = gap_s(frame.at, self._clock.now())
                self._listener.beat(gap, max(0, frame.backlog))
                said = (frame.role, frame.lease_s, frame.term)
                self._speaker.lease.answered(*said, answers=frame.answers)
            elif isinstance(frame, Rotated):
                if await asyncio.to_thread(self._speaker.keeper.answered, frame):
                    raise Retryable("The relay knows the agent's new key; joining anew with it.")
            elif isinstance(frame, GoAway):
                self._goaway = frame
                return
            elif isinstance(frame, Bye):
                raise _ended(frame)

    async def _data(self, frame: Data) -> None:
        window = self._incoming(frame.name)
        gap = window.check(frame)
        if gap is not None:
            self._say(gap)
            return
        _, upto = await asyncio.wrap_future(
            self._buffer.receive(
                frame.name, stream_id=frame.stream_id, first=frame.first, rows=frame.rows
            )
        )
        self._say(window.stored(frame, upto, ready=self._roomy()))
        self._listener.arrived()

    async def _part(self, frame: Part) -> None:
        shelf, window = self._speaker.shelf, self._incoming(frame.name)
        found = take_part(frame, window=window, shelf=shelf, peer=PEER)
        if isinstance(found, Data):
            await self._data(found)
        elif found is not None:
            self._say(found)

    def _incoming(self, name: str) -> Incoming:
        window = self._in.get(name)
        if window is None:
            raise PeerFault(f"The relay sent the unknown stream {name[:40]!r}.")
        return window

    async def _ack(self, frame: Ack) -> None:
        if self._window(frame.name).on_ack(frame):
            await self._acked(frame.name, frame.upto)
        self._wake.set()

    async def _acked(self, name: str, upto: int) -> None:
        if await asyncio.wrap_future(self._buffer.acked(name, upto)):
            self._listener.acked(name, upto)

    async def _write(self) -> None:
        """Send: what is pending before rows, and the streams in turn, so that none waits for all.

        Nothing else sends while the link is open. That makes the order on the wire the order of
        sealing, and lets reader and heartbeat go on while the relay does not take anything.
        """
        while True:
            self._wake.clear()
            frame = self._pending.take() or await self._batch()
            if frame is None:
                await self._wake.wait()
            else:
                await self._send(frame)

    async def _batch(self) -> Data | Part | None:
        for window in list(self._turns):
            self._turns.rotate(-1)
            part = self._parts.more(window)
            if part is not None:
                return part
            after, n = window.last_sent, min(window.room, BATCH_ROWS)
            rows = await asyncio.wrap_future(
                self._buffer.unsent(window.name, after=after, rows=n, most=window.room_bytes)
            )
            if rows and window.last_sent == after:  # else a RESUME came meanwhile: it wakes us
                return self._parts.next(window, rows)
        return None

    async def _beats(self) -> None:
        await self._beat()
        while True:
            await asyncio.sleep(self._timers.wait_s(self._clock.monotonic()))
            if self._timers.dead(self._clock.monotonic()):
                raise Retryable("The relay has been silent too long; connecting anew.")
            if self._timers.beat(self._clock.monotonic()):
                await self._beat()

    async def _beat(self) -> None:
        """Say how we are, grant what was held back, ask for a change of our key if it is due."""
        self._say(self._speaker.beat())
        for credit in more_credit(self._in.values(), ready=lambda _: self._roomy()):
            self._say(credit)
        if self._may_rotate:
            wish = await asyncio.to_thread(self._speaker.keeper.wish)
            if wish is not None:
                self._say(wish)

    def _roomy(self) -> bool:
        """Documents are asked for only while the disk takes them; the relay keeps them."""
        return not self._buffer.storage.refuses

    # -- bytes ----------------------------------------------------------------------------------

    def _window(self, name: str) -> Outgoing:
        window = self._out.get(name)
        if window is None:
            raise PeerFault(f"The relay speaks of the unknown stream {name[:40]!r}.")
        return window

    def _say(self, word: Word) -> None:
        self._pending.put(word)
        self._wake.set()

    async def _send(self, frame: Frame) -> bytes:
        self._protocol.sent(frame)
        message = pack(frame, self._seals.to_relay if self._seals else None)
        await self._socket.send(message)
        return message

    async def _bye(self, code: str, reason: str) -> None:
        """Say why we go, if the peer still listens."""
        with contextlib.suppress(ConnectionClosed, TowlineError, TimeoutError):
            async with asyncio.timeout(_BYE_S):
                await self._send(Bye(code, reason))

    async def _receive(self) -> tuple[bytes, Frame]:
        message = await self._socket.recv(decode=False)
        if isinstance(message, str):
            raise PeerFault("The relay sent text; the link is binary.")
        most = self._most if self._protocol.proven else HANDSHAKE_BYTES
        frame = unpack(message, self._seals.to_agent if self._seals else None, most=most)
        self._protocol.received(frame)
        self._timers.heard(self._clock.monotonic())
        self._listener.heard()
        return message, frame


def _ended(frame: Frame) -> TowlineError:
    """Turn the relay's BYE into an error with a verdict."""
    if not isinstance(frame, Bye):
        return PeerFault(f"The relay said {type(frame).__name__.upper()} too early.")
    if frame.code in ("stop", "busy", "taken_over"):
        return Retryable(frame.reason)
    return Permanent(frame.reason, hint="Ask the relay's operator; the agent keeps everything.")
