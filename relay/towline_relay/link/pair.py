"""The lease of a pair as it is written down, and the fence around what came without it.

All functions take the connection of a running unit, so that who works and what is taken from whom
are one commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from towline_relay.link.lease import TOLD_S, Lease, Verdict, decide, taken
from towline_shared.clock import parse_utc, utc_text
from towline_shared.frames import StreamOffer
from towline_shared.stream_log import LogRow

__all__ = [
    "SCHEMA",
    "Standing",
    "ask",
    "forget_marks",
    "hand_over",
    "holder",
    "leases",
    "release",
    "sort_out",
    "told",
]

SCHEMA = """
CREATE TABLE IF NOT EXISTS agent_lease (
  tenant TEXT PRIMARY KEY, agent_id TEXT NOT NULL, term INTEGER NOT NULL,
  since TEXT NOT NULL, until TEXT NOT NULL, heir TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS agent_lease_mark (
  tenant TEXT NOT NULL, stream TEXT NOT NULL,
  upto INTEGER NOT NULL,  -- the holder captured these before its term began
  PRIMARY KEY (tenant, stream)
) WITHOUT ROWID;
"""
_FENCED = frozenset({"changes", "bulk"})


@dataclass(frozen=True, slots=True)
class Standing:
    """What a pair's agent is told.

    Attributes:
        term: of the lease in force.
    """

    verdict: Verdict
    term: int

    @property
    def role(self) -> str:
        """``active`` or ``standby``."""
        return "active" if self.active else "standby"

    @property
    def active(self) -> bool:
        """Whether it works."""
        return self.verdict in (Verdict.GRANT, Verdict.RENEW)


def told(standing: Standing | None) -> dict[str, Any]:
    """Return the fields of WELCOME and BEAT about a pair; none where there is none."""
    if standing is None:
        return {}
    lease_s = TOLD_S if standing.active else 0
    return {"role": standing.role, "lease_s": lease_s, "term": standing.term}


def holder(db: sqlite3.Connection, tenant: str) -> Lease | None:
    """Return the lease of a tenant's pair as it stands; None before anybody had it."""
    row = db.execute("SELECT * FROM agent_lease WHERE tenant=?", (tenant,)).fetchone()
    if row is None:
        return None
    since, until = parse_utc(row["since"]), parse_utc(row["until"])
    return Lease(row["agent_id"], row["term"], since, until, row["heir"])


def leases(db: sqlite3.Connection, tenants: Iterable[str]) -> dict[str, Lease]:
    """Return the leases of these tenants' pairs, as far as somebody has had one."""
    found = {tenant: holder(db, tenant) for tenant in tenants}
    return {tenant: lease for tenant, lease in found.items() if lease is not None}


def ask(
    db: sqlite3.Connection,
    *,
    tenant: str,
    agent_id: str,
    now: datetime,
    not_before: datetime,
    offers: Sequence[StreamOffer] | None = None,
) -> Standing:
    """Grant, renew or refuse, and write it down.

    Args:
        offers: of HELLO, if a session begins; None for a heartbeat.
    """
    lease = holder(db, tenant)
    verdict = decide(lease, agent_id, now, joins=offers is not None, not_before=not_before)
    if verdict in (Verdict.GRANT, Verdict.RENEW):
        lease = taken(lease, agent_id, now)
        db.execute(
            "INSERT OR REPLACE INTO agent_lease VALUES (?,?,?,?,?,'')",
            (tenant, agent_id, lease.term, utc_text(lease.since), utc_text(lease.until)),
        )
    if verdict is Verdict.GRANT and lease is not None:
        forget_marks(db, tenant)
        _mark(db, tenant, (offers or ()) if lease.term > 1 else ())
    return Standing(verdict, lease.term if lease is not None else 0)


def release(db: sqlite3.Connection, *, tenant: str, agent_id: str, now: datetime) -> bool:
    """End the lease of an agent that stops; returns whether it had one that ran."""
    at = utc_text(now)
    return (
        db.execute(
            "UPDATE agent_lease SET until=? WHERE tenant=? AND agent_id=? AND until>?",
            (at, tenant, agent_id, at),
        ).rowcount
        == 1
    )


def hand_over(db: sqlite3.Connection, *, tenant: str, agent_id: str) -> bool:
    """Let another agent have the lease next; returns whether that changes who has it.

    The holder is refused from its next heartbeat on; the other gets the lease once it has run out.
    """
    return (
        db.execute(
            "UPDATE agent_lease SET heir=? WHERE tenant=? AND agent_id<>?",
            (agent_id, tenant, agent_id),
        ).rowcount
        == 1
    )


def sort_out(
    db: sqlite3.Connection, tenant: str, agent_id: str, stream: str, rows: Sequence[LogRow]
) -> tuple[list[LogRow], list[LogRow]]:
    """Return the rows that count and those behind the fence."""
    lease = holder(db, tenant)
    if stream not in _FENCED or lease is None:
        return list(rows), []
    if lease.agent_id != agent_id:
        return [], list(rows)
    mark = db.execute(
        "SELECT upto FROM agent_lease_mark WHERE tenant=? AND stream=?", (tenant, stream)
    ).fetchone()
    upto = int(mark["upto"]) if mark is not None else 0
    return [row for row in rows if row.seq > upto], [row for row in rows if row.seq <= upto]


def forget_marks(db: sqlite3.Connection, tenant: str) -> None:
    """Let all rows of the holder count: its buffer is a new one, whose numbers begin anew."""
    db.execute("DELETE FROM agent_lease_mark WHERE tenant=?", (tenant,))


def _mark(db: sqlite3.Connection, tenant: str, offers: Sequence[StreamOffer]) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO agent_lease_mark VALUES (?,?,?)",
        [(tenant, offer.name, offer.last) for offer in offers if offer.direction == "up"],
    )
