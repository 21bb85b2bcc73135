"""Between the relay's parts: small classes that let one part be seen through another's port."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from towline_relay.admin.facts import (
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
from towline_relay.inflow import Flow
from towline_relay.link import agent_keys, enrolment, pair
from towline_relay.link.agent_link import AgentLink
from towline_relay.link.lease import Lease
from towline_relay.store.base import Store
from towline_relay.store.rows import ConflictQuery, ConflictRow, EventQuery, EventRow
from towline_relay.store.states import State
from towline_relay.sync.intake.deliveries import take_in
from towline_relay.webhooks.delivery import Delivery, PutResult
from towline_shared.sealing import fingerprint as key_words

__all__ = ["EnrolledAgents", "Inbox", "PagesStore", "agent_facts", "flow_facts"]

_WORDS = {
    State.PENDING: "Waiting to be looked at",
    State.WAITING: "Put off",
    State.SENT: "Sent to the agent",
    State.ON_SITE: "Written on the IBM i",
    State.APPLIED: "Applied",
    State.SUPERSEDED: "Superseded",
    State.SKIPPED: "Skipped",
    State.PARKED: "Parked",
}


class EnrolledAgents:
    """The link's table of agents, as the store asks about it."""

    def __init__(self, *, paired: Callable[[str], bool] = lambda tenant: False) -> None:
        """Build it; ``paired`` tells whether a tenant's agents are a pair."""
        self._paired = paired

    def tenant_of(self, db: sqlite3.Connection, agent: str) -> str | None:
        found = enrolment.find_agent(db, agent)
        return found.tenant if found is not None else None

    def keys_of(self, db: sqlite3.Connection, agent: str) -> set[str]:
        return agent_keys.ever(db, agent)

    def agents_of(self, db: sqlite3.Connection, tenant: str) -> list[str]:
        """Return who is in, whoever has the lease of a pair first: it gets the documents."""
        lease = pair.holder(db, tenant) if self._paired(tenant) else None
        found = [
            agent.agent_id
            for agent in enrolment.agents(db)
            if agent.tenant == tenant and agent.revoked_at is None
        ]
        return sorted(found, key=lambda each: lease is not None and each != lease.agent_id)


class Inbox:
    """The store as the inbox of webhooks."""

    def __init__(
        self,
        store: Store,
        *,
        nudge: Callable[[str], None],
        finished: Callable[[str, str], None] = lambda tenant, gid: None,
    ) -> None:
        """Build it; both are called after a commit.

        Args:
            nudge: called with the tenant.
            finished: called with the tenant and the gid of a bulk operation that is over.
        """
        self._store = store
        self._nudge = nudge
        self._finished = finished

    async def put(self, delivery: Delivery) -> PutResult:
        taken = take_in(delivery)
        new = await self._store.put_delivery(taken)
        if not new:
            return PutResult.DUPLICATE
        if delivery.topic == "bulk_operations/finish":
            self._finished(delivery.tenant, str(json.loads(taken.facts).get("bulk_operation", "")))
        self._nudge(delivery.tenant)
        return PutResult.NEW


