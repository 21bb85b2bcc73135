"""A wire on loopback that can stop carrying without telling anybody."""

from __future__ import annotations

import asyncio

from tests.support.wire import Wire


class BlackHole(Wire):
    """Forwards connections to a port, until told to swallow those that are open."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._to = port
        self._open: list[asyncio.Event] = []

    def swallow(self) -> None:
        """Carry nothing more on what is open now, in either direction; new ones are carried."""
        for carries in self._open:
            carries.clear()

    async def _serve(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        carries = asyncio.Event()
        carries.set()
        self._open.append(carries)
        there, onward = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(near, onward, carries))
                group.create_task(self._carry(there, to_near, carries))
        except* (ConnectionError, _Ended):
            pass
        finally:
            for each in (to_near, onward):
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
