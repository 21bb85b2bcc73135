"""The two doors of the link: what is let in, what is answered, what is slowed down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientConnectionResetError, web
from aiohttp.http_writer import StreamWriter

from tests.support.link_world import Relay
from towline_relay.link import enrolment
from towline_relay.link.server import LinkServer
from towline_shared.clock import ManualClock
from towline_shared.sealing import SigningKey

PUBLIC = SigningKey.generate().public


class Door:
    """A link server on loopback, and a visitor."""

    def __init__(self, relay: Relay, visitor: aiohttp.ClientSession) -> None:
        self.relay = relay
        self.visitor = visitor
        self.url = f"http://127.0.0.1:{relay.port}/link"

    async def enrol(self, body: Any) -> tuple[int, dict[str, Any]]:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        async with self.visitor.post(f"{self.url}/enrol", data=text) as reply:
            return reply.status, await reply.json()


@asynccontextmanager
async def door(folder: Path) -> AsyncIterator[Door]:
    relay = Relay(folder)
    await relay.start()
    try:
        async with aiohttp.ClientSession() as visitor:
            yield Door(relay, visitor)
    finally:
        await relay.stop()


# -- enrolment -----------------------------------------------------------------------------------


def test_a_code_gives_an_id_and_the_relays_keys(tmp_path: Path) -> None:
    """The name is the one the code was made for, not the one the agent says."""

    async def story() -> None:
        async with door(tmp_path) as at:
            code = at.relay.code("store room")
            status, answer = await at.enrol({"code": code, "public_key": PUBLIC, "name": "mine"})
            assert status == 200
            row = at.relay.database.call(enrolment.agents)[0]
            assert answer == {
                "agent_id": row.agent_id, "tenant": "t", "name": "store room",
                "relay_keys": at.relay.identity.pinned, "waiting": False,
            }  # fmt: skip
            assert row.public_key == PUBLIC

    asyncio.run(story())


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff\xfe", 400),
        ("[" * 3000, 400),
        ("[]", 400),
        ({"code": "x"}, 400),
        ({"code": "x", "public_key": "short"}, 400),
        ({"code": "x", "public_key": PUBLIC + "="}, 400),
        ({"code": "x", "public_key": "\ud800"}, 400),
        ({"code": "\ud800", "public_key": PUBLIC}, 403),
        ({"code": None, "public_key": PUBLIC}, 403),
        ({"code": "x" * 5000, "public_key": PUBLIC}, 413),
    ],
)
def test_what_is_no_enrolment_gets_a_sentence(tmp_path: Path, body: Any, status: int) -> None:
    """Whatever a stranger posts, there is an answer in words, and no agent."""

    async def story() -> None:
        async with door(tmp_path) as at:
            got, answer = await at.enrol(body)
            assert got == status
            assert answer["error"].endswith(".")
            assert at.relay.database.call(enrolment.agents) == []

    asyncio.run(story())


def test_a_malformed_request_costs_no_code(tmp_path: Path) -> None:
    """The key is looked at before the code is used up."""

    async def story() -> None:
        async with door(tmp_path) as at:
            code = at.relay.code()
            assert (await at.enrol({"code": code, "public_key": "x"}))[0] == 400
            assert (await at.enrol({"code": code, "public_key": PUBLIC}))[0] == 200

    asyncio.run(story())


def test_guessing_is_slowed_down_for_a_while(tmp_path: Path) -> None:
    """Ten wrong codes in ten minutes, then even a right one waits; later all is forgotten."""

    async def story() -> None:
        async with door(tmp_path) as at:
            at.relay.server.clock = clock = ManualClock(at.relay.server.clock.now())
            wrong = {"code": "WRONG", "public_key": PUBLIC}
            right = {"code": at.relay.code(), "public_key": PUBLIC}
            assert [(await at.enrol(wrong))[0] for _ in range(11)] == [403] * 10 + [429]
            assert (await at.enrol(right))[0] == 429
            clock.advance(601)
            assert (await at.enrol(right))[0] == 200

    asyncio.run(story())


def test_who_tried_once_is_not_remembered_for_ever(tmp_path: Path) -> None:
    """The memory of wrong codes can't be filled up by visitors."""

    async def story() -> None:
        async with door(tmp_path) as at:
            server: LinkServer = at.relay.server
            server.clock = clock = ManualClock(server.clock.now())
            await at.enrol({"code": "WRONG", "public_key": PUBLIC})
            assert len(server._failures) == 1
            clock.advance(601)
            await at.enrol({"code": at.relay.code(), "public_key": PUBLIC})
            assert server._failures == {}

    asyncio.run(story())


# -- the link ------------------------------------------------------------------------------------


def test_only_our_subprotocol_is_spoken(tmp_path: Path) -> None:
    """Another version of the protocol is told so in the words of websockets."""

    async def story() -> None:
        async with (
            door(tmp_path) as at,
            at.visitor.ws_connect(at.url, protocols=("towline.link.v9",)) as socket,
        ):
            message = await socket.receive(timeout=10)
            assert message.type is aiohttp.WSMsgType.CLOSE
            assert socket.close_code == 1002

    asyncio.run(story())


def test_a_browser_that_looks_is_told_what_this_is(tmp_path: Path) -> None:
    """No websocket, no session."""

    async def story() -> None:
        async with door(tmp_path) as at, at.visitor.get(at.url) as reply:
            assert reply.status == web.HTTPBadRequest.status_code

    asyncio.run(story())


def test_an_agent_that_hangs_up_before_it_is_answered_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bad line ends connections at any moment; the log must not cry about it."""

    def gone(writer: StreamWriter) -> None:
        assert writer.transport is not None
        writer.transport.close()
        raise ClientConnectionResetError("Cannot write to closing transport")

    async def story() -> None:
        async with door(tmp_path) as at:
            monkeypatch.setattr(StreamWriter, "send_headers", gone)
            with pytest.raises(aiohttp.ClientError):
                await at.visitor.ws_connect(at.url, protocols=["towline.link.v1"])
            assert at.relay.server.connected() == {}

    asyncio.run(story())
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
