"""The agent's end of a socket without a network, saying to a relay what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiohttp import WSMessage, WSMsgType

from towline_relay.link.server import LinkServer
from towline_relay.link.session import Session
from towline_shared.frames import Challenge, Frame, Hello, StreamOffer, Welcome, pack, unpack
from towline_shared.handshake import Sealed, agent_answer
from towline_shared.sealing import Ephemeral, SigningKey

PATIENCE_S = 10.0
OURS = StreamOffer("changes", "up", "agent's changes", 1, 0, "")


class ScriptedAgent:
    """The far end of a relay's socket: messages in two queues, and an agent's key."""

    def __init__(self, agent_id: str, key: SigningKey) -> None:
        self.agent_id = agent_id
        self.key = key
        self.closed = False
        self.was_cut = False
        self.takes = asyncio.Event()  # cleared: full buffers, whoever sends waits
        self.takes.set()
        self.said: list[bytes] = []
        self._to_relay: asyncio.Queue[WSMessage] = asyncio.Queue()
        self._to_agent: asyncio.Queue[bytes] = asyncio.Queue()
        self._seals: Sealed | None = None

    def session(self, server: LinkServer) -> Session:
        """Build the relay's session on this socket."""
        return Session(server, self, address="127.0.0.1", cut=self._cut)  # type: ignore[arg-type]

    def _cut(self) -> None:
        self.was_cut = True

    # What a session uses of a websocket:

    async def send_bytes(self, message: bytes) -> None:
        await self.takes.wait()
        if self.closed:
            raise ConnectionResetError("closed")
        await self._to_agent.put(message)

    async def receive(self) -> WSMessage:
        return await self._to_relay.get()

    async def close(self) -> None:
        await self.takes.wait()
        self.closed = True

    # What a test says and hears:

    async def say(self, frame: Frame) -> bytes:
        message = pack(frame, self._seals.to_relay if self._seals else None)
        await self.say_raw(message)
        return message

    async def say_raw(self, message: bytes | str) -> None:
        kind = WSMsgType.TEXT if isinstance(message, str) else WSMsgType.BINARY
        if isinstance(message, bytes):
            self.said.append(message)
        await self._to_relay.put(WSMessage(kind, message, None))

    async def hang_up(self) -> None:
        self.closed = True
        await self._to_relay.put(WSMessage(WSMsgType.CLOSED, None, None))

    @property
    def unheard(self) -> int:
        """How many messages wait to be heard."""
        return self._to_agent.qsize()

    async def hear(self, *kind: type) -> Any:
        """Return the next frame of a type; heartbeats and others before it are passed over."""
        while True:
            message = await asyncio.wait_for(self._to_agent.get(), PATIENCE_S)
            frame = unpack(message, self._seals.to_agent if self._seals else None)
            if isinstance(frame, kind):
                return frame

    async def greet(
        self,
        pinned: str,
        *,
        join_counter: int = 0,
        streams: Sequence[StreamOffer] = (OURS,),
        caps: Sequence[str] = (),
    ) -> None:
        """Play the handshake up to AUTH."""
        ephemeral = Ephemeral()
        hello = await self.say(
            Hello(
                self.agent_id, "boot", (1,), ephemeral.public, "n", "0.1.0", "partition",
                tuple(streams), tuple(caps),
            )
        )  # fmt: skip
        message = await asyncio.wait_for(self._to_agent.get(), PATIENCE_S)
        challenge = unpack(message)
        assert isinstance(challenge, Challenge)
        auth, self._seals = agent_answer(
            hello, message, challenge,
            key=self.key, ephemeral=ephemeral, pinned=(pinned,), join_counter=join_counter,
        )  # fmt: skip
        await self.say(auth)

    async def join(self, pinned: str, **changes: Any) -> Welcome:
        """Play the whole handshake."""
        await self.greet(pinned, **changes)
        welcome = await self.hear(Welcome)
        assert isinstance(welcome, Welcome)
        return welcome
