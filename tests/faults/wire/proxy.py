"""A proxy on loopback between an agent and a relay; what it does to each frame is drawn."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

from tests.faults.wire.faults import Fate, Faults
from tests.faults.wire.splitter import Splitter, head_of
from tests.support.wire import Wire

__all__ = ["FaultProxy"]

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends RST and forgets what waits

_HELD_S = 0.05  # most seconds a frame waits for the one it changes places with


class _Over(Exception):
    """This connection is done with."""


class FaultProxy(Wire):
    """Listens on a port of its own and carries connections to another one.

    Attributes:
        faults: draws what happens; replaced by :meth:`behave`.
        frames: carried so far, in both directions, faults or not.
    """

    def __init__(self, to_port: int, faults: Faults) -> None:
        super().__init__()
        self.faults = faults
        self.frames = 0
        self._to = to_port
        self._faulty = True

    def behave(self) -> None:
        """Let the faults stop: carry new connections whole; open ones are reset."""
        self._faulty = False
        self._cut_all()

    async def _serve(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        ends = [to_near]
        try:
            far, to_far = await asyncio.open_connection("127.0.0.1", self._to)
            ends.append(to_far)
            await self._carry_both(near, to_near, far, to_far)
        except OSError:
            pass  # the relay is down, or an end is gone
        finally:
            for end in ends:
                _reset(end)

    async def _carry_both(
        self,
        near: asyncio.StreamReader,
        to_near: asyncio.StreamWriter,
        far: asyncio.StreamReader,
        to_far: asyncio.StreamWriter,
    ) -> None:
        hole = asyncio.Event()
        ways = [
            asyncio.create_task(self._carry(near, to_far, hole)),
            asyncio.create_task(self._carry(far, to_near, hole)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if hole.is_set():  # nobody is told; each end has to notice by itself
                await asyncio.wait(ways)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        to: asyncio.StreamWriter,
        hole: asyncio.Event,
    ) -> None:
        """Carry one direction until it ends or a fault ends it."""
        splitter = Splitter()
        held = b""
        with contextlib.suppress(_Over, ConnectionError):
            while True:
                data = await _read(reader, _HELD_S if held else None)
                if data is None:  # nothing follows that could change places with it
                    to.write(held)
                    held = b""
                    continue
                if not data:
                    return
                for piece in splitter.feed(data):
                    if hole.is_set():
                        continue
                    frame, held = held, b""
                    fate = Fate.CARRY if frame else self._fate(splitter)
                    if fate is Fate.SWAPPED:
                        held = piece
                    else:
                        await self._do(fate, piece + frame, to, hole)

    def _fate(self, splitter: Splitter) -> Fate:
        self.frames += 1
        return self.faults.draw() if self._faulty and splitter.upgraded else Fate.CARRY

    async def _do(
        self,
        fate: Fate,
        frame: bytes,
        to: asyncio.StreamWriter,
        hole: asyncio.Event,
    ) -> None:
        rng = self.faults.rng
        if fate is Fate.LATE:
            await asyncio.sleep(self.faults.delay_s())
        if fate is Fate.TWICE:
            to.write(frame + frame)
        elif fate is Fate.BYTES_TWICE:
            to.write(frame + frame[-rng.randint(1, len(frame)) :])
        elif fate is Fate.CHANGED:
            to.write(self.faults.changed(frame, head_of(frame)))
        elif fate is Fate.CUT_INSIDE:
            to.write(frame[: rng.randrange(len(frame))])
            await to.drain()
            raise _Over
        elif fate is Fate.RESET:
            raise _Over
        elif fate is Fate.ENDED:
            to.write_eof()
            raise _Over
        elif fate is Fate.HALF_OPEN:
            _reset(to)
            hole.set()
        elif fate is Fate.BLACK_HOLE:
            hole.set()
        else:
            to.write(frame)
        if not hole.is_set():
            await to.drain()


async def _read(reader: asyncio.StreamReader, most_s: float | None) -> bytes | None:
    """Read what there is: empty at the end, None when nothing came in time."""
    try:
        async with asyncio.timeout(most_s):
            return await reader.read(65536)
    except TimeoutError:
        return None


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST."""
    with contextlib.suppress(OSError):
        end = writer.get_extra_info("socket")
        if end is not None:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
