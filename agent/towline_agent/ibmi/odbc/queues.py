"""Data queues through the QSYS2 services.

MESSAGE_DATA and MESSAGE_DATA_UTF8 are the same bytes under another label, so only the binary column
is read. It is cast to VARBINARY where MAXLEN allows: LOB columns ended a loop after 15,336 entries
(https://github.com/ibmdb/python-ibmdb/issues/900). A wait is short and never abandoned by us,
because the server job of an abandoned one may take the next entry and drop it.
"""

from __future__ import annotations

from typing import Any

from towline_agent.ibmi.ccsid import codec_name
from towline_agent.ibmi.errors import SiteFault
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.odbc.statements import statement
from towline_agent.ibmi.port import QueueEntry, QueueInfo, QueueName
from towline_shared.clock import Clock
from towline_shared.errors import Permanent

__all__ = ["Queues"]

_VARBINARY = 32_000  # VARBINARY holds 32,740 bytes
_BEYOND_WAIT_S = 30.0
_DECIMALS_UP_TO_S = 100.0  # beyond it the service ignores fractions
# A queue made anew with a longer MAXLEN must not have its entries cut to the old one.
_KNOWN_S = 60.0


class Queues:
    """Data queues over one connection."""

    def __init__(self, door: Door, settings: OdbcSettings, *, clock: Clock) -> None:
        self._door = door
        self._ccsid = settings.ccsid
        self._clock = clock
        self._known: dict[QueueName, tuple[float, QueueInfo, int]] = {}

    def info(self, queue: QueueName) -> QueueInfo:
        """See the port."""
        return self._facts(queue)[0]

    def wait(self, queue: QueueName, *, seconds: float) -> QueueEntry | None:
        """See the port."""
        return self._receive(queue, b"", seconds)

    def take(self, queue: QueueName, *, key: bytes) -> QueueEntry | None:
        """See the port."""
        return self._receive(queue, key, 0.0)

    def peek(self, queue: QueueName, *, limit: int) -> list[QueueEntry]:
        """See the port."""
        sql = statement("queue_peek", data=self._data(queue), limit=str(int(limit)))
        rows = self._door.query(
            sql, (queue.name, queue.library), doing=f"looking at data queue {queue}"
        ).rows
        return [self._entry(queue, row) for row in rows]

    def send(self, queue: QueueName, data: bytes, *, key: bytes) -> None:
        """See the port."""
        info, key_length = self._remembered(queue)
        if len(data) > info.max_length:
            raise Permanent(
                f"CPF2498: an entry of {len(data)} bytes is longer than MAXLEN"
                f" {info.max_length} of {queue}.",
                hint="Create the data queue with a larger MAXLEN.",
            )
        _hold_key(queue, key, key_length)
        given: list[Any] = [data, queue.name, queue.library]
        if key:
            given.append(self._key_text(queue, key))
        self._door.execute(
            statement("queue_send_key" if key else "queue_send"),
            given,
            doing=f"sending to data queue {queue}",
        )

    def _receive(self, queue: QueueName, key: bytes, seconds: float) -> QueueEntry | None:
        _hold_key(queue, key, self._remembered(queue)[1])
        given: list[Any] = [queue.name, queue.library]
        if key:
            given.append(self._key_text(queue, key))
        whole = seconds > _DECIMALS_UP_TO_S
        sql = statement(
            "queue_receive_key" if key else "queue_receive",
            data=self._data(queue),
            seconds=f"{seconds:.0f}" if whole else f"{seconds:.3f}",
        )
        rows = self._door.query(
            sql, given, doing=f"receiving from data queue {queue}",
            limit_s=seconds + _BEYOND_WAIT_S,
        ).rows  # fmt: skip
        return self._entry(queue, rows[0]) if rows else None

    def _data(self, queue: QueueName) -> str:
        longest = self._remembered(queue)[0].max_length
        if longest > _VARBINARY:
            return "T.MESSAGE_DATA_BINARY"
        return f"CAST(T.MESSAGE_DATA_BINARY AS VARBINARY({longest}))"

    def _remembered(self, queue: QueueName) -> tuple[QueueInfo, int]:
        known = self._known.get(queue)
        if known is None or self._clock.monotonic() - known[0] >= _KNOWN_S:
            return self._facts(queue)
        return known[1], known[2]

    def _facts(self, queue: QueueName) -> tuple[QueueInfo, int]:
        rows = self._door.query(
            statement("queue_info"),
            (queue.library, queue.name),
            doing=f"asking about data queue {queue}",
        ).rows
        if not rows:
            raise SiteFault(
                f"Data queue {queue} was not found, or the profile has no authority to it.",
                hint="Create it, or grant *OBJOPR *READ: towline-agent ibmi plan.",
            )
        entries, most, longest, sequence, key_length, kind = rows[0]
        if str(kind).strip() == "DDM":
            raise Permanent(
                f"Data queue {queue} is a DDM queue; its entries can't be looked at before they"
                " are taken, so they could be lost.",
                hint="Let the agent read the data queue on the system where it lies.",
            )
        info = QueueInfo(
            entries=int(entries or 0),
            most=int(most or 0),
            max_length=int(longest or 0),
            sequence=str(sequence).strip(),
        )
        self._known[queue] = (self._clock.monotonic(), info, int(key_length or 0))
        return info, int(key_length or 0)

    def _entry(self, queue: QueueName, row: tuple[Any, ...]) -> QueueEntry:
        data, key, sender = row
        try:
            key_bytes = str(key).encode(self._codec) if key else b""
        except UnicodeEncodeError:
            raise Permanent(
                f"A key of data queue {queue} does not exist in CCSID {self._ccsid}.",
                hint="Set ibmi.ccsid to that of the program that sends.",
            ) from None
        return QueueEntry(
            data=bytes(data or b""),
            key=key_bytes,
            sender_job=str(sender or "").strip(),
        )

    @property
    def _codec(self) -> str:
        return codec_name(self._ccsid)

    def _key_text(self, queue: QueueName, key: bytes) -> str:
        """Return a key as the service takes it: text in the job's CCSID."""
        try:
            text = key.decode(self._codec)
        except UnicodeDecodeError:
            text = ""
        if not text.isprintable() or not text:
            raise Permanent(
                f"A key of data queue {queue} is no text; the SQL services take text only.",
                hint="Use a key of characters.",
            )
        return text


def _hold_key(queue: QueueName, key: bytes, key_length: int) -> None:
    """Refuse a key that is no key of this queue: padded or cut it would be another one."""
    if len(key) != key_length:
        raise Permanent(f"{queue} wants a key of {key_length} bytes, not {len(key)}.")
