"""HELLO to AUTH at the relay: show who we are, and check that the agent is who it says it is."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from towline_relay.link.enrolment import AgentRow
from towline_relay.link.wire import Wire
from towline_shared.errors import PeerFault, Refused
from towline_shared.frames import Auth, Hello
from towline_shared.handshake import relay_accepts, relay_challenge
from towline_shared.sealing import Ephemeral, SigningKey, verify

__all__ = ["prove"]


async def prove(
    wire: Wire,
    *,
    key: SigningKey,
    said: Callable[[Hello], None],
    find: Callable[[str], Awaitable[AgentRow | None]],
) -> tuple[Hello, Auth]:
    """Play the handshake up to the agent's proof; from AUTH on the wire is sealed.

    Args:
        key: the relay's own.
        said: told what the agent claims to be, for the log; nothing is proved by then.
        find: looks up an enrolled agent by its id.

    Raises:
        Refused: unknown, not its key, or revoked.
        PeerFault: it broke the protocol.
    """
    hello_message, hello = await wire.receive()
    if not isinstance(hello, Hello):
        raise PeerFault("The agent left before it said who it is.")
    said(hello)
    agent = await find(hello.agent_id)
    ephemeral = Ephemeral()
    nonce = secrets.token_hex(16)
    challenge = relay_challenge(hello_message, key=key, ephemeral=ephemeral, nonce=nonce)
    challenge_message = await wire.send(challenge)
    signed, seals = relay_accepts(
        hello_message, challenge_message, agent_ephemeral=hello.ephemeral, ephemeral=ephemeral
    )
    wire.seal(seals)
    _, auth = await wire.receive()
    if not isinstance(auth, Auth):
        raise PeerFault("The agent left before it proved who it is.")
    _check(agent, auth, signed)
    return hello, auth


def _check(agent: AgentRow | None, auth: Auth, signed: bytes) -> None:
    """Hold the proof against the public key of the enrolment.

    An unknown agent gets as far as a wrong key does, and the same answer.
    """
    if agent is None or not verify(agent.public_key, auth.signature, signed):
        raise Refused(
            "The relay does not know this agent, or its key is not the one it enrolled with.",
            hint="Enrol the agent anew.",
            code="unknown",
        )
    if agent.revoked_at is not None:
        raise Refused("This agent was revoked at the relay.", hint="Enrol it anew.", code="revoked")
