"""The page about the link is recomputed: its test vector, its limits, its frames, its codes."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import get_args

import pytest

from tests.support.labs import ROOT
from towline_shared import caps, codec, frames, link, parts, stream_log, window
from towline_shared.frames import Auth, Challenge, Frame, Hello, pack, unpack
from towline_shared.handshake import agent_answer, relay_accepts, relay_challenge
from towline_shared.link import SEND, Role
from towline_shared.sealing import ED25519, P256, Ephemeral, SigningKey, verify

PAGE = (ROOT / "docs/link.md").read_text(encoding="utf-8")

# RFC 8032, section 7.1, tests 1 and 2; RFC 7748, section 6.1, Alice and Bob.
AGENT = SigningKey.from_text("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
RELAY = SigningKey.from_text("TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs=")
ALICE = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
BOB = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
KEYS = {
    ED25519: (AGENT, RELAY),
    P256: tuple(
        SigningKey(bytes.fromhex(secret), P256)
        for secret in (
            # RFC 6979, A.2.5; RFC 7515, A.3
            "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
            "8e9b109e719098bf980487df1f5d77e9cb29606ebed2263b5f57c213df84f4b2",
        )
    ),
}
# P-256: RFC 7518, appendix C, Alice's and Bob's.
FRESH = {
    ED25519: (ALICE, BOB),
    P256: (
        "d3f3716913d4310a0026de741b3f18893afc8114f0c84682ba677e313a13988a",
        "5449836690d75caf29f0dd029ddb31b3ddb8aba9d2d515c5012465e817d4a9dc",
    ),
}


def _ephemeral(secret: str, algorithm: str = ED25519) -> Ephemeral:
    return Ephemeral(algorithm, fresh=bytes.fromhex(secret))


def vector(algorithm: str = ED25519) -> dict[str, bytes]:
    """Play the page's handshake with its fixed keys."""
    agent_key, relay_key = KEYS[algorithm]
    agent, relay = (_ephemeral(secret, algorithm) for secret in FRESH[algorithm])
    hello = pack(
        Hello(
            agent_id="0011223344556677", boot_id="8899aabbccddeeff", versions=(1,),
            ephemeral=agent.public, nonce="00" * 16, version="0.1.0", fingerprint="", streams=(),
        )
    )  # fmt: skip
    challenge = relay_challenge(hello, key=relay_key, ephemeral=relay, nonce="ff" * 16)
    message = pack(challenge)
    auth, seals = agent_answer(
        hello, message, challenge,
        key=agent_key, ephemeral=agent, pinned=(relay_key.public,), join_counter=3,
    )  # fmt: skip
    signed, _ = relay_accepts(hello, message, agent_ephemeral=agent.public, ephemeral=relay)
    return {
        "HELLO": hello,
        "CHALLENGE": message,
        "H": signed,
        "agent to relay": seals.to_relay.key,
        "relay to agent": seals.to_agent.key,
        "AUTH": pack(auth),
        "AUTH sealed": pack(auth, seals.to_relay),
    }


def on_the_page(algorithm: str = ED25519) -> dict[str, bytes]:
    name = "vector" if algorithm == ED25519 else f"vector-{algorithm}"
    block = re.search(rf"```{name}\n(.*?)```", PAGE, flags=re.DOTALL)
    assert block is not None
    found = re.findall(r"^(\S.*?) =\n((?: +[0-9a-f]+\n)+)", block.group(1), flags=re.MULTILINE)
    return {name: bytes.fromhex(value.replace("\n", "")) for name, value in found}


@pytest.mark.parametrize("algorithm", KEYS)
def test_the_vector_is_what_the_code_computes(algorithm: str) -> None:
    """Transcript, keys and one sealed frame, from published keys; a change shows here first."""
    assert on_the_page(algorithm) == vector(algorithm)


