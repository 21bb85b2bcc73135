"""The handshake: who signs what, who is believed, and when two databases don't belong together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from tests.support.golden_frames import GOLDEN
from towline_shared.errors import PeerFault
from towline_shared.frames import Auth, Challenge, Hello, Position, StreamOffer, pack, unpack
from towline_shared.handshake import (
    Diverged,
    Sealed,
    agent_answer,
    check_divergence,
    relay_accepts,
    relay_challenge,
)
from towline_shared.sealing import Ephemeral, SigningKey, verify


class Parties:
    """An agent and a relay, up to the relay's CHALLENGE."""

    def __init__(self) -> None:
        self.agent, self.relay = SigningKey.generate(), SigningKey.generate()
        self.agent_ephemeral, self.relay_ephemeral = Ephemeral(), Ephemeral()
        hello = GOLDEN["hello"]
        assert isinstance(hello, Hello)
        self.hello = replace(hello, ephemeral=self.agent_ephemeral.public)
        self.hello_message = pack(self.hello)
        self.challenge = relay_challenge(
            self.hello_message, key=self.relay, ephemeral=self.relay_ephemeral, nonce="n"
        )
        self.challenge_message = pack(self.challenge)

    def answer(
        self, challenge: Challenge | None = None, *, hello_message: bytes | None = None
    ) -> tuple[Auth, Sealed]:
        shown = self.challenge if challenge is None else challenge
        return agent_answer(
            self.hello_message if hello_message is None else hello_message,
            pack(shown),
            shown,
            key=self.agent,
            ephemeral=self.agent_ephemeral,
            pinned=(SigningKey.generate().public, self.relay.public),
            join_counter=3,
        )

    def accepts(self, hello_message: bytes | None = None) -> tuple[bytes, Sealed]:
        return relay_accepts(
            self.hello_message if hello_message is None else hello_message,
            self.challenge_message,
            agent_ephemeral=self.hello.ephemeral,
            ephemeral=self.relay_ephemeral,
        )


@pytest.fixture
def parties() -> Parties:
    return Parties()


def test_both_sides_prove_themselves_and_share_two_seals(parties: Parties) -> None:
    """AUTH travels sealed, verifies against the agent's key, and WELCOME comes back sealed."""
    auth, mine = parties.answer()
    signed, theirs = parties.accepts()
    read = unpack(pack(auth, mine.to_relay), theirs.to_relay)
    assert read == auth
    assert verify(parties.agent.public, auth.signature, signed)
    assert auth.join_counter == 3
    assert unpack(pack(GOLDEN["welcome"], theirs.to_agent), mine.to_agent) == GOLDEN["welcome"]


def test_each_handshake_has_keys_of_its_own() -> None:
    """Fresh keys: what one session sealed, no other one opens, even with the same identities."""
    first, second = Parties(), Parties()
    second.agent, second.relay = first.agent, first.relay
    assert first.answer()[1].to_relay.key != second.accepts()[1].to_relay.key


def test_a_relay_that_is_not_pinned_is_not_believed(parties: Parties) -> None:
    """A proxy that ends the TLS can sign, but not with the key of the enrolment."""
    proxy = relay_challenge(
        parties.hello_message, key=SigningKey.generate(), ephemeral=Ephemeral(), nonce="n"
    )
    with pytest.raises(PeerFault, match="does not accept") as caught:
        parties.answer(proxy)
    assert "enrol it anew" in caught.value.hint


@pytest.mark.parametrize("field", ["nonce", "ephemeral", "signature"])
def test_a_challenge_changed_on_the_way_is_not_believed(parties: Parties, field: str) -> None:
    """A proxy that puts its own fresh key in place of the relay's breaks the signature."""
    other = relay_challenge(
        parties.hello_message, key=parties.relay, ephemeral=Ephemeral(), nonce="m"
    )
    changed = replace(parties.challenge, **{field: getattr(other, field)})
    with pytest.raises(PeerFault, match="signature over the handshake is wrong"):
        parties.answer(changed)


def test_a_challenge_of_another_handshake_is_not_believed(parties: Parties) -> None:
    """The relay signed another HELLO: an old answer can't be played back."""
    with pytest.raises(PeerFault, match="signature over the handshake is wrong"):
        parties.answer(hello_message=pack(replace(parties.hello, nonce="another")))