class PagesStore:
    """The store as the pages ask it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def counts(self, *, tenant: str = "") -> Sequence[StateCount]:
        sums: dict[tuple[str, str], int] = {}
        for count in await self._store.counts(tenant):
            key = (count.state.value, count.entity)
            sums[key] = sums.get(key, 0) + count.count
        return [StateCount(state, entity, number) for (state, entity), number in sums.items()]

    async def events(self, wanted: EventFilter) -> EventList:
        query = EventQuery(
            states=tuple(state for state in State if state.value in wanted.states),
            entity=wanted.entity,
            key=wanted.key,
            text=wanted.text,
            tenant=wanted.tenant,
            before=wanted.before,
            limit=wanted.limit,
        )
        page = await self._store.event_page(query)
        return EventList([_facts(row) for row in page.rows], page.next, page.partly)

    async def event(self, event_id: str) -> EventFacts | None:
        row = await self._store.event(event_id)
        return None if row is None else _facts(row)

    async def history(self, event_id: str) -> Sequence[HistoryStep]:
        return [
            HistoryStep(step.at, _WORDS[step.state], step.reason)
            for step in await self._store.history(event_id)
        ]

    async def conflicts(self, wanted: ConflictFilter) -> Sequence[ConflictFacts]:
        query = ConflictQuery(wanted.tenant, wanted.entity, wanted.key, wanted.before, wanted.limit)
        return [_conflict(row) for row in await self._store.conflicts(query)]


def agent_facts(
    rows: Sequence[enrolment.AgentRow],
    links: Mapping[str, AgentLink],
    leases: Mapping[str, Lease] = MappingProxyType({}),
) -> list[AgentFacts]:
    """Join what is enrolled with what is connected, and with who has the lease of a pair."""
    facts = []
    for row in rows:
        link = links.get(row.agent_id)
        beat = link.heartbeat if link else None
        lease = leases.get(row.tenant) if row.revoked_at is None else None
        holds = lease is not None and lease.agent_id == row.agent_id
        facts.append(
            AgentFacts(
                agent_id=row.agent_id,
                tenant=row.tenant,
                name=row.name,
                connected=link is not None,
                since=link.since if link else row.last_seen_at,
                last_seen_at=link.last_seen_at if link else row.last_seen_at,
                backlog=beat.backlog if beat else None,
                oldest_unsent_s=beat.oldest_unsent_s if beat else None,
                oldest_unapplied_s=beat.oldest_unapplied_s if beat else None,
                held=beat.held if beat else (),
                filling=tuple((each.name, each.hours) for each in beat.filling) if beat else (),
                ibmi=beat.ibmi if beat else "unknown",
                detail=row.suspicion or (beat.detail if beat else ""),
                version=link.version if link else row.version,
                fingerprint=(beat.partition if beat else "")
                or (link.fingerprint if link else "")
                or row.fingerprint,
                key=key_words(row.public_key),
                next_key=key_words(row.candidate) if row.candidate else "",
                waiting=row.waiting,
                clock_gap_s=link.clock_gap_s if link else None,
                epoch=row.epoch,
                revoked=row.revoked_at is not None,
                role="" if lease is None else "active" if holds else "standby",
                role_since=lease.since if lease is not None else None,
            )
        )
    return facts


def flow_facts(flows: Sequence[Flow]) -> list[FlowFacts]:
    """Turn the load into what the pages show."""
    return [
        FlowFacts(
            tenant=flow.tenant,
            kind=flow.kind,
            waiting=flow.waiting,
            oldest_s=flow.oldest_s,
            most=flow.most,
            hours=flow.hours,
            held=flow.held,
        )
        for flow in flows
    ]


def _conflict(row: ConflictRow) -> ConflictFacts:
    entry = row.conflict
    return ConflictFacts(
        id=row.id,
        at=row.at,
        tenant=row.tenant,
        entity=entry.entity,
        key=entry.key,
        field=entry.field,
        ours=entry.ours,
        theirs=entry.theirs,
        source=entry.source,
        done=entry.done,
    )


def _facts(row: EventRow) -> EventFacts:
    return EventFacts(
        serial=row.serial,
        event_id=row.id,
        tenant=row.tenant,
        agent_id=row.agent,
        direction=row.direction,
        entity=row.entity,
        key=row.key,
        state=row.state.value,
        seen_at=row.seen_at,
        received_at=row.received_at,
        changed_at=row.changed_at,
        reason=row.reason,
        hint=row.hint,
        origin=row.origin,
        attempts=row.attempts,
        due_at=row.due_at,
        body=_body(row.body),
    )


def _body(text: str) -> Mapping[str, object]:
    """Read a body for showing; a text that is no event is shown by its length only."""
    if not text:
        return {}
    try:
        envelope = json.loads(text)
    except ValueError:
        return {"unreadable": f"{len(text)} characters"}
    if not isinstance(envelope, dict):
        return {"unreadable": f"{len(text)} characters"}
    body = envelope.get("body", envelope)
    return body if isinstance(body, dict) else {"value": body}
