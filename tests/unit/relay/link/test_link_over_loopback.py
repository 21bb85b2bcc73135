"""Agent and relay over real websockets, with real files on both sides."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from tests.support.black_hole import BlackHole
from tests.support.link_world import client, prices, relay_and_agent, running, until
from tests.support.scripted_relay import LeapingClock
from towline_agent import speaker
from towline_agent.buffer import Buffer
from towline_agent.identity import enrol, load_identity
from towline_relay.link import enrolment
from towline_shared.clock import SystemClock
from towline_shared.codec import encode
from towline_shared.errors import Misconfigured, Refused
from towline_shared.events import Event, Price, event_id
from towline_shared.sealing import SigningKey


def test_events_go_up_and_documents_come_down(tmp_path: Path) -> None:
    """Both directions over one sealed socket; acknowledged only after both commits."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            sent = prices(1, 1200)
            buffer.capture(stream="changes", events=sent).result()
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: buffer.backlog().result().unacked == 0)
                assert relay.got() == [event.id for event in sent]
                assert link.state.connected
                assert link.state.acked["changes"] == 1200
                down = prices(5001, 5003)
                relay.send_down(identity.agent_id, down)
                await until(lambda: buffer.backlog().result().inbox == 3)
                assert [row.event for row in buffer.inbox(10).result()] == down

    asyncio.run(story())


def test_a_relay_that_restarts_costs_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    """While it is away the agent buffers; afterwards everything arrives once, in order."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            buffer.capture(stream="changes", events=prices(1, 50)).result()
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: len(relay.got()) == 50)
                await relay.stop()
                await until(lambda: not link.state.connected)
                buffer.capture(stream="changes", events=prices(51, 80)).result()
                await relay.start()
                await until(lambda: buffer.backlog().result().unacked == 0)
                assert relay.got() == [event.id for event in prices(1, 80)]

    asyncio.run(story())


def test_a_relay_whose_disk_is_full_loses_nothing_and_heals_without_hands(tmp_path: Path) -> None:
    """What can't be written is not acknowledged; the agent says why, waits, and goes on."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):

            def cap(db: sqlite3.Connection) -> None:
                pages = db.execute("PRAGMA page_count").fetchone()[0]
                db.execute(f"PRAGMA max_page_count={pages + 2}")

            def lift(db: sqlite3.Connection) -> None:
                db.execute("PRAGMA max_page_count=1000000")

            relay.database.call(cap)
            buffer.capture(stream="changes", events=prices(1, 900)).result()
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: link.state.attempts >= 3)
                assert not link.state.connected or link.state.last_error
                acked = link.state.acked.get("changes", 0)
                assert acked <= len(relay.got()) < 900
                relay.database.call(lift)
                await until(lambda: buffer.backlog().result().unacked == 0)
                assert relay.got() == [event.id for event in prices(1, 900)]

    asyncio.run(story())


def test_an_agent_that_restarts_goes_on_where_the_relay_stands(tmp_path: Path) -> None:
    """The next session resumes from the relay's word, not from memory."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            for round_ in range(4):
                first = round_ * 10 + 1
                buffer.capture(stream="changes", events=prices(first, first + 9)).result()
                async with running(client(relay.url, identity, buffer)):
                    await until(lambda n=first + 9: len(relay.got()) == n)  # type: ignore[misc]
            assert relay.got() == [event.id for event in prices(1, 40)]
            epoch = relay.database.call(lambda db: enrolment.agents(db)[0].epoch)
            assert epoch == 4

    asyncio.run(story())


def test_a_stranger_with_a_key_of_his_own_is_refused(tmp_path: Path) -> None:
    """Knowing the agent's id is not enough; the sentence reaches the agent's page."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            stranger = replace(identity, key=SigningKey.generate())
            buffer.capture(stream="changes", events=prices(1, 1)).result()
            async with running(client(relay.url, stranger, buffer)) as link:
                await until(lambda: link.state.last_error != "")
                assert "does not know this agent" in link.state.last_error
                assert relay.got() == []

    asyncio.run(story())


