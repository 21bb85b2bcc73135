"""The handshake: who signs what, and what both databases say to each other. No I/O.

1. HELLO: the agent's id, a fresh key and nonce, and where its streams stand.
2. CHALLENGE: the relay's fresh key and nonce, signed over HELLO and itself by its identity key,
   which the agent pinned when it enrolled. A proxy that ends the TLS can't produce it.
3. AUTH (sealed): the agent's signature over both, by the key it made on site when it enrolled.
4. WELCOME (sealed): positions and credit.

What is signed are the messages' bytes as they were on the wire, so a field that only the newer side
knows is covered too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from towline_shared.errors import PeerFault, Permanent
from towline_shared.frames import Auth, Challenge, Position, Rotate, StreamOffer
from towline_shared.sealing import (
    Ephemeral,
    Seal,
    SigningKey,
    fingerprint,
    frame_keys,
    is_public_key,
    transcript,
    verify,
)

__all__ = [
    "Diverged",
    "Sealed",
    "agent_answer",
    "check_divergence",
    "key_change",
    "proves_change",
    "relay_accepts",
    "relay_challenge",
]

_RELAY_SIGNS = b"towline relay"
_AGENT_SIGNS = b"towline agent"
_CHANGE_SIGNS = b"towline agent key"


class Diverged(Permanent):
    """One of the two databases is not the one the numbers were given by."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The two directions of a sealed session."""

    to_relay: Seal
    to_agent: Seal


def _relay_signs(hello_message: bytes, challenge: Challenge) -> bytes:
    parts = (challenge.nonce, challenge.ephemeral, challenge.relay_key)
    return transcript(_RELAY_SIGNS, hello_message, *(part.encode() for part in parts))


def _agent_signs(hello_message: bytes, challenge_message: bytes) -> bytes:
    return transcript(_AGENT_SIGNS, hello_message, challenge_message)


def relay_challenge(
    hello_message: bytes, *, key: SigningKey, ephemeral: Ephemeral, nonce: str
) -> Challenge:
    """Build the relay's signed answer to HELLO."""
    unsigned = Challenge(
        nonce=nonce, ephemeral=ephemeral.public, relay_key=key.public, signature=""
    )
    return replace(unsigned, signature=key.sign(_relay_signs(hello_message, unsigned)))


def agent_answer(
    hello_message: bytes,
    challenge_message: bytes,
    challenge: Challenge,
    *,
    key: SigningKey,
    ephemeral: Ephemeral,
    pinned: Collection[str],
    join_counter: int,
) -> tuple[Auth, Sealed]:
    """Check the relay and answer it.

    Raises:
        PeerFault: the relay is not the one this agent was enrolled at, or did not sign.
    """
    if challenge.relay_key not in pinned:
        raise PeerFault(
            f"The relay shows the key {_words(challenge.relay_key)}, which this agent does not"
            f" accept; it accepts {' and '.join(map(_words, pinned))}.",
            hint="Compare it with the keys on the relay's agents page. If it stands there, the"
            " relay changed its key more than once while this agent was away: enrol it anew"
            " (towline-agent enrol --replace). If not, somebody intercepts the link.",
        )
    to_verify = _relay_signs(hello_message, challenge)
    if not verify(challenge.relay_key, challenge.signature, to_verify):
        raise PeerFault("The relay's signature over the handshake is wrong.")
    agent_signs = _agent_signs(hello_message, challenge_message)
    keys = frame_keys(ephemeral.shared(challenge.ephemeral), agent_signs)
    return Auth(key.sign(agent_signs), join_counter), Sealed(Seal(keys[0]), Seal(keys[1]))


def _words(public: str) -> str:
    return fingerprint(public) if is_public_key(public) else "of no known form"


def relay_accepts(
    hello_message: bytes, challenge_message: bytes, *, agent_ephemeral: str, ephemeral: Ephemeral
) -> tuple[bytes, Sealed]:
    """Return what AUTH must have signed, and the seals to read it with."""
    agent_signs = _agent_signs(hello_message, challenge_message)
    keys = frame_keys(ephemeral.shared(agent_ephemeral), agent_signs)
    return agent_signs, Sealed(Seal(keys[0]), Seal(keys[1]))


def _change_signs(agent_id: str, old: str, new: str) -> bytes:
    return transcript(_CHANGE_SIGNS, *(part.encode() for part in (agent_id, old, new)))


def key_change(agent_id: str, *, old: SigningKey, new: SigningKey) -> Rotate:
    """Build the wish for a new key: the old one vouches for it, the new one shows it is had."""
    signed = _change_signs(agent_id, old.public, new.public)
    return Rotate(new.public, old.sign(signed), new.sign(signed))


def proves_change(frame: Rotate, *, agent_id: str, old: str) -> bool:
    """Tell whether both keys want the change; ``old`` is the key the session was proved with."""
    signed = _change_signs(agent_id, old, frame.public_key)
    return verify(old, frame.old_signature, signed) and verify(
        frame.public_key, frame.new_signature, signed
    )


def check_divergence(
    mine: Sequence[StreamOffer], theirs: Sequence[Position], *, chain_at: dict[tuple[str, int], str]
) -> None:
    """Compare where both say they stand in the streams the agent writes.

    Args:
        mine: the agent's offers.
        theirs: the relay's positions.
        chain_at: the agent's chain value, hex, by (stream, number) for the relay's positions; a
            number that was trimmed is absent and can't be compared.

    Raises:
        Diverged: names the stream and what to do.
    """
    offers = {offer.name: offer for offer in mine if offer.direction == "up"}
    for position in theirs:
        offer = offers.get(position.name)
        if offer is None or position.direction != "up":
            continue
        where = f"Stream {position.name}"
        if position.stream_id != offer.stream_id:
            raise Diverged(
                f"{where} has another id here than at the relay.",
                hint="One of the databases was restored or copied; enrol the agent anew.",
            )
        if position.upto > offer.last:
            raise Diverged(
                f"{where} ends at {offer.last} here, but the relay holds {position.upto}.",
                hint="This buffer is an older copy; set it aside and enrol the agent anew.",
            )
        if position.upto + 1 < offer.first:
            raise Diverged(
                f"{where} starts at {offer.first} here, but the relay holds only {position.upto}.",
                hint="The relay lost more than the agent keeps; take a new snapshot.",
            )
        chain = chain_at.get((position.name, position.upto))
        if chain is not None and position.chain and chain != position.chain:
            raise Diverged(
                f"{where} differs from the relay's at {position.upto}.",
                hint="One of the databases was restored or copied; enrol the agent anew.",
            )
