"""A disk that answers with errors, and a file that turns out damaged, while the process runs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.power.disk import Disk
from tests.support.broken_disk import WRITES, mounted
from towline_shared.clock import ManualClock
from towline_shared.database import Damaged, Database, DiskFault
from towline_shared.errors import Retryable
from towline_shared.health import Status
from towline_shared.storage import storage_check


class House:
    """One database on a disk with a switch."""

    def __init__(self, disk: Disk, database: Database, clock: ManualClock, path: Path) -> None:
        self.disk, self.database, self.clock, self.path = disk, database, clock, path

    def put(self, text: str) -> None:
        self.database.call(
            lambda db: db.execute("INSERT INTO t VALUES (?)", (text,)).rowcount, grows=True
        )

    def held(self) -> list[str]:
        return self.database.call(lambda db: [row[0] for row in db.execute("SELECT x FROM t")])


def _table(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE IF NOT EXISTS t (x TEXT)")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with mounted() as (disk, file_system):
        clock, path = ManualClock(), tmp_path / "x.db"
        database = Database(
            path,
            prepare=_table,
            clock=clock,
            connect=file_system.connect,
        )
        yield House(disk, database, clock, path)
        disk.broken = frozenset()
        database.close()


@pytest.mark.parametrize("what", ["write", "sync"])
def test_an_io_error_is_one_sentence_of_one_type_and_an_alarm(house: House, what: str) -> None:
    """Whoever wrote gets a retryable error, nobody SQLite's own; the check says what to do."""
    house.put("before")
    house.disk.broken = frozenset({what})
    with pytest.raises(DiskFault, match="reports an error: disk I/O error") as caught:
        house.put("lost?")
    assert isinstance(caught.value, Retryable)
    check = storage_check(
        house.database.storage, started_at=house.clock.now(), meanwhile="Others keep it."
    )
    assert (check.name, check.status) == ("disk fault", Status.FAILED)
    assert "disk I/O error" in check.detail
    assert check.hint.endswith("Others keep it.")
    assert "Free disk space" not in check.hint


def test_nothing_new_is_tried_on_a_disk_that_fails_until_it_is_well(house: House) -> None:
    """One probe every ten seconds; the first that goes through ends the alarm, with all data."""
    house.put("before")
    house.disk.broken = WRITES
    with pytest.raises(DiskFault):
        house.put("1")
    before = house.disk.operations
    for _ in range(5):
        with pytest.raises(DiskFault):
            house.put("2")
    assert house.disk.operations == before, "it is not hammered"
    house.clock.advance(11)
    with pytest.raises(DiskFault):
        house.put("3")
    assert house.disk.operations > before, "it is tried"
    assert house.database.storage.refuses
    house.disk.broken = frozenset()
    with pytest.raises(DiskFault):
        house.put("4")  # not yet: the next look is due in ten seconds
    house.clock.advance(11)
    house.put("after")
    assert house.held() == ["before", "after"]
    assert house.database.storage.full == ""


def test_a_read_finds_out_that_the_disk_is_well_again(house: House) -> None:
    """A relay that takes nothing new only looks; looking must be enough to go on."""
    house.disk.broken = WRITES
    with pytest.raises(DiskFault):
        house.put("1")
    house.disk.broken = frozenset()
    house.clock.advance(11)
    assert house.held() == []
    assert not house.database.storage.refuses


def test_a_disk_that_came_back_with_other_content_is_found_out(house: House) -> None:
    """Before work goes on the file is looked through, and what is found is damage, said as such."""
    for number in range(60):
        house.put(f"{number}" * 30_000)  # more than SQLite keeps in memory
    house.disk.broken = WRITES
    with pytest.raises(DiskFault):
        house.put("1")
    house.disk.broken = frozenset()
    house.database.settle().result()
    content = house.disk.open(str(house.path)).seen
    content[200 * 4096 : 260 * 4096] = b"\xa5" * (60 * 4096)
    house.clock.advance(11)
    with pytest.raises((Damaged, DiskFault)):
        house.put("2")
    with pytest.raises(Damaged):
        house.put("3")
    assert house.database.storage.damaged


def test_what_the_disk_took_and_then_denied_is_looked_through_at_the_next_start(
    house: House,
) -> None:
    """The mark stands beside the file, for whoever starts next."""
    house.disk.broken = WRITES
    with pytest.raises(DiskFault):
        house.put("1")
    assert house.path.with_name("x.db.suspect").exists()


def test_after_damage_nothing_more_is_done_with_the_file(tmp_path: Path) -> None:
    """One type, one sentence, for everybody, until the process starts again; the alarm stands."""
    path, clock = tmp_path / "x.db", ManualClock()
    database = Database(path, prepare=_table, clock=clock)

    def torn(db: sqlite3.Connection) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    with pytest.raises(Damaged, match="is damaged"):
        database.call(torn)
    clock.advance(60)
    with pytest.raises(Damaged, match="is damaged"):
        database.call(lambda db: db.execute("SELECT 1").fetchone())
    check = storage_check(database.storage, started_at=clock.now(), meanwhile="")
    assert (check.name, check.status) == ("disk fault", Status.FAILED)
    assert "restore the last backup" in check.hint
    assert path.with_name("x.db.suspect").exists()
    database.close()
