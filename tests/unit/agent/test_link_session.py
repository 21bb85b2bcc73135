"""One session of the agent against a relay that says what a test wants."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from datetime import timedelta

import pytest

from tests.support.link_world import prices, until
from tests.support.scripted_relay import (
    PATIENCE_S,
    THEIRS,
    LeapingClock,
    Notes,
    ScriptedRelay,
    session_of,
)
from tests.unit.agent.link_story import buffer, goodbye, play, wire
from towline_agent.buffer import Buffer
from towline_shared.clock import ManualClock, utc_text
from towline_shared.errors import Retryable
from towline_shared.frames import Ack, Beat, Credit, Data, Limit, Position, Resume, Welcome
from towline_shared.stream_log import Received

__all__ = ["buffer"]


def test_a_session_sends_within_the_credit_and_notes_what_is_durable(buffer: Buffer) -> None:
    """Three rows may go, so three go; the fourth waits for credit."""
    buffer.capture(stream="changes", events=prices(1, 5)).result()

    async def story(relay: ScriptedRelay) -> None:
        await relay.welcome(limit=3)
        first = await relay.hear(Data)
        assert (first.name, first.first, len(first.rows)) == ("changes", 1, 3)
        await relay.say(Ack("changes", 3, 4, 1 << 20))
        second = await relay.hear(Data)
        assert (second.first, len(second.rows)) == (4, 1)
        await relay.say(Credit("changes", 99, 1 << 20))
        assert (await relay.hear(Data)).first == 5
        await relay.say(Resume("changes", 3))
        again = await relay.hear(Data)
        assert (again.first, len(again.rows)) == (4, 2)
        await goodbye(relay)

    ended, notes = play(buffer, story)
    assert isinstance(ended, Retryable)
    assert notes.epochs == [5]
    assert notes.acks == [("changes", 3)]
    assert buffer.backlog().result().unacked == 2
    assert buffer.meta("join_counter").result() == "6"
    assert buffer.load_place().result() == ("changes", 5)


def test_a_load_goes_beside_the_changes_when_the_relay_says_so(buffer: Buffer) -> None:
    """The word of the last WELCOME counts; an older relay takes it back."""
    for said, stream in ((("bulk",), "bulk"), (("rotate",), "changes")):

        async def story(relay: ScriptedRelay, said: tuple[str, ...] = said) -> None:
            await relay.welcome(caps=said)
            await relay.hear(Beat)
            await goodbye(relay)

        play(buffer, story)
        assert buffer.load_place().result() == (stream, 0)


def test_documents_are_on_disk_before_they_are_acknowledged(buffer: Buffer) -> None:
    """A gap is answered with RESUME, a repetition with the truth."""
    orders = prices(1, 3)

    async def story(relay: ScriptedRelay) -> None:
        await relay.welcome()
        granted = await relay.hear(Credit)
        assert granted.name == "orders"
        await relay.say(Data("orders", THEIRS, 2, wire(orders[1:])))
        assert await relay.hear(Resume) == Resume("orders", 0)
        for _ in range(2):
            await relay.say(Data("orders", THEIRS, 1, wire(orders)))
            ack = await relay.hear(Ack)
            assert (ack.name, ack.upto) == ("orders", 3)
            on_disk = await asyncio.wrap_future(buffer.inbox(9))
            assert len(on_disk) == 3
        await goodbye(relay)

    _, notes = play(buffer, story)
    assert notes.arrivals == 2
    assert [row.event for row in buffer.inbox(9).result()] == orders


def test_an_acknowledgement_waits_for_the_commit(
    buffer: Buffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the disk takes: nothing is said until the buffer says that it holds the rows."""
    committed: Future[tuple[Received, int]] = Future()
    asked = asyncio.Event()

    def slow(name: str, **batch: object) -> Future[tuple[Received, int]]:
        asked.set()
        return committed

    async def story(relay: ScriptedRelay) -> None:
        await relay.welcome()
        await relay.hear(Beat)
        monkeypatch.setattr(buffer, "receive", slow)
        await relay.say(Data("orders", THEIRS, 1, wire(prices(1, 2))))
        await asyncio.wait_for(asked.wait(), PATIENCE_S)
        for _ in range(200):  # let everything run that can
            await asyncio.sleep(0)
        assert relay.heard_everything
        committed.set_result((Received.NEW, 2))
        assert (await relay.hear(Ack)).upto == 2
        await goodbye(relay)

    play(buffer, story)


