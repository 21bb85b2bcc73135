"""A wire between agent and relay that can be cut: a TCP relay on loopback.

Cutting closes every connection at once and refuses new ones until it heals, as a firewall does
that drops its table. The agent notices, buffers, reconnects with jitter and resumes.
"""

from __future__ import annotations

import asyncio
import contextlib

__all__ = ["LinkProxy"]

_CHUNK = 65536


class LinkProxy:
    """Forwards ``127.0.0.1:port`` to the relay while it is whole."""

    def __init__(self, *, target_port: int) -> None:
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._carriers: set[asyncio.Task[None]] = set()
        self._cuts = 0
        self._heals: set[asyncio.Task[None]] = set()

    @property
    def is_cut(self) -> bool:
        """Tell whether the wire is cut now."""
        return self._cuts > 0

    async def start(self, port: int) -> None:
        """Listen on a loopback port."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", port)

    async def stop(self) -> None:
        """Close everything."""
        for task in self._heals:
            task.cancel()
        if self._server is not None:
            self._server.close()
            self._drop()
            await asyncio.gather(*self._carriers, return_exceptions=True)
            await self._server.wait_closed()

    def cut(self, seconds: float) -> None:
        """Cut the wire for a while; cuts that overlap end with the last one."""
        self._cuts += 1
        self._drop()
        task = asyncio.get_running_loop().create_task(self._heal_after(seconds))
        self._heals.add(task)
        task.add_done_callback(self._heals.discard)

    async def _heal_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._cuts -= 1

    def _drop(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carriers.add(task)
        task.add_done_callback(self._carriers.discard)
        if self.is_cut:
            await _abort(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            await _abort(writer)
            return
        pair = {writer, far_writer}
        self._writers |= pair
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, far_writer))
                group.create_task(_pump(far_reader, writer))
        finally:
            self._writers -= pair
            for end in pair:
                await _abort(end)


async def _abort(writer: asyncio.StreamWriter) -> None:
    """Close at once, without the courtesies of TCP, and wait until it is done."""
    writer.transport.abort()
    with contextlib.suppress(ConnectionError, OSError):
        await writer.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(ConnectionError, OSError, RuntimeError):
        writer.write_eof()
