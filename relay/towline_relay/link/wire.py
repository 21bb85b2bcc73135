"""The relay's socket to one agent: frames in and out, sealed once both keys are known."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from aiohttp import WSMsgType, web

from towline_shared.errors import PeerFault, TowlineError
from towline_shared.frames import HANDSHAKE_BYTES, MOST_BYTES, Bye, Frame, GoAway, pack, unpack
from towline_shared.handshake import Sealed
from towline_shared.link import Protocol, Role

__all__ = ["Lost", "Wire"]

_LAST_WORD_S = 2.0  # an agent that does not take its last word by then is cut off


class Lost(TowlineError):
    """The agent is no longer there; nobody is left to be told."""


class Wire:
    """One socket and what may be said over it now.

    Only one task may send at a time: the order on the wire has to be the order of sealing.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        *,
        cut: Callable[[], None],
        heard: Callable[[], None],
    ) -> None:
        """Take over an open socket.

        Args:
            cut: ends the connection at once.
            heard: called with each frame that arrives.
        """
        self._socket = socket
        self._cut = cut
        self._heard = heard
        self._protocol = Protocol(Role.RELAY)
        self._seals: Sealed | None = None
        self.most = MOST_BYTES  # of a message, once both have proved who they are

    def seal(self, seals: Sealed) -> None:
        """Seal everything from here on."""
        self._seals = seals

    async def send(self, frame: Frame) -> bytes:
        """Send a frame; returns its message.

        Raises:
            Misuse: it may not be said now.
            ConnectionError: the socket is closed.
        """
        self._protocol.sent(frame)
        message = pack(frame, self._seals.to_agent if self._seals else None)
        await self._socket.send_bytes(message)
        return message

    async def receive(self) -> tuple[bytes, Frame]:
        """Return the next message and its frame.

        Raises:
            PeerFault: it is no frame, or may not be said now.
            Lost: the connection ended.
        """
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            raise PeerFault("The agent sent text; the link is binary.")
        if message.type is not WSMsgType.BINARY:
            raise Lost("The agent's connection ended.")
        most = self.most if self._protocol.proven else HANDSHAKE_BYTES
        frame = unpack(message.data, self._seals.to_relay if self._seals else None, most=most)
        self._protocol.received(frame)
        self._heard()
        return message.data, frame

    async def end(self, word: Bye | GoAway | None) -> None:
        """Say a last word if there is one, and close; an agent that takes neither is cut off."""
        try:
            async with asyncio.timeout(_LAST_WORD_S):
                if word is not None and not self._socket.closed:
                    with contextlib.suppress(ConnectionError, TowlineError):
                        await self.send(word)
                await self._socket.close()
        except TimeoutError:
            self._cut()
