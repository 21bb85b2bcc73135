"""Reads what became of every event from the relay's store, after the relay has stopped."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from towline_shared.clock import parse_utc

__all__ = ["Latency", "RelayBook", "read_relay"]

_FINAL = ("applied", "superseded", "skipped", "parked")


@dataclass(frozen=True, slots=True)
class Latency:
    """How long applied events of one entity took, from seen to decided, in seconds."""

    count: int
    median_s: float
    p95_s: float


@dataclass(frozen=True, slots=True)
class RelayBook:
    """Events by state, why the ones that were not applied were not, and how long it took."""

    states: Mapping[str, int]
    reasons: Mapping[tuple[str, str], int]
    latencies: Mapping[str, Latency]

    @property
    def unfinished(self) -> int:
        """Events that ended in no state."""
        return sum(count for state, count in self.states.items() if state not in _FINAL)

    @property
    def silent(self) -> int:
        """Parked or skipped events without a sentence."""
        return sum(count for (_, reason), count in self.reasons.items() if not reason.strip())


def read_relay(path: Path) -> RelayBook:
    """Open the file; only one process may, so the relay must have stopped."""
    with closing(sqlite3.connect(path)) as relay:
        relay.row_factory = sqlite3.Row
        rows = relay.execute(
            "SELECT state, reason, entity, seen_at, changed_at FROM event"
        ).fetchall()
    states = Counter(str(row["state"]) for row in rows)
    reasons = Counter(
        (str(row["state"]), str(row["reason"] or ""))
        for row in rows
        if row["state"] in ("parked", "skipped")
    )
    waits: dict[str, list[float]] = {}
    for row in rows:
        if row["state"] == "applied" and row["changed_at"]:
            seen, decided = _moment(row["seen_at"]), _moment(row["changed_at"])
            waits.setdefault(str(row["entity"]), []).append((decided - seen).total_seconds())
    return RelayBook(states, reasons, {name: _latency(each) for name, each in waits.items()})


def _moment(text: str) -> datetime:
    return parse_utc(text)


def _latency(waits: list[float]) -> Latency:
    ordered = sorted(waits)
    return Latency(
        count=len(ordered),
        median_s=ordered[len(ordered) // 2],
        p95_s=ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
    )
