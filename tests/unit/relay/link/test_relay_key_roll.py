"""The relay rolls its key: agents are told and follow; who can't is told what to do."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.link_world import Relay, client, prices, relay_and_agent, running, until
from towline_agent.buffer import Buffer
from towline_agent.identity import enrol, load_identity
from towline_agent.keeper import Keeper
from towline_relay.keys import read_or_make_keys, roll_keys
from towline_relay.link import pins
from towline_relay.link.relay_identity import RelayIdentity
from towline_shared import caps
from towline_shared.clock import SystemClock
from towline_shared.errors import Misconfigured, PeerFault
from towline_shared.sealing import SigningKey, fingerprint


async def follows(relay: Relay, folder: Path, buffer: Buffer, agent_id: str) -> None:
    """Let the agent connect until it and the relay agree on the relay's keys."""
    keeper = Keeper.of(folder, clock=SystemClock())
    async with running(client(relay.url, keeper.identity, buffer, keeper=keeper)):
        await until(lambda: list(load_identity(folder).relay_keys) == relay.identity.pinned)
        await until(lambda: agent_id not in relay.database.call(_behind(relay)))
        await until(lambda: buffer.backlog().result().unacked == 0)


def _behind(relay: Relay) -> Callable[[sqlite3.Connection], list[str]]:
    return lambda db: pins.behind(db, relay.identity.next_keys)


def test_a_rolled_key_touches_nobody(tmp_path: Path) -> None:
    """Three rolls, each while the agent knows the next key; it is told about the one after."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            folder, keys = tmp_path / "agent", tmp_path / "relay-identity.json"
            relay.identity = read_or_make_keys(keys)
            await relay.server.adopt(relay.identity)
            identity = await enrol(url=relay.url, code=relay.code(), name="n", folder=folder)
            first = relay.identity.current.public
            for n in range(3):
                assert identity.agent_id not in await relay.server.behind()
                relay.identity = roll_keys(keys)
                await relay.server.adopt(relay.identity)
                assert identity.agent_id in await relay.server.behind()
                buffer.capture(stream="changes", events=prices(n, n)).result()
                await follows(relay, folder, buffer, identity.agent_id)
            assert len(relay.got()) == 3
            assert first not in load_identity(folder).relay_keys

    asyncio.run(story())


def test_an_agent_that_missed_two_rolls_is_told_what_to_compare_and_to_enrol_anew(
    tmp_path: Path,
) -> None:
    """Both fingerprints stand in the sentence: a roll and an interception look alike from here."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            stranger = RelayIdentity(SigningKey.generate(), SigningKey.generate().public)
            await relay.server.adopt(stranger)
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: link.state.last_error != "")
                said = link.state.last_error
                assert fingerprint(stranger.current.public) in said
                assert all(words in said for words in identity.relay_words)
                assert "enrol it anew (towline-agent enrol --replace)" in said
                assert "somebody intercepts the link" in said

    asyncio.run(story())


def test_an_agent_that_can_not_pin_is_not_counted_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent of an older version is welcomed, told nothing, and shows as behind after a roll."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            monkeypatch.setattr(caps, "KNOWN", ())
            rolled = RelayIdentity(relay.identity.current, SigningKey.generate().public)
            await relay.server.adopt(rolled)
            keeper = Keeper.of(tmp_path / "agent", clock=SystemClock())
            buffer.capture(stream="changes", events=prices(1, 5)).result()
            async with running(client(relay.url, identity, buffer, keeper=keeper)):
                await until(lambda: len(relay.got()) == 5)
            assert keeper.identity.relay_keys == identity.relay_keys
            assert await relay.server.behind() == [identity.agent_id]
            assert await relay.server.revoke(identity.agent_id)
            assert await relay.server.behind() == []

    asyncio.run(story())


@pytest.mark.parametrize("named", [(), ("no key",), tuple("k" * 9)])
def test_keys_that_are_none_are_not_pinned(tmp_path: Path, named: tuple[str, ...]) -> None:
    """A relay with a bug must not make an agent forget the keys that work."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (_, identity, __):
            keeper = Keeper.of(tmp_path / "agent", clock=SystemClock())
            with pytest.raises(PeerFault, match="that are none"):
                keeper.pinned(named)
            assert keeper.identity.relay_keys == identity.relay_keys

    asyncio.run(story())


# -- the file ------------------------------------------------------------------------------------


def test_the_next_key_becomes_the_current_one_on_disk(tmp_path: Path) -> None:
    """What a restart reads is what the roll returned; the old private key is gone."""
    path = tmp_path / "identity.json"
    before = read_or_make_keys(path)
    after = roll_keys(path)
    assert after.current.public == before.next_public
    assert after.next_public not in before.pinned
    again = read_or_make_keys(path)
    assert (again.current.public, again.next_public) == (after.current.public, after.next_public)
    assert before.current.secret_text() not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert after.words == [fingerprint(key) for key in after.pinned]


def test_a_file_that_is_not_there_is_not_rolled(tmp_path: Path) -> None:
    """A typing error in the folder's name must not make a relay nobody knows."""
    with pytest.raises(Misconfigured, match="can't be read as the relay's keys"):
        roll_keys(tmp_path / "identity.json")
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_can_not_be_written_stays(tmp_path: Path) -> None:
    """The old file is whole when the new one has no place."""
    path = tmp_path / "identity.json"
    before = read_or_make_keys(path)
    (tmp_path / "identity.json.new").mkdir()
    with pytest.raises(Misconfigured, match="can't be made"):
        roll_keys(path)
    assert read_or_make_keys(path).pinned == before.pinned
