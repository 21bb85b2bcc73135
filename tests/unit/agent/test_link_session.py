"""One session of the agent against a relay that says what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path

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
from towline_agent.buffer import Buffer
from towline_shared.clock import ManualClock, SystemClock, utc_text
from towline_shared.codec import encode
from towline_shared.errors import PeerFault, Permanent, Retryable, TowlineError
from towline_shared.events import Event
from towline_shared.frames import (
    Ack,
    Beat,
    Bye,
    Credit,
    Data,
    Frame,
    GoAway,
    Limit,
    Position,
    Resume,
    Welcome,
)
from towline_shared.handshake import Diverged
from towline_shared.sealing import SigningKey
from towline_shared.stream_log import Received, StreamState


@pytest.fixture
def buffer(tmp_path: Path) -> Iterator[Buffer]:
    opened = Buffer(tmp_path / "buffer.db", clock=SystemClock())
    yield opened
    opened.close()


Story = Callable[[ScriptedRelay], Awaitable[None]]


def play(buffer: Buffer, story: Story, *, pinned: str | None = None) -> tuple[TowlineError, Notes]:
    """Run a session against a story; return how it ended and what the listener heard."""
    notes = Notes()

    async def both() -> TowlineError:
        relay = ScriptedRelay()
        session = session_of(relay, buffer, notes, pinned or relay.key.public)
        served = asyncio.create_task(session.serve())
        await story(relay)
        with pytest.raises(TowlineError) as caught:
            await asyncio.wait_for(served, PATIENCE_S)
        return caught.value

    return asyncio.run(both()), notes


async def goodbye(relay: ScriptedRelay) -> None:
    await relay.say(Bye("stop", "The relay is stopping."))


def wire(events: list[Event]) -> tuple[tuple[str, str, str, str], ...]:
    return tuple((event.id, event.entity, event.key, encode(event)) for event in events)


# -- at work -------------------------------------------------------------------------------------


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


# -- a relay that takes nothing ------------------------------------------------------------------


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


# -- ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("stop", Retryable),
        ("taken_over", Retryable),
        ("unknown", Permanent),
        ("revoked", Permanent),
        ("clone", Permanent),
        ("diverged", Permanent),
        ("from the future", Permanent),
    ],
)
def test_a_bye_ends_with_the_relays_sentence_and_a_verdict(
    buffer: Buffer, code: str, kind: type[TowlineError]
) -> None:
    """Before WELCOME or after it."""

    async def refused(relay: ScriptedRelay) -> None:
        await relay.prove()
        await relay.say(Bye(code, "Because."))

    async def ended(relay: ScriptedRelay) -> None:
        await relay.welcome()
        await relay.say(Bye(code, "Because."))

    for story in (refused, ended):
        error, _ = play(buffer, story)
        assert type(error) is kind
        assert error.what == "Because."


@pytest.mark.parametrize(
    ("said", "waits"), [(17, 17.0), (0, 0.0), (-5, 0.0), (3600, 3600.0), (1 << 62, 3600.0)]
)
def test_a_goaway_names_the_pause(buffer: Buffer, said: int, waits: float) -> None:
    """The reconnecting side waits at least that long, and never more than an hour."""

    async def story(relay: ScriptedRelay) -> None:
        await relay.welcome()
        await relay.say(GoAway(said, "Upgrading."))

    error, _ = play(buffer, story)
    assert isinstance(error, Retryable)
    assert (error.retry_after_s, error.what) == (waits, "Upgrading.")


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (Data("orders", "other", 1, wire(prices(1, 1))), "another stream id"),
        (Data("orders", THEIRS, 1, ()), "empty batch"),
        (Data("orders", THEIRS, 10**9, wire(prices(1, 1))), "beyond its credit"),
        (Data("changes", "s", 1, wire(prices(1, 1))), "unknown stream 'changes'"),
        (Data("x" * 99_999, "s", 1, wire(prices(1, 1))), "unknown stream 'xxx"),
        (Ack("bulk", 1, 1, 1), "unknown stream 'bulk'"),
        (Ack("changes", 1, 1, 1), "sent was 0"),
        (Resume("changes", 1), "possible is 0 to 0"),
        (Welcome(1, 1, 20, (), ()), "said WELCOME while the link is open"),
    ],
)
def test_a_relay_that_breaks_the_rules_is_told_so(
    buffer: Buffer, frame: Frame, sentence: str
) -> None:
    """The session ends with BYE protocol, and nothing is written."""

    async def story(relay: ScriptedRelay) -> None:
        await relay.welcome()
        await relay.say(frame)
        bye = await relay.hear(Bye)
        assert bye.code == "protocol"
        assert len(bye.reason) < 200

    error, _ = play(buffer, story)
    assert isinstance(error, PeerFault)
    assert sentence in error.what
    assert buffer.inbox(9).result() == []


@pytest.mark.parametrize("message", ["text", b"", b"\x01\x00{}", b"\x01\x02" + bytes(40)])
def test_what_is_no_sealed_frame_ends_the_session(buffer: Buffer, message: bytes | str) -> None:
    """Text, nothing, an open frame, and a sealed one under no key of ours."""

    async def story(relay: ScriptedRelay) -> None:
        await relay.welcome()
        await relay.say_raw(message)
        assert (await relay.hear(Bye)).code == "protocol"

    assert isinstance(play(buffer, story)[0], PeerFault)


@pytest.mark.parametrize("heartbeat_s", [-1, 0, 601])
def test_an_absurd_heartbeat_is_refused(buffer: Buffer, heartbeat_s: int) -> None:
    """Zero would spin, and a year would never notice a dead relay."""

    async def story(relay: ScriptedRelay) -> None:
        await relay.welcome(heartbeat_s=heartbeat_s)
        assert (await relay.hear(Bye)).code == "protocol"

    error, notes = play(buffer, story)
    assert f"every {heartbeat_s} seconds" in error.what
    assert notes.epochs == []


def test_a_relay_that_is_not_pinned_hears_nothing_more(buffer: Buffer) -> None:
    """No proof, no row, not even a BYE goes to a stranger."""

    strangers: list[ScriptedRelay] = []

    async def story(relay: ScriptedRelay) -> None:
        strangers.append(relay)
        await relay.prove()

    error, _ = play(buffer, story, pinned=SigningKey.generate().public)
    assert "does not accept" in error.what
    assert strangers[0].heard_everything
    assert buffer.meta("join_counter").result() is None


def test_a_relay_that_knows_more_than_was_written_stops_the_link(buffer: Buffer) -> None:
    """The buffer is an older copy; the sentence says so and not one row is sent."""
    buffer.capture(stream="changes", events=prices(1, 5)).result()

    async def story(relay: ScriptedRelay) -> None:
        await relay.welcome(upto=6)

    error, notes = play(buffer, story)
    assert isinstance(error, Diverged)
    assert "ends at 5 here, but the relay holds 6" in error.what
    assert notes.epochs == []
    assert buffer.backlog().result().unacked == 5


def test_a_stop_in_the_moment_of_welcome_is_not_lost(
    buffer: Buffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task that runs the session is cancelled just as its handshake ends: it still ends."""

    async def both() -> None:
        relay = ScriptedRelay()
        session = session_of(relay, buffer, Notes(), relay.key.public)
        served = asyncio.create_task(session.serve())
        expect = buffer.expect

        def last_step(name: str, stream_id: str) -> Future[StreamState]:
            asyncio.get_running_loop().call_soon(served.cancel)
            return expect(name, stream_id)

        monkeypatch.setattr(buffer, "expect", last_step)
        await relay.welcome()
        done, _ = await asyncio.wait([served], timeout=PATIENCE_S)
        assert done
        assert served.cancelled()

    asyncio.run(both())
