"""State to page data, pure: each page and its ``.json`` twin come from the same function here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from towline_relay.admin.facts import (
    STATES,
    AgentFacts,
    ConflictFacts,
    ConflictFilter,
    EventFacts,
    EventFilter,
    EventList,
    FlowFacts,
    HistoryStep,
    StateCount,
)
from towline_relay.admin.summary import body_summary
from towline_shared.clock import utc_text
from towline_shared.clock_gap import gap_sentence, is_worth_a_warning
from towline_shared.health import Check, Status

__all__ = ["agents_page", "checks_page", "conflicts_page", "duration", "event_page"]
__all__ += ["events_page", "troubles"]

_TODO: Mapping[str, str] = {
    "pending": "Nothing: it waits for its turn in its lane.",
    "waiting": "Nothing yet: it is tried again by itself.",
    "sent": "Nothing: the agent has not confirmed it yet. If it stays, look at the agent.",
    "on_site": "Nothing: it is written on the IBM i, and the ERP decides next.",
    "applied": "Nothing: it is done.",
    "superseded": "Nothing: a newer value of the same key was written instead.",
    "skipped": "Nothing, unless the reason is wrong: then correct the rules or the record.",
    "parked": "Put right what the reason names; the next change of the same key takes the new way.",
}


def agents_page(
    agents: Sequence[AgentFacts],
    flows: Sequence[FlowFacts] = (),
    *,
    now: datetime,
    relay_keys: Sequence[str] = (),
) -> dict[str, Any]:
    """Build the agents page: troubled ones first, then by tenant and name; and the load.

    Args:
        relay_keys: the relay's own keys as words, for people who compare.
    """
    rows = [_agent(agent, now) for agent in agents]
    rows.sort(key=lambda row: (row["health"] == "ok", row["tenant"], row["name"]))
    return {
        "agents": rows,
        "relay_keys": list(relay_keys),
        "connected": sum(1 for row in rows if row["connected"]),
        "flows": [_flow(flow) for flow in flows],
        "at": utc_text(now),
    }


def events_page(
    counts: Sequence[StateCount],
    page: EventList,
    wanted: EventFilter,
    *,
    now: datetime,
) -> dict[str, Any]:
    """Build the events page: counts over everything, then one page of the filtered list."""
    totals = dict.fromkeys(STATES, 0)
    for count in counts:
        totals[count.state] = totals.get(count.state, 0) + count.count
    return {
        "counts": totals,
        "by_entity": [
            {"state": count.state, "entity": count.entity, "count": count.count}
            for count in sorted(counts, key=lambda count: (count.entity, count.state))
        ],
        "entities": sorted({count.entity for count in counts}),
        "filter": {
            "states": list(wanted.states),
            "entity": wanted.entity,
            "key": wanted.key,
            "text": wanted.text,
            "tenant": wanted.tenant,
        },
        "events": [_event(event) for event in page.events],
        "next": page.next,
        "partly": page.partly,
        "at": utc_text(now),
    }


def event_page(
    event: EventFacts,
    history: Sequence[HistoryStep],
    conflicts: Sequence[ConflictFacts] = (),
    *,
    now: datetime,
) -> dict[str, Any]:
    """Build the page of one event: what it is, why it is where it is, what to do.

    Args:
        conflicts: the newest about the event's key.
    """
    return {
        "event": _event(event),
        "summary": body_summary(event.entity, event.body),
        "todo": event.hint or _TODO.get(event.state, ""),
        "history": [
            {"at": utc_text(step.at), "what": step.what, "detail": step.detail} for step in history
        ],
        "conflicts": [_conflict(each) for each in conflicts],
        "at": utc_text(now),
    }


def conflicts_page(
    conflicts: Sequence[ConflictFacts], wanted: ConflictFilter, *, now: datetime
) -> dict[str, Any]:
    """Build the page of conflicts: who wrote what is not theirs, and what we did about it."""
    full = len(conflicts) >= wanted.limit
    return {
        "conflicts": [_conflict(each) for each in conflicts],
        "filter": {"tenant": wanted.tenant, "entity": wanted.entity, "key": wanted.key},
        "next": conflicts[-1].id if full and conflicts else None,
        "at": utc_text(now),
    }


def checks_page(checks: Sequence[Check], *, now: datetime) -> dict[str, Any]:
    """Build the page of checks: the worst first, then by name."""
    rows = sorted(checks, key=lambda check: (-check.status, check.name))
    return {"checks": [check.as_dict() for check in rows], "at": utc_text(now)}


def troubles(checks: Sequence[Check]) -> list[dict[str, str]]:
    """Return the checks that have failed, for the top of every page."""
    return [check.as_dict() for check in checks if check.status is Status.FAILED]


def duration(seconds: float) -> str:
    """Write a duration as people say it; two units at most."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def _agent(agent: AgentFacts, now: datetime) -> dict[str, Any]:
    health, sentence = _agent_health(agent, now)
    return {
        "agent_id": agent.agent_id,
        "tenant": agent.tenant,
        "name": agent.name,
        "connected": agent.connected,
        "health": health,
        "sentence": sentence,
        "since": _time(agent.since),
        "last_seen_at": _time(agent.last_seen_at),
        "backlog": agent.backlog,
        "oldest_unsent_s": agent.oldest_unsent_s,
        "oldest_unapplied_s": agent.oldest_unapplied_s,
        "held": list(agent.held),
        "filling": [{"what": what, "hours": round(hours, 2)} for what, hours in agent.filling],
        "ibmi": agent.ibmi,
        "detail": agent.detail,
        "version": agent.version,
        "fingerprint": agent.fingerprint,
        "key": agent.key,
        "epoch": agent.epoch,
        "revoked": agent.revoked,
        "next_key": agent.next_key,
        "waiting": agent.waiting,
        "clock_gap_s": agent.clock_gap_s,
        "role": agent.role,
        "role_since": _time(agent.role_since),
    }


