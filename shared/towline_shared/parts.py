"""Large rows in parts: cut by the writer, put together by the reader. No I/O.

A row whose text is longer than one part goes as parts of at most 128 KiB, each in its stream's
turn, so that a large document holds up nobody else's rows for longer than a part takes. Parts are
kept in memory until the row is whole and its hash is right; only then is it a row like any other,
written in one commit and acknowledged. So nothing half is ever on disk. A connection that breaks
costs no more than the part under way: HELLO and WELCOME say what each reader still has. Whatever
they say is only a saving: the hash over the whole text decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from towline_shared.codec import MOST_BYTES as MOST_EVENT_BYTES
from towline_shared.errors import PeerFault, Permanent
from towline_shared.frames import Data, Kept, Part, Resume
from towline_shared.stream_rows import LogRow
from towline_shared.window import Incoming, Outgoing, text_bytes

__all__ = ["FRAME_BYTES", "PART_BYTES", "WHOLE_BYTES", "PartSender", "Shelf", "take_part"]

PART_BYTES = 128 * 1024
FRAME_BYTES = 1 << 20  # most bytes of a message between two sides that know parts
WHOLE_BYTES = 1 << 20  # largest text for a side that does not: it may double by escaping
_SHELF_BYTES = 64 << 20


@dataclass
class _UnderWay:
    """A row that is being sent."""

    row: LogRow
    raw: bytes
    sha256: str
    offset: int = 0


class PartSender:
    """The writer's side of one session: what goes next in each stream."""

    def __init__(self, *, parts: bool, kept: Sequence[Kept] = ()) -> None:
        """Prepare a session.

        Args:
            parts: whether the peer knows parts.
            kept: what it says it still has of rows that were broken off.
        """
        self._parts = parts
        self._kept = {each.name: each for each in kept}
        self._under_way: dict[str, _UnderWay] = {}

    def more(self, window: Outgoing) -> Part | None:
        """Return the next part of the row under way in a stream; None when there is none."""
        found = self._under_way.get(window.name)
        if found is None or found.row.seq != window.last_sent + 1:
            self._under_way.pop(window.name, None)
            return None
        end = _boundary(found.raw, found.offset + PART_BYTES)
        part = Part(
            name=window.name,
            stream_id=window.stream_id,
            seq=found.row.seq,
            event_id=found.row.event_id,
            entity=found.row.entity,
            key=found.row.key,
            size=len(found.raw),
            sha256=found.sha256,
            offset=found.offset,
            text=found.raw[found.offset : end].decode("utf-8"),
        )
        found.offset = end
        if end == len(found.raw):
            window.sent([end])
            del self._under_way[window.name]
        return part

    def next(self, window: Outgoing, rows: Sequence[LogRow]) -> Data | Part | None:
        """Return the first frame for rows that follow what was sent.

        Args:
            rows: at least one; more than one only if together they fit into a DATA.

        Raises:
            Permanent: a row is larger than the peer can read.
        """
        sizes = text_bytes([row.text for row in rows])
        if self._parts and sizes[0] > PART_BYTES:
            self._begin(window.name, rows[0])
            return self.more(window)
        if sizes[0] > WHOLE_BYTES:
            raise Permanent(
                f"The {rows[0].entity} event {rows[0].event_id} has {sizes[0]} bytes, and the other"
                f" side reads {WHOLE_BYTES} at most.",
                hint="Upgrade the other side; until then this stream waits.",
            )
        window.sent(sizes)
        cells = tuple((row.event_id, row.entity, row.key, row.text) for row in rows)
        return Data(window.name, window.stream_id, rows[0].seq, cells)

    def resume(self, name: str) -> None:
        """Begin the row under way anew: the peer saw a gap in it."""
        self._under_way.pop(name, None)
        self._kept.pop(name, None)

    def _begin(self, name: str, row: LogRow) -> None:
        raw = row.text.encode("utf-8")
        begun = _UnderWay(row, raw, hashlib.sha256(raw).hexdigest())
        kept = self._kept.pop(name, None)
        if (
            kept is not None
            and (kept.seq, kept.sha256) == (row.seq, begun.sha256)
            and 0 < kept.offset < len(raw)
            and _boundary(raw, kept.offset) == kept.offset
        ):
            begun.offset = kept.offset
        self._under_way[name] = begun


def _boundary(raw: bytes, end: int) -> int:
    """Return the end, or the start of the character it would cut through."""
    end = min(end, len(raw))
    while end < len(raw) and raw[end] & 0xC0 == 0x80:
        end -= 1
    return end


@dataclass
class _Assembly:
    """A row that is being received."""

    first: Part
    texts: list[str] = field(default_factory=list)
    have: int = 0


class Shelf:
    """The reader's side, for all sessions of a process: parts of rows that are not whole yet.

    It never holds more than :data:`_SHELF_BYTES`; the longest untouched rows fall off first and are
    then sent from their start.
    """

    def __init__(self, *, most: int = _SHELF_BYTES) -> None:
        """Build an empty one."""
        self._most = most
        self._held: dict[tuple[str, str], _Assembly] = {}

    def kept(self, peer: str) -> tuple[Kept, ...]:
        """Return what is here of a peer's rows, for HELLO and WELCOME."""
        return tuple(
            Kept(name, each.first.seq, each.first.sha256, each.have)
            for (owner, name), each in self._held.items()
            if owner == peer
        )

    def put(self, peer: str, part: Part) -> Data | Resume | None:
        """Add a part; returns the row once it is whole, or a RESUME when the part does not fit.

        Raises:
            PeerFault: the part breaks the limits, or the whole is not what its hash says.
        """
        size = len(part.text.encode("utf-8"))
        if (
            not PART_BYTES < part.size <= MOST_EVENT_BYTES
            or not 0 < size <= PART_BYTES
            or not 0 <= part.offset <= part.size - size
        ):
            raise PeerFault(f"The peer sent a part of {part.name} beyond its limits.")
        place = (peer, part.name)
        held = self._held.pop(place, None)
        if part.offset == 0:
            held = _Assembly(part)
        elif held is None or held.have != part.offset or _row(held.first) != _row(part):
            return Resume(part.name, part.seq - 1)
        held.texts.append(part.text)
        held.have += size
        if held.have < part.size:
            self._held[place] = held
            self._make_room()
            return None
        text = "".join(held.texts)
        if hashlib.sha256(text.encode("utf-8")).hexdigest() != part.sha256:
            raise PeerFault(f"Number {part.seq} of {part.name} is not what its parts said.")
        row = (part.event_id, part.entity, part.key, text)
        return Data(part.name, part.stream_id, part.seq, (row,))

    def _make_room(self) -> None:
        while len(self._held) > 1 and sum(each.have for each in self._held.values()) > self._most:
            del self._held[next(iter(self._held))]


def _row(part: Part) -> tuple[str, int, str, int]:
    return part.stream_id, part.seq, part.sha256, part.size


def take_part(part: Part, *, window: Incoming, shelf: Shelf, peer: str) -> Data | Resume | None:
    """Take a part within the reader's credit; returns the whole row, a RESUME, or nothing yet.

    Raises:
        PeerFault: a foreign stream, beyond the credit or the limits, or not what its hash says.
    """
    gap = window.check_part(part)
    if gap is not None or part.seq <= window.durable:
        return gap
    return shelf.put(peer, part)
