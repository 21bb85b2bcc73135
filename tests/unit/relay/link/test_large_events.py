"""Documents of megabytes over a real link, in both directions, past broken connections."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.link_world import client, prices, relay_and_agent, running, until
from towline_agent.link_session import Session as AgentSession
from towline_shared import caps, parts
from towline_shared.clock import SystemClock
from towline_shared.events import Event, Price, event_id
from towline_shared.frames import Data, Part


def large(number: int, *, size: int = 3_000_000) -> Event:
    body = Price(sku=f"L{number}", row={"T": "ä日x" * (size // 6)})
    return Event(event_id("large", str(number)), body.sku, "test", SystemClock().now(), body)


def test_large_documents_travel_both_ways(tmp_path: Path) -> None:
    """In order with the small ones around them, equal to the last character."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            up = [*prices(1, 3), large(1), *prices(4, 6), large(2)]
            down = [*prices(7, 8), large(3), *prices(9, 9)]
            buffer.capture(stream="changes", events=up).result()
            relay.send_down(identity.agent_id, down)
            async with running(client(relay.url, identity, buffer)):
                await until(lambda: buffer.backlog().result().unacked == 0)
                await until(lambda: buffer.backlog().result().inbox == len(down))
            assert relay.got() == [event.id for event in up]
            assert [row.event for row in buffer.inbox(10).result()] == down

    asyncio.run(story())


def test_a_large_change_does_not_hold_up_a_small_result(tmp_path: Path) -> None:
    """The other stream's row is on the wire between two parts."""
    order: list[str] = []

    async def story(patch: pytest.MonkeyPatch) -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            buffer.capture(stream="changes", events=[large(1)]).result()
            buffer.capture(stream="results", events=prices(1, 1)).result()
            send = AgentSession._send

            async def noted(self: AgentSession, frame: object) -> bytes:
                if isinstance(frame, Part | Data):
                    order.append(frame.name)
                return await send(self, frame)  # type: ignore[arg-type]

            patch.setattr(AgentSession, "_send", noted)
            async with running(client(relay.url, identity, buffer)):
                await until(lambda: len(relay.got()) == 2)

    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(story(patch))
    assert order.count("changes") > 20
    assert order.index("results") <= 1


def test_a_broken_connection_goes_on_where_the_relay_stands(tmp_path: Path) -> None:
    """The link is cut twice in the middle of the document; no part goes twice."""
    sent: list[Part] = []

    async def story(patch: pytest.MonkeyPatch) -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            buffer.capture(stream="changes", events=[large(1)]).result()
            send = AgentSession._send

            async def cut(self: AgentSession, frame: object) -> bytes:
                message = await send(self, frame)  # type: ignore[arg-type]
                if isinstance(frame, Part):
                    sent.append(frame)
                    if len(sent) in (8, 15):
                        # what was sent arrives before the link breaks
                        await until(lambda: _have(relay.server.shelf, identity.agent_id, frame))
                        raise ConnectionResetError("cut")
                return message

            patch.setattr(AgentSession, "_send", cut)
            async with running(client(relay.url, identity, buffer)):
                await until(lambda: len(relay.got()) == 1)

    with pytest.MonkeyPatch.context() as patch:
        asyncio.run(story(patch))
    assert len(sent) > 20
    offsets = [part.offset for part in sent]
    assert offsets == sorted(set(offsets)), "a part was sent twice"


def _have(shelf: parts.Shelf, agent_id: str, part: Part) -> bool:
    end = part.offset + len(part.text.encode())
    return any(kept.offset == end for kept in shelf.kept(agent_id))


def test_sides_that_know_no_parts_work_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older agent or relay: one frame for one document, up to a mebibyte."""
    monkeypatch.setattr(caps, "KNOWN", ())

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            up = [large(1, size=900_000), *prices(1, 1)]
            buffer.capture(stream="changes", events=up).result()
            async with running(client(relay.url, identity, buffer)):
                await until(lambda: buffer.backlog().result().unacked == 0)
            assert relay.got() == [event.id for event in up]
            assert relay.server.shelf.kept(identity.agent_id) == ()

    asyncio.run(story())
