"""Exports in the relay's file: begun, moved on by steps, read back."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from towline_relay.store import event_rows, intake_rows, lane_rows, shop_rows
from towline_relay.store.exports import OVER, Export, ExportEffects, Overtaken
from towline_shared.clock import Clock, parse_utc, utc_text
from towline_shared.database import Database

__all__ = ["ExportBook"]

T = TypeVar("T")
_NOTHING = ExportEffects()
_KEPT = 20  # exports of a purpose that are over; of older ones nobody asks
_COLUMNS = (
    "id", "tenant", "purpose", "what", "since", "facts", "state", "asked", "gid", "attempts",
    "due_at", "lines", "roots", "news", "begun_at", "tally", "reason", "version", "opened_at",
    "changed_at",
)  # fmt: skip
_MOMENTS = ("since", "due_at", "begun_at", "opened_at", "changed_at")


class ExportBook:
    """Every verb is one durable unit of work of the file's only thread."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def _unit(
        self, work: Callable[[sqlite3.Connection, datetime], T], *, grows: bool = False
    ) -> T:
        now = self._clock.now()
        return await asyncio.wrap_future(
            self._database.submit(lambda db: work(db, now), grows=grows)
        )

    async def begin(self, export: Export) -> Export:
        """Write a new export down, or return the open one of its purpose. Idempotent."""

        def work(db: sqlite3.Connection, now: datetime) -> Export:
            _tidy(db, export.tenant, export.purpose)
            there = _open(db, export.tenant, export.purpose)
            if there is not None:
                return there
            _insert(db, export)
            return export

        return await self._unit(work, grows=True)

    async def advance(self, old: Export, new: Export, effects: ExportEffects = _NOTHING) -> Export:
        """Go from one step to the next with all its effects, in one commit.

        Raises:
            Overtaken: the export is no longer as ``old`` says; nothing was written.
        """

        def work(db: sqlite3.Connection, now: datetime) -> Export:
            news = _apply(db, new, effects, now=now)
            made = replace(new, news=new.news + news, version=old.version + 1, changed_at=now)
            _update(db, old, made)
            return made

        return await self._unit(
            work, grows=bool(effects.events or effects.deliveries or effects.met)
        )

    async def under_way(self, tenant: str) -> list[Export]:
        """Read a tenant's open exports, oldest first."""
        return await self._unit(lambda db, now: _read(
            db, f"tenant = ? AND state NOT IN {OVER} ORDER BY opened_at, id", tenant
        ))  # fmt: skip

    async def last(self, tenant: str, purpose: str) -> Export | None:
        """Read the newest export of a purpose; None when there never was one."""
        where = "tenant = ? AND purpose = ? ORDER BY opened_at DESC, version DESC LIMIT 1"
        found = await self._unit(lambda db, now: _read(db, where, tenant, purpose))
        return found[0] if found else None

    async def differing(self, export: str, *, after: str = "", limit: int = 250) -> list[str]:
        """Read ERP keys of which a target differed, in order of the key."""

        def work(db: sqlite3.Connection, now: datetime) -> list[str]:
            rows = db.execute(
                """SELECT DISTINCT differs FROM export_met
                   WHERE export = ? AND differs > ? AND differs <> ''
                   ORDER BY differs LIMIT ?""",
                (export, after, limit),
            )
            return [row[0] for row in rows]

        return await self._unit(work)

    async def met(self, export: str, targets: Sequence[str]) -> frozenset[str]:
        """Return those of some targets that an export has met."""

        def work(db: sqlite3.Connection, now: datetime) -> frozenset[str]:
            sql = "SELECT 1 FROM export_met WHERE export = ? AND target = ?"
            return frozenset(
                target for target in targets if db.execute(sql, (export, target)).fetchone()
            )

        return await self._unit(work)


def _grows(what: ExportEffects) -> bool:
    return bool(what.events or what.deliveries or what.links or what.met)


def _apply(db: sqlite3.Connection, export: Export, what: ExportEffects, *, now: datetime) -> int:
    news = event_rows.append(db, what.events, now=now)
    for delivery in what.deliveries:
        if shop_rows.put_delivery(db, delivery):
            intake_rows.follow(db, delivery, now=now)
            news += 1
    for link in what.links:
        shop_rows.put_link(db, export.tenant, link, now=now)
    if what.forget_met:
        db.execute("DELETE FROM export_met WHERE export = ?", (export.id,))
    db.executemany(
        "INSERT OR REPLACE INTO export_met (export, target, differs) VALUES (?, ?, ?)",
        [(export.id, target, differs) for target, differs in what.met],
    )
    if what.cursor is not None:
        name, expected, value = what.cursor
        if (lane_rows.timer(db, name) or "") == expected:
            lane_rows.set_timer(db, name, value)
    for name, value in what.timers:
        lane_rows.set_timer(db, name, value)
    return news


def _values(export: Export) -> list[object]:
    found: list[object] = []
    for name in _COLUMNS:
        value = getattr(export, name)
        found.append(utc_text(value) if isinstance(value, datetime) else value)
    return found


def _insert(db: sqlite3.Connection, export: Export) -> None:
    marks = ", ".join("?" * len(_COLUMNS))
    db.execute(
        f"INSERT INTO export ({', '.join(_COLUMNS)}) VALUES ({marks})",  # noqa: S608 - our columns
        _values(export),
    )


def _update(db: sqlite3.Connection, old: Export, new: Export) -> None:
    sets = ", ".join(f"{name} = ?" for name in _COLUMNS)
    done = db.execute(
        f"UPDATE export SET {sets} WHERE id = ? AND version = ?",  # noqa: S608 - our columns
        [*_values(new), old.id, old.version],
    ).rowcount
    if done != 1:
        raise Overtaken(f"The export {old.id} was moved on by another process of this relay.")


def _read(db: sqlite3.Connection, where: str, *values: str) -> list[Export]:
    rows = db.execute(f"SELECT * FROM export WHERE {where}", values)  # noqa: S608 - our own clauses
    found = []
    for row in rows:
        given = {name: row[name] for name in _COLUMNS}
        for name in _MOMENTS:
            given[name] = parse_utc(given[name]) if given[name] else None
        found.append(Export(**given))
    return found


def _open(db: sqlite3.Connection, tenant: str, purpose: str) -> Export | None:
    found = _read(db, f"tenant = ? AND purpose = ? AND state NOT IN {OVER}", tenant, purpose)
    return found[0] if found else None


def _tidy(db: sqlite3.Connection, tenant: str, purpose: str) -> None:
    """Forget what exports that are over met, and all but the last of them."""
    of_it = f"SELECT id FROM export WHERE tenant = ? AND purpose = ? AND state IN {OVER}"  # noqa: S608
    db.execute(f"DELETE FROM export_met WHERE export IN ({of_it})", (tenant, purpose))  # noqa: S608
    db.execute(
        f"DELETE FROM export WHERE id IN ({of_it} ORDER BY opened_at DESC LIMIT -1 OFFSET ?)",  # noqa: S608
        (tenant, purpose, _KEPT),
    )
