"""The link's table, walked whole; timers."""

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
