"""Agents and how they get in: one-time codes, public keys, epochs and join counters.

The relay stores public keys and hashes of codes, never a secret of an agent. All functions take the
connection of a running unit. A code has 125 bits, is good once and for 24 hours, and is bound to a
tenant and a name.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from towline_relay.link import agent_keys, approval, pair, pins
from towline_shared.clock import Clock, parse_utc, utc_text
from towline_shared.errors import Refused

__all__ = [
    "SCHEMA",
    "AgentRow",
    "Joined",
    "agents",
    "create_code",
    "find_agent",
    "is_current",
    "join",
    "redeem",
    "revoke",
    "saw",
    "suspect",
    "tenants",
]

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS agent (
  agent_id TEXT PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL, public_key TEXT NOT NULL,
  created_at TEXT NOT NULL, revoked_at TEXT,
  epoch INTEGER NOT NULL DEFAULT 0,
  join_counter INTEGER NOT NULL DEFAULT 0, join_confirmed INTEGER NOT NULL DEFAULT 1,
  last_seen_at TEXT, version TEXT NOT NULL DEFAULT '', fingerprint TEXT NOT NULL DEFAULT '',
  suspicion TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS enrolment_code (
  hash TEXT PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL,
  created_at TEXT NOT NULL, expires_at TEXT NOT NULL, used_at TEXT
);
{agent_keys.SCHEMA}{approval.SCHEMA}{pair.SCHEMA}{pins.SCHEMA}"""

