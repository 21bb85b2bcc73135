"""Which agent of a pair works. Pure: told the lease, the time and who asks, it decides.

A term begins only with a session (``joins``): its HELLO says where the agent's streams end, so that
what was captured before is known by number and no clock of a host has to be trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

__all__ = ["HEARTBEAT_S", "HEIR_S", "LEASE_S", "TOLD_S", "Lease", "Verdict", "decide", "taken"]

LEASE_S = 15.0
TOLD_S = 13  # what the agent may count: its clock may be slow by an eighth
HEARTBEAT_S = 5  # two may be lost
HEIR_S = 30.0


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works; moments by the relay's clock, aware UTC.

    Attributes:
        term: grows each time another agent gets it.
        since: when the term began.
        until: nobody else gets it before.
        heir: who is to have it next, by a person's word; empty when nobody said so.
    """

    agent_id: str
    term: int
    since: datetime
    until: datetime
    heir: str = ""


class Verdict(Enum):
    """What is answered to an agent."""

    GRANT = "a new term begins"
    RENEW = "its term goes on"
    CALL = "it may have the lease: it is to join anew"
    REFUSE = "another has it"


def decide(
    lease: Lease | None, agent_id: str, now: datetime, *, joins: bool, not_before: datetime
) -> Verdict:
    """Answer an agent.

    Args:
        lease: as it was last written; None before anybody had it.
        joins: it is asked by the beginning of a session, not by a heartbeat.
        not_before: until then only the holder gets it: the relay was away itself, and the holder
            could not renew.
    """
    if lease is not None and lease.heir not in ("", agent_id):
        if now < lease.until + timedelta(seconds=HEIR_S):
            return Verdict.REFUSE  # it is another's; one that does not come for it loses it
    if lease is not None and lease.agent_id == agent_id:
        return Verdict.RENEW  # lapsed or not: nobody has had it since
    if lease is not None and now < max(lease.until, not_before):
        return Verdict.REFUSE
    return Verdict.GRANT if joins else Verdict.CALL


def taken(lease: Lease | None, agent_id: str, now: datetime) -> Lease:
    """Return the lease after it was granted or renewed; a renewal never shortens it."""
    until = now + timedelta(seconds=LEASE_S)
    if lease is not None and lease.agent_id == agent_id:
        return Lease(agent_id, lease.term, lease.since, max(until, lease.until))
    return Lease(agent_id, lease.term + 1 if lease is not None else 1, now, until)
