"""The link's table, walked whole; windows that never exceed their credit; timers."""

from __future__ import annotations

import itertools
import random
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.golden_frames import GOLDEN
from towline_shared.errors import Misuse, PeerFault
from towline_shared.frames import Ack, Beat, Bye, Credit, Data, Frame, GoAway, Hello, Resume
from towline_shared.link import (
    HEARTBEAT_S,
    RECEIVE,
    SEND,
    WINDOW_ROWS,
    Incoming,
    Outgoing,
    Protocol,
    Role,
    State,
    Timers,
)

FRAMES: dict[type, Frame] = {type(frame): frame for frame in GOLDEN.values()}
WALK = list(itertools.product(Role, State, FRAMES))
OTHER = {Role.AGENT: Role.RELAY, Role.RELAY: Role.AGENT}


def _walk_id(value: object) -> str:
    return value.value if isinstance(value, Role | State) else getattr(value, "__name__", "?")


# -- the table ---------------------------------------------------------------------------------


def test_the_walk_covers_every_frame_type() -> None:
    """A type that is added to the frames is walked at once."""
    assert set(FRAMES) == set(get_args(Frame))
    for table in (RECEIVE, SEND):
        assert set(table) == set(Role)
        assert all(set(table[role]) == set(State) for role in Role)


@pytest.mark.parametrize(("role", "state", "kind"), WALK, ids=_walk_id)
def test_receiving_moves_or_is_the_peers_fault(role: Role, state: State, kind: type) -> None:
    """What the table lists moves to the state it names; all else is refused and changes nothing."""
    end = Protocol(role, state)
    after = RECEIVE[role][state].get(kind)
    if after is None:
        with pytest.raises(PeerFault, match=f"{kind.__name__.upper()} while the link is"):
            end.received(FRAMES[kind])
        assert end.state is state
    else:
        end.received(FRAMES[kind])
        assert end.state is after


@pytest.mark.parametrize(("role", "state", "kind"), WALK, ids=_walk_id)
def test_sending_moves_or_is_our_own_bug(role: Role, state: State, kind: type) -> None:
    """The same for what we say: a shell that says the wrong thing shows at once."""
    end = Protocol(role, state)
    after = SEND[role][state].get(kind)
    if after is None:
        with pytest.raises(Misuse, match=f"{kind.__name__.upper()} can't be sent"):
            end.sent(FRAMES[kind])
        assert end.state is state
    else:
        end.sent(FRAMES[kind])
        assert end.state is after


@pytest.mark.parametrize("role", Role)
def test_the_tables_mirror_each_other(role: Role) -> None:
    """Whatever one side may send, the other may receive in the same state, with the same end."""
    assert SEND[role] == RECEIVE[OTHER[role]]


def test_the_handshake_has_one_order() -> None:
    """Both ends reach OPEN by HELLO, CHALLENGE, AUTH, WELCOME and in no other way."""
    agent, relay = Protocol(Role.AGENT), Protocol(Role.RELAY)
    for frame, writer, reader in (
        (GOLDEN["hello"], agent, relay),
        (GOLDEN["challenge"], relay, agent),
        (GOLDEN["auth"], agent, relay),
        (GOLDEN["welcome"], relay, agent),
    ):
        writer.sent(frame)
        reader.received(frame)
        assert agent.state is relay.state
    assert agent.state is State.OPEN


@pytest.mark.parametrize("kind", [Data, Ack, Credit, Resume, Beat], ids=_walk_id)
def test_nothing_of_value_is_said_before_the_proof(kind: type) -> None:
    """No state before OPEN lets a row or a number through, in either direction."""
    early = set(State) - {State.OPEN, State.LEAVING}
    for table, role, state in itertools.product((SEND, RECEIVE), Role, early):
        assert kind not in table[role][state]


def test_a_crossing_goaway_hurts_nobody() -> None:
    """What the agent sent before it heard GOAWAY still arrives; nothing leads back to OPEN."""
    relay = Protocol(Role.RELAY, State.OPEN)
    relay.sent(GoAway(5, "upgrade"))
    relay.received(GOLDEN["data"])
    relay.sent(GOLDEN["ack"])
    assert relay.state is State.LEAVING
    with pytest.raises(PeerFault):
        relay.received(GOLDEN["hello"])


def test_after_bye_nothing_is_said() -> None:
    """CLOSED is the end; BYE may come at any time before."""
    for role, state in itertools.product(Role, set(State) - {State.CLOSED}):
        assert SEND[role][state][Bye] is State.CLOSED
        assert RECEIVE[role][state][Bye] is State.CLOSED
    assert Hello not in RECEIVE[Role.RELAY][State.CLOSED]
    assert not any(table[role][State.CLOSED] for table in (SEND, RECEIVE) for role in Role)


