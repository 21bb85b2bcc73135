"""An agent with a P-256 key, from its enrolment on, beside one with an Ed25519 key."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.link_world import Relay, client, prices, relay_and_agent, running, until
from towline_agent.identity import Identity, enrol, load_identity
from towline_agent.keeper import Keeper
from towline_agent.key_wish import ask_rotation
from towline_relay.keys import read_or_make_keys, roll_keys
from towline_relay.link import enrolment
from towline_shared.clock import SystemClock
from towline_shared.errors import Refused
from towline_shared.sealing import ED25519, P256, SigningKey, algorithm_of


async def enrolled(relay: Relay, folder: Path, algorithm: str = P256) -> Identity:
    return await enrol(
        url=relay.url, code=relay.code(), name="n", folder=folder, algorithm=algorithm
    )


def test_both_kinds_work_side_by_side_through_rotation_and_roll(tmp_path: Path) -> None:
    """Events flow, the new key is of the old one's kind, and the relay's roll covers both."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, first, buffer):
            path, folder = tmp_path / "relay-identity.json", tmp_path / "p256"
            await relay.server.adopt(read_or_make_keys(path), most_s=1)
            other = await enrolled(relay, tmp_path / "other", ED25519)
            identity = await enrolled(relay, folder)
            assert {algorithm_of(key) for key in identity.relay_keys} == {P256}
            assert {algorithm_of(key) for key in other.relay_keys} == {ED25519}
            ask_rotation(folder, SystemClock().now())
            buffer.capture(stream="changes", events=prices(1, 30)).result()
            keeper = Keeper.of(folder, clock=SystemClock())
            async with running(client(relay.url, identity, buffer, keeper=keeper)):
                await until(lambda: load_identity(folder).former is not None)
                await until(lambda: buffer.backlog().result().unacked == 0)
                assert load_identity(folder).key.algorithm == P256
                await until(lambda: key_at(relay, identity) == load_identity(folder).key.public)
                assert await relay.server.behind() == [first.agent_id]
                await relay.server.adopt(roll_keys(path), most_s=1)
                wanted = relay.server.identity.of(P256).pinned
                await until(lambda: list(load_identity(folder).relay_keys) == wanted)

    asyncio.run(story())


def key_at(relay: Relay, identity: Identity) -> str:
    found = relay.database.call(lambda db: enrolment.find_agent(db, identity.agent_id))
    assert found is not None
    return found.public_key


def test_a_relay_without_the_kind_refuses_the_enrolment_and_keeps_the_code(tmp_path: Path) -> None:
    """The sentence says what is missing; with the other kind the same code is still good."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, _, __):
            code = relay.code()
            with pytest.raises(Refused, match="no key of the agent's kind"):
                await enrol(
                    url=relay.url, code=code, name="n", folder=tmp_path / "x", algorithm=P256
                )
            assert await enrol(url=relay.url, code=code, name="n", folder=tmp_path / "x")

    asyncio.run(story())


def test_a_relay_without_the_kind_refuses_the_session(tmp_path: Path) -> None:
    """Its file was lost and made anew by an older release, for example."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            stranger = replace(identity, key=SigningKey.generate(P256))
            async with running(client(relay.url, stranger, buffer)) as link:
                await until(lambda: "no key of the agent's kind" in link.state.last_error)

    asyncio.run(story())


def test_a_file_of_one_kind_gets_the_other_and_keeps_its_own(tmp_path: Path) -> None:
    """A relay that is upgraded: its agents see the keys they pinned."""
    path = tmp_path / "identity.json"
    whole = read_or_make_keys(path)
    text = path.read_text(encoding="ascii")
    path.write_text(text[: text.index(', "p256"')] + "}", encoding="ascii")
    grown = read_or_make_keys(path)
    assert grown.pinned == whole.pinned
    assert grown.p256 is not None
    assert grown.of(P256).pinned != whole.of(P256).pinned
    again = read_or_make_keys(path)
    assert again.of(P256).pinned == grown.of(P256).pinned