def _flow(flow: FlowFacts) -> dict[str, Any]:
    return {
        "tenant": flow.tenant,
        "kind": flow.kind,
        "waiting": flow.waiting,
        "oldest_s": round(flow.oldest_s, 1),
        "most": flow.most,
        "hours": None if flow.hours is None else round(flow.hours, 2),
        "held": flow.held,
    }


def _agent_health(agent: AgentFacts, now: datetime) -> tuple[str, str]:
    """Tell how an agent is in one sentence; what is normal is not an alarm."""
    if agent.revoked:
        return "off", "Revoked: it can't connect any more."
    if agent.waiting:
        return "warning", (
            "It has enrolled and waits for you: compare its key with the words that towline-agent"
            " enrol printed on site, then approve it."
        )
    if not agent.connected and agent.last_seen_at is None:
        return "warning", "Enrolled, but never connected. Is towline-agent run started there?"
    if not agent.connected:
        gone = duration((now - (agent.last_seen_at or now)).total_seconds())
        return "failed", (
            f"Not connected, last seen {gone} ago. The agent and the IBM i keep every change; run "
            "towline-agent check on its machine."
        )
    if agent.clock_gap_s is not None and is_worth_a_warning(agent.clock_gap_s):
        gap = gap_sentence(agent.clock_gap_s, ours="this relay's", theirs="Its")
        return "warning", f"{gap}: have one of them set by a time server. {agent.detail}".rstrip()
    if agent.ibmi == "restricted":
        return "ok", agent.detail or "The IBM i is in restricted state, as during a save."
    if agent.ibmi != "up":
        return "warning", agent.detail or "Connected, but it does not reach its IBM i."
    if agent.held:
        return "warning", agent.detail or (
            f"Its buffer is full of {' and '.join(agent.held)}: the rows stay on the IBM i."
        )
    # What is said although all is up is a suspicion, such as a second agent with the same identity.
    return ("warning" if agent.detail else "ok"), agent.detail


def _event(event: EventFacts) -> dict[str, Any]:
    return {
        "serial": event.serial,
        "id": event.event_id,
        "tenant": event.tenant,
        "agent": event.agent_id,
        "direction": event.direction,
        "entity": event.entity,
        "key": event.key,
        "state": event.state,
        "reason": event.reason,
        "hint": event.hint,
        "origin": event.origin,
        "seen_at": utc_text(event.seen_at),
        "received_at": utc_text(event.received_at),
        "changed_at": utc_text(event.changed_at),
        "attempts": event.attempts,
        "due_at": _time(event.due_at),
    }


def _conflict(entry: ConflictFacts) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": utc_text(entry.at),
        "tenant": entry.tenant,
        "entity": entry.entity,
        "key": entry.key,
        "field": entry.field,
        "ours": entry.ours,
        "theirs": entry.theirs,
        "source": entry.source,
        "done": entry.done,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else utc_text(moment)
