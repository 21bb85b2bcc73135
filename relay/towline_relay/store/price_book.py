"""Which prices of price lists were written, for a comparison with the shop: read only."""

from __future__ import annotations

import asyncio
import sqlite3
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

    async def listed(self, tenant: str, price_list_gid: str) -> list[BookedPrice]:
        """Read what was written to a list and not taken away, of variants the shop still has."""

        def work(db: sqlite3.Connection) -> list[BookedPrice]:
            rows = db.execute(
                """SELECT variant_gid, erp_key, sku FROM known JOIN variant_link
                       ON variant_link.tenant = known.tenant
                       AND variant_gid = substr(target, 1, instr(target, '|') - 1)
                   WHERE known.tenant = ? AND kind = 'list_price'
                       AND substr(target, instr(target, '|') + 1) = ?
                   ORDER BY target""",
                (tenant, price_list_gid),
            )
            return [BookedPrice(row["variant_gid"], row["erp_key"] or row["sku"]) for row in rows]

        return await asyncio.wrap_future(self._database.submit(work))
