"""A wire on loopback that can stop carrying without telling anybody."""

from __future__ import annotations

import asyncio
from types import TracebackType


class BlackHole:
    """Forwards connections to a port, until told to swallow those that are open."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._open: list[asyncio.Event] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server
        self.port = 0
        self.connections = 0

    def swallow(self) -> None:
        """Carry nothing more on what is open now, in either direction; new ones are carried."""
        for carries in self._open:
            carries.clear()

    async def __aenter__(self) -> BlackHole:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        carries = asyncio.Event()
        carries.set()
        self._open.append(carries)
        there, onward = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, onward, carries))
                group.create_task(self._carry(there, writer, carries))
        except* (ConnectionError, _Ended):
            pass
        finally:
            for each in (writer, onward):
                each.transport.abort()

    @staticmethod
    async def _carry(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, carries: asyncio.Event
    ) -> None:
        while True:
            await carries.wait()
            chunk = await reader.read(65536)
            await carries.wait()
            if not chunk:
                raise _Ended
            writer.write(chunk)
            await writer.drain()


class _Ended(Exception):
    """One end has closed."""
