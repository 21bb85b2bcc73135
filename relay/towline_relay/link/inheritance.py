"""What an agent that was shut out had not applied goes to the tenant's next one.

An acknowledgement says that a document is in the agent's inbox, not that it is on the IBM i; that
says the agent's report. When a host is lost, the inbox is lost with it. So once an agent is shut
out, every document it has not reported about is sent again, under its own event id, to the agent
that takes its place: the IBM i knows the id of what was written after all.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from towline_relay.link.enrolment import AgentRow
from towline_shared.codec import Undecodable, decode
from towline_shared.errors import Permanent
from towline_shared.events import Event, event_id
from towline_shared.stream_log import DOWN_STREAMS, LogRow, StreamLog

__all__ = ["SCHEMA", "hand_on", "heir_of", "inherit"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS agent_heir (
  agent_id TEXT PRIMARY KEY, heir TEXT NOT NULL, documents INTEGER NOT NULL
) WITHOUT ROWID;
"""
_OUTCOMES = ("written", "already there", "refused")
_PAGE_ROWS, _PAGE_BYTES = 200, 4 << 20


def heir_of(lost: AgentRow, agents: Sequence[AgentRow]) -> AgentRow | None:
    """Return who takes the place of an agent that was shut out: its tenant's newest that is in.

    Only one that enrolled after it: two agents that were there before have each their own work.
    """
    if lost.revoked_at is None:
        return None
    found = [
        each
        for each in agents
        if each.tenant == lost.tenant
        and each.revoked_at is None
        and not each.waiting
        and each.created_at > lost.created_at
    ]
    return max(found, key=lambda each: each.created_at, default=None)


def inherit(db: sqlite3.Connection, log: StreamLog, agents: Sequence[AgentRow]) -> dict[str, int]:
    """Send again what lost agents did not report about; call it in a unit of its own. Idempotent.

    Args:
        agents: all that ever enrolled.

    Returns:
        heir -> how many documents it got.
    """
    done = {str(row["agent_id"]) for row in db.execute("SELECT agent_id FROM agent_heir")}
    got: dict[str, int] = {}
    for lost in agents:
        heir = heir_of(lost, agents) if lost.agent_id not in done else None
        if heir is None:
            continue
        count = sum(_move(db, log, lost.agent_id, heir.agent_id, name) for name in DOWN_STREAMS)
        db.execute("INSERT INTO agent_heir VALUES (?,?,?)", (lost.agent_id, heir.agent_id, count))
        got[heir.agent_id] = got.get(heir.agent_id, 0) + count
    return got


def hand_on(
    db: sqlite3.Connection, log: StreamLog, agents: Sequence[AgentRow], heir: AgentRow
) -> int:
    """Give the new active agent of a pair what nobody reported about; returns how many documents.

    Call it in the unit that grants the lease. What the agent was sent itself is not sent again, and
    a wish to erase stays with the agent whose buffer it is about.
    """
    peers = [each.agent_id for each in agents if each.tenant == heir.tenant]
    over = {document for peer in peers for document in _sent(db, peer, heir.agent_id)}
    reported = {each for peer in peers for each in _reported(db, peer)}
    return sum(
        _append(db, log, peer, heir.agent_id, name, reported, over)
        for peer in peers
        if peer != heir.agent_id
        for name in DOWN_STREAMS
    )


def _sent(db: sqlite3.Connection, peer: str, heir: str) -> set[str]:
    """Return the documents of an agent that stay where they are."""
    rows = db.execute(
        "SELECT event_id FROM stream_row WHERE peer=? AND direction='out'"
        " AND (peer=? OR entity='erase')",
        (peer, heir),
    )
    return {str(row["event_id"]) for row in rows}


def _move(db: sqlite3.Connection, log: StreamLog, lost: str, heir: str, name: str) -> int:
    """Append what one stream holds without a report, and the heir does not have, to the heir's."""
    return _append(db, log, lost, heir, name, _reported(db, lost), _sent(db, heir, heir))


def _append(
    db: sqlite3.Connection,
    log: StreamLog,
    lost: str,
    heir: str,
    name: str,
    reported: set[str],
    over: set[str],
) -> int:
    """Append the documents of a stream in their old order, but for reported ones and ``over``."""
    count, after = 0, 0
    while rows := _page(db, log, lost, name, after):
        after = rows[-1].seq
        left = [
            row for row in rows if row.event_id not in over and not _is_done(row.event_id, reported)
        ]
        over.update(row.event_id for row in left)
        events = [event for row in left for event in _events(row)]
        log.append(db, heir, name, events)
        count += len(events)
    return count


def _page(db: sqlite3.Connection, log: StreamLog, peer: str, name: str, after: int) -> list[LogRow]:
    """Read rows that are kept; past one whose person was forgotten, which nobody can open."""
    while True:
        try:
            return log.unsent(db, peer, name, after=after, rows=_PAGE_ROWS, most=_PAGE_BYTES)
        except Permanent:
            try:
                rows = log.unsent(db, peer, name, after=after, rows=1, most=_PAGE_BYTES)
            except Permanent:
                after += 1
                continue
            return rows


def _reported(db: sqlite3.Connection, lost: str) -> set[str]:
    """Return the ids of all reports an agent sent; they go later than what they are about."""
    rows = db.execute(
        "SELECT event_id FROM stream_row WHERE peer=? AND name='results' AND direction='in'"
        " AND entity='delivered'",
        (lost,),
    )
    return {str(row["event_id"]) for row in rows}


def _is_done(document: str, reported: set[str]) -> bool:
    return any(event_id("delivered", document, each) in reported for each in _OUTCOMES)


def _events(row: LogRow) -> list[Event]:
    """Return the document; none for a text that was emptied because its person was forgotten."""
    if not row.text:
        return []
    try:
        return [decode(row.text)]
    except Undecodable:
        return []
