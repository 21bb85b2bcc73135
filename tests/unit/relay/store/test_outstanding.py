"""A document is outstanding from its sending until a report on it has come back."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest

from towline_relay.store.migrations import migrate
from towline_relay.store.outstanding import is_outstanding


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        migrate(connection)
        yield connection


def put(db: sqlite3.Connection, table: str, **values: object) -> None:
    """Insert a row; columns without a default that are not named get a zero."""
    for column in db.execute(f"PRAGMA table_info({table})"):
        if column["notnull"] and column["dflt_value"] is None and not column["pk"]:
            values.setdefault(column["name"], 0)
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


@pytest.mark.parametrize("table", ["order_sent", "order_told"])
def test_orders_and_their_changes_wait_for_their_event(db: sqlite3.Connection, table: str) -> None:
    """Sent = no report; on site, parked or applied = there was one."""
    put(db, "event", serial=7, tenant="t", id="e7", direction="down", state="sent", entity="order")
    keys = {"tenant": "t", "order_gid": "gid"} | ({"what": "w"} if table == "order_told" else {})
    put(db, table, serial=7, event_id="document", **keys)
    assert is_outstanding(db, "document")
    for state in ("on_site", "parked", "applied"):
        db.execute("UPDATE event SET state = ?", (state,))
        assert not is_outstanding(db, "document")


def test_a_customers_document_is_its_event(db: sqlite3.Connection) -> None:
    """Its id is the event's own; an uplink event of that id is none."""
    put(
        db, "event", serial=1, tenant="t", id="c", direction="down", state="sent", entity="customer"
    )
    assert is_outstanding(db, "c")
    db.execute("UPDATE event SET direction = 'up'")
    assert not is_outstanding(db, "c")


def test_a_wish_to_erase_waits_for_the_agents_answer(db: sqlite3.Connection) -> None:
    """A new buffer must not forget that somebody is to be forgotten."""
    put(db, "privacy_agent", request=1, agent="a", event_id="erase")
    assert is_outstanding(db, "erase")
    db.execute("UPDATE privacy_agent SET outcome = 'written'")
    assert not is_outstanding(db, "erase")
    assert not is_outstanding(db, "nobody knows")
