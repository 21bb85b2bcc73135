"""Who gets in at the relay: the newest session, no recording, no stranger, no rule broken."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.link_world import prices, until
from tests.unit.relay.link.session_world import KEY, World, data, play
from towline_relay.link import enrolment
from towline_shared.clock import utc_text
from towline_shared.frames import Ack, Beat, Bye, Data, Frame, GoAway, Resume, Welcome
from towline_shared.sealing import SigningKey


def test_an_older_session_changes_nothing(tmp_path: Path) -> None:
    """Its epoch is stale although its socket lives: not one row, not one acknowledgement."""

    async def story(world: World) -> None:
        old = world.agent()
        welcome = await old.join(world.pinned)
        world.database.call(  # another relay process took the agent over
            lambda db: enrolment.join(
                db,
                agent_id=world.agent_id,
                join_counter=welcome.join_counter,
                clock=world.server.clock,
            )
        )
        await old.say(data(1, prices(1, 3)))
        assert (await old.hear(Bye)).code == "taken_over"
        await world.ended()
        assert (world.durable(), world.got) == (0, [])

    play(tmp_path, story)


def test_the_newest_connection_wins_although_the_old_one_takes_nothing(tmp_path: Path) -> None:
    """A socket half open behind a firewall must not keep its own agent out."""

    async def story(world: World) -> None:
        old = world.agent()
        welcome = await old.join(world.pinned)
        await until(lambda: world.agent_id in world.server.connected())
        old.takes.clear()
        new = world.agent()
        await new.join(world.pinned, join_counter=welcome.join_counter)
        await new.say(data(1, prices(1, 1)))
        assert (await new.hear(Ack)).upto == 1
        await world.ended(0)
        assert old.was_cut
        assert world.server.connected()[world.agent_id].epoch == welcome.epoch + 1

    play(tmp_path, story)


def test_a_recorded_session_can_not_be_played_again(tmp_path: Path) -> None:
    """The relay's nonce and key are fresh, so yesterday's AUTH opens under no key of today."""

    async def story(world: World) -> None:
        agent = world.agent()
        await agent.join(world.pinned)
        await agent.say(data(1, prices(1, 2)))
        await agent.hear(Ack)
        await agent.hang_up()
        await world.ended()
        thief = world.agent()
        for message in agent.said:
            await thief.say_raw(message)
        await world.ended(1)
        assert world.durable() == 2
        epoch = world.database.call(lambda db: enrolment.agents(db)[0].epoch)
        assert epoch == 1

    play(tmp_path, story)


@pytest.mark.parametrize("stranger", ["key", "id"])
def test_an_unknown_agent_and_a_wrong_key_get_one_answer(tmp_path: Path, stranger: str) -> None:
    """Who guesses ids learns nothing."""

    async def story(world: World) -> None:
        agent = world.agent(SigningKey.generate() if stranger == "key" else KEY)
        if stranger == "id":
            agent.agent_id = "nobody"
        await agent.greet(world.pinned)
        bye = await agent.hear(Bye)
        assert bye.code == "unknown"
        assert bye.reason == (
            "The relay does not know this agent, or its key is not the one it enrolled with."
        )
        await world.ended()
        assert world.server.connected() == {}

    play(tmp_path, story)


def test_a_stranger_may_not_say_much(tmp_path: Path) -> None:
    """64 KiB before the proof, however well it compresses."""

    async def story(world: World) -> None:
        agent = world.agent()
        agent.agent_id = "a" * 70_000
        with pytest.raises(AssertionError):
            await agent.greet(world.pinned)
        await world.ended()
        assert agent.closed

    play(tmp_path, story)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (data(1, prices(1, 1), stream_id="other"), "another stream id"),
        (data(1, []), "empty batch"),
        (data(10**9, prices(1, 1)), "beyond its credit"),
        (Data("orders", "s", 1, (("i", "e", "k", "t"),)), "unknown stream 'orders'"),
        (Ack("changes", 1, 1, 1), "unknown stream 'changes'"),
        (Ack("orders", 1, 1, 1), "sent was 0"),
        (Resume("orders", 1), "possible is 0 to 0"),
        (Welcome(1, 1, 20, (), ()), "said WELCOME while the link is open"),
        (GoAway(1, "no"), "said GOAWAY while the link is open"),
    ],
)
def test_an_agent_that_breaks_the_rules_is_told_so(
    tmp_path: Path, frame: Frame, sentence: str
) -> None:
    """The session ends with BYE protocol, and nothing is written."""

    async def story(world: World) -> None:
        agent = world.agent()
        await agent.join(world.pinned)
        await agent.say(frame)
        bye = await agent.hear(Bye)
        assert bye.code == "protocol"
        assert sentence in bye.reason
        await world.ended()
        assert (world.durable(), world.got) == (0, [])
        assert world.server.connected() == {}

    play(tmp_path, story)


def test_revoking_dismisses_the_open_session(tmp_path: Path) -> None:
    """At once, with the reason; what it says afterwards is not taken."""

    async def story(world: World) -> None:
        agent = world.agent()
        await agent.join(world.pinned)
        await until(lambda: world.agent_id in world.server.connected())
        assert await world.server.revoke(world.agent_id)
        assert "revoked" in (await agent.hear(Bye)).reason
        await world.ended()
        assert not await world.server.revoke(world.agent_id)

    play(tmp_path, story)


def test_the_page_knows_who_is_there(tmp_path: Path) -> None:
    """Since when, which version, which partition; and nobody once the agent has left."""

    async def story(world: World) -> None:
        agent = world.agent()
        welcome = await agent.join(world.pinned)
        at = world.server.clock.now() + timedelta(hours=1)
        await agent.say(Beat(utc_text(at)))
        await until(lambda: world.database.call(enrolment.agents)[0].version == "0.1.0")
        link = world.server.connected()[world.agent_id]
        gap = world.server.connected()[world.agent_id].clock_gap_s
        assert gap is not None
        assert abs(gap - 3600) < 60
        await agent.say(Beat("no time at all"))
        await until(lambda: world.server.connected()[world.agent_id].clock_gap_s is None)
        assert (link.epoch, link.version, link.fingerprint) == (
            welcome.epoch, "0.1.0", "partition",
        )  # fmt: skip
        await agent.say(Bye("stop", "The agent is stopping."))
        await world.ended()
        assert world.server.connected() == {}
        assert agent.closed

    play(tmp_path, story)