def test_a_hello_changed_on_the_way_fails_at_the_relay(parties: Parties) -> None:
    """Had the relay read another HELLO, AUTH would neither open nor verify there."""
    auth, mine = parties.answer()
    changed = pack(replace(parties.hello, agent_id="somebody else"))
    signed, theirs = parties.accepts(changed)
    assert not verify(parties.agent.public, auth.signature, signed)
    with pytest.raises(PeerFault):
        unpack(pack(auth, mine.to_relay), theirs.to_relay)


def test_a_field_only_a_newer_agent_knows_is_signed_too(parties: Parties) -> None:
    """The bytes on the wire are signed, not what this side understood of them."""
    newer = parties.hello_message[:-1] + b',"from_the_future":1}'
    assert unpack(newer) == parties.hello
    assert parties.accepts(newer)[0] != parties.accepts()[0]


def test_neither_side_can_sign_for_the_other(parties: Parties) -> None:
    """A relay's signature is no agent's, even if both used one key."""
    parties.agent = parties.relay
    auth, _ = parties.answer()
    swapped = replace(parties.challenge, signature=auth.signature)
    with pytest.raises(PeerFault, match="signature over the handshake is wrong"):
        parties.answer(swapped)


@pytest.mark.parametrize("ephemeral", ["", "x" * 44, "A" * 43 + "="])
def test_a_hello_with_a_bad_ephemeral_key_is_the_agents_fault(
    parties: Parties, ephemeral: str
) -> None:
    """Malformed or of low order: the relay ends the session and nothing else."""
    parties.hello = replace(parties.hello, ephemeral=ephemeral)
    with pytest.raises(PeerFault):
        parties.accepts()


def test_no_key_shows_in_a_repr(parties: Parties) -> None:
    """Seals travel through frames of tracebacks."""
    _, seals = parties.answer()
    shown = repr(seals)
    for seal in (seals.to_relay, seals.to_agent):
        assert repr(seal.key) not in shown
        assert seal.key.hex() not in shown


# -- two databases -----------------------------------------------------------------------------

MINE = StreamOffer("changes", "up", "s", first=41, last=100, chain="c100")


@dataclass(frozen=True)
class Case:
    """Where the relay says it stands, and what the agent must find."""

    upto: int
    chain: str = ""
    stream_id: str = "s"
    kept: str | None = None
    sentence: str = ""
    hint: str = ""


CASES = {
    "in step": Case(100, "c100", kept="c100"),
    "behind, as usual": Case(70, "c70", kept="c70"),
    "behind to the first row kept": Case(40, "c40"),
    "trimmed, can't be compared": Case(60, "cXX"),
    "no chain told": Case(60, "", kept="c60"),
    "older copy of the buffer": Case(
        101, "c101", sentence="ends at 100 here, but the relay holds 101", hint="older copy"
    ),
    "relay lost more than is kept": Case(
        39, "c39", sentence="starts at 41 here, but the relay holds only 39", hint="new snapshot"
    ),
    "relay lost everything": Case(
        0, sentence="starts at 41 here, but the relay holds only 0", hint="new snapshot"
    ),
    "same numbers, other rows": Case(
        70,
        "other",
        kept="c70",
        sentence="differs from the relay's at 70",
        hint="restored or copied",
    ),
    "another buffer": Case(
        70, "c70", stream_id="t", kept="c70", sentence="another id here", hint="enrol"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_databases_that_do_not_belong_together_are_named(case: Case) -> None:
    """Numbers given by another database must stop the link before one row is taken for another."""
    theirs = Position("changes", "up", case.stream_id, case.upto, case.chain)
    chains = {} if case.kept is None else {("changes", case.upto): case.kept}
    if not case.sentence:
        check_divergence([MINE], [theirs], chain_at=chains)
        return
    with pytest.raises(Diverged, match=case.sentence) as caught:
        check_divergence([MINE], [theirs], chain_at=chains)
    assert "Stream changes" in caught.value.what
    assert case.hint in caught.value.hint


def test_a_first_meeting_is_in_step() -> None:
    """Nothing written, or nothing trimmed, and nothing at the relay."""
    for last in (0, 5):
        offer = replace(MINE, first=1, last=last)
        check_divergence([offer], [Position("changes", "up", "s", 0, "")], chain_at={})


def test_streams_the_agent_does_not_write_are_not_compared_here() -> None:
    """The relay compares those it writes; an unknown name is a newer relay's."""
    for name, direction in (("orders", "down"), ("changes", "down"), ("new", "up")):
        check_divergence([MINE], [Position(name, direction, "x", 999, "")], chain_at={})
