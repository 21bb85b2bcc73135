"""Frames: every type survives, and nothing a stranger sends does more than end his session."""

from __future__ import annotations

import json
import struct
import textwrap
import types
import zlib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.golden_frames import GOLDEN, NAMES
from towline_shared.errors import Misuse, PeerFault
from towline_shared.frames import (
    MOST_BYTES,
    Ack,
    Bye,
    Data,
    Frame,
    Hello,
    StreamOffer,
    pack,
    unpack,
)
from towline_shared.sealing import Seal

KINDS: tuple[type, ...] = get_args(Frame)
KEY = bytes(range(32))
_FOLDER = Path(__file__).parent / "golden"
_COMPRESSED = 0x01


def _strategy(kind: Any) -> st.SearchStrategy[Any]:
    if kind is str:
        return st.text(max_size=40)
    if kind is int:
        return st.integers(-(2**63) + 1, 2**63 - 1)
    if isinstance(kind, types.GenericAlias):
        arguments = kind.__args__
        if arguments[-1] is Ellipsis:
            return st.lists(_strategy(arguments[0]), max_size=4).map(tuple)
        return st.tuples(*(_strategy(each) for each in arguments))
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: _strategy(hints[f.name]) for f in fields(kind)})


_FRAMES = st.one_of([_strategy(kind) for kind in KINDS])


def _open(body: object, *, flags: int = 0) -> bytes:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return bytes((1, flags)) + text


def _survives(message: bytes) -> Frame | None:
    """Read a message; anything but a frame or a PeerFault fails the test."""
    try:
        return unpack(message)
    except PeerFault:
        return None


# -- what we write we read ---------------------------------------------------------------------


@given(frame=_FRAMES)
def test_every_frame_survives_open_and_sealed(frame: Frame) -> None:
    """What one side packs, the other unpacks, before and after the handshake."""
    assert unpack(pack(frame)) == frame
    writer, reader = Seal(KEY), Seal(KEY)
    for _ in range(2):
        assert unpack(pack(frame, writer), reader) == frame


def test_the_largest_event_passes_whatever_it_holds() -> None:
    """An event of 1 MiB of quotes doubles twice by escaping and still fits one frame."""
    text = json.dumps("\\" * (1 << 19))
    data = Data("changes", "s", 1, (("i", "item", "k", text),))
    assert unpack(pack(data)) == data


def test_large_frames_are_compressed_and_small_ones_readable() -> None:
    """A batch shrinks; an acknowledgement can be read in a trace."""
    data = Data("changes", "s", 1, tuple(("i", "item", "k", "same text") for _ in range(500)))
    assert pack(data)[1] == _COMPRESSED
    assert len(pack(data)) < 1000
    assert (
        pack(Ack("changes", 7, 8, 9))
        == b'\x01\x00{"type":"ack","name":"changes","upto":7,"limit":8,"limit_bytes":9}'
    )


def test_half_a_surrogate_pair_is_neither_written_nor_read() -> None:
    """No database takes it, so it is refused at the door and never sent."""
    with pytest.raises(Misuse, match="Bye"):
        pack(Bye("protocol", "\ud83d"))
    with pytest.raises(PeerFault, match=r"Bye\.reason is not text"):
        unpack(b'\x01\x00{"type":"bye","code":"x","reason":"\\ud83d"}')
    with pytest.raises(PeerFault, match="JSON"):
        unpack(b'\x01\x00{"type":"bye","code":"x","reason":"\xed\xa0\xbd"}')


# -- versions apart ----------------------------------------------------------------------------


@given(frame=_FRAMES, extra=st.recursive(st.none() | st.text(), st.lists))
def test_fields_only_a_newer_side_knows_are_ignored(frame: Frame, extra: Any) -> None:
    """A newer side may add fields to every frame without cutting off older ones."""
    raw = json.loads(pack(replace(frame))[2:]) if pack(frame)[1] == 0 else None
    if raw is not None:
        raw["from_the_future"] = extra
        assert unpack(_open(raw)) == frame


