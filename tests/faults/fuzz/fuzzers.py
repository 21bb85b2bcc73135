"""Three fuzzers: each takes a number of turns and returns what went wrong, with the seed's words.

*sealed*: no changed frame is ever accepted, and every whole one is. *open*: what comes before the
handshake is done is read or refused, in one way. *codec*: likewise an event, and what is read can
be written and read again.
"""

from __future__ import annotations

import random
import zlib
from collections import Counter
from collections.abc import Callable

from tests.faults.fuzz.events import EVENTS
from tests.faults.fuzz.mangle import mangled, mangled_json
from tests.support.golden_frames import GOLDEN
from towline_shared.codec import Undecodable, decode, encode
from towline_shared.errors import PeerFault
from towline_shared.frames import HANDSHAKE_BYTES, pack, unpack
from towline_shared.sealing import Seal

__all__ = ["FUZZERS", "fuzz_codec", "fuzz_open", "fuzz_sealed"]

_FRAMES = tuple(GOLDEN.values())
_TEXTS = tuple(encode(event) for event in EVENTS)


def fuzz_sealed(turns: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Change sealed frames on the way: bits, lengths, headers, order, keys, other sessions."""
    rng, found, wrong = random.Random(seed), Counter[str](), list[str]()
    key, stranger = rng.randbytes(32), rng.randbytes(32)
    before = pack(_FRAMES[0], Seal(key, 0))
    for turn in range(1, turns + 1):
        frame, counter = rng.choice(_FRAMES), rng.randrange(1, 1 << 40)
        message = pack(frame, Seal(key, counter))
        if unpack(message, Seal(key, counter)) != frame:
            wrong.append(f"turn {turn}: a whole frame was not read as it was written")
        spoilt, opener = _spoilt(message, before, rng), Seal(key, counter)
        if rng.random() < 0.2:  # nothing is changed, but its place, or whose it is
            spoilt = message
            opener = Seal(key, counter + rng.choice((-1, 1, 1 << 32)))
            if rng.random() < 0.3:
                opener = Seal(stranger, counter)
        try:
            unpack(spoilt, opener)
        except PeerFault:
            found["refused"] += 1
        except BaseException as error:
            wrong.append(f"turn {turn}: {type(error).__name__} {error}")
        else:
            wrong.append(f"turn {turn}: a changed frame was accepted: {spoilt[:80].hex()}")
        before = message
    return found, wrong


def _spoilt(message: bytes, other: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.15:  # its open header: what it says is sealed too
        head = bytes((message[0], message[1] ^ 1 << rng.randrange(8)))
        return head + message[2:]
    return mangled(message, rng, other=other)


def fuzz_open(turns: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Send a stranger's frames: spoilt bytes, JSON of another shape, bombs."""
    rng, found, wrong = random.Random(seed), Counter[str](), list[str]()
    plain = [pack(frame) for frame in _FRAMES]
    for turn in range(1, turns + 1):
        message = rng.choice(plain)
        if (way := rng.random()) < 0.5:
            message = mangled(message, rng, other=rng.choice(plain))
        else:
            body = mangled_json(_body(message).decode(), rng).encode("utf-8", "surrogatepass")
            if way < 0.52:
                body += b" " * (HANDSHAKE_BYTES * 4)  # small when it comes, large when read
            message = b"\1\1" + zlib.compress(body) if rng.random() < 0.5 else b"\1\0" + body
        try:
            frame = unpack(message, most=HANDSHAKE_BYTES)
            again = unpack(pack(frame))
        except PeerFault:
            found["refused"] += 1
        except BaseException as error:
            wrong.append(f"turn {turn}: {type(error).__name__} {error} at {message[:80]!r}")
        else:
            found["read"] += 1
            if again != frame:
                wrong.append(f"turn {turn}: {frame} was written and read as {again}")
    return found, wrong


def _body(message: bytes) -> bytes:
    return zlib.decompress(message[2:]) if message[1] & 1 else message[2:]


def fuzz_codec(turns: int, seed: int) -> tuple[Counter[str], list[str]]:
    """Spoil the texts of events."""
    rng, found, wrong = random.Random(seed), Counter[str](), list[str]()
    for turn in range(1, turns + 1):
        text = rng.choice(_TEXTS)
        if rng.random() < 0.4:
            data = mangled(text.encode(), rng, other=rng.choice(_TEXTS).encode())
            text = data.decode("utf-8", "replace")
        else:
            text = mangled_json(text, rng)
        try:
            event = decode(text)
            written = encode(event)
        except Undecodable:
            found["refused"] += 1
        except BaseException as error:
            wrong.append(f"turn {turn}: {type(error).__name__} {error} at {text[:200]!a}")
        else:
            found["read"] += 1
            if decode(written) != event:
                wrong.append(f"turn {turn}: {text[:200]!a} is not read as it was written")
    return found, wrong


FUZZERS: dict[str, Callable[[int, int], tuple[Counter[str], list[str]]]] = {
    "sealed frames": fuzz_sealed,
    "open frames": fuzz_open,
    "events": fuzz_codec,
}
