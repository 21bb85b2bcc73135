"""Bytes of a websocket connection, cut into what a fault may happen to. No I/O.

RFC 6455, 5.2: two bytes, 2 or 8 more for a length of 126 or 127, 4 of a mask, then the payload.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["Splitter", "head_of"]

_END_OF_HTTP = b"\r\n\r\n"


def head_of(frame: bytes) -> int:
    """Return how many bytes of a frame are header, its mask included."""
    return 2 + {126: 2, 127: 8}.get(frame[1] & 0x7F, 0) + (4 if frame[1] & 0x80 else 0)


class Splitter:
    """One direction of a connection: first HTTP, then frames.

    Attributes:
        upgraded: the HTTP part is over.
    """

    def __init__(self) -> None:
        self.upgraded = False
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes and give back the whole pieces they complete."""
        self._buffer += data
        while (size := self._size()) is not None:
            piece = bytes(self._buffer[:size])
            del self._buffer[:size]
            yield piece
            self.upgraded = True

    def _size(self) -> int | None:
        """Return how long the first piece is, if all of it is here."""
        if not self.upgraded:
            end = self._buffer.find(_END_OF_HTTP)
            return None if end < 0 else end + len(_END_OF_HTTP)
        if len(self._buffer) < 2 or len(self._buffer) < (head := head_of(bytes(self._buffer[:2]))):
            return None
        short = self._buffer[1] & 0x7F
        wide = {126: 2, 127: 8}.get(short, 0)
        length = int.from_bytes(self._buffer[2 : 2 + wide], "big") if wide else short
        return head + length if len(self._buffer) >= head + length else None
