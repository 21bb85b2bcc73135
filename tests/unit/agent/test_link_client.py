"""Reconnecting: how long to wait, what the health page says, and what never ends the agent."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.support.link_world import client, prices, relay_and_agent, running, until
from towline_agent.buffer import Buffer
from towline_agent.identity import Identity
from towline_agent.keeper import Keeper
from towline_agent.link_client import SUBPROTOCOL, LinkClient
from towline_shared.clock import SystemClock
from towline_shared.events import Heartbeat
from towline_shared.frames import Bye, GoAway, pack
from towline_shared.retry import Backoff
from towline_shared.sealing import SigningKey


class Waits(Backoff):
    """A back-off that writes down what it was asked, and hardly waits."""

    def delay_s(self, attempt: int, *, rng: random.Random, least_s: float | None = None) -> float:
        _ASKED.append((attempt, least_s))
        return 0.001


_ASKED: list[tuple[int, float | None]] = []


@pytest.fixture
def asked() -> list[tuple[int, float | None]]:
    _ASKED.clear()
    return _ASKED


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[Buffer]:
    opened = Buffer(tmp_path / "buffer.db", clock=SystemClock())
    yield opened
    opened.close()


def link(url: str, buffer: Buffer, *, proxy: str | None = None) -> LinkClient:
    identity = Identity("a", "t", "n", url, (SigningKey.generate().public,), SigningKey.generate())
    keeper = Keeper(identity, save=lambda identity: None, clock=SystemClock())
    return LinkClient(
        url=url, keeper=keeper, buffer=buffer, clock=SystemClock(),
        heartbeat=lambda: Heartbeat(0, 0.0, "up", "test"), proxy=proxy,
        backoff=Waits(most_s=300.0), rng=random.Random(7),
    )  # fmt: skip


def against(
    buffer: Buffer, answer: Callable[[ServerConnection], Awaitable[None]], *, attempts: int
) -> LinkClient:
    """Run a client against a server that answers every connection alike."""
    made: list[LinkClient] = []

    async def story() -> None:
        async with serve(answer, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL]) as server:
            port = server.sockets[0].getsockname()[1]
            made.append(link(f"ws://127.0.0.1:{port}/link", buffer))
            async with running(made[0]):
                await until(lambda: len(_ASKED) >= attempts)

    asyncio.run(story())
    return made[0]


# -- waiting -------------------------------------------------------------------------------------


def test_each_failure_waits_longer_than_the_one_before(
    buffer: Buffer, asked: list[tuple[int, float | None]]
) -> None:
    """The attempt counts up, and so does the ceiling of the jitter."""

    async def hang_up(socket: ServerConnection) -> None:
        await socket.recv()

    made = against(buffer, hang_up, attempts=4)
    assert [attempt for attempt, _ in asked[:4]] == [1, 2, 3, 4]
    assert not made.state.connected
    assert "closed the link" in made.state.last_error


def test_a_refusal_waits_long(buffer: Buffer, asked: list[tuple[int, float | None]]) -> None:
    """It may be mended at the relay, so ask again, rarely; the page shows the relay's sentence."""

    async def refuse(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(pack(Bye("revoked", "This agent was revoked.")))

    made = against(buffer, refuse, attempts=1)
    assert asked[0][1] == 150.0
    assert made.state.last_error.startswith("This agent was revoked.")


def test_a_busy_relay_is_asked_again_soon(
    buffer: Buffer, asked: list[tuple[int, float | None]]
) -> None:
    """Only the jitter; nobody has to act."""

    async def busy(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(pack(Bye("busy", "Full.")))

    against(buffer, busy, attempts=1)
    assert asked[0] == (1, None)


def test_a_relay_that_breaks_the_protocol_waits_long(
    buffer: Buffer, asked: list[tuple[int, float | None]]
) -> None:
    """GOAWAY before the proof is no pause but a fault: anybody could say it."""

    async def early(socket: ServerConnection) -> None:
        await socket.recv()
        await socket.send(pack(GoAway(7, "Upgrading.")))

    made = against(buffer, early, attempts=1)
    assert asked[0][1] == 150.0
    assert "said GOAWAY while the link is greeted" in made.state.last_error


def test_a_pause_asked_for_is_kept_and_useful_sessions_count_from_the_start(
    tmp_path: Path,
) -> None:
    """After rows went through, the next failure is the first again."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            made = client(relay.url, identity, buffer, backoff=Waits())
            buffer.capture(stream="changes", events=prices(1, 3)).result()
            async with running(made):
                await until(lambda: len(relay.got()) == 3)
                await until(lambda: buffer.backlog().result().unacked == 0)
                _ASKED.clear()
                await relay.server.goaway("Upgrading.", most_s=1)
                await until(lambda: bool(_ASKED))
                assert _ASKED[0] == (0, 1.0)

    asyncio.run(story())


# -- what never ends the agent -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "proxy", "sentence"),
    [
        ("ws://127.0.0.1:1/link", None, "can't be reached"),
        ("wss://127.0.0.1:1/link", "http://127.0.0.1:1", "can't be reached"),
        ("wss://relay/link", "ftp://u:hidden@127.0.0.1:1", "proxy's address can't be used"),
        ("wss://relay/link", "socks5://u:hidden@127.0.0.1:1", "proxy's address can't be used"),
        ("http://relay/link", None, "not an address"),
    ],
)
def test_a_wrong_setting_is_a_sentence_on_the_page(
    buffer: Buffer,
    asked: list[tuple[int, float | None]],
    url: str,
    proxy: str | None,
    sentence: str,
) -> None:
    """The link tries again for ever; a password in the proxy's address is not shown."""

    async def story() -> None:
        made = link(url, buffer, proxy=proxy)
        async with running(made):
            await until(lambda: len(asked) >= 2)
        assert sentence in made.state.last_error
        assert "hidden" not in made.state.last_error

    asyncio.run(story())


def test_a_proxy_that_forbids_the_way_is_named(
    buffer: Buffer, asked: list[tuple[int, float | None]]
) -> None:
    """IT can act on it; "can't be reached" alone would send them to the relay."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def story() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        made = link("wss://relay.example/link", buffer, proxy=f"http://127.0.0.1:{port}")
        async with server, running(made):
            await until(lambda: bool(asked))
        assert "proxy does not let us through" in made.state.last_error
        assert "403" in made.state.last_error

    asyncio.run(story())


def test_who_does_not_speak_our_protocol_is_not_spoken_to(
    buffer: Buffer, asked: list[tuple[int, float | None]]
) -> None:
    """A websocket server that is no relay hears nothing, not even who we are."""
    heard: list[object] = []

    async def story() -> None:
        async def listen(socket: ServerConnection) -> None:
            async for message in socket:
                heard.append(message)

        async with serve(listen, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            made = link(f"ws://127.0.0.1:{port}/link", buffer)
            async with running(made):
                await until(lambda: bool(asked))
            assert "does not speak towline.link.v1" in made.state.last_error
            assert heard == []

    asyncio.run(story())


# -- nudging -------------------------------------------------------------------------------------


def test_a_nudge_from_another_thread_sends_at_once(tmp_path: Path) -> None:
    """Capture lives elsewhere; the link must not wait for a heartbeat to look."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            async with running(client(relay.url, identity, buffer)) as made:
                await until(lambda: made.state.connected)
                buffer.capture(stream="changes", events=prices(1, 3)).result()
                thread = threading.Thread(target=made.nudge)
                thread.start()
                thread.join()
                await until(lambda: len(relay.got()) == 3)

    asyncio.run(story())


def test_a_nudge_before_and_after_the_run_is_harmless(buffer: Buffer) -> None:
    """Whoever appends need not know whether the link lives."""
    made = link("ws://127.0.0.1:1/link", buffer)
    made.nudge()

    async def story() -> None:
        async with running(made):
            await until(lambda: made.state.attempts > 0)

    asyncio.run(story())
    made.nudge()
    assert not made.state.connected
