"""Rows about people: what was asked, whose keys there are, which documents they seal."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from towline_shared.clock import parse_utc, utc_text

__all__ = [
    "DATA_REQUEST",
    "DONE",
    "OPEN",
    "REDACT_CUSTOMER",
    "REDACT_SHOP",
    "TOLD",
    "AgentReport",
    "NewPrivacyRequest",
    "PrivacyRequest",
    "Shredded",
    "add",
    "agents",
    "delivered",
    "forget_unused",
    "orders_of",
    "request",
    "requests",
    "shred",
    "step",
    "subjects",
    "tell",
    "undelivered",
]

DATA_REQUEST, REDACT_CUSTOMER, REDACT_SHOP = "data_request", "redact_customer", "redact_shop"
OPEN, TOLD, DONE = "open", "told", "done"


@dataclass(frozen=True, slots=True)
class NewPrivacyRequest:
    """What Shopify's compliance webhook asks.

    Attributes:
        kind: ``data_request``, ``redact_customer`` or ``redact_shop``.
        reference: Shopify's number of the request; empty when it has none.
        customer: gid; empty for a shop.
        orders: gids of the orders named.
        due_at: until when it must be acted on.
    """

    kind: str
    reference: str
    customer: str
    orders: tuple[str, ...]
    received_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """A request as it stands.

    Attributes:
        state: ``open``, ``told`` (the agents were asked to erase) or ``done``.
        detail: one sentence about where it stands.
        keys: keys destroyed for it.
        documents: documents emptied for it.
        certificate: signed JSON; empty until it is done.
    """

    id: int
    tenant: str
    kind: str
    reference: str
    customer: str
    orders: tuple[str, ...]
    received_at: datetime
    due_at: datetime
    state: str
    detail: str
    keys: int
    documents: int
    done_at: datetime | None
    certificate: str


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What an agent answered to the wish to erase; the outcome is empty until it did."""

    agent: str
    outcome: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Shredded:
    """How many keys were destroyed and how many documents emptied."""

    keys: int
    documents: int


