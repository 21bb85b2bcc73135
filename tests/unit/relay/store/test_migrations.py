"""Migrations: each once, recorded, all or nothing; a newer file is refused."""

from __future__ import annotations

import pkgutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlite_utils

from towline_relay.store import migrations, shop_rows
from towline_relay.store.migrations import STEPS, migrate
from towline_relay.store.states import FINAL, MOVES, State, check_move
from towline_shared.errors import Misuse, Permanent


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "relay.db", isolation_level=None)
    yield connection
    connection.close()


def test_every_step_runs_once(db: sqlite3.Connection) -> None:
    """A second start changes nothing."""
    assert migrate(db) == [name for name, _ in STEPS]
    assert migrate(db) == []


def test_every_module_of_the_folder_is_a_step_and_none_is_out_of_order() -> None:
    """A step that was written and not named would be missed in silence."""
    found = sorted(name for _, name, _ in pkgutil.iter_modules(migrations.__path__))
    assert [name for name, _ in STEPS] == [name.removeprefix("m") for name in found]


def test_a_step_that_fails_leaves_nothing(db: sqlite3.Connection) -> None:
    """Half a migration would be a schema nobody knows."""

    def broken(tables: sqlite_utils.Database) -> None:
        tables.execute("CREATE TABLE half (a)")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        migrate(db, steps=[("0001_broken", broken)])
    names = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    assert "half" not in names
    assert db.execute("SELECT count(*) FROM migration").fetchone()[0] == 0


def test_a_file_of_a_newer_release_is_refused(db: sqlite3.Connection) -> None:
    """An older relay does not touch what it can't know."""
    migrate(db)
    db.execute("INSERT INTO migration VALUES ('9999_future', '')")
    with pytest.raises(Permanent, match="9999_future"):
        migrate(db)


@pytest.mark.parametrize("old", list(State))
@pytest.mark.parametrize("new", list(State))
def test_every_pair_of_states_is_in_the_table_or_refused(old: State, new: State) -> None:
    """The table is the law: nothing moves by accident."""
    if new in MOVES[old]:
        check_move(old, new)
    else:
        with pytest.raises(Misuse, match=f"from {old.value} to {new.value}"):
            check_move(old, new)


def test_nothing_leaves_superseded_and_every_state_is_reachable() -> None:
    """Each event ends somewhere, and no state is dead."""
    assert MOVES[State.SUPERSEDED] == frozenset()
    assert set().union(*MOVES.values()) == set(State)
    assert FINAL <= set(MOVES)


def test_what_open_bulk_lines_make_is_kept_when_it_moves_to_its_own_table(
    db: sqlite3.Connection,
) -> None:
    """An upgrade in the middle of a run: items it makes still wait, answered lines don't."""
    before = [(name, step) for name, step in STEPS if name < "0008"]
    migrate(db, steps=before)
    for number, (sku, answered) in enumerate([("ab-1", 0), ("ab-2", 1), ("", 0)]):
        db.execute(
            "INSERT INTO bulk_line (run, number, variables, serials, about, makes, answered)"
            " VALUES ('run_1', ?, '{}', '[]', '{}', ?, ?)",
            (number, sku, answered),
        )
    migrate(db)
    assert db.execute("SELECT what, run, number FROM bulk_touch").fetchall() == [
        ("item:ab-1", "run_1", 0)
    ]
    assert db.execute("SELECT count(*) FROM bulk_line").fetchone()[0] == 3


def test_links_are_found_by_product_without_reading_all(tmp_path: Path) -> None:
    """A shop of 100,000 products is asked about each of them in turn."""
    db = sqlite3.connect(tmp_path / "relay.db", isolation_level=None)
    db.row_factory = sqlite3.Row
    migrate(db)
    plans: list[str] = []
    db.set_trace_callback(plans.append)
    assert shop_rows.product_links(db, "t", ["gid://shopify/Product/1"]) == {
        "gid://shopify/Product/1": []
    }
    db.set_trace_callback(None)
    (asked,) = plans
    steps = [str(row["detail"]) for row in db.execute(f"EXPLAIN QUERY PLAN {asked}")]
    assert any("variant_link_product (tenant=? AND product_gid=?)" in step for step in steps), steps
    assert any("(tenant=? AND variant_gid=?)" in step for step in steps), steps
    db.close()
