"""The link's rules without I/O: who may say what when (a table), and when a peer counts as dead.

Rule 1: what may be said is decided here, what may be sent and accepted in ``window``; the websocket
shells on both sides only move bytes and commit.
Rule 2: nothing here is trusted across a reconnect. A session starts from what both databases say.

The agent opens: HELLO, CHALLENGE, AUTH, WELCOME. From AUTH on every frame is sealed. Then both
sides send DATA within the credit the other granted, and ACK what is durable. Acknowledgements are
cumulative and credit is absolute, so losing or repeating either is harmless. A frame that the table
does not list for a state is the peer's fault (received) or our own bug (sent).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from towline_shared.errors import Misuse, PeerFault
from towline_shared.frames import (
    Ack,
    Auth,
    Beat,
    Bye,
    Challenge,
    Credit,
    Data,
    Frame,
    GoAway,
    Hello,
    Part,
    Resume,
    Rotate,
    Rotated,
    Welcome,
)

__all__ = [
    "HEARTBEAT_S",
    "RECEIVE",
    "SEND",
    "Protocol",
    "Role",
    "State",
    "Timers",
]

HEARTBEAT_S = 20
_JITTER = 0.2
_DEAD_AFTER = 2.5  # heartbeats; balancers cut an idle connection at 60 s


class Role(Enum):
    """Which end of the link."""

    AGENT = "agent"
    RELAY = "relay"


class State(Enum):
    """Where a session stands, the same words on both ends."""

    START = "start"
    GREETED = "greeted"  # HELLO is on its way or here
    CHALLENGED = "challenged"  # CHALLENGE is on its way or here
    PROVEN = "proven"  # AUTH is on its way or here
    OPEN = "open"
    LEAVING = "leaving"  # GOAWAY was said; what is under way may finish
    CLOSED = "closed"


_Table = Mapping[Role, Mapping[State, Mapping[type, State]]]

_WORK = (Data, Part, Ack, Credit, Resume, Beat)
_AT_WORK: Mapping[type, State] = {kind: State.OPEN for kind in _WORK}
_LEAVING: Mapping[type, State] = {kind: State.LEAVING for kind in _WORK}
_BYE: Mapping[type, State] = {Bye: State.CLOSED}
# A change of the agent's key is asked for by the agent and answered by the relay.
_ASKING: Mapping[type, State] = {**_AT_WORK, Rotate: State.OPEN, **_BYE}
_ASKING_STILL: Mapping[type, State] = {**_LEAVING, Rotate: State.LEAVING, **_BYE}
_ANSWERING: Mapping[type, State] = {
    **_AT_WORK, Rotated: State.OPEN, GoAway: State.LEAVING, **_BYE,
}  # fmt: skip
_ANSWERING_STILL: Mapping[type, State] = {**_LEAVING, Rotated: State.LEAVING, **_BYE}

#: What may be received: role -> state -> frame type -> next state.
RECEIVE: _Table = {
    Role.AGENT: {
        State.START: _BYE,
        State.GREETED: {Challenge: State.CHALLENGED, **_BYE},
        State.CHALLENGED: _BYE,
        State.PROVEN: {Welcome: State.OPEN, **_BYE},
        State.OPEN: _ANSWERING,
        State.LEAVING: _ANSWERING_STILL,
        State.CLOSED: {},
    },
    Role.RELAY: {
        State.START: {Hello: State.GREETED, **_BYE},
        State.GREETED: _BYE,
        State.CHALLENGED: {Auth: State.PROVEN, **_BYE},
        State.PROVEN: _BYE,
        State.OPEN: _ASKING,
        State.LEAVING: _ASKING_STILL,
        State.CLOSED: {},
    },
}

#: What may be sent: the mirror image.
SEND: _Table = {
    Role.AGENT: {
        State.START: {Hello: State.GREETED, **_BYE},
        State.GREETED: _BYE,
        State.CHALLENGED: {Auth: State.PROVEN, **_BYE},
        State.PROVEN: _BYE,
        State.OPEN: _ASKING,
        State.LEAVING: _ASKING_STILL,
        State.CLOSED: {},
    },
    Role.RELAY: {
        State.START: _BYE,
        State.GREETED: {Challenge: State.CHALLENGED, **_BYE},
        State.CHALLENGED: _BYE,
        State.PROVEN: {Welcome: State.OPEN, **_BYE},
        State.OPEN: _ANSWERING,
        State.LEAVING: _ANSWERING_STILL,
        State.CLOSED: {},
    },
}


@dataclass
class Protocol:
    """One end of one session: remembers the state and refuses what the table does not list."""

    role: Role
    state: State = State.START

    @property
    def proven(self) -> bool:
        """Whether both ends have proved who they are; before that a peer may be anybody."""
        return self.state in (State.OPEN, State.LEAVING)

    def received(self, frame: Frame) -> None:
        """Take note of a frame from the peer.

        Raises:
            PeerFault: the peer may not say that now.
        """
        after = RECEIVE[self.role][self.state].get(type(frame))
        if after is None:
            raise PeerFault(f"The peer said {_name(frame)} while the link is {self.state.value}.")
        self.state = after

    def sent(self, frame: Frame) -> None:
        """Take note of a frame we are about to send.

        Raises:
            Misuse: we may not say that now.
        """
        after = SEND[self.role][self.state].get(type(frame))
        if after is None:
            raise Misuse(f"{_name(frame)} can't be sent while the link is {self.state.value}.")
        self.state = after


@dataclass
class Timers:
    """When a heartbeat is due and when the peer counts as dead; all times monotonic seconds."""

    now: float
    rng: random.Random
    heartbeat_s: float = HEARTBEAT_S
    _heard: float = field(init=False)
    _due: float = field(init=False)

    def __post_init__(self) -> None:
        self._heard = self.now
        self._due = self.now + self._interval()

    def heard(self, now: float) -> None:
        """Something arrived; whatever it was, the peer lives."""
        self._heard = now

    def beat(self, now: float) -> bool:
        """Tell whether a heartbeat is due, and if so set the next one."""
        if now < self._due:
            return False
        self._due = now + self._interval()
        return True

    def dead(self, now: float) -> bool:
        """Tell whether the peer has been silent too long."""
        return now - self._heard > self.heartbeat_s * _DEAD_AFTER

    def wait_s(self, now: float) -> float:
        """Return how long a shell may sleep before it must look again."""
        return max(0.01, min(self._due, self._heard + self.heartbeat_s * _DEAD_AFTER) - now)

    def _interval(self) -> float:
        return self.heartbeat_s * self.rng.uniform(1 - _JITTER, 1 + _JITTER)


def _name(frame: Frame) -> str:
    return type(frame).__name__.upper()