# -- the window of a stream we write -----------------------------------------------------------


def outgoing(*, last_sent: int = 0, acked: int = 0, limit: int = 10) -> Outgoing:
    return Outgoing("changes", "s", last_sent, acked, limit)


def test_credit_is_never_exceeded() -> None:
    """What the peer did not allow is a bug of ours, found before it is on the wire."""
    window = outgoing(limit=10)
    window.sent(10)
    assert window.room == 0
    with pytest.raises(Misuse, match="beyond its credit 10"):
        window.sent(11)


def test_acknowledgements_are_cumulative_and_repeatable() -> None:
    """Losing, repeating or reordering them changes nothing but the delay."""
    window = outgoing(limit=10)
    window.sent(10)
    assert window.on_ack(Ack("changes", 7, 15))
    assert not window.on_ack(Ack("changes", 3, 12))
    assert not window.on_ack(Ack("changes", 7, 15))
    assert (window.acked, window.limit, window.room) == (7, 15, 5)


def test_an_old_acknowledgement_may_still_carry_credit() -> None:
    """Credit is absolute: the highest counts, whatever frame it came in."""
    window = outgoing(last_sent=5, acked=5, limit=5)
    assert not window.on_ack(Ack("changes", 5, 20))
    assert window.room == 15
    window.on_credit(Credit("changes", 9))
    assert window.limit == 20


def test_what_was_never_sent_cannot_be_acknowledged() -> None:
    """Such a peer counts another stream; going on would lose rows."""
    window = outgoing(last_sent=5, acked=2)
    with pytest.raises(PeerFault, match="up to 6; sent was 5"):
        window.on_ack(Ack("changes", 6, 20))
    assert window.acked == 2


def test_a_gap_sends_the_writer_back() -> None:
    """RESUME names the last durable number; from there on everything goes out again."""
    window = outgoing(last_sent=9, acked=4, limit=10)
    window.on_resume(Resume("changes", 6))
    assert (window.last_sent, window.room) == (6, 4)


@pytest.mark.parametrize("after", [3, 10, -1])
def test_a_peer_that_wants_the_impossible_is_at_fault(after: int) -> None:
    """Before what it acknowledged or after what was sent there is nothing to resume."""
    window = outgoing(last_sent=9, acked=4)
    with pytest.raises(PeerFault, match="possible is 4 to 9"):
        window.on_resume(Resume("changes", after))


def test_a_resume_may_name_rows_sent_before_another_resume() -> None:
    """The first sending arrived after all: going on behind it spares sending it again."""
    window = outgoing(limit=10)
    window.sent(6)
    window.on_resume(Resume("changes", 2))
    window.on_resume(Resume("changes", 5))
    assert window.last_sent == 5
    with pytest.raises(PeerFault, match="possible is 0 to 6"):
        window.on_resume(Resume("changes", 7))


def test_an_acknowledgement_may_overtake_what_is_sent_again() -> None:
    """Two batches behind one gap give two RESUMEs; the second may meet a writer already ahead.

    The rows were sent in this session, so acknowledging them is right although the writer has gone
    back; it goes on behind them.
    """
    window = outgoing(limit=10)
    window.sent(4)
    window.on_resume(Resume("changes", 2))
    window.sent(4)
    window.on_resume(Resume("changes", 2))
    assert window.on_ack(Ack("changes", 4, 12))
    assert (window.last_sent, window.acked) == (4, 4)
    with pytest.raises(PeerFault, match="sent was 4"):
        window.on_ack(Ack("changes", 5, 12))


@given(st.lists(st.tuples(st.sampled_from("sacr"), st.integers(0, 40), st.integers(0, 40))))
def test_no_order_of_events_breaks_the_window(story: list[tuple[str, int, int]]) -> None:
    """acked <= last sent <= limit, and none of acked and limit ever goes back."""
    window = outgoing()
    for what, number, limit in story:
        before = (window.acked, window.limit)
        try:
            match what:
                case "s":
                    window.sent(number)
                case "a":
                    window.on_ack(Ack("changes", number, limit))
                case "c":
                    window.on_credit(Credit("changes", limit))
                case _:
                    window.on_resume(Resume("changes", number))
        except (Misuse, PeerFault):
            assert (window.acked, window.limit) == before
        assert window.acked <= window.last_sent <= window.limit
        assert window.acked >= before[0]
        assert window.limit >= before[1]
        assert window.room == window.limit - window.last_sent


