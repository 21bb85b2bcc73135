"""Sealed secrets and learned costs: small things a shop's client remembers over a restart.

The table of secrets holds sealed texts only; who opens them holds the key, which is not in here.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from typing import TypeVar

from towline_shared.clock import Clock, utc_text
from towline_shared.database import Database

__all__ = ["SCHEMA", "Vault"]

T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS sealed_secret (
  tenant TEXT NOT NULL, purpose TEXT NOT NULL, sealed TEXT NOT NULL, changed_at TEXT NOT NULL,
  PRIMARY KEY (tenant, purpose)
);
CREATE TABLE IF NOT EXISTS learned_cost (
  tenant TEXT NOT NULL, document TEXT NOT NULL, points REAL NOT NULL, changed_at TEXT NOT NULL,
  PRIMARY KEY (tenant, document)
);
"""


class Vault:
    """The two tables; every verb is one durable unit."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def sealed(self, tenant: str, purpose: str) -> str | None:
        """Read a sealed secret; None when there is none."""

        def work(db: sqlite3.Connection) -> str | None:
            row = db.execute(
                "SELECT sealed FROM sealed_secret WHERE tenant = ? AND purpose = ?",
                (tenant, purpose),
            ).fetchone()
            return None if row is None else str(row["sealed"])

        return await self._unit(work)

    async def put_sealed(self, tenant: str, purpose: str, sealed: str) -> None:
        """Write a sealed secret over the one before; on disk when this returns."""
        now = utc_text(self._clock.now())

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                """INSERT INTO sealed_secret (tenant, purpose, sealed, changed_at)
                   VALUES (?, ?, ?, ?)
                   ON CONFLICT (tenant, purpose) DO UPDATE
                   SET sealed = excluded.sealed, changed_at = excluded.changed_at""",
                (tenant, purpose, sealed, now),
            )

        await self._unit(work)

    def rewrap(self, again: Callable[[str, str, str], str]) -> int:
        """Replace every sealed text by ``again(tenant, purpose, sealed)``, all or none.

        The texts before are overwritten in the file and its log, so that a key that is given up
        opens nothing that is left on this disk. Waits for all that; for a command line, not for the
        event loop. Returns the number.
        """

        def work(db: sqlite3.Connection) -> int:
            db.execute("PRAGMA secure_delete=ON")
            rows = db.execute("SELECT tenant, purpose, sealed FROM sealed_secret").fetchall()
            for row in rows:
                text = again(row["tenant"], row["purpose"], row["sealed"])
                db.execute(
                    "UPDATE sealed_secret SET sealed = ? WHERE tenant = ? AND purpose = ?",
                    (text, row["tenant"], row["purpose"]),
                )
            return len(rows)

        count = self._database.call(work)
        self._database.settle().result()
        return count

    def holds_any(self) -> bool:
        """Tell whether anything is sealed here; waits for the answer, so only before the start."""
        return bool(
            self._database.call(
                lambda db: db.execute("SELECT EXISTS(SELECT 1 FROM sealed_secret)").fetchone()[0]
            )
        )

    async def costs(self, tenant: str) -> dict[str, float]:
        """Read what the documents of a tenant's shop were charged, in points."""

        def work(db: sqlite3.Connection) -> dict[str, float]:
            rows = db.execute(
                "SELECT document, points FROM learned_cost WHERE tenant = ?", (tenant,)
            )
            return {row["document"]: float(row["points"]) for row in rows}

        return await self._unit(work)

    async def put_costs(self, tenant: str, costs: Mapping[str, float]) -> None:
        """Write what documents were charged; others keep their figures."""
        now = utc_text(self._clock.now())
        rows = [(tenant, document, points, now) for document, points in costs.items()]

        def work(db: sqlite3.Connection) -> None:
            db.executemany(
                """INSERT INTO learned_cost (tenant, document, points, changed_at)
                   VALUES (?, ?, ?, ?)
                   ON CONFLICT (tenant, document) DO UPDATE
                   SET points = excluded.points, changed_at = excluded.changed_at""",
                rows,
            )

        await self._unit(work)

    async def _unit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.wrap_future(self._database.submit(work))