def test_the_first_word_after_welcome_is_a_heartbeat(buffer: Buffer) -> None:
    """It confirms the join counter, so it must not wait for an interval."""

    async def story(relay: ScriptedRelay) -> None:
        await relay.welcome()
        assert "heartbeat" in (await relay.hear(Beat)).event
        await goodbye(relay)

    play(buffer, story)


def test_heartbeats_tell_clock_and_backlog_both_ways(buffer: Buffer) -> None:
    """The relay hears our time; we hear how far its clock is ahead, and what it has for us."""
    clock = ManualClock()

    async def both() -> None:
        relay, notes = ScriptedRelay(), Notes()
        session = session_of(relay, buffer, notes, relay.key.public, clock=clock)
        served = asyncio.create_task(session.serve())
        await relay.welcome()
        beat = await relay.hear(Beat)
        assert (beat.at, beat.backlog) == (utc_text(clock.now()), 7)
        await relay.say(Beat(utc_text(clock.now() + timedelta(minutes=3)), backlog=12))
        await relay.say(Beat("yesterday", backlog=-5))
        await goodbye(relay)
        with pytest.raises(Retryable):
            await asyncio.wait_for(served, PATIENCE_S)
        assert notes.beats == [(180.0, 12), (None, 0)]

    asyncio.run(both())


def test_reading_goes_on_while_the_relay_takes_nothing(buffer: Buffer) -> None:
    """Two ends that read only while they may write could wait for each other for ever."""
    buffer.capture(stream="changes", events=prices(1, 3)).result()
    orders = prices(11, 40)

    async def story(relay: ScriptedRelay) -> None:
        await relay.welcome()
        await relay.hear(Credit)
        relay.takes.clear()
        for n, row in enumerate(wire(orders), 1):
            await relay.say(Data("orders", THEIRS, n, (row,)))
        await until(lambda: buffer.backlog().result().inbox == 30)
        relay.takes.set()
        acks = [await relay.hear(Ack)]
        while acks[-1].upto < 30:
            acks.append(await relay.hear(Ack))
        assert len(acks) < 30  # the newest says it all
        await goodbye(relay)

    _, notes = play(buffer, story)
    assert notes.arrivals == 30


def test_a_relay_that_vanished_behind_full_buffers_is_noticed(buffer: Buffer) -> None:
    """The heartbeat that can't be sent must not keep the agent from looking at the clock."""
    buffer.capture(stream="changes", events=prices(1, 3)).result()

    async def both() -> None:
        relay = ScriptedRelay()
        notes = Notes()
        clock = LeapingClock()
        session = session_of(relay, buffer, notes, relay.key.public, clock=clock)
        served = asyncio.create_task(session.serve())
        await relay.welcome(heartbeat_s=2)
        await until(lambda: notes.epochs == [5])
        relay.takes.clear()
        clock.leap(60)
        with pytest.raises(Retryable, match="silent too long"):
            await asyncio.wait_for(served, PATIENCE_S)

    asyncio.run(both())


def test_a_small_stream_does_not_wait_for_a_large_one(buffer: Buffer) -> None:
    """Streams take turns: the snapshot must not hold up the change of a minute ago."""
    buffer.capture(stream="bulk", events=prices(1, 2000)).result()
    buffer.capture(stream="results", events=prices(3001, 3001)).result()

    async def story(relay: ScriptedRelay) -> None:
        await relay.prove()
        ids = relay.stream_ids
        positions = tuple(Position(n, "up", ids[n], 0, "") for n in ("bulk", "results"))
        limits = tuple(Limit(n, 5000, 1 << 30) for n in ("bulk", "results"))
        await relay.say(Welcome(5, 6, 20, positions, limits))
        names = [(await relay.hear(Data)).name for _ in range(3)]
        assert "results" in names[:2]
        await goodbye(relay)

    play(buffer, story)