def test_a_relay_with_another_key_is_not_believed(tmp_path: Path) -> None:
    """A proxy that ends the TLS can't show the pinned key, so it gets nothing."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            wary = replace(identity, relay_keys=(SigningKey.generate().public,))
            buffer.capture(stream="changes", events=prices(1, 1)).result()
            async with running(client(relay.url, wary, buffer)) as link:
                await until(lambda: link.state.last_error != "")
                assert "does not accept" in link.state.last_error
                assert relay.got() == []

    asyncio.run(story())


def test_a_revoked_agent_is_out_at_once(tmp_path: Path) -> None:
    """Revocation ends the open session and refuses the next."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: link.state.connected)
                assert await relay.server.revoke(identity.agent_id)
                await until(lambda: "revoked" in link.state.last_error)
                buffer.capture(stream="changes", events=prices(1, 1)).result()
                link.nudge()
                await until(lambda: link.state.attempts > 1)
                assert relay.got() == []

    asyncio.run(story())


def test_a_copy_of_an_agent_is_refused_and_named(tmp_path: Path) -> None:
    """A restored folder shows an old join counter: two machines would share one identity."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: link.state.connected)
                await until(lambda: bool(relay.server.connected()))
            buffer.close()
            shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("relay*"))
            original = Buffer(tmp_path / "buffer.db", clock=SystemClock())
            clone = Buffer(tmp_path / "copy" / "buffer.db", clock=SystemClock())
            try:
                for _ in range(2):
                    async with running(client(relay.url, identity, original)) as link:
                        await until(
                            lambda: any(
                                each.heartbeat for each in relay.server.connected().values()
                            )
                        )
                async with running(client(relay.url, identity, clone)) as link:
                    await until(lambda: "old join counter" in link.state.last_error)
                row = relay.database.call(lambda db: enrolment.agents(db)[0])
                assert "two machines use one identity" in row.suspicion
            finally:
                original.close()
                clone.close()

    asyncio.run(story())


def test_a_relay_restored_from_a_backup_gets_what_it_lost(tmp_path: Path) -> None:
    """The agent keeps acknowledged rows for a while; the restored relay asks for them again."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            buffer.capture(stream="changes", events=prices(1, 40)).result()
            async with running(client(relay.url, identity, buffer)):
                await until(lambda: len(relay.got()) == 40)
            await relay.stop()
            shutil.copy(relay.path, tmp_path / "backup.db")
            await relay.start()
            for last in (70, 90):  # two more sessions: the join counter moves on, too
                buffer.capture(stream="changes", events=prices(last - 19, last)).result()
                async with running(client(relay.url, identity, buffer)):
                    await until(lambda: buffer.backlog().result().unacked == 0)
            await relay.stop()  # which leaves one whole file, no write-ahead log
            shutil.copy(tmp_path / "backup.db", relay.path)
            await relay.start()
            assert len(relay.got()) == 40
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: len(relay.got()) == 80)
                assert link.state.last_error == ""
            expected = [*prices(1, 40), *prices(51, 70), *prices(71, 90)]
            assert relay.got() == [event.id for event in expected]

    asyncio.run(story())


def test_a_connection_that_died_without_a_word_is_replaced(tmp_path: Path) -> None:
    """A firewall forgets the connection while both directions are full; all arrives once."""

    async def story() -> None:
        async with relay_and_agent(tmp_path, heartbeat_s=2) as (relay, identity, buffer):
            async with BlackHole(relay.port) as hole:
                url = f"ws://127.0.0.1:{hole.port}/link"
                clock = LeapingClock()  # hasty time would call a slow disk dead, too
                made = client(url, identity, buffer, clock=clock)
                async with running(made):
                    await until(lambda: made.state.connected)  # WELCOME, too, has come through
                    hole.swallow()
                    large = [large_price(n) for n in range(1, 13)]
                    buffer.capture(stream="changes", events=large).result()
                    made.nudge()
                    relay.send_down(identity.agent_id, prices(1, 3))
                    clock.leap(60)
                    await until(lambda: len(relay.got()) == 12)
                    await until(lambda: buffer.backlog().result().inbox == 3)
            assert relay.got() == [event.id for event in large]
            assert hole.connections >= 2

    asyncio.run(story())


def large_price(n: int) -> Event:
    """Return an event that no compression makes small, so that a dozen fill any buffer."""
    noise = random.Random(n).randbytes(450_000).hex()
    now = SystemClock().now()
    return Event(event_id("large", str(n)), f"S{n}", "test", now, Price(f"S{n}", row={"N": noise}))


