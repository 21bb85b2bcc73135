"""An agent changes its key over a real link, is killed at every step, and always gets in again."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.link_world import Relay, client, prices, relay_and_agent, running, until
from towline_agent.buffer import Buffer
from towline_agent.identity import Identity, load_identity, save_identity
from towline_agent.keeper import Keeper
from towline_agent.key_wish import ask_rotation, rotation_asked
from towline_relay.link import agent_keys, enrolment, session
from towline_relay.link.enrolment import AgentRow
from towline_shared.clock import SystemClock
from towline_shared.frames import Rotated
from towline_shared.sealing import SigningKey


class Killed(Exception):
    """The process ended here."""


def at_the_relay(relay: Relay) -> AgentRow:
    return relay.database.call(lambda db: enrolment.agents(db)[0])


def changed(relay: Relay, folder: Path, before: str) -> bool:
    """Tell whether the change is complete: both hold one new key and nothing is under way."""
    here, there = load_identity(folder), at_the_relay(relay)
    return (
        here.candidate is None
        and here.key.public != before
        and there.public_key == here.key.public
        and there.candidate == ""
    )


def keeper_that_dies(folder: Path, *, step: int, written: bool) -> Keeper:
    """Build a keeper whose process is killed at its n-th write, before it or after it."""
    left = step

    def save(identity: Identity) -> None:
        nonlocal left
        left -= 1
        if left > 0 or written:
            save_identity(folder, identity)
        if left == 0:
            raise Killed

    return Keeper(
        load_identity(folder), save=save, clock=SystemClock(),
        asked=lambda: rotation_asked(folder),
    )  # fmt: skip


def restore(backup: Path, path: Path) -> None:
    """Put an older copy of the relay's file in its place."""
    for kept in path.parent.glob(f"{path.name}*"):
        kept.unlink()
    shutil.copy(backup, path)


async def works(relay: Relay, folder: Path, buffer: Buffer, done: Callable[[], bool]) -> None:
    """Start the agent anew from its folder and wait for something."""
    keeper = Keeper.of(folder, clock=SystemClock())
    async with running(client(relay.url, keeper.identity, buffer, keeper=keeper)):
        await until(done)


def test_a_key_is_changed_on_demand_while_changes_flow(tmp_path: Path) -> None:
    """One reconnect, nothing lost, the old key of no use afterwards."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            folder, before = tmp_path / "agent", identity.key.public
            buffer.capture(stream="changes", events=prices(1, 700)).result()
            ask_rotation(folder, SystemClock().now())
            await works(relay, folder, buffer, lambda: changed(relay, folder, before))
            await works(relay, folder, buffer, lambda: buffer.backlog().result().unacked == 0)
            assert relay.got() == [event.id for event in prices(1, 700)]
            assert at_the_relay(relay).key_since > at_the_relay(relay).created_at
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: "not the one it enrolled" in link.state.last_error)

    asyncio.run(story())


def test_a_key_is_changed_by_itself_when_it_is_old(tmp_path: Path) -> None:
    """Nobody asks; a file that does not know its key's age counts as old."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            folder = tmp_path / "agent"
            save_identity(folder, replace(identity, key_since=None))
            before = identity.key.public
            await works(relay, folder, buffer, lambda: changed(relay, folder, before))

    asyncio.run(story())


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("step", [1, 2, 3])
def test_an_agent_killed_at_any_write_gets_in_and_ends_the_change(
    tmp_path: Path, step: int, written: bool
) -> None:
    """Candidate, "it is good", commit: before each write and after it."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            folder, before = tmp_path / "agent", identity.key.public
            ask_rotation(folder, SystemClock().now())
            dies = keeper_that_dies(folder, step=step, written=written)
            with pytest.raises(Killed):
                await asyncio.wait_for(
                    client(relay.url, identity, buffer, keeper=dies).run(), timeout=20
                )
            await works(relay, folder, buffer, lambda: changed(relay, folder, before))

    asyncio.run(story())


@pytest.mark.parametrize("step", ["before the candidate", "before the answer", "before the end"])
def test_a_relay_killed_at_any_step_lets_the_agent_in_again(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing written, written and not answered, welcomed and not settled."""
    killed = []

    def dies(*arguments: object, **named: object) -> bool:
        killed.append(step)
        raise ConnectionError

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            folder, before = tmp_path / "agent", identity.key.public
            ask_rotation(folder, SystemClock().now())
            with monkeypatch.context() as patch:
                if step == "before the candidate":
                    patch.setattr(agent_keys, "offer", dies)
                elif step == "before the answer":
                    patch.setattr(session, "Rotated", lambda *answer: dies() and Rotated(*answer))
                else:
                    patch.setattr(agent_keys, "settle", _dies_on_change(dies))
                await works(relay, folder, buffer, lambda: len(killed) > 0)
            await relay.stop()
            await relay.start()
            await works(relay, folder, buffer, lambda: changed(relay, folder, before))

    asyncio.run(story())


def _dies_on_change(dies: Callable[..., bool]) -> Callable[..., bool]:
    """Die when a candidate would become the key."""

    def settle(db: object, agent_id: str, *, proved: str, clock: object) -> bool:
        found = enrolment.find_agent(db, agent_id)  # type: ignore[arg-type]
        return dies() if found is not None and found.candidate == proved else False

    return settle


def test_a_relay_restored_to_before_the_change_knows_the_former_key(tmp_path: Path) -> None:
    """The agent opens it with that, and changes to its key once more."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            folder, before = tmp_path / "agent", identity.key.public
            await works(relay, folder, buffer, lambda: at_the_relay(relay).epoch > 0)
            await relay.stop()
            shutil.copy(relay.path, tmp_path / "backup.db")
            await relay.start()
            ask_rotation(folder, SystemClock().now())
            await works(relay, folder, buffer, lambda: changed(relay, folder, before))
            after = load_identity(folder).key.public
            await relay.stop()
            restore(tmp_path / "backup.db", relay.path)
            await relay.start()
            assert at_the_relay(relay).public_key == before
            await works(relay, folder, buffer, lambda: changed(relay, folder, before))
            assert load_identity(folder).key.public == after

    asyncio.run(story())


def test_both_keys_are_good_until_the_new_one_was_heard(tmp_path: Path) -> None:
    """The overlap, by its rows: offered twice is offered once, and only a proof ends it."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, _):
            clock, old, new = SystemClock(), identity.key.public, SigningKey.generate().public

            def settled(proved: str) -> bool:
                return relay.database.call(
                    lambda db: agent_keys.settle(db, identity.agent_id, proved=proved, clock=clock)
                )

            for _ in range(2):
                relay.database.call(
                    lambda db: agent_keys.offer(
                        db, identity.agent_id, proved=old, candidate=new, clock=clock
                    )
                )
            assert not settled(old)
            there = at_the_relay(relay)
            assert (there.public_key, there.candidate) == (old, new)
            assert settled(new)
            assert not settled(new)
            there = at_the_relay(relay)
            assert (there.public_key, there.candidate) == (new, "")

    asyncio.run(story())