_AGENT = (
    "SELECT a.*, k.candidate, coalesce(k.changed_at, a.created_at) AS key_since,"
    " p.agent_id IS NOT NULL AND p.approved_at IS NULL AS waiting FROM agent a"
    " LEFT JOIN agent_key k ON k.agent_id=a.agent_id"
    " LEFT JOIN agent_approval p ON p.agent_id=a.agent_id"
)
CODE_TTL_S = 24 * 3600.0
_CODE_CHARACTERS = 25  # of 5 bits each


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One enrolled agent; moments aware UTC.

    Attributes:
        public_key: the key in force.
        candidate: the key it is about to change to, good as well; empty when there is none.
        key_since: when the key in force came into force.
        waiting: a person has still to approve it.
    """

    agent_id: str
    tenant: str
    name: str
    public_key: str
    created_at: datetime
    revoked_at: datetime | None
    epoch: int
    join_counter: int
    last_seen_at: datetime | None
    version: str
    fingerprint: str
    suspicion: str
    candidate: str
    key_since: datetime
    waiting: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """A session that may begin."""

    epoch: int
    join_counter: int


def create_code(
    db: sqlite3.Connection, *, tenant: str, name: str, clock: Clock, ttl_s: float = CODE_TTL_S
) -> str:
    """Make a one-time code and return it; only its hash is kept."""
    code = base64.b32encode(secrets.token_bytes(20)).decode("ascii")[:_CODE_CHARACTERS]
    now = clock.now()
    db.execute(
        "INSERT INTO enrolment_code (hash, tenant, name, created_at, expires_at)"
        " VALUES (?,?,?,?,?)",
        (_hash(code), tenant, name, utc_text(now), utc_text(now + timedelta(seconds=ttl_s))),
    )
    return "-".join(code[i : i + 5] for i in range(0, _CODE_CHARACTERS, 5))


def redeem(
    db: sqlite3.Connection,
    *,
    code: str,
    public_key: str,
    clock: Clock,
    holds: Callable[[str], bool] = lambda tenant: False,
) -> AgentRow:
    """Use up a code and register the agent's public key.

    A code is found by its hash, so nothing about a wrong one can be learnt from timing.

    Args:
        holds: tells whether a tenant wants a person to approve its agents first.

    Raises:
        Refused: unknown, used or expired; the sentence does not say which to a stranger.
    """
    now = utc_text(clock.now())
    used = db.execute(
        "UPDATE enrolment_code SET used_at=? WHERE hash=? AND used_at IS NULL AND expires_at>?"
        " RETURNING tenant, name",
        (now, _hash(code), now),
    ).fetchone()
    if used is None:
        raise Refused(
            "The code is not valid: it is unknown, used, or older than a day.",
            hint="Ask the relay's operator for a new one (towline-relay enrol).",
        )
    agent_id = secrets.token_hex(8)
    db.execute(
        "INSERT INTO agent (agent_id, tenant, name, public_key, created_at) VALUES (?,?,?,?,?)",
        (agent_id, used["tenant"], used["name"], public_key, now),
    )
    if holds(used["tenant"]):
        approval.hold(db, agent_id, clock=clock)
    row = find_agent(db, agent_id)
    assert row is not None
    return row


def join(db: sqlite3.Connection, *, agent_id: str, join_counter: int, clock: Clock) -> Joined:
    """Begin a session: a new epoch fences every older one.

    The counter changes with each session and the agent keeps it, so a copy of the agent's folder
    shows an old one. The value before the last is good for as long as the last is unconfirmed: its
    WELCOME may have been lost, and the next one too, so the same value is given again. A value this
    relay has not given yet is good as well: the agent has proved its key, so it is the relay's own
    database that is the older copy.

    Raises:
        Refused: the counter is an old one: two machines use one identity.
    """
    row = db.execute("SELECT * FROM agent WHERE agent_id=?", (agent_id,)).fetchone()
    given = int(row["join_counter"])
    lost_welcome = not row["join_confirmed"] and join_counter == given - 1
    if join_counter < given and not lost_welcome:
        raise Refused(
            "This agent has an old join counter: two machines use one identity, or its state was"
            " restored from a copy.",
            hint="Stop the copy, and enrol the right one anew.",
            code="clone",
        )
    joined = Joined(epoch=int(row["epoch"]) + 1, join_counter=join_counter + 1)
    db.execute(
        "UPDATE agent SET epoch=?, join_counter=?, join_confirmed=0, suspicion='', last_seen_at=?"
        " WHERE agent_id=?",
        (joined.epoch, joined.join_counter, utc_text(clock.now()), agent_id),
    )
    return joined


def suspect(db: sqlite3.Connection, agent_id: str, sentence: str) -> None:
    """Keep a suspicion for the agents page."""
    db.execute("UPDATE agent SET suspicion=? WHERE agent_id=?", (sentence, agent_id))


def saw(
    db: sqlite3.Connection, agent_id: str, *, clock: Clock, version: str, fingerprint: str
) -> None:
    """Note a sign of life after WELCOME; it also confirms the join counter.

    Args:
        fingerprint: of the partition; empty keeps the one that was told last.
    """
    db.execute(
        "UPDATE agent SET last_seen_at=?, version=?, join_confirmed=1,"
        " fingerprint=CASE WHEN ?='' THEN fingerprint ELSE ? END WHERE agent_id=?",
        (utc_text(clock.now()), version, fingerprint, fingerprint, agent_id),
    )


def is_current(db: sqlite3.Connection, agent_id: str, epoch: int) -> bool:
    """Tell whether a session is still the newest of an agent that may speak."""
    row = db.execute(
        "SELECT 1 FROM agent WHERE agent_id=? AND epoch=? AND revoked_at IS NULL", (agent_id, epoch)
    ).fetchone()
    return row is not None


def revoke(db: sqlite3.Connection, agent_id: str, *, clock: Clock) -> bool:
    """Shut an agent out at once; its open session fails at its next frame."""
    return (
        db.execute(
            "UPDATE agent SET revoked_at=?, epoch=epoch+1 WHERE agent_id=? AND revoked_at IS NULL",
            (utc_text(clock.now()), agent_id),
        ).rowcount
        == 1
    )


def find_agent(db: sqlite3.Connection, agent_id: str) -> AgentRow | None:
    """Return one agent."""
    row = db.execute(f"{_AGENT} WHERE a.agent_id=?", (agent_id,)).fetchone()
    return _agent(row) if row else None


def tenants(db: sqlite3.Connection) -> dict[str, str]:
    """Return whose agent each id is, revoked ones included."""
    return {agent.agent_id: agent.tenant for agent in agents(db)}


def agents(db: sqlite3.Connection) -> list[AgentRow]:
    """Return all agents, the oldest first."""
    return [_agent(row) for row in db.execute(f"{_AGENT} ORDER BY a.created_at, a.agent_id")]


def _agent(row: sqlite3.Row) -> AgentRow:
    return AgentRow(
        agent_id=row["agent_id"],
        tenant=row["tenant"],
        name=row["name"],
        public_key=row["public_key"],
        created_at=parse_utc(row["created_at"]),
        revoked_at=parse_utc(row["revoked_at"]) if row["revoked_at"] else None,
        epoch=row["epoch"],
        join_counter=row["join_counter"],
        last_seen_at=parse_utc(row["last_seen_at"]) if row["last_seen_at"] else None,
        version=row["version"],
        fingerprint=row["fingerprint"],
        suspicion=row["suspicion"],
        candidate=row["candidate"] or "",
        key_since=parse_utc(row["key_since"]),
        waiting=bool(row["waiting"]),
    )


def _hash(code: str) -> str:
    """Hash a code; case, blanks and dashes are how people type."""
    bare = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(b"towline enrolment " + bare.encode("utf-8")).hexdigest()
