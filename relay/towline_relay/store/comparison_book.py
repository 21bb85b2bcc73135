"""What the shop was told last, for comparisons with what it holds: read only."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from towline_relay.store.shop_rows import ASIDE
from towline_shared.database import Database

__all__ = ["ComparisonBook", "Told"]

T = TypeVar("T")

# A price is known by its variant, a quantity by "inventory item|location|name".
_LINKED = {
    "price": "link.variant_gid = known.target",
    "stock": "link.inventory_item_gid = substr(known.target, 1, instr(known.target, '|') - 1)",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A value the shop was told last, at the ERP's word.

    Attributes:
        key: the ERP's, of the item.
        value: for people.
    """

    target: str
    hash: str
    value: str
    key: str


class ComparisonBook:
    """Reads over the relay's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _unit(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.wrap_future(self._database.submit(work))

    async def told(self, tenant: str, kind: str, targets: Sequence[str]) -> dict[str, Told]:
        """Read by target what was written last of a kind (``price`` or ``stock``).

        Also where somebody has changed it since, and the next statement will write it anew.
        """

        def work(db: sqlite3.Connection) -> dict[str, Told]:
            found = {}
            for target in targets:
                asked = [tenant, kind, target, tenant, f"{kind}{ASIDE}", target]
                row = db.execute(_told(kind, "known.target = ?"), asked).fetchone()
                if row is not None:
                    found[target] = Told(row[0], row[1], row[2], row[3])
            return found

        return await self._unit(work)

    async def unmet(
        self, tenant: str, kind: str, export: str, *, after: str = "", limit: int = 500
    ) -> list[Told]:
        """Read what was written to targets an export did not meet, in order of the target."""
        where = """known.target > ? AND NOT EXISTS (
            SELECT 1 FROM export_met WHERE export = ? AND export_met.target = known.target)"""

        def work(db: sqlite3.Connection) -> list[Told]:
            part = (after, export)
            asked = [tenant, kind, *part, tenant, f"{kind}{ASIDE}", *part, limit]
            rows = db.execute(f"{_told(kind, where)} ORDER BY target LIMIT ?", asked)
            return [Told(row[0], row[1], row[2], row[3]) for row in rows]

        return await self._unit(work)

    async def unsettled(self, tenant: str, entity: str, keys: Sequence[str]) -> frozenset[str]:
        """Return the keys with an event that is on its way or parked: those differ for a reason."""

        def work(db: sqlite3.Connection) -> frozenset[str]:
            return frozenset(
                key
                for key in set(keys)
                if db.execute(
                    """SELECT 1 FROM event INDEXED BY event_key
                       WHERE tenant = ? AND entity = ? AND key = ?
                         AND state IN ('pending', 'waiting', 'parked') LIMIT 1""",
                    (tenant, entity, key),
                ).fetchone()
            )

        return await self._unit(work)


def _told(kind: str, where: str) -> str:
    """Ask for values of a kind, then for those set aside; both in order of the index."""
    return f"{_of_kind(kind, where)} UNION ALL {_of_kind(kind, where)}"


def _of_kind(kind: str, where: str) -> str:
    return f"""SELECT known.target AS target, known.hash, known.value,
                   CASE WHEN link.erp_key <> '' THEN link.erp_key ELSE link.sku END
               FROM known JOIN variant_link AS link
                   ON link.tenant = known.tenant AND {_LINKED[kind]}
               WHERE known.tenant = ? AND known.kind = ? AND {where}"""  # noqa: S608 - our own clauses
