"""Searching for events, of every Store: right whatever is asked, and never by reading all."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.conformance.store.store_house import run, take
from tests.support.store import StoreHouse, new_event
from towline_relay.store import event_search
from towline_relay.store.effects import Effects, Move
from towline_relay.store.rows import EventQuery, EventRow
from towline_relay.store.states import State

SOME = (State.PARKED, State.PENDING)


@pytest.fixture(params=["sqlite"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreHouse]:
    """A store with sixty events of two tenants, three entities and four states."""
    house = StoreHouse(tmp_path / "relay.db")
    kinds = itertools.cycle(itertools.product(("t", "o"), ("item", "price", "stock")))
    for number, (tenant, entity) in zip(range(60), kinds, strict=False):
        made = new_event(f"e{number:02}", entity=entity, key=f"K{number % 7}", lane=f"{tenant}/x")
        run(house.store.append([replace(made, tenant=tenant)]))
    states = (State.APPLIED, State.PARKED, State.SKIPPED, None, State.PARKED)
    for tenant in ("t", "o"):
        lease = take(house, f"{tenant}/x")
        rows = run(house.store.read(lease.lane, limit=99))
        moves = [
            Move(row.serial, state, f"Because of {row.serial % 4}.")
            for row, state in zip(rows, itertools.cycle(states), strict=False)
            if state is not None
        ]
        run(house.store.advance(lease, Effects(moves=tuple(moves))))
    yield house
    house.close()


def matching(rows: list[EventRow], wanted: EventQuery) -> list[str]:
    """Say what a search must find, the plain way."""
    return [
        row.id
        for row in rows
        if (not wanted.states or row.state in wanted.states)
        and wanted.entity in ("", row.entity)
        and wanted.key in ("", row.key)
        and wanted.tenant in ("", row.tenant)
        and any(wanted.text.lower() in text.lower() for text in (row.key, row.id, row.reason))
    ]


@pytest.mark.parametrize("read", [50_000, 7])
def test_every_question_gets_what_matches_page_by_page(
    house: StoreHouse, monkeypatch: pytest.MonkeyPatch, read: int
) -> None:
    """All filters, alone and together; also when a text is looked for in seven events a page."""
    monkeypatch.setattr(event_search, "READ_FOR_A_TEXT", read)
    rows = run(house.store.events(EventQuery(limit=999)))
    assert len(rows) == 60
    asked = itertools.product(
        ((), SOME, (State.APPLIED,)), ("", "price"), ("", "K3"), ("", "t"), ("", "BECAUSE of 2")
    )
    for states, entity, key, tenant, text in asked:
        wanted = EventQuery(
            states=states, entity=entity, key=key, text=text, tenant=tenant, limit=4
        )
        found: list[str] = []
        while True:
            page = run(house.store.event_page(wanted))
            found += [row.id for row in page.rows]
            assert not (page.partly and page.next is None)
            if page.next is None:
                break
            wanted = replace(wanted, before=page.next)
        assert found == matching(rows, wanted), wanted


def test_nothing_found_so_far_is_told_apart_from_nothing_there(
    house: StoreHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads a part must say so; a text among few events is looked for in all of them."""
    monkeypatch.setattr(event_search, "READ_FOR_A_TEXT", 9)
    page = run(house.store.event_page(EventQuery(text="e00")))
    assert (page.rows, page.next, page.partly) == ((), 52, True)
    first = run(house.store.event_page(EventQuery(text="e00", before=8)))
    assert [row.id for row in first.rows] == ["e00"]
    assert not first.partly
    few = EventQuery(states=(State.SKIPPED,), entity="item", tenant="t", text="because")
    page = run(house.store.event_page(few))
    assert len(page.rows) == 2
    assert page.next is None


def test_no_question_reads_the_whole_table(house: StoreHouse) -> None:
    """A page is looked at every three seconds, and the store's one thread has agents waiting."""
    asked: list[str] = []
    house.database.call(lambda db: db.set_trace_callback(asked.append))
    for states, entity, key in itertools.product(((), SOME), ("", "price"), ("", "K3")):
        run(house.store.event_page(EventQuery(states=states, entity=entity, key=key)))
    house.database.call(lambda db: db.set_trace_callback(None))
    selects = [sql for sql in asked if "FROM" in sql and "event" in sql]
    assert len(selects) == 8
    for sql in selects:
        plan = house.database.call(partial(_plan, sql))
        assert not any(f"{step} ".startswith("SCAN event ") for step in plan), (sql, plan)
        by_index = any("INDEX event_key" in step or "INDEX event_state" in step for step in plan)
        assert by_index == ("event_count" in sql), (sql, plan)


def _plan(sql: str, db: sqlite3.Connection) -> list[str]:
    return [str(row[3]) for row in db.execute(f"EXPLAIN QUERY PLAN {sql}")]