def test_fields_of_nested_parts_may_be_newer_too() -> None:
    """The same holds for what stands in a list."""
    offer = {"name": "changes", "direction": "up", "stream_id": "s", "first": 1, "last": 0,
             "chain": "", "from_the_future": [1]}  # fmt: skip
    hello = json.loads(pack(GOLDEN["challenge"])[2:]) | {
        "type": "hello", "agent_id": "a", "boot_id": "b", "versions": [1, 2], "version": "9",
        "fingerprint": "", "streams": [offer],
    }  # fmt: skip
    frame = unpack(_open(hello))
    assert isinstance(frame, Hello)
    assert frame.streams == (StreamOffer("changes", "up", "s", 1, 0, ""),)


@pytest.mark.parametrize("name", ["streamoffer", "position", "frame", "Ack", "", "x" * 10_000])
def test_unknown_types_are_refused(name: str) -> None:
    """A side that says something new must know that the other side knows it."""
    with pytest.raises(PeerFault, match="unknown type") as caught:
        unpack(_open({"type": name}))
    assert len(caught.value.what) < 100


@pytest.mark.parametrize("version", [0, 2, 255])
def test_another_version_is_refused_with_both_numbers(version: int) -> None:
    """The first byte decides, before anything else is read."""
    with pytest.raises(PeerFault, match=f"version {version}; this side reads version 1"):
        unpack(bytes((version, 0)) + b"{}")


# -- hostile bytes -----------------------------------------------------------------------------


@given(message=st.binary(max_size=300))
@example(b"")
@example(b"\x01")
@example(b"\x01\x00")
@example(b"\x01\x01")
@example(b"\x01\x00\xff")
def test_random_bytes_are_a_peer_fault(message: bytes) -> None:
    """Nothing but a frame is read as one."""
    assert _survives(message) is None


@given(body=st.binary(max_size=300), flags=st.integers(0, 255))
def test_random_bodies_are_a_peer_fault(body: bytes, flags: int) -> None:
    """The same behind a right version byte, and inside a right compression."""
    assert _survives(_open(body, flags=flags)) is None
    assert _survives(_open(zlib.compress(body), flags=_COMPRESSED)) is None
    with pytest.raises(PeerFault):
        unpack(_open(body, flags=0x02), Seal(KEY))


@given(frame=_FRAMES, data=st.data())
def test_a_changed_byte_gives_a_frame_or_a_peer_fault(frame: Frame, data: st.DataObject) -> None:
    """An open frame has no check of its own: it may read as another, but never as an accident."""
    message = bytearray(pack(frame))
    for _ in range(data.draw(st.integers(1, 3))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    read = _survives(bytes(message))
    assert read is None or type(read) in KINDS


@given(frame=_FRAMES, data=st.data())
def test_a_frame_cut_off_is_a_peer_fault(frame: Frame, data: st.DataObject) -> None:
    """Half a frame is no frame, compressed or not."""
    message = pack(frame)
    assert _survives(message[: data.draw(st.integers(0, len(message) - 1))]) is None


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@settings(max_examples=200)
@given(kind=st.sampled_from(KINDS), data=st.data())
def test_wrong_values_in_right_fields_are_a_peer_fault(kind: type, data: st.DataObject) -> None:
    """Each field is checked for its type; what passes is the frame it says it is."""
    raw = {f.name: data.draw(_JSON) for f in fields(kind)}
    read = _survives(_open(json.dumps({"type": kind.__name__.lower(), **raw}).encode()))
    assert read is None or type(read) is kind


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (True, "not a whole number"),
        (1.0, "not a whole number"),
        ("1", "not a whole number"),
        (1 << 63, "not a whole number"),
        (-(1 << 63), "not a whole number"),
        (None, "not a whole number"),
    ],
)
def test_numbers_are_whole_and_fit_a_database(value: object, sentence: str) -> None:
    """A boolean is no number, and nothing beyond 63 bits reaches SQLite."""
    with pytest.raises(PeerFault, match=rf"Ack\.upto is {sentence}"):
        unpack(_open({"type": "ack", "name": "changes", "upto": value, "limit": 1}))


def test_a_missing_field_is_named() -> None:
    """The log says which; only fields with a default may be absent."""
    with pytest.raises(PeerFault, match="Ack lacks limit"):
        unpack(_open({"type": "ack", "name": "changes", "upto": 1}))
    beat = unpack(_open({"type": "beat", "at": "now"}))
    assert beat == unpack(_open({"type": "beat", "at": "now", "event": ""}))


