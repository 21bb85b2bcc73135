"""The windows of one session: how far a writer may send, and what a reader may be sent. No I/O.

Credit is absolute, in rows and in bytes of their texts: it names a place in the stream, so losing
or repeating a grant is harmless. Bytes count from where the session begins, the number that HELLO
and WELCOME agree on, and so are the same on both ends. A row may go while the bytes before it are
below the credit; so one row larger than the whole window can't block its stream for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from towline_shared.errors import Misuse, PeerFault
from towline_shared.frames import BATCH_BYTES, Ack, Credit, Data, Limit, Part, Resume

__all__ = ["WINDOW_BYTES", "WINDOW_ROWS", "Incoming", "Outgoing", "more_credit", "text_bytes"]

WINDOW_ROWS = 5_000
WINDOW_BYTES = 8 << 20


def text_bytes(texts: Sequence[str]) -> list[int]:
    """Return what each text counts against the credit."""
    return [len(text.encode("utf-8")) for text in texts]


@dataclass
class Outgoing:
    """The window of a stream we write.

    Attributes:
        acked: highest number the peer has made durable; at first, where the session begins.
        limit: highest number the peer allows.
        limit_bytes: rows may go while fewer bytes than this, since the session began, are before
            them.
        last_sent: number after which sending goes on; RESUME sets it back.
    """

    name: str
    stream_id: str
    acked: int
    limit: int
    limit_bytes: int
    last_sent: int = field(init=False)
    _acked_bytes: int = field(default=0, init=False)
    _ends: deque[int] = field(default_factory=deque, init=False)  # bytes up to acked+1, acked+2...

    def __post_init__(self) -> None:
        self.last_sent = self.acked

    @property
    def room(self) -> int:
        """How many more rows may be sent now."""
        return max(0, self.limit - self.last_sent) if self._bytes_left > 0 else 0

    @property
    def room_bytes(self) -> int:
        """How many bytes the next batch may have, if it has more than one row."""
        return min(BATCH_BYTES, max(0, self._bytes_left))

    def sent(self, sizes: Sequence[int]) -> None:
        """Note that the rows behind ``last_sent`` go out.

        Args:
            sizes: the bytes of each row's text, one after the other.

        Raises:
            Misuse: the peer has not allowed that; nothing is noted.
        """
        upto = self.last_sent + len(sizes)
        start = self._bytes_at(self.last_sent)
        if sizes and (upto > self.limit or start + sum(sizes[:-1]) >= self.limit_bytes):
            raise Misuse(
                f"{self.name} sent {upto} beyond its credit of {self.limit} rows"
                f" and {self.limit_bytes} bytes."
            )
        for size in sizes[max(0, self._most_sent - self.last_sent) :]:
            self._ends.append(self._bytes_at(self._most_sent) + size)
        self.last_sent = upto

    def on_ack(self, frame: Ack) -> bool:
        """Take a cumulative acknowledgement; returns whether it says anything new.

        Raises:
            PeerFault: it acknowledges what was not sent in this session.
        """
        if frame.upto > self._most_sent:
            raise PeerFault(
                f"The peer acknowledged {self.name} up to {frame.upto}; sent was {self._most_sent}."
            )
        self._allow(frame.limit, frame.limit_bytes)
        if frame.upto <= self.acked:
            return False
        for _ in range(frame.upto - self.acked):
            self._acked_bytes = self._ends.popleft()
        self.acked = frame.upto
        self.last_sent = max(self.last_sent, frame.upto)  # it may answer rows before a RESUME
        return True

    def on_credit(self, frame: Credit) -> None:
        """Take credit; it is absolute, so an old or repeated grant changes nothing."""
        self._allow(frame.limit, frame.limit_bytes)

    def on_resume(self, frame: Resume) -> None:
        """Go back: the peer saw a gap.

        Raises:
            PeerFault: it wants what it has acknowledged, or what was never sent.
        """
        if not self.acked <= frame.after <= self._most_sent:
            raise PeerFault(
                f"The peer wants {self.name} after {frame.after}; possible is"
                f" {self.acked} to {self._most_sent}."
            )
        self.last_sent = frame.after

    def _allow(self, limit: int, limit_bytes: int) -> None:
        self.limit = max(self.limit, limit)
        self.limit_bytes = max(self.limit_bytes, limit_bytes)

    @property
    def _most_sent(self) -> int:
        return self.acked + len(self._ends)

    @property
    def _bytes_left(self) -> int:
        return self.limit_bytes - self._bytes_at(self.last_sent)

    def _bytes_at(self, seq: int) -> int:
        return self._ends[seq - self.acked - 1] if seq > self.acked else self._acked_bytes


@dataclass
class Incoming:
    """The window of a stream the peer writes.

    Attributes:
        durable: highest number on our disk.
        granted: highest number we ever allowed.
        window: how many rows beyond what is durable may be under way.
        durable_bytes: bytes of the rows written since the session began.
        granted_bytes: the byte credit we ever allowed.
        window_bytes: how many bytes beyond what is durable may be under way, and one row more.
    """

    name: str
    stream_id: str
    durable: int
    granted: int
    window: int = WINDOW_ROWS
    window_bytes: int = WINDOW_BYTES
    durable_bytes: int = field(default=0, init=False)
    granted_bytes: int = field(default=0, init=False)

    def check(self, frame: Data) -> Resume | None:
        """Look at a batch before it is written; returns a RESUME when it leaves a gap.

        Duplicates pass: the write leaves them out, and the acknowledgement repeats the truth.

        Raises:
            PeerFault: foreign stream, empty or beyond the credit.
        """
        if frame.stream_id != self.stream_id:
            raise PeerFault(f"The peer sent {self.name} under another stream id.")
        if frame.first < 1 or not frame.rows:
            raise PeerFault(f"The peer sent an empty batch of {self.name}.")
        if frame.first + len(frame.rows) - 1 > self.granted:
            raise PeerFault(f"The peer sent {self.name} beyond its credit of {self.granted}.")
        if frame.first > self.durable + 1:
            return Resume(self.name, self.durable)
        sizes = self._fresh(frame, frame.first + len(frame.rows) - 1)
        if sizes and self.durable_bytes + sum(sizes[:-1]) >= self.granted_bytes:
            raise PeerFault(
                f"The peer sent {self.name} beyond its credit of {self.granted_bytes} bytes."
            )
        return None

    def check_part(self, part: Part) -> Resume | None:
        """Look at a part of a row; returns a RESUME when rows before it are missing.

        Raises:
            PeerFault: foreign stream, or beyond the credit.
        """
        if part.stream_id != self.stream_id:
            raise PeerFault(f"The peer sent {self.name} under another stream id.")
        if part.seq > self.granted or (
            part.seq > self.durable and self.durable_bytes >= self.granted_bytes
        ):
            raise PeerFault(f"The peer sent {self.name} beyond its credit of {self.granted}.")
        return Resume(self.name, self.durable) if part.seq > self.durable + 1 else None

    def stored(self, frame: Data, upto: int, *, ready: bool) -> Ack:
        """Acknowledge what the commit holds, with fresh credit when there is room for more.

        Args:
            frame: the batch that was written.
            upto: highest number on disk after the commit.
        """
        self.durable_bytes += sum(self._fresh(frame, upto))
        self.durable = max(self.durable, upto)
        limit = self.grant(ready=ready)
        return Ack(self.name, self.durable, limit.upto, limit.limit_bytes)

    def grant(self, *, ready: bool) -> Limit:
        """Return the credit: one window beyond what is durable, or what was granted already."""
        if ready:
            self.granted = max(self.granted, self.durable + self.window)
            self.granted_bytes = max(self.granted_bytes, self.durable_bytes + self.window_bytes)
        return Limit(self.name, self.granted, self.granted_bytes)

    def credit(self, *, ready: bool) -> Credit:
        """Return the same as a frame of its own."""
        limit = self.grant(ready=ready)
        return Credit(self.name, limit.upto, limit.limit_bytes)

    def _fresh(self, frame: Data, upto: int) -> list[int]:
        """Return the bytes of the batch's rows that are not durable yet, up to a number."""
        rows = frame.rows[max(0, self.durable + 1 - frame.first) : max(0, upto + 1 - frame.first)]
        return text_bytes([text for _, _, _, text in rows])


def more_credit(
    windows: Iterable[Incoming], *, ready: Callable[[Incoming], bool]
) -> Iterator[Credit]:
    """Return what can be granted that was held back before, one frame a stream."""
    for window in windows:
        before = window.grant(ready=False)
        if window.grant(ready=ready(window)) != before:
            yield window.credit(ready=False)
