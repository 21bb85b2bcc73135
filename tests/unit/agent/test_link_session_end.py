"""How a session of the agent ends: by a word of the relay, a broken rule, or the wrong relay."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

import pytest

from tests.support.link_world import prices
from tests.support.scripted_relay import PATIENCE_S, THEIRS, Notes, ScriptedRelay, session_of
from tests.unit.agent.link_story import buffer, play, wire
from towline_agent.buffer import Buffer
from towline_shared.errors import PeerFault, Permanent, Retryable, TowlineError
from towline_shared.frames import Ack, Bye, Data, Frame, GoAway, Resume, Welcome
from towline_shared.handshake import Diverged
from towline_shared.sealing import SigningKey
from towline_shared.stream_log import StreamState

__all__ = ["buffer"]


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
