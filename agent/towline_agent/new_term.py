"""What an agent of a pair forgets when it becomes the active one again.

While it stood by, the relay acknowledged and skipped what it had captured. So each new term begins
as on a new host: every outbox row and queue entry that still stands on the IBM i is read again,
and what was loaded is loaded anew. Event ids of outbox rows are the same, so nothing counts twice.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from towline_agent.buffer import Buffer
from towline_agent.config import AgentConfig
from towline_agent.courtesy.reload import ask_reload
from towline_agent.journal_wish import ask_restart
from towline_agent.sources.snapshot import DONE, Progress, source_name

__all__ = ["PAIR", "TERM", "begin_term", "loads_to_repeat", "take_up"]

PAIR = "pair"  # meta: the relay last spoke of a pair
TERM = "term"  # meta: the last one this buffer worked in
_POSITIONS = "SELECT source, value FROM position"


async def take_up(buffer: Buffer, term: int, *, config: AgentConfig, now: datetime) -> bool:
    """Begin a term if it is a new one; returns whether. Idempotent: wishes first, then the note.

    Raises:
        Permanent: the state folder can't be written.
        Retryable: the disk is full.
    """
    entities = list(config.queries)
    loads = await asyncio.wrap_future(
        buffer.unit(lambda db, log: loads_to_repeat(db, term, entities))
    )
    if loads is None:
        return False
    for entity in loads:
        ask_reload(config.state, entity, now)
    if config.journal is not None and term > 1:
        ask_restart(config.state, now)
    await asyncio.wrap_future(buffer.unit(lambda db, log: begin_term(db, term)))
    return True


def loads_to_repeat(db: sqlite3.Connection, term: int, entities: Iterable[str]) -> list[str] | None:
    """Return the entities whose load has to be asked for anew; None when the term is no new one."""
    known = db.execute("SELECT value FROM meta WHERE name=?", (TERM,)).fetchone()
    if known is not None and known["value"] == str(term):
        return None
    if term == 1:  # nobody worked before, so nothing was skipped
        return []
    positions = {str(row["source"]): str(row["value"]) for row in db.execute(_POSITIONS)}
    return [each for each in entities if _has_begun(positions.get(source_name(each)))]


def begin_term(db: sqlite3.Connection, term: int) -> None:
    """Forget what was captured, and note the term; call it once the loads are asked for."""
    db.execute("DELETE FROM outbox_taken")
    db.execute("DELETE FROM queue_kept")
    db.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (TERM, str(term)))


def _has_begun(position: str | None) -> bool:
    if position is None:
        return False
    return position == DONE or Progress.parse(position).after is not None
