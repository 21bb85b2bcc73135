"""Which prices of price lists were written, for a comparison with the shop: read only."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from towline_shared.database import Database

__all__ = ["BookedPrice", "PriceBook"]


@dataclass(frozen=True, slots=True)
class BookedPrice:
    """A fixed price that stands in a list by our doing; ``key`` is the ERP's of its item."""

    variant_gid: str
    key: str


class PriceBook:
    """Reads over the relay's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(
        self, tenant: str, price_list_gid: str, *, after: str = "", limit: int = -1
    ) -> list[BookedPrice]:
        """Read what was written to a list and not taken away, of variants the shop still has.

        Args:
            after: gid of the variant behind which to begin.
            limit: at most so many, in order of the variant; -1 for all.
        """
        behind = f"{after}|{price_list_gid}" if after else ""
        more = "AND target > ? ORDER BY target LIMIT ?"
        return await self._read(more, tenant, price_list_gid, behind, limit)

    async def booked(
        self, tenant: str, price_list_gid: str, variant_gids: Sequence[str]
    ) -> list[BookedPrice]:
        """Read which of some variants have a price in a list by our doing."""
        marks = ", ".join("?" * len(variant_gids))
        targets = [f"{gid}|{price_list_gid}" for gid in variant_gids]
        return await self._read(f"AND target IN ({marks})", tenant, price_list_gid, *targets)

    async def count(self, tenant: str, price_list_gid: str) -> int:
        """Count what was written to a list and not taken away."""

        def work(db: sqlite3.Connection) -> int:
            row = db.execute(
                """SELECT count(*) FROM known WHERE tenant = ? AND kind = 'list_price'
                       AND substr(target, instr(target, '|') + 1) = ?""",
                (tenant, price_list_gid),
            ).fetchone()
            return int(row[0])

        return await asyncio.wrap_future(self._database.submit(work))

    async def _read(self, more: str, *values: object) -> list[BookedPrice]:
        def work(db: sqlite3.Connection) -> list[BookedPrice]:
            rows = db.execute(
                f"""SELECT variant_gid, erp_key, sku FROM known JOIN variant_link
                       ON variant_link.tenant = known.tenant
                       AND variant_gid = substr(target, 1, instr(target, '|') - 1)
                   WHERE known.tenant = ? AND kind = 'list_price'
                       AND substr(target, instr(target, '|') + 1) = ? {more}""",  # noqa: S608 - our own clauses
                values,
            )
            return [BookedPrice(row["variant_gid"], row["erp_key"] or row["sku"]) for row in rows]

        return await asyncio.wrap_future(self._database.submit(work))
