"""HELLO to AUTH at the relay: show who we are, and check that the agent is who it says it is."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from towline_relay.link.enrolment import AgentRow
from towline_relay.link.relay_identity import KeyPair, RelayIdentity
from towline_relay.link.wire import Wire
from towline_shared.errors import PeerFault, Refused
from towline_shared.frames import Auth, Hello
from towline_shared.handshake import relay_accepts, relay_challenge
from towline_shared.sealing import Ephemeral, algorithm_of, verify

__all__ = ["Proven", "prove"]


@dataclass(frozen=True, slots=True)
class Proven:
    """What the agent said, which of its keys it proved it with, and which of ours it was shown."""

    hello: Hello
    auth: Auth
    key: str
    shown: KeyPair


async def prove(
    wire: Wire,
    *,
    keys: RelayIdentity,
    said: Callable[[Hello], None],
    find: Callable[[str], Awaitable[AgentRow | None]],
) -> Proven:
    """Play the handshake up to the agent's proof; from AUTH on the wire is sealed.

    Args:
        keys: the relay's own; the agent is answered in the kind of its fresh key.
        said: told what the agent claims to be, for the log; nothing is proved by then.
        find: looks up an enrolled agent by its id.

    Raises:
        Refused: unknown, not its key, revoked, or not yet approved.
        PeerFault: it broke the protocol.
    """
    hello_message, hello = await wire.receive()
    if not isinstance(hello, Hello):
        raise PeerFault("The agent left before it said who it is.")
    said(hello)
    agent = await find(hello.agent_id)
    kind = algorithm_of(hello.ephemeral)
    shown, ephemeral = keys.of(kind), Ephemeral(kind)
    nonce = secrets.token_hex(16)
    challenge = relay_challenge(hello_message, key=shown.current, ephemeral=ephemeral, nonce=nonce)
    challenge_message = await wire.send(challenge)
    signed, seals = relay_accepts(
        hello_message, challenge_message, agent_ephemeral=hello.ephemeral, ephemeral=ephemeral
    )
    wire.seal(seals)
    _, auth = await wire.receive()
    if not isinstance(auth, Auth):
        raise PeerFault("The agent left before it proved who it is.")
    return Proven(hello, auth, _check(agent, auth, signed), shown)


def _check(agent: AgentRow | None, auth: Auth, signed: bytes) -> str:
    """Hold the proof against the agent's keys; returns the one that holds.

    An unknown agent gets as far as a wrong key does, and the same answer.
    """
    keys = (agent.public_key, agent.candidate) if agent is not None else ()
    proved = next((key for key in keys if key and verify(key, auth.signature, signed)), "")
    if agent is None or not proved:
        raise Refused(
            "The relay does not know this agent, or its key is not the one it enrolled with.",
            hint="Enrol the agent anew.",
            code="unknown",
        )
    if agent.revoked_at is not None:
        raise Refused("This agent was revoked at the relay.", hint="Enrol it anew.", code="revoked")
    if agent.waiting:
        raise Refused(
            "This agent waits until a person approves it at the relay.",
            hint="Compare its key there and approve it; it comes in by itself.",
            code="waiting",
        )
    return proved
