"""The wire that can be cut: carries bytes while whole, nothing while cut, and heals."""

from __future__ import annotations

import asyncio
import contextlib

from tests.support.link_world import until
from towline_sandbox.link_proxy import LinkProxy


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(100):
            writer.write(data)
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def _last_word(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Return what still comes from a connection that is being dropped: nothing."""
    try:
        return await reader.read(1)
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def test_it_carries_cuts_and_heals() -> None:
    """A cut drops open connections and refuses new ones until it is over."""

    async def story() -> None:
        far = await asyncio.start_server(_echo, "127.0.0.1", 0)
        wire = LinkProxy(target_port=far.sockets[0].getsockname()[1])
        await wire.start(0)
        assert wire._server is not None
        port = wire._server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        wire.cut(0.2)
        assert wire.is_cut
        assert await _last_word(reader, writer) == b""
        late_reader, late_writer = await asyncio.open_connection("127.0.0.1", port)
        assert await _last_word(late_reader, late_writer) == b""
        await until(lambda: not wire.is_cut)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"again")
        assert await reader.readexactly(5) == b"again"
        writer.close()
        await writer.wait_closed()
        await wire.stop()
        far.close()
        await far.wait_closed()

    asyncio.run(story())