@pytest.mark.parametrize("depth", [10, 900, 990, 1000, 5_000, 200_000])
@pytest.mark.parametrize("where", ['{"type":%s}', "%s", '{"type":"ack","name":%s}'])
def test_deep_nesting_is_a_peer_fault(where: str, depth: int) -> None:
    """Brackets upon brackets exhaust no stack, neither in reading nor in the error's sentence."""
    assert _survives(_open((where % ("[" * depth + "]" * depth)).encode())) is None


def test_lists_have_a_sensible_length() -> None:
    """A message of 4 MiB can't turn into millions of rows."""
    versions = json.loads(pack(GOLDEN["hello"])[2:]) | {"versions": [1] * 10_001}
    with pytest.raises(PeerFault, match="sensible length"):
        unpack(_open(versions))


def test_a_bomb_stays_small() -> None:
    """Inflating ends at the limit, whatever a kilobyte promises."""
    bomb = _open(zlib.compress(b" " * (MOST_BYTES * 16), 9), flags=_COMPRESSED)
    assert len(bomb) < MOST_BYTES // 10
    with pytest.raises(PeerFault, match="cut off or larger"):
        unpack(bomb)


def test_a_message_above_the_limit_is_not_looked_at() -> None:
    """The limit holds before inflation too."""
    with pytest.raises(PeerFault, match="is not a frame"):
        unpack(_open(b'{"type":"ack"' + b" " * MOST_BYTES))


def test_sealed_and_open_are_not_mixed_up() -> None:
    """After the handshake no open frame is taken, before it no sealed one."""
    ack = Ack("changes", 1, 2, 3)
    with pytest.raises(PeerFault, match="sealed before the handshake, or open after it"):
        unpack(pack(ack), Seal(KEY))
    with pytest.raises(PeerFault, match="sealed before the handshake, or open after it"):
        unpack(pack(ack, Seal(KEY)))


@pytest.mark.parametrize("flags", [0x04, 0x80, 0xFC])
def test_unknown_flags_are_refused(flags: int) -> None:
    """A flag changes how the body is read, so guessing is out."""
    with pytest.raises(PeerFault, match="unknown flags"):
        unpack(_open(b"{}", flags=flags))


# -- golden frames -----------------------------------------------------------------------------


def _golden(name: str) -> bytes:
    return bytes.fromhex((_FOLDER / f"{name}.hex").read_text(encoding="ascii"))


def _content(message: bytes) -> tuple[bytes, bytes]:
    """Return the header and the plain body; zlib builds may compress differently."""
    body = message[2:]
    return message[:2], zlib.decompress(body) if message[1] & _COMPRESSED else body


@pytest.mark.parametrize("name", NAMES)
def test_frames_of_agents_in_the_field_are_still_read(name: str) -> None:
    """The recorded bytes mean today what they meant when they were recorded."""
    assert unpack(_golden(name)) == GOLDEN[name]


@pytest.mark.parametrize("name", NAMES)
def test_agents_in_the_field_still_read_ours(name: str) -> None:
    """Today's code writes the recorded content, and the recorded bytes when nothing compresses."""
    recorded, written = _golden(name), pack(GOLDEN[name])
    assert _content(written) == _content(recorded)
    if not written[1] & _COMPRESSED:
        assert written == recorded


def test_the_corpus_is_whole() -> None:
    """Every frame type has a recording, and every recording a meaning."""
    assert {type(frame) for frame in GOLDEN.values()} == set(KINDS)
    assert sorted(path.stem for path in _FOLDER.glob("*.hex")) == sorted(GOLDEN)
    assert any(_golden(name)[1] & _COMPRESSED for name in NAMES)


def test_the_recordings_are_plain_text() -> None:
    """Hexadecimal in lines of 80, so that a change shows in a review."""
    for name in NAMES:
        text = (_FOLDER / f"{name}.hex").read_text(encoding="ascii")
        assert text == "\n".join(textwrap.wrap(_golden(name).hex(), 80)) + "\n"
        assert struct.unpack("B", _golden(name)[:1]) == (1,)
