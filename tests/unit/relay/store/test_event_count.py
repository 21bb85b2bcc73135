"""The counts of events are kept beside them, and are always what a scan would say."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conformance.store.store_house import LANE
from tests.support.store import START, StoreHouse, new_event
from towline_relay.store.effects import Effects, Move
from towline_relay.store.migrations import STEPS, migrate
from towline_relay.store.rows import EventQuery
from towline_relay.store.states import State

_SCAN = "SELECT tenant, state, entity, count(*) FROM event GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
_ENDS = (State.APPLIED, State.SKIPPED, State.PARKED, State.WAITING)


@pytest.mark.parametrize("seed", range(4))
def test_they_follow_every_way_an_event_may_go(tmp_path: Path, seed: int) -> None:
    """Appended, moved, retried, trimmed, over a restart; a group that empties is left out."""
    rng = random.Random(seed)
    house = StoreHouse(tmp_path / "relay.db")

    async def scene() -> None:
        store = house.store
        names = [f"e{number}" for number in range(40)]
        entities = {name: rng.choice(("price", "stock", "item")) for name in names}
        await store.append([new_event(name, entity=entities[name]) for name in names])
        await store.append([new_event(name, entity=entities[name]) for name in names[:5]])
        lease = await store.lease(LANE, owner="x", ttl_s=3600)
        assert lease is not None
        serials = {row.id: row.serial for row in await store.events(EventQuery(limit=100))}
        moves = tuple(
            Move(serials[name], rng.choice(_ENDS), "said", due_at=START)
            for name in rng.sample(names, 30)
        )
        await store.advance(lease, Effects(moves=moves))
        parked = [row for row in await store.events(EventQuery(limit=100)) if row.state == "parked"]
        for row in parked[::2]:
            assert await store.retry("t", row.id)
        house.clock.advance(90 * 24 * 3600)
        await store.trim(before=house.clock.now() - timedelta(days=1))

    asyncio.run(scene())
    kept = asyncio.run(house.store.counts())
    assert asyncio.run(house.store.counts("o")) == []
    house.close()
    with sqlite3.connect(tmp_path / "relay.db") as file:
        scanned = file.execute(_SCAN).fetchall()
    assert [(one.tenant, one.state, one.entity, one.count) for one in kept] == scanned
    assert len(scanned) > 3


def test_an_older_file_is_counted_once(tmp_path: Path) -> None:
    """What stood in it before is not forgotten."""
    db = sqlite3.connect(tmp_path / "relay.db", isolation_level=None)
    before = [step for step in STEPS if step[0] < "0009"]
    migrate(db, steps=before)
    for number, state in enumerate(("pending", "applied", "applied")):
        db.execute(
            "INSERT INTO event (tenant, id, lane, agent, direction, entity, key, subkey, origin,"
            " state, seen_at, received_at, changed_at, body)"
            " VALUES ('t', ?, 'l', '', 'up', 'price', 'k', '', '', ?, '', '', '', '')",
            (str(number), state),
        )
    migrate(db)
    found = db.execute("SELECT state, events FROM event_count ORDER BY state").fetchall()
    assert found == [("applied", 2), ("pending", 1)]
    db.execute("DELETE FROM event WHERE id = '1'")
    assert db.execute(_SCAN).fetchall() == [
        ("t", "applied", "price", 1),
        ("t", "pending", "price", 1),
    ]
    assert db.execute("SELECT events FROM event_count WHERE state = 'applied'").fetchone() == (1,)
    db.close()