@pytest.mark.parametrize("algorithm", KEYS)
def test_the_vector_reads_as_the_page_says(algorithm: str) -> None:
    """Whoever follows the page with the vector's bytes alone gets to a proof that holds."""
    page = on_the_page(algorithm)
    agent_key, relay_key = KEYS[algorithm]
    challenge = unpack(page["CHALLENGE"])
    assert isinstance(challenge, Challenge)
    assert challenge.relay_key == relay_key.public
    hello = unpack(page["HELLO"])
    assert isinstance(hello, Hello)
    signed, seals = relay_accepts(
        page["HELLO"],
        page["CHALLENGE"],
        agent_ephemeral=hello.ephemeral,
        ephemeral=_ephemeral(FRESH[algorithm][1], algorithm),
    )
    auth = unpack(page["AUTH sealed"], seals.to_relay)
    assert isinstance(auth, Auth)
    assert auth.join_counter == 3
    assert verify(agent_key.public, auth.signature, signed)


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("bytes of a message, and of a body after inflation", frames.MOST_BYTES),
        ("the same before both ends have proved who they are", frames.HANDSHAKE_BYTES),
        ("rows of one DATA", frames.BATCH_ROWS),
        ("bytes of text in one DATA, unless it is a single row", frames.BATCH_BYTES),
        (
            "bytes of text in one PART, and the longest row that goes without parts",
            parts.PART_BYTES,
        ),
        ("bytes of a row's whole text", codec.MOST_BYTES),
        ("bytes of a message between two sides that know `parts`", parts.FRAME_BYTES),
        ("bytes of a row's text for a side that does not", parts.WHOLE_BYTES),
    ],
)
def test_limits_are_the_codes(words: str, value: int) -> None:
    """The table of limits is not from memory."""
    assert f"| {words} | {value} |" in PAGE


def test_other_numbers_are_the_codes() -> None:
    """Window and heartbeat stand in sentences."""
    assert f"one window of {window.WINDOW_ROWS} rows and {window.WINDOW_BYTES} bytes" in PAGE
    assert f"every `heartbeat_s` ({link.HEARTBEAT_S}) seconds" in PAGE


def test_every_frame_stands_on_the_page_with_its_fields_and_its_sender() -> None:
    """Type, sender by the table of the link, and fields in their order."""
    rows = dict(
        (name, (sender, re.findall(r"`(\w+)`", rest)))
        for name, sender, rest in re.findall(
            r"^\| `(\w+)` \| (\w+) \| (`.*) \|$", PAGE, re.MULTILINE
        )
    )
    kinds: tuple[type, ...] = get_args(Frame)
    assert set(rows) == {kind.__name__.lower() for kind in kinds}
    for kind in kinds:
        senders = [role.value for role in Role if any(kind in each for each in SEND[role].values())]
        sender, named = rows[kind.__name__.lower()]
        assert sender == (senders[0] if len(senders) == 1 else "both")
        assert named == [each.name for each in fields(kind)]


def test_every_word_of_the_caps_stands_on_the_page() -> None:
    """What HELLO may say beyond the first frames is explained."""
    said = PAGE[PAGE.index("`caps` are words") :]
    assert all(f"`{word}`:" in said for word in caps.KNOWN)


def test_every_stream_stands_on_the_page() -> None:
    """Up and down, by name."""
    up = " and ".join(", ".join(f"`{n}`" for n in stream_log.UP_STREAMS).rsplit(", ", 1))
    down = " and ".join(f"`{n}`" for n in stream_log.DOWN_STREAMS)
    assert f"Up go {up}, down go {down}." in PAGE


def test_every_code_of_an_end_stands_on_the_page() -> None:
    """Whatever BYE may carry is explained, and nothing that is never said."""
    sources = [
        *(ROOT / "relay/towline_relay/link").glob("*.py"),
        ROOT / "agent/towline_agent/link_session.py",
    ]
    said: set[str] = set()
    for path in sources:
        text = path.read_text(encoding="utf-8")
        said |= set(re.findall(r'(?:code=|Bye\(|_bye\()"(\w+)"', text))
        for pair in re.findall(r'code or "(\w+)"|code = "(\w+)" if', text):
            said |= {word for word in pair if word}
    ends = PAGE[PAGE.index("## Ends") :]
    assert set(re.findall(r"^\| `(\w+)` \|", ends, flags=re.MULTILINE)) == said
