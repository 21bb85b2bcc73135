"""What travels over the link: the bytes of the frames in ``messages``.

A websocket message is one frame: 1 byte version, 1 byte flags, then the body. The body is JSON,
compressed with zlib when that pays, and sealed once the handshake is done. Unknown fields are
ignored, so a newer side may add them; unknown frame types are refused. Nothing read here can crash
or grow beyond :data:`MOST_BYTES`.
"""

from __future__ import annotations

import json
import types
import zlib
from dataclasses import MISSING, fields
from typing import Any, Protocol, get_args, get_type_hints

from towline_shared.codec import is_unicode
from towline_shared.errors import Misuse, PeerFault
from towline_shared.messages import (
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
    Kept,
    Limit,
    Part,
    Position,
    Resume,
    Rotate,
    Rotated,
    StreamOffer,
    Welcome,
)

__all__ = [
    "BATCH_BYTES",
    "BATCH_ROWS",
    "HANDSHAKE_BYTES",
    "MOST_BYTES",
    "Ack",
    "Auth",
    "Beat",
    "Bye",
    "Challenge",
    "Cipher",
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
    "pack",
    "unpack",
]

VERSION = 1
BATCH_ROWS = 500
BATCH_BYTES = 64 * 1024
MOST_BYTES = 4 << 20  # before and after inflation; an event of 1 MiB may double by escaping
HANDSHAKE_BYTES = 64 * 1024  # before either side has proved who it is

_COMPRESSED = 0x01
_SEALED = 0x02
_COMPRESS_FROM = 512


_TYPES: dict[str, type] = {kind.__name__.lower(): kind for kind in get_args(Frame)}


class Cipher(Protocol):
    """What packing needs of :class:`towline_shared.sealing.Seal`, without importing it."""

    def seal(self, frame: bytes, header: bytes) -> bytes:
        """Seal the next frame."""
        ...

    def open(self, sealed: bytes, header: bytes) -> bytes:
        """Open the next frame."""
        ...


def pack(frame: Frame, cipher: Cipher | None = None) -> bytes:
    """Write a frame as one binary message; sealed when a cipher is given.

    Raises:
        Misuse: a text is not Unicode (half a surrogate pair), which the far side would refuse.
    """
    plain = {"type": type(frame).__name__.lower(), **_plain(frame)}
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    try:
        body = text.encode("utf-8")
    except UnicodeEncodeError:
        raise Misuse(f"{type(frame).__name__} holds half a surrogate pair.") from None
    flags = 0
    if len(body) >= _COMPRESS_FROM:
        packed = zlib.compress(body, 1)
        if len(packed) < len(body):
            body, flags = packed, _COMPRESSED
    if cipher is not None:
        header = bytes((VERSION, flags | _SEALED))
        return header + cipher.seal(body, header)
    return bytes((VERSION, flags)) + body


def unpack(message: bytes, cipher: Cipher | None = None, *, most: int = MOST_BYTES) -> Frame:
    """Read one binary message.

    Args:
        most: bytes it may have, before and after inflation; a stranger gets fewer.

    Raises:
        PeerFault: it is not a frame of this version, too large, not sealed although the session
            is, or changed on the way.
    """
    if len(message) < 2 or len(message) > most:
        raise PeerFault(f"A message of {len(message)} bytes is not a frame.")
    header, body = message[:2], message[2:]
    if header[0] != VERSION:
        raise PeerFault(f"A frame has version {header[0]}; this side reads version {VERSION}.")
    if header[1] & ~(_COMPRESSED | _SEALED):
        raise PeerFault(f"A frame has the unknown flags {header[1]:#04x}.")
    if bool(header[1] & _SEALED) != (cipher is not None):
        raise PeerFault("A frame is sealed before the handshake, or open after it.")
    if cipher is not None:
        body = cipher.open(body, header)
    if header[1] & _COMPRESSED:
        body = _inflate(body, most)
    return _frame(body)


def _inflate(body: bytes, most: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(body, most)
    except zlib.error:
        raise PeerFault("A compressed frame can't be read.") from None
    if inflater.unconsumed_tail or not inflater.eof:
        raise PeerFault(f"A compressed frame is cut off or larger than {most} bytes.")
    return plain


def _frame(body: bytes) -> Frame:
    try:
        raw = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise PeerFault("A frame is not readable JSON.") from None
    if not isinstance(raw, dict):
        raise PeerFault("A frame is not a JSON object.")
    name = raw.get("type")
    if not isinstance(name, str) or name not in _TYPES:
        shown = repr(name[:40]) if isinstance(name, str) else f"of a {type(name).__name__}"
        raise PeerFault(f"A frame has the unknown type {shown}.")
    kind = _TYPES[name]
    return _typed(raw, kind)  # type: ignore[no-any-return]


_SHAPES: dict[type, dict[str, tuple[Any, bool]]] = {}


def _shape(kind: type) -> dict[str, tuple[Any, bool]]:
    shape = _SHAPES.get(kind)
    if shape is None:
        hints = get_type_hints(kind)
        shape = {f.name: (hints[f.name], f.default is not MISSING) for f in fields(kind)}
        _SHAPES[kind] = shape
    return shape


def _typed(raw: Any, kind: type) -> Any:
    """Read a dataclass of texts, integers, tuples and dataclasses; unknown fields are ignored."""
    if not isinstance(raw, dict):
        raise PeerFault(f"{kind.__name__} is not an object.")
    values: dict[str, Any] = {}
    for name, (wanted, optional) in _shape(kind).items():
        if name in raw:
            values[name] = _value(raw[name], wanted, f"{kind.__name__}.{name}")
        elif not optional:
            raise PeerFault(f"{kind.__name__} lacks {name}.")
    return kind(**values)


def _value(raw: Any, wanted: Any, where: str) -> Any:
    if wanted is str:
        if not isinstance(raw, str) or not is_unicode(raw):
            raise PeerFault(f"{where} is not text.")
        return raw
    if wanted is int:
        if not isinstance(raw, int) or isinstance(raw, bool) or abs(raw) >= 1 << 63:
            raise PeerFault(f"{where} is not a whole number.")
        return raw
    if isinstance(wanted, types.GenericAlias):
        return _items(raw, wanted.__args__, where)
    return _typed(raw, wanted)


def _items(raw: Any, arguments: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if not isinstance(raw, list) or len(raw) > 10_000:
        raise PeerFault(f"{where} is not a list of sensible length.")
    if arguments[-1] is Ellipsis:
        return tuple(_value(item, arguments[0], where) for item in raw)
    if len(raw) != len(arguments):
        raise PeerFault(f"{where} has {len(raw)} parts, not {len(arguments)}.")
    return tuple(_value(item, kind, where) for item, kind in zip(raw, arguments, strict=True))


def _plain(value: Any) -> Any:
    return {
        f.name: _plain_value(found)
        for f in fields(value)
        if (found := getattr(value, f.name)) != f.default or "later" not in f.metadata
    }


def _plain_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain_value(item) for item in value]
    if isinstance(value, str | int):
        return value
    return _plain(value)
