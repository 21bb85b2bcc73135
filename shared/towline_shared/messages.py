"""The frames of the link as values: frozen, of texts, whole numbers and tuples of them only.

How they become bytes stands in ``frames``. A field that came later has a default and is left out of
a message while it has it, so that a side which needs none of the news writes what it always wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "Ack",
    "Auth",
    "Beat",
    "Bye",
    "Challenge",
    "Credit",
    "Data",
    "Frame",
    "GoAway",
    "Hello",
    "Kept",
    "Limit",
    "Part",
    "Position",
    "Resume",
    "Rotate",
    "Rotated",
    "StreamOffer",
    "Welcome",
]


def _later(default: Any) -> Any:
    """Declare a field that the first agents and relays did not know."""
    return field(default=default, metadata={"later": True})


@dataclass(frozen=True, slots=True)
class StreamOffer:
    """What the agent has of one stream.

    Attributes:
        name: changes, bulk, results (up); orders, commands (down).
        stream_id: the writer's random id; empty for a down stream the agent has never seen.
        first: lowest number it can still send (up).
        last: highest number written (up) or received (down).
        chain: chain value at ``last``, hex.
    """

    name: str
    direction: str
    stream_id: str
    first: int
    last: int
    chain: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What a reader still has of a row that came in parts and was broken off.

    Attributes:
        seq: the row's number.
        sha256: of the row's text, as its parts said, hex.
        offset: bytes of it that are here, from its start.
    """

    name: str
    seq: int
    sha256: str
    offset: int


@dataclass(frozen=True, slots=True)
class Hello:
    """Agent to relay, first frame.

    Attributes:
        caps: words for what the agent knows beyond the first frames.
        parts: what it still has of rows that were broken off.
    """

    agent_id: str
    boot_id: str
    versions: tuple[int, ...]
    ephemeral: str
    nonce: str
    version: str
    fingerprint: str
    streams: tuple[StreamOffer, ...]
    caps: tuple[str, ...] = _later(())
    parts: tuple[Kept, ...] = _later(())


@dataclass(frozen=True, slots=True)
class Challenge:
    """Relay to agent: its own fresh key, and a signature over the transcript so far."""

    nonce: str
    ephemeral: str
    relay_key: str
    signature: str


@dataclass(frozen=True, slots=True)
class Auth:
    """Agent to relay: signature over the whole transcript, and the join counter it last got."""

    signature: str
    join_counter: int


@dataclass(frozen=True, slots=True)
class Position:
    """Where the relay stands in one stream.

    Attributes:
        upto: highest number durable at the relay (up), or the highest it has to send (down).
        chain: chain value at ``upto``, hex; empty when unknown.
        stream_id: the writer's id.
    """

    name: str
    direction: str
    stream_id: str
    upto: int
    chain: str


@dataclass(frozen=True, slots=True)
class Limit:
    """Absolute credit of one stream.

    Attributes:
        upto: numbers up to and including it may be sent...
        limit_bytes: ...while the texts before them, since the session began, have fewer bytes.
    """

    name: str
    upto: int
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class Welcome:
    """Relay to agent: the session's epoch, positions, credit and the next join counter.

    Attributes:
        caps: what both sides know beyond the first frames.
        relay_keys: the relay's public keys to accept from now on, the current and the next one.
        parts: what the relay still has of rows that were broken off.
        role: ``active`` or ``standby`` in a pair; empty where there is none.
        lease_s: seconds the agent may work, counted from when it wrote HELLO.
        term: number of the lease; it grows each time another agent becomes the active one.
    """

    epoch: int
    join_counter: int
    heartbeat_s: int
    positions: tuple[Position, ...]
    limits: tuple[Limit, ...]
    caps: tuple[str, ...] = _later(())
    relay_keys: tuple[str, ...] = _later(())
    parts: tuple[Kept, ...] = _later(())
    role: str = _later("")
    lease_s: int = _later(0)
    term: int = _later(0)


@dataclass(frozen=True, slots=True)
class Data:
    """A contiguous batch of one stream: each row is (event id, entity, key, text)."""

    name: str
    stream_id: str
    first: int
    rows: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a row too large for one DATA; the row counts once all of it is there.

    Attributes:
        seq: the row's number.
        size: bytes of the row's whole text in UTF-8.
        sha256: of the whole text, hex.
        offset: bytes before this part.
        text: this part; it ends between two characters.
    """

    name: str
    stream_id: str
    seq: int
    event_id: str
    entity: str
    key: str
    size: int
    sha256: str
    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Ack:
    """Durable up to and including ``upto``; ``limit`` and ``limit_bytes`` are fresh credit."""

    name: str
    upto: int
    limit: int
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class Credit:
    """Fresh credit without an acknowledgement; a lower limit than before is ignored."""

    name: str
    limit: int
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Send again from here: a gap was seen."""

    name: str
    after: int


@dataclass(frozen=True, slots=True)
class Beat:
    """Heartbeat with the sender's clock; the agent adds its health as an encoded event.

    Attributes:
        at: the sender's time, ISO 8601 in UTC.
        backlog: rows the sender holds and the other side has not acknowledged.
        role: of the agent in its pair, as in WELCOME; the relay says it.
        lease_s: seconds the agent may work, counted from when it wrote the BEAT ``answers``.
        term: number of the lease.
        answers: ``at`` of the agent's BEAT this is about; empty before the first one.
    """

    at: str
    event: str = ""
    backlog: int = _later(0)
    role: str = _later("")
    lease_s: int = _later(0)
    term: int = _later(0)
    answers: str = _later("")


@dataclass(frozen=True, slots=True)
class GoAway:
    """The relay will close; reconnect after this many seconds."""

    after_s: int
    reason: str


@dataclass(frozen=True, slots=True)
class Bye:
    """The end, with a code for programs and a sentence for people."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rotate:
    """Agent to relay: the key it wants to change to, proved by both its keys.

    Attributes:
        public_key: the new one.
        old_signature: over the change, by the key the session was proved with.
        new_signature: the same by the new one: the agent has it.
    """

    public_key: str
    old_signature: str
    new_signature: str


@dataclass(frozen=True, slots=True)
class Rotated:
    """Relay to agent: from now on the new key is good as well; or why not.

    Attributes:
        public_key: the key it is about.
        refusal: one sentence; empty when the key is on disk at the relay.
    """

    public_key: str
    refusal: str = ""


Frame = (
    Hello | Challenge | Auth | Welcome | Data | Ack | Credit | Resume | Beat | GoAway | Bye
    | Rotate | Rotated | Part
)  # fmt: skip
