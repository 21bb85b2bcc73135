"""Requests about people in verbs; each one durable unit, and harmless when repeated."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from towline_relay.store import privacy_rows
from towline_relay.store.privacy_rows import (
    DONE,
    TOLD,
    AgentReport,
    NewPrivacyRequest,
    PrivacyRequest,
)
from towline_relay.store.sealed_documents import (
    SealedDocuments,
    prefix_of,
    purpose_of,
    subjects_in_use,
)
from towline_shared.clock import Clock, utc_text
from towline_shared.database import Database
from towline_shared.events import Erase, Event, event_id

__all__ = ["Erased", "PrivacyStore"]

T = TypeVar("T")
_STREAM = "orders"  # behind the documents it is about


class Log(Protocol):
    """What is needed of the stream log."""

    def append(
        self, db: sqlite3.Connection, peer: str, name: str, events: Sequence[Event]
    ) -> int: ...


class Enrolled(Protocol):
    """Which agents a tenant has."""

    def agents_of(self, db: sqlite3.Connection, tenant: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Erased:
    """How far an erasure is.

    Attributes:
        request: as it stands now.
        reports: what each agent answered.
        undelivered: documents an agent has still to fetch before they can be emptied.
        orders: gids of the orders it is about.
        erp_orders: the ERP's numbers of those it accepted.
    """

    request: PrivacyRequest
    reports: tuple[AgentReport, ...]
    undelivered: int
    orders: tuple[str, ...]
    erp_orders: tuple[str, ...]


class PrivacyStore:
    """The tables of requests and of keys, over the relay's database."""

    def __init__(
        self,
        database: Database,
        *,
        log: Log,
        documents: SealedDocuments,
        enrolled: Enrolled,
        clock: Clock,
    ) -> None:
        self._database = database
        self._log = log
        self._documents = documents
        self._enrolled = enrolled
        self._clock = clock

    async def requests(self, tenant: str = "", *, unfinished: bool = False) -> list[PrivacyRequest]:
        """Read requests, oldest first."""
        return await self._unit(
            lambda db, now: privacy_rows.requests(db, tenant, unfinished=unfinished)
        )

    async def request(self, number: int) -> PrivacyRequest | None:
        """Read one request."""
        return await self._unit(lambda db, now: privacy_rows.request(db, number))

    async def add(self, tenant: str, new: NewPrivacyRequest) -> None:
        """Keep a request that came by no webhook: one of a certificate, after a restore."""
        await self._unit(lambda db, now: privacy_rows.add(db, tenant, new))

    async def erase(self, asked: PrivacyRequest) -> Erased:
        """Ask every agent to erase, and shred here what has been delivered; one commit."""

        def work(db: sqlite3.Connection, now: datetime) -> Erased:
            orders = privacy_rows.orders_of(db, asked)
            if asked.state not in (TOLD, DONE):
                self._tell(db, asked, orders, now)
            sealed = [(n, purpose_of(n), prefix_of(n)) for n in privacy_rows.subjects(db, asked)]
            waiting = privacy_rows.undelivered(db, [prefix for _, _, prefix in sealed])
            if sealed and not waiting:
                privacy_rows.shred(db, asked.id, sealed, now=now)
                self._database.settle()
            found = privacy_rows.request(db, asked.id)
            assert found is not None
            return Erased(
                request=found,
                reports=tuple(privacy_rows.agents(db, asked.id)),
                undelivered=waiting,
                orders=tuple(orders),
                erp_orders=_erp_orders(db, asked.tenant, orders),
            )

        return await self._unit(work)

    def _tell(
        self, db: sqlite3.Connection, asked: PrivacyRequest, orders: Sequence[str], now: datetime
    ) -> None:
        companies = privacy_rows.companies_of(db, asked)
        wish = Erase(
            orders=tuple(orders),
            customers=(asked.customer, *companies) if asked.customer else (),
            everything=asked.kind == privacy_rows.REDACT_SHOP,
        )
        for agent in self._enrolled.agents_of(db, asked.tenant):
            told = event_id("erase", asked.tenant, str(asked.id), utc_text(now), agent)
            if privacy_rows.tell(db, asked.id, agent, told):
                event = Event(
                    id=told, key=str(asked.id), origin="relay:privacy", seen_at=now, body=wish
                )
                self._log.append(db, agent, _STREAM, [event])
        privacy_rows.step(db, asked.id, state=TOLD, detail="The agents were asked to erase.")

    async def trim(self) -> int:
        """Forget the keys whose last document was trimmed; returns how many."""
        return await self._unit(lambda db, now: privacy_rows.forget_unused(db, subjects_in_use(db)))

    async def note(self, number: int, detail: str) -> None:
        """Note where an erasure stands."""
        await self._unit(lambda db, now: privacy_rows.step(db, number, state=TOLD, detail=detail))

    async def finish(self, number: int, *, detail: str, certificate: str) -> None:
        """Close a request with its certificate."""
        await self._unit(
            lambda db, now: privacy_rows.step(
                db, number, state=DONE, detail=detail, done_at=now, certificate=certificate
            )
        )

    async def held(self, asked: PrivacyRequest) -> Mapping[str, Any]:
        """Collect what the relay holds about the customer of a request; personal data."""
        return await self._unit(lambda db, now: self._held(db, asked))

    def _held(self, db: sqlite3.Connection, asked: PrivacyRequest) -> Mapping[str, Any]:
        documents = [
            _own(json.loads(self._documents.show(db, row["text"])), asked.customer)
            for subject in privacy_rows.subjects(db, asked)
            for row in db.execute(
                """SELECT text FROM stream_row WHERE direction = 'out'
                   AND substr(text, 1, ?) = ? ORDER BY peer, name, seq""",
                (len(prefix_of(subject)), prefix_of(subject)),
            )
        ]
        orders = privacy_rows.orders_of(db, asked)
        sent = [
            {
                "order": row["order_gid"],
                "name": row["name"],
                "erp_order": row["erp_order"],
                "outcome": row["outcome"],
                "sent_at": row["sent_at"],
                "agent": row["agent"],
            }
            for gid in orders
            for row in db.execute(
                "SELECT * FROM order_sent WHERE tenant = ? AND order_gid = ?", (asked.tenant, gid)
            )
        ]
        return {"documents": documents, "orders": sent}

    async def _unit(self, work: Callable[[sqlite3.Connection, datetime], T]) -> T:
        now = self._clock.now()
        return await asyncio.wrap_future(self._database.submit(lambda db: work(db, now)))


def _own(document: dict[str, Any], customer: str) -> dict[str, Any]:
    """Leave other people out of a company's document: they are no business of who asks."""
    if document["entity"] == "company":
        contacts = document["body"]["contacts"]
        mine = [one for one in contacts if one["customer_gid"] == customer]
        document["body"]["contacts"] = mine
    return document


def _erp_orders(db: sqlite3.Connection, tenant: str, orders: Sequence[str]) -> tuple[str, ...]:
    found = []
    for gid in orders:
        row = db.execute(
            "SELECT erp_order FROM order_sent WHERE tenant = ? AND order_gid = ?", (tenant, gid)
        ).fetchone()
        if row is not None and row["erp_order"]:
            found.append(str(row["erp_order"]))
    return tuple(found)
