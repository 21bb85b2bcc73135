"""What the wire does to a call: silence, a cut answer, a proxy's page, another address."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from tests.unit.relay.shopify.scripted import SHOP, VERSION
from towline_relay.shopify import client as module
from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import Document, document
from towline_relay.shopify.replies import ShopUnavailable, Unsure
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.tokens import StaticToken
from towline_shared.clock import ManualClock
from towline_shared.errors import Retryable

READ, ONCE, AGAIN = document("order"), document("fulfillment_create"), document("tags_add")
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def wired(answer: Answer) -> AsyncIterator[tuple[Client, list[bytes]]]:
    """Open a socket that takes whole requests and answers them in its own way."""
    requests: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        requests.append(head + await reader.readexactly(length))
        await answer(writer)
        writer.close()

    async def pause(seconds: float) -> None:
        return None

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, aiohttp.ClientSession() as session:
        client = Client(
            session=session,
            shop=SHOP,
            api_version=VERSION,
            tokens=StaticToken("shpat_test"),
            clock=ManualClock(),
            url=f"http://127.0.0.1:{port}",
            pause=pause,
        )
        yield client, requests


async def ask(client: Client, wanted: Document) -> None:
    """Run a document."""
    await client.execute(wanted, {"id": "gid"}, priority=Priority.ORDERS)


def says(text: str) -> Answer:
    """Answer with this text and end the connection."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(text.encode())
        await writer.drain()

    return answer


_LAST = "Connection: close\r\n"
CUT = {
    "nothing": "",
    "half a head": "HTTP/1.1 200 OK\r\nContent-Le",
    "half a body": 'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"data":',
    "half a chunk": 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"data"',
    "no HTTP": "SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "malformed JSON": f'HTTP/1.1 200 OK\r\n{_LAST}Content-Length: 8\r\n\r\n{{"data":',
    "a page": f"HTTP/1.1 200 OK\r\n{_LAST}Content-Length: 19\r\n\r\n<html>Sign in</html",
    "a page of an error": f"HTTP/1.1 502 Bad Gateway\r\n{_LAST}Content-Length: 6\r\n\r\n<html>",
}


@pytest.mark.parametrize("text", CUT.values(), ids=list(CUT))
def test_a_write_whose_answer_is_no_answer_is_unsure(text: str) -> None:
    """It was sent, so it may have happened: sent once, and told whether repeating is harmless."""

    async def run() -> None:
        async with wired(says(text)) as (client, requests):
            for wanted in (ONCE, AGAIN):
                requests.clear()
                with pytest.raises(Unsure) as caught:
                    await ask(client, wanted)
                assert caught.value.repeatable is wanted.repeatable
                assert len(requests) == 1

    asyncio.run(run())


@pytest.mark.parametrize("text", CUT.values(), ids=list(CUT))
def test_a_read_whose_answer_is_no_answer_is_repeated_a_little(text: str) -> None:
    """Three times in all, then its event waits."""

    async def run() -> None:
        async with wired(says(text)) as (client, requests):
            with pytest.raises(Retryable) as caught:
                await ask(client, READ)
            assert not isinstance(caught.value, Unsure)
            assert len(requests) == 3

    asyncio.run(run())


def test_silence_after_a_write_was_sent_is_unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time-out tells nothing about what happened on the other side."""
    monkeypatch.setattr(module, "_TIMEOUT", aiohttp.ClientTimeout(total=0.2))

    async def run() -> None:
        ended = asyncio.Event()

        async def silent(writer: asyncio.StreamWriter) -> None:
            await ended.wait()

        async with wired(silent) as (client, requests):
            with pytest.raises(Unsure, match="TimeoutError"):
                await ask(client, ONCE)
            assert len(requests) == 1
            ended.set()

    asyncio.run(run())


def test_a_redirect_is_not_followed() -> None:
    """The token is for this address; wherever the answer points, it does not go there."""
    moved = "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n"

    async def run() -> None:
        async with wired(says(moved)) as (client, requests):
            with pytest.raises(ShopUnavailable, match="has moved"):
                await ask(client, ONCE)
            assert len(requests) == 1
            assert b"shpat_test" in requests[0]

    asyncio.run(run())
