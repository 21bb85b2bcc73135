"""Speeds as ratios to an anchor measured in the same run.

Absolute numbers belong to the machine; a ratio to a named anchor can be compared between two. Each
figure is the median of several rounds. Nothing here fails: what is slow is for people to judge.
``python -m tests.bench records`` is another matter: a million generated records, each checked.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from tests.bench import records
from towline_agent.buffer import Buffer
from towline_agent.buffer_key import KeyFile
from towline_agent.ibmi.records import Field, RecordFormat
from towline_agent.ibmi.records import decode as decode_record
from towline_shared.clock import SystemClock
from towline_shared.codec import decode, encode
from towline_shared.events import Event, Price, event_id
from towline_shared.frames import Data, pack, unpack
from towline_shared.sealing import Seal

_ROUNDS = 5
_ROWS = 2_000


@dataclass(frozen=True)
class Figure:
    """One measured speed, in things per second, and the anchor it is held against."""

    what: str
    per_s: float
    anchor: str
    anchor_per_s: float


def _speed(count: int, work: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return count / statistics.median(times)


def _events() -> list[Event]:
    now = datetime.now(UTC)
    return [
        Event(
            event_id("bench", str(n)),
            f"10-{n}",
            "ibmi:DISTLIB/ITMPRC",
            now,
            Price(f"10-{n}", row={"IPPRC": Decimal("12.50"), "IPCUR": "EUR", "IPEFFD": 1261123}),
        )
        for n in range(_ROWS)
    ]


def _buffer(folder: Path) -> Figure:
    """Durable appends in batches of 100 against raw SQLite with the same durability."""
    events, round_ = _events(), iter(range(10_000))
    buffer = Buffer(folder / "buffer.db", clock=SystemClock())

    def ours() -> None:
        mark = next(round_)
        for start in range(0, _ROWS, 100):
            buffer.capture(
                stream="changes",
                events=events[start : start + 100],
                outbox_ids=range(mark * _ROWS + start, mark * _ROWS + start + 100),
            ).result()

    raw = sqlite3.connect(folder / "raw.db", isolation_level=None)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT)")
    texts = [(encode(event),) for event in events]

    def anchor() -> None:
        for start in range(0, _ROWS, 100):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany("INSERT INTO t (text) VALUES (?)", texts[start : start + 100])
            raw.execute("COMMIT")

    try:
        return Figure(
            "events captured, 100 a commit, FULL", _speed(_ROWS, ours),
            "raw SQLite rows, 100 a commit, FULL", _speed(_ROWS, anchor),
        )  # fmt: skip
    finally:
        raw.close()
        buffer.close()


def _capture(folder: Path, name: str, keys: KeyFile | None) -> float:
    events, round_ = _events(), iter(range(10_000))
    buffer = Buffer(folder / name, clock=SystemClock(), keys=keys)

    def ours() -> None:
        mark = next(round_)
        for start in range(0, _ROWS, 100):
            buffer.capture(
                stream="changes",
                events=events[start : start + 100],
                outbox_ids=range(mark * _ROWS + start, mark * _ROWS + start + 100),
            ).result()
        buffer.unsent("changes", after=mark * _ROWS, rows=_ROWS, most=1 << 30).result()

    try:
        return _speed(_ROWS, ours)
    finally:
        buffer.close()


def _sealed(folder: Path) -> Figure:
    """What sealing the payloads costs: written and read again, against a clear buffer."""
    return Figure(
        "events captured and read, payloads sealed",
        _capture(folder, "sealed.db", KeyFile(folder / "sealed.key")),
        "events captured and read, clear",
        _capture(folder, "clear.db", None),
    )


def _codec() -> Figure:
    """Encode and decode an event against json alone."""
    events = _events()
    texts = [encode(event) for event in events]
    return Figure(
        "events encoded and decoded", _speed(_ROWS, lambda: [decode(encode(e)) for e in events]),
        "json.loads and json.dumps of the same texts",
        _speed(_ROWS, lambda: [json.dumps(json.loads(text)) for text in texts]),
    )  # fmt: skip


def _frames() -> Figure:
    """Pack, seal, open and unpack batches of 100 against packing alone."""
    rows = tuple((e.id, "price", e.key, encode(e)) for e in _events())
    batches = [Data("changes", "s", n + 1, rows[n : n + 100]) for n in range(0, _ROWS, 100)]

    def sealed() -> None:
        there, here = Seal(b"k" * 32), Seal(b"k" * 32)
        for batch in batches:
            unpack(pack(batch, there), here)

    return Figure(
        "events through sealed frames, both ends", _speed(_ROWS, sealed),
        "events through open frames, both ends",
        _speed(_ROWS, lambda: [unpack(pack(batch)) for batch in batches]),
    )  # fmt: skip


def _records() -> Figure:
    """Decode a record of a data queue against decoding its characters alone."""
    record = RecordFormat(
        name="WEBPRICE",
        fields=(
            Field(name="SKU", kind="char", length=15),
            Field(name="PRICE", kind="packed", digits=9, decimals=2),
            Field(name="CURRENCY", kind="char", length=3),
        ),
    )
    data = "10-4711".ljust(15).encode("cp037") + bytes.fromhex("000001250F") + "EUR".encode("cp037")
    return Figure(
        "records decoded (char, packed, char)",
        _speed(_ROWS, lambda: [decode_record(record, data) for _ in range(_ROWS)]),
        "bytes.decode('cp037') of the same record",
        _speed(_ROWS, lambda: [data.decode("cp037") for _ in range(_ROWS)]),
    )


def main() -> None:
    """Print a line a figure."""
    with tempfile.TemporaryDirectory() as folder:
        figures = [_buffer(Path(folder)), _sealed(Path(folder)), _codec(), _frames(), _records()]
    for figure in figures:
        ratio = figure.per_s / figure.anchor_per_s
        print(f"{figure.per_s:>12,.0f}/s  {figure.what}")
        print(
            f"{'x' + format(ratio, '.3f'):>14}  of {figure.anchor} ({figure.anchor_per_s:,.0f}/s)"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["records"]:
        records.main(sys.argv[2:])
    else:
        main()