def test_a_code_is_good_once(tmp_path: Path) -> None:
    """The second use, a wrong code and a malformed request are refused with a sentence."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, _, _):
            code = relay.code()
            first = await enrol(
                url=relay.url, code=code.lower(), name="x", folder=tmp_path / "first"
            )
            assert load_identity(tmp_path / "first").agent_id == first.agent_id
            with pytest.raises(Refused, match="not valid"):
                await enrol(url=relay.url, code=code, name="x", folder=tmp_path / "second")
            assert not (tmp_path / "second").exists()
            async with aiohttp.ClientSession() as session:
                url = f"http://127.0.0.1:{relay.port}/link/enrol"
                async with session.post(url, data=b"no json") as reply:
                    assert reply.status == 400
                wrong = {"code": code, "public_key": "x"}
                async with session.post(url, json=wrong) as reply:
                    assert "of no kind this relay knows" in (await reply.json())["error"]

    asyncio.run(story())


def test_guessing_codes_is_slowed_down(tmp_path: Path) -> None:
    """After ten wrong codes the address is told to wait, even with a right one."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, _, _):
            body = {"code": "WRONG", "public_key": SigningKey.generate().public}
            async with aiohttp.ClientSession() as session:
                url = f"http://127.0.0.1:{relay.port}/link/enrol"
                statuses = []
                for _ in range(11):
                    async with session.post(url, json=body) as reply:
                        statuses.append(reply.status)
                assert statuses == [403] * 10 + [429]

    asyncio.run(story())


def test_an_identity_file_others_can_read_is_refused(tmp_path: Path) -> None:
    """The private key is a 0600 file or it is not used."""

    async def story() -> None:
        async with relay_and_agent(tmp_path):
            path = tmp_path / "agent" / "identity.json"
            assert path.stat().st_mode & 0o777 == 0o600
            path.chmod(0o644)
            with pytest.raises(Misconfigured, match="chmod 600"):
                load_identity(tmp_path / "agent")
            path.chmod(0o600)
            path.write_text(json.dumps({"agent_id": 1}))
            with pytest.raises(Misconfigured, match="can't be read as an identity"):
                load_identity(tmp_path / "agent")

    asyncio.run(story())


def test_garbage_on_the_socket_ends_that_socket_only(tmp_path: Path) -> None:
    """Whatever a stranger sends, the relay closes his connection and serves the others."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            async with aiohttp.ClientSession() as session:
                for garbage in (b"", b"\x01", b"\x01\x00{}", b"\xff" * 100, b"\x01\x01\x00"):
                    async with session.ws_connect(
                        relay.url, protocols=("towline.link.v1",)
                    ) as socket:
                        await socket.send_bytes(garbage)
                        answer = await socket.receive(timeout=10)
                        assert answer.type in (
                            aiohttp.WSMsgType.BINARY,
                            aiohttp.WSMsgType.CLOSE,
                        )
            buffer.capture(stream="changes", events=prices(1, 3)).result()
            async with running(client(relay.url, identity, buffer)):
                await until(lambda: len(relay.got()) == 3)

    asyncio.run(story())


def test_an_agent_that_looked_before_it_ever_met_the_relay_is_welcome(tmp_path: Path) -> None:
    """The delivery loop asks the inbox from the first second; that must not name the streams."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            assert buffer.inbox(10).result() == []
            relay.send_down(identity.agent_id, prices(1, 2))
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: buffer.backlog().result().inbox == 2)
                assert link.state.last_error == ""

    asyncio.run(story())


def test_an_agent_newer_than_the_relay_keeps_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heartbeat with a field the relay can't read is still a sign of life, not a fault."""

    def newer(event: Event) -> str:
        return encode(event).replace('"body":{', '"body":{"from_the_future":1,')

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            monkeypatch.setattr(speaker, "encode", newer)
            async with running(client(relay.url, identity, buffer)):
                await until(lambda: relay.database.call(enrolment.agents)[0].version != "")
                assert relay.database.call(enrolment.agents)[0].epoch == 1
                assert [each.heartbeat for each in relay.server.connected().values()] == [None]

    asyncio.run(story())