# -- the window of a stream we read ------------------------------------------------------------


def incoming(*, durable: int = 0, granted: int = 100) -> Incoming:
    return Incoming("changes", "s", durable, granted)


def batch(first: int, n: int, *, stream_id: str = "s") -> Data:
    return Data("changes", stream_id, first, tuple(("i", "item", "k", "{}") for _ in range(n)))


def test_the_next_rows_and_repeated_rows_may_be_written() -> None:
    """A duplicate passes: the write leaves it out, and the answer repeats the truth."""
    window = incoming(durable=10)
    assert window.check(batch(11, 5)) is None
    assert window.check(batch(1, 10)) is None
    assert window.check(batch(8, 5)) is None


def test_a_gap_is_answered_with_resume() -> None:
    """Nothing behind a gap is written; the writer is told where to start."""
    assert incoming(durable=10).check(batch(12, 1)) == Resume("changes", 10)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (batch(1, 1, stream_id="other"), "another stream id"),
        (batch(1, 0), "empty batch"),
        (batch(0, 3), "empty batch"),
        (batch(-5, 3), "empty batch"),
        (batch(100, 2), "beyond its credit of 100"),
        (batch(101, 1), "beyond its credit of 100"),
    ],
)
def test_what_may_not_be_sent_is_the_peers_fault(data: Data, sentence: str) -> None:
    """Foreign, empty or beyond the credit: the sender is broken, so the session ends."""
    with pytest.raises(PeerFault, match=sentence):
        incoming().check(data)


def test_the_last_number_of_the_credit_is_allowed() -> None:
    """Credit is inclusive."""
    assert incoming(durable=99).check(batch(100, 1)) is None


def test_credit_is_one_window_beyond_what_is_durable() -> None:
    """It moves with the disk, and stands still while the reader is not ready."""
    window = incoming(granted=0)
    assert window.grant(ready=True) == WINDOW_ROWS
    assert window.stored(7, ready=True) == Ack("changes", 7, WINDOW_ROWS + 7)
    assert window.stored(9, ready=False) == Ack("changes", 9, WINDOW_ROWS + 7)
    assert window.grant(ready=True) == WINDOW_ROWS + 9


def test_a_duplicate_is_acknowledged_with_the_truth() -> None:
    """Storing less than is durable never takes an acknowledgement back."""
    window = incoming(durable=50)
    assert window.stored(20, ready=False).upto == 50


# -- timers ------------------------------------------------------------------------------------


@given(seed=st.integers(), heartbeat_s=st.integers(1, 300))
def test_heartbeats_are_due_within_the_jitter(seed: int, heartbeat_s: int) -> None:
    """Each interval is 80 to 120 % of the agreed one, so that agents don't beat in step."""
    timers = Timers(1000.0, random.Random(seed), heartbeat_s=heartbeat_s)
    now = 1000.0
    for _ in range(5):
        assert not timers.beat(now + heartbeat_s * 0.79)
        assert timers.beat(now + heartbeat_s * 1.21)
        assert not timers.beat(now + heartbeat_s * 1.21)
        now += heartbeat_s * 1.21


def test_intervals_differ() -> None:
    """The jitter is there: a thousand agents spread over two fifths of an interval."""
    waits = {Timers(0.0, random.Random(seed)).wait_s(0.0) for seed in range(1000)}
    assert len(waits) > 900
    assert 0.8 * HEARTBEAT_S <= min(waits) < 0.83 * HEARTBEAT_S
    assert 1.17 * HEARTBEAT_S < max(waits) <= 1.2 * HEARTBEAT_S


def test_a_silent_peer_is_dead_after_two_and_a_half_heartbeats() -> None:
    """Below the 60 seconds after which balancers cut an idle connection."""
    timers = Timers(0.0, random.Random(1))
    assert not timers.dead(2.5 * HEARTBEAT_S)
    assert timers.dead(2.5 * HEARTBEAT_S + 0.1)
    timers.heard(2.5 * HEARTBEAT_S)
    assert not timers.dead(4.9 * HEARTBEAT_S)
    assert 2.5 * HEARTBEAT_S < 60


def test_a_shell_never_sleeps_past_what_is_due() -> None:
    """It wakes for the heartbeat or for the peer's death, whichever is first, and never spins."""
    timers = Timers(0.0, random.Random(1))
    due = timers.wait_s(0.0)
    assert timers.beat(due)
    assert timers.wait_s(2.5 * HEARTBEAT_S - 1) <= 1.0 + 1e-9
    assert timers.wait_s(1e6) == 0.01
