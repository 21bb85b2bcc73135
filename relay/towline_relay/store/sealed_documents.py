"""Documents about people are sealed in the relay's log, each person's under a key of their own.

The log must keep what it sent for a while, and a backup of it even longer. So a document is sealed
before it is stored and opened when it is sent; throwing a person's key away makes every copy of
their documents unreadable at once, those in older backups too as long as the key is not in them
(crypto-shredding). The keys stand in the same database, sealed by the master key in its own file.

A document without a customer (a guest's order) is sealed under the order's gid. One about a company
is sealed under the company's gid, and whose data stands in it is noted: to forget any of them the
company's key is destroyed.
"""

from __future__ import annotations

import sqlite3
from typing import Protocol

from towline_relay.secrets_box import about
from towline_shared.clock import Clock, utc_text
from towline_shared.envelope import Keyring, MasterKey, Unopenable
from towline_shared.events import BusinessCustomer, Event

__all__ = ["SEALED", "SealedDocuments", "prefix_of", "purpose_of", "subjects_in_use"]

#: Kinds of documents that go down to the agents and are about people.
SEALED = frozenset({"order", "order_change", "customer", "company"})
_ORDER = "gid://shopify/Order/"
_START = "sealed:"
_WHAT = "document"


class TenantOf(Protocol):
    """Whose agent it is; see :class:`towline_relay.store.sqlite.Enrolled`."""

    def tenant_of(self, db: sqlite3.Connection, agent: str) -> str | None: ...


class SealedDocuments:
    """The cover of the relay's stream log; see :class:`towline_shared.stream_rows.Cover`."""

    def __init__(self, keyring: Keyring, *, enrolled: TenantOf, clock: Clock) -> None:
        self._keyring = keyring
        self._enrolled = enrolled
        self._clock = clock

    def hide(self, db: sqlite3.Connection, peer: str, event: Event, text: str) -> str:
        """Seal a document about a person, inside the unit that appends it."""
        if event.entity not in SEALED:
            return text
        tenant = self._enrolled.tenant_of(db, peer) or ""
        subject, key = self._key(db, tenant, _subject(db, tenant, event))
        ring = Keyring([MasterKey(_key_id(subject), key)])
        return _START + ring.seal(text.encode("utf-8"), about=_WHAT)

    def show(self, db: sqlite3.Connection, text: str) -> str:
        """Open a document.

        Raises:
            Unopenable: its key was destroyed, or the master key is another one.
        """
        if not text.startswith(_START):
            return text
        sealed = text.removeprefix(_START)
        subject = int(sealed.split(".")[1].removeprefix("s"))
        row = db.execute("SELECT tenant FROM subject WHERE id = ?", (subject,)).fetchone()
        key = self._opened(db, row["tenant"], subject) if row else None
        if key is None:
            raise Unopenable("A document can't be opened: the key of its customer was destroyed.")
        ring = Keyring([MasterKey(_key_id(subject), key)])
        return ring.open(sealed, about=_WHAT).decode("utf-8")

    def _key(self, db: sqlite3.Connection, tenant: str, gid: str) -> tuple[int, bytes]:
        """Return a person's key; make it when there is none."""
        row = db.execute(
            "SELECT id FROM subject WHERE tenant = ? AND gid = ? AND destroyed_at IS NULL",
            (tenant, gid),
        ).fetchone()
        if row is not None:
            key = self._opened(db, tenant, row["id"])
            if key is not None:
                return int(row["id"]), key
            raise Unopenable(f"The key of {gid} is missing.", hint="Restore the relay's database.")
        now = utc_text(self._clock.now())
        subject = db.execute(
            "INSERT INTO subject (tenant, gid, made_at) VALUES (?, ?, ?)", (tenant, gid, now)
        ).lastrowid
        assert subject is not None
        key = MasterKey.generate().secret
        purpose = purpose_of(subject)
        db.execute(
            "INSERT INTO sealed_secret (tenant, purpose, sealed, changed_at) VALUES (?, ?, ?, ?)",
            (tenant, purpose, self._keyring.seal(key, about=about(tenant, purpose)), now),
        )
        return subject, key

    def _opened(self, db: sqlite3.Connection, tenant: str, subject: int) -> bytes | None:
        purpose = purpose_of(subject)
        row = db.execute(
            "SELECT sealed FROM sealed_secret WHERE tenant = ? AND purpose = ?", (tenant, purpose)
        ).fetchone()
        return self._keyring.open(row["sealed"], about=about(tenant, purpose)) if row else None


def purpose_of(subject: int) -> str:
    """Return what a person's key is kept under among the sealed secrets."""
    return f"person/{subject}"


def subjects_in_use(db: sqlite3.Connection) -> set[int]:
    """Read under whose keys any document of the log is sealed; looks at every row of it."""
    length = len(_START) + len("v1.s.") + 20
    rows = db.execute(
        """SELECT substr(text, 1, ?) FROM stream_row
           WHERE direction = 'out' AND substr(text, 1, ?) = ?""",
        (length, len(_START), _START),
    )
    return {int(row[0].split(".")[1].removeprefix("s")) for row in rows}


def prefix_of(subject: int) -> str:
    """Return what every text sealed under a person's key begins with."""
    return f"{_START}v1.{_key_id(subject)}."


def _key_id(subject: int) -> str:
    return f"s{subject}"


def _subject(db: sqlite3.Connection, tenant: str, event: Event) -> str:
    """Return whose document it is, and remember whose an order is."""
    if isinstance(event.body, BusinessCustomer):
        return _company(db, tenant, event.key, event.body)
    customer = str(getattr(event.body, "customer_gid", "") or "")
    if not event.key.startswith(_ORDER):
        return customer or event.key
    if customer:
        db.execute(
            """INSERT INTO subject_order (tenant, order_gid, gid) VALUES (?, ?, ?)
               ON CONFLICT (tenant, order_gid) DO UPDATE SET gid = excluded.gid""",
            (tenant, event.key, customer),
        )
        return customer
    row = db.execute(
        "SELECT gid FROM subject_order WHERE tenant = ? AND order_gid = ?", (tenant, event.key)
    ).fetchone()
    return str(row["gid"]) if row else event.key


def _company(db: sqlite3.Connection, tenant: str, gid: str, body: BusinessCustomer) -> str:
    """Return whose document it is, and remember who stands in it."""
    db.executemany(
        """INSERT INTO subject_contact (tenant, gid, customer) VALUES (?, ?, ?)
           ON CONFLICT DO NOTHING""",
        [(tenant, gid, contact.customer_gid) for contact in body.contacts],
    )
    return gid
