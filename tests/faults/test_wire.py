"""The wire of the proof does what it says: pieces are whole frames, and fates are what they are."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.wire.faults import Fate, Faults
from tests.faults.wire.splitter import Splitter, head_of

_HTTP = b"GET /link HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"


def _frame(payload: bytes, *, masked: bool) -> bytes:
    """Write a binary frame as RFC 6455, 5.2 has it."""
    mask = b"\1\2\3\4" if masked else b""
    bit, size = 0x80 if masked else 0, len(payload)
    if size < 126:
        return bytes((0x82, bit | size)) + mask + payload
    if size < 1 << 16:
        return bytes((0x82, bit | 126)) + size.to_bytes(2, "big") + mask + payload
    return bytes((0x82, bit | 127)) + size.to_bytes(8, "big") + mask + payload


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.sampled_from([0, 1, 125, 126, 127, 300, 65_535, 65_536]), max_size=3),
    masked=st.booleans(),
    chunk=st.sampled_from([1, 2, 3, 7, 1_000, 65_536]),
)
def test_bytes_are_split_at_the_ends_of_frames(sizes: list[int], masked: bool, chunk: int) -> None:
    """However the bytes come, each piece is one whole frame, and nothing is left or added."""
    frames = [_frame(b"x" * size, masked=masked) for size in sizes]
    stream, splitter = _HTTP + b"".join(frames), Splitter()
    pieces: list[bytes] = []
    for start in range(0, len(stream), chunk):
        pieces += splitter.feed(stream[start : start + chunk])
    assert pieces == [_HTTP, *frames]
    assert [len(frame) - head_of(frame) for frame in pieces[1:]] == sizes


def test_a_changed_frame_differs_in_one_bit_behind_its_header() -> None:
    """So it reaches the far end's seal, which has to find it."""
    faults, frame = Faults(random.Random(1), 1.0), _frame(b"payload", masked=True)
    for _ in range(200):
        changed = faults.changed(frame, head_of(frame))
        bits = int.from_bytes(frame, "big") ^ int.from_bytes(changed, "big")
        assert bits.bit_count() == 1
        assert changed[: head_of(frame)] == frame[: head_of(frame)]


def test_every_fate_is_drawn() -> None:
    """None of the faults is only a name."""
    faults = Faults(random.Random(1), 1.0)
    drawn = {faults.draw() for _ in range(2_000)}
    assert drawn == set(Fate) - {Fate.CARRY}