def add(db: sqlite3.Connection, tenant: str, new: NewPrivacyRequest) -> None:
    """Keep a request; the delivery it came with is what makes a repetition harmless."""
    db.execute(
        """INSERT INTO privacy_request (tenant, kind, reference, customer, orders, received_at,
               due_at, state, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            tenant,
            new.kind,
            new.reference,
            new.customer,
            json.dumps(new.orders),
            utc_text(new.received_at),
            utc_text(new.due_at),
            OPEN,
            "Received.",
        ),
    )


def requests(
    db: sqlite3.Connection, tenant: str = "", *, unfinished: bool = False
) -> list[PrivacyRequest]:
    """Read requests, oldest first; of one tenant when it is named."""
    rows = db.execute(
        """SELECT * FROM privacy_request
           WHERE ? IN ('', tenant) AND (NOT ? OR state <> 'done') ORDER BY id""",
        (tenant, unfinished),
    )
    return [_request(row) for row in rows]


def request(db: sqlite3.Connection, number: int) -> PrivacyRequest | None:
    """Read one request."""
    row = db.execute("SELECT * FROM privacy_request WHERE id = ?", (number,)).fetchone()
    return None if row is None else _request(row)


def step(
    db: sqlite3.Connection,
    number: int,
    *,
    state: str,
    detail: str,
    done_at: datetime | None = None,
    certificate: str = "",
) -> None:
    """Note where a request stands."""
    db.execute(
        """UPDATE privacy_request SET state = ?, detail = ?, done_at = ?, certificate = ?
           WHERE id = ?""",
        (state, detail, utc_text(done_at) if done_at else None, certificate, number),
    )


def orders_of(db: sqlite3.Connection, asked: PrivacyRequest) -> list[str]:
    """Return the orders a request is about: those it names and those we know the customer by."""
    known = db.execute(
        "SELECT order_gid FROM subject_order WHERE tenant = ? AND (gid = ? OR ? = 'redact_shop')",
        (asked.tenant, asked.customer, asked.kind),
    )
    return sorted({*asked.orders, *(row["order_gid"] for row in known)})


def companies_of(db: sqlite3.Connection, asked: PrivacyRequest) -> list[str]:
    """Return the gids of the companies in whose documents the customer of a request stands."""
    rows = db.execute(
        "SELECT gid FROM subject_contact WHERE tenant = ? AND customer = ? ORDER BY gid",
        (asked.tenant, asked.customer),
    )
    return [row["gid"] for row in rows]


def subjects(db: sqlite3.Connection, asked: PrivacyRequest) -> list[int]:
    """Return the ids of the living keys a request is about."""
    if asked.kind == REDACT_SHOP:
        rows = db.execute(
            "SELECT id FROM subject WHERE tenant = ? AND destroyed_at IS NULL", (asked.tenant,)
        )
        return [row["id"] for row in rows]
    found: set[int] = set()
    for gid in {asked.customer, *orders_of(db, asked), *companies_of(db, asked)} - {""}:
        # an order of a guest is sealed under its own gid, or under that of whoever placed it
        rows = db.execute(
            """SELECT id FROM subject WHERE tenant = ?1 AND destroyed_at IS NULL AND gid IN (?2,
                   (SELECT gid FROM subject_order WHERE tenant = ?1 AND order_gid = ?2))""",
            (asked.tenant, gid),
        )
        found.update(row["id"] for row in rows)
    return sorted(found)


def undelivered(db: sqlite3.Connection, prefixes: Sequence[str]) -> int:
    """Count sealed documents the agents have not acknowledged: they can't be emptied yet."""
    return sum(
        db.execute(
            """SELECT count(*) FROM stream_row
               WHERE direction = 'out' AND acked_at IS NULL AND substr(text, 1, ?) = ?""",
            (len(prefix), prefix),
        ).fetchone()[0]
        for prefix in prefixes
    )


def shred(
    db: sqlite3.Connection, number: int, sealed: Sequence[tuple[int, str, str]], *, now: datetime
) -> Shredded:
    """Destroy keys and empty the documents they seal.

    Args:
        sealed: of each key its subject's id, the purpose its sealed secret is kept under, and what
            the texts it seals begin with.
    """
    db.execute("PRAGMA secure_delete=ON")  # overwrites the old bytes in the file's pages
    documents = 0
    for subject, purpose, prefix in sealed:
        documents += db.execute(
            """UPDATE stream_row SET text = ''
               WHERE direction = 'out' AND substr(text, 1, ?) = ?""",
            (len(prefix), prefix),
        ).rowcount
        db.execute(
            """DELETE FROM sealed_secret WHERE purpose = ?
               AND tenant = (SELECT tenant FROM subject WHERE id = ?)""",
            (purpose, subject),
        )
        _forget_links(db, subject)
        db.execute("UPDATE subject SET destroyed_at = ? WHERE id = ?", (utc_text(now), subject))
    done = Shredded(len(sealed), documents)
    db.execute(
        "UPDATE privacy_request SET keys = keys + ?, documents = documents + ? WHERE id = ?",
        (done.keys, done.documents, number),
    )
    return done


def forget_unused(db: sqlite3.Connection, used: Iterable[int]) -> int:
    """Forget the people nobody holds a document of any more; returns how many.

    Args:
        used: ids of subjects some document is sealed under.
    """
    living = {row["id"] for row in db.execute("SELECT id FROM subject WHERE destroyed_at IS NULL")}
    gone = sorted(living - set(used))
    for subject in gone:
        _forget_links(db, subject)
        db.execute("DELETE FROM sealed_secret WHERE purpose = ?", (f"person/{subject}",))
        db.execute("DELETE FROM subject WHERE id = ?", (subject,))
    return len(gone)


def _forget_links(db: sqlite3.Connection, subject: int) -> None:
    """Forget which orders are a person's, and who stands in a company's documents."""
    for table in ("subject_order", "subject_contact"):
        db.execute(
            f"""DELETE FROM {table} WHERE (tenant, gid) =
                   (SELECT tenant, gid FROM subject WHERE id = ?)""",  # noqa: S608 - constants
            (subject,),
        )


def tell(db: sqlite3.Connection, number: int, agent: str, event_id: str) -> bool:
    """Note that an agent is asked to erase; false when it was asked before."""
    return (
        db.execute(
            """INSERT INTO privacy_agent (request, agent, event_id) VALUES (?, ?, ?)
               ON CONFLICT DO NOTHING""",
            (number, agent, event_id),
        ).rowcount
        == 1
    )


def agents(db: sqlite3.Connection, number: int) -> list[AgentReport]:
    """Read which agents were asked, and what they answered."""
    rows = db.execute(
        "SELECT agent, outcome, at FROM privacy_agent WHERE request = ? ORDER BY agent", (number,)
    )
    return [
        AgentReport(row["agent"], row["outcome"], parse_utc(row["at"]) if row["at"] else None)
        for row in rows
    ]


def delivered(db: sqlite3.Connection, event_id: str, outcome: str, *, now: datetime) -> bool:
    """Note an agent's answer; false when the event is no wish to erase."""
    return (
        db.execute(
            "UPDATE privacy_agent SET outcome = ?, at = ? WHERE event_id = ?",
            (outcome, utc_text(now), event_id),
        ).rowcount
        == 1
    )


def _request(row: sqlite3.Row) -> PrivacyRequest:
    return PrivacyRequest(
        id=row["id"],
        tenant=row["tenant"],
        kind=row["kind"],
        reference=row["reference"],
        customer=row["customer"],
        orders=tuple(json.loads(row["orders"])),
        received_at=parse_utc(row["received_at"]),
        due_at=parse_utc(row["due_at"]),
        state=row["state"],
        detail=row["detail"],
        keys=row["keys"],
        documents=row["documents"],
        done_at=parse_utc(row["done_at"]) if row["done_at"] else None,
        certificate=row["certificate"],
    )
