"""Rows an agent of a pair sent without the lease: kept as skipped events, with the reason.

Each has an id of its own, since the agent that has the lease reads the same row of the outbox and
sends it under the event's id.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from towline_relay.store import event_rows, uplink
from towline_relay.store.people_rows import PeopleRows
from towline_relay.store.states import State
from towline_shared.clock import Clock
from towline_shared.codec import Undecodable
from towline_shared.errors import Misuse
from towline_shared.stream_log import StreamLog
from towline_shared.stream_rows import Cover

__all__ = ["REASON", "FencedRows", "fenced_id"]

REASON = "The agent had no lease when this was read; the active agent of the pair reads it anew."


def fenced_id(event_id: str, agent: str, stream: str, seq: int) -> str:
    """Return the id of a row behind the fence; ``store.audit_rows`` knows its form."""
    return f"{event_id}:fenced:{agent}:{stream}:{seq}"


class FencedRows:
    """Takes what came without the lease, in the unit that holds the rows."""

    def __init__(self, *, log: StreamLog, cover: Cover | None, clock: Clock) -> None:
        self._log = log
        self._people = PeopleRows(cover)
        self._clock = clock

    def received(
        self,
        db: sqlite3.Connection,
        tenant: str | None,
        agent: str,
        stream: str,
        rows: Sequence[uplink.ReceivedRow],
    ) -> None:
        """Append a skipped event for each row; a text that is no event is parked as ever."""
        if tenant is None:
            raise Misuse(f"The agent {agent} sent rows and is not enrolled.")
        new, people = [], []
        for row in rows:
            event = uplink.decoded(row.text)
            if isinstance(event, Undecodable):
                made = uplink.undecodable_event(
                    row, event, tenant=tenant, agent=agent, stream=stream, clock=self._clock
                )
            else:
                text = self._people.hidden(db, agent, event, row.text)
                made = replace(
                    uplink.new_event(text, event, tenant=tenant, agent=agent),
                    id=fenced_id(event.id, agent, stream, row.seq),
                    state=State.SKIPPED,
                    reason=REASON,
                )
                people += [row.seq] if event.entity in uplink.PEOPLE else []
            new.append(made)
        event_rows.append(db, new, now=self._clock.now())
        self._log.empty(db, agent, stream, people)
