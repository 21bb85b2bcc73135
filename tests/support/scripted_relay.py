"""The relay's end of a socket without a network, saying what a test wants."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from towline_agent.buffer import Buffer
from towline_agent.identity import Identity
from towline_agent.keeper import Keeper
from towline_agent.lease import Lease
from towline_agent.link_session import Session
from towline_agent.speaker import Speaker
from towline_shared.clock import Clock, SystemClock
from towline_shared.events import Heartbeat
from towline_shared.frames import Frame, Hello, Limit, Position, Welcome, pack, unpack
from towline_shared.handshake import Sealed, relay_accepts, relay_challenge
from towline_shared.sealing import Ephemeral, SigningKey

PATIENCE_S = 10.0
THEIRS = "relay's orders"


class ScriptedRelay:
    """The far end of a socket without a network: bytes in two queues, and the relay's keys."""

    def __init__(self) -> None:
        self.key = SigningKey.generate()
        self._to_agent: asyncio.Queue[bytes | str] = asyncio.Queue()
        self._to_relay: asyncio.Queue[bytes] = asyncio.Queue()
        self._seals: Sealed | None = None
        self.stream_ids: dict[str, str] = {}
        self.takes = asyncio.Event()  # cleared: full buffers, whoever sends waits
        self.takes.set()

    # What a session uses of a websocket:

    async def send(self, message: bytes) -> None:
        await self.takes.wait()
        await self._to_relay.put(message)

    async def recv(self, *, decode: bool) -> bytes | str:
        assert decode is False
        return await self._to_agent.get()

    # What a test says and hears:

    async def say(self, frame: Frame) -> bytes:
        message = pack(frame, self._seals.to_agent if self._seals else None)
        await self._to_agent.put(message)
        return message

    async def say_raw(self, message: bytes | str) -> None:
        await self._to_agent.put(message)

    async def hear(self, kind: type) -> Any:
        """Return the next frame of a type; heartbeats and others before it are passed over."""
        while True:
            message = await asyncio.wait_for(self._to_relay.get(), PATIENCE_S)
            frame = unpack(message, self._seals.to_relay if self._seals else None)
            if isinstance(frame, kind):
                return frame

    @property
    def said_everything(self) -> bool:
        """Tell whether the agent has taken everything and waits for more."""
        return self._to_agent.empty() and bool(self._to_agent._getters)  # type: ignore[attr-defined]

    @property
    def heard_everything(self) -> bool:
        return self._to_relay.empty()

    async def prove(self) -> Hello:
        """Play the handshake up to AUTH."""
        hello_message = await asyncio.wait_for(self._to_relay.get(), PATIENCE_S)
        hello = unpack(hello_message)
        assert isinstance(hello, Hello)
        self.stream_ids = {offer.name: offer.stream_id for offer in hello.streams}
        ephemeral = Ephemeral()
        challenge = relay_challenge(hello_message, key=self.key, ephemeral=ephemeral, nonce="n")
        challenge_message = await self.say(challenge)
        _, self._seals = relay_accepts(
            hello_message, challenge_message, agent_ephemeral=hello.ephemeral, ephemeral=ephemeral
        )
        return hello

    async def welcome(
        self, *, upto: int = 0, limit: int = 100, limit_bytes: int = 1 << 20, **changes: Any
    ) -> None:
        """Play the whole handshake."""
        await self.prove()
        values: dict[str, Any] = {
            "epoch": 5,
            "join_counter": 6,
            "heartbeat_s": 20,
            "positions": (
                Position("changes", "up", self.stream_ids["changes"], upto, ""),
                Position("orders", "down", THEIRS, 0, ""),
                Position("from the future", "up", "x", 3, ""),
                Position("from the future", "down", "x", 3, ""),
            ),
            "limits": (Limit("changes", limit, limit_bytes),),
        }
        await self.say(Welcome(**(values | changes)))


class Notes:
    """A listener that writes everything down."""

    def __init__(self) -> None:
        self.epochs: list[int] = []
        self.acks: list[tuple[str, int]] = []
        self.arrivals = 0
        self.beats: list[tuple[float | None, int]] = []

    def opened(self, epoch: int) -> None:
        self.epochs.append(epoch)

    def heard(self) -> None:
        pass

    def beat(self, gap_s: float | None, backlog: int) -> None:
        self.beats.append((gap_s, backlog))

    def acked(self, name: str, upto: int) -> None:
        self.acks.append((name, upto))

    def arrived(self) -> None:
        self.arrivals += 1


class LeapingClock(SystemClock):
    """The system's clock, which leaps ahead when told: time passes only for those who look."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead_s

    def leap(self, seconds: float) -> None:
        """Let so much time have passed."""
        self._ahead_s += seconds


def session_of(
    relay: ScriptedRelay, buffer: Buffer, notes: Notes, pinned: str, *, clock: Clock | None = None
) -> Session:
    identity = Identity(
        agent_id="a", tenant="t", name="n", relay_url="ws://relay",
        relay_keys=(pinned,), key=SigningKey.generate(),
    )  # fmt: skip
    keeper = Keeper(identity, save=lambda identity: None, clock=clock or SystemClock())
    speaker = Speaker(
        keeper=keeper, boot_id="b", buffer=buffer, clock=clock or SystemClock(),
        rng=random.Random(1), heartbeat=lambda: Heartbeat(7, 0.0, "up", "test"),
        fingerprint=lambda: "partition", lease=Lease(clock=clock or SystemClock()),
    )  # fmt: skip
    return Session(
        relay,  # type: ignore[arg-type]  # send and recv are all it uses
        speaker=speaker,
        listener=notes,
        appended=asyncio.Event(),
    )
