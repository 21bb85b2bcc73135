"""The relay database's schema in numbered steps; each runs once, recorded, in one transaction.

A step is never changed after a release: what it got wrong, the next one repairs. Modules are named
``mNNNN_what`` and offer ``apply(db)``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import sqlite_utils

from towline_relay.store.migrations import (
    m0001_events,
    m0002_bulk,
    m0003_privacy,
    m0004_order_told,
    m0005_catalogue,
    m0008_bulk_touches,
    m0009_event_count,
    m0010_images,
    m0013_control_totals,
    m0014_company_contacts,
    m0015_exports,
    m0019_conflict_key,
    m0020_event_state,
)
from towline_shared.clock import utc_text
from towline_shared.errors import Permanent

__all__ = ["STEPS", "migrate"]

STEPS: tuple[tuple[str, Callable[[sqlite_utils.Database], None]], ...] = (
    ("0001_events", m0001_events.apply),
    ("0002_bulk", m0002_bulk.apply),
    ("0003_privacy", m0003_privacy.apply),
    ("0004_order_told", m0004_order_told.apply),
    ("0005_catalogue", m0005_catalogue.apply),
    ("0008_bulk_touches", m0008_bulk_touches.apply),
    ("0009_event_count", m0009_event_count.apply),
    ("0010_images", m0010_images.apply),
    ("0013_control_totals", m0013_control_totals.apply),
    ("0014_company_contacts", m0014_company_contacts.apply),
    ("0015_exports", m0015_exports.apply),
    ("0019_conflict_key", m0019_conflict_key.apply),
    ("0020_event_state", m0020_event_state.apply),
)


def migrate(
    connection: sqlite3.Connection,
    *,
    steps: Sequence[tuple[str, Callable[[sqlite_utils.Database], None]]] = STEPS,
) -> list[str]:
    """Bring the schema up to date and return the names of the steps that ran. Idempotent.

    Raises:
        Permanent: the file was written by a newer release.
    """
    connection.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, at TEXT)")
    done = {name for (name,) in connection.execute("SELECT name FROM migration")}
    unknown = sorted(done - {name for name, _ in steps})
    if unknown:
        raise Permanent(
            f"The relay's database holds the migration {unknown[0]}, which this release lacks.",
            hint="Run the newer release again, or restore the backup made before it.",
        )
    ran = []
    for name, apply in steps:
        if name not in done:
            _run(connection, name, apply)
            ran.append(name)
    return ran


def _run(
    connection: sqlite3.Connection, name: str, apply: Callable[[sqlite_utils.Database], None]
) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        apply(sqlite_utils.Database(connection))
        connection.execute(
            "INSERT INTO migration (name, at) VALUES (?, ?)", (name, utc_text(datetime.now(UTC)))
        )
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
