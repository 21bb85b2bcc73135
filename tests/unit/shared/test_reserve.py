"""A full disk refuses what is new, lets what empties it go on, and is over without hands."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.disk import Disk, fill, put_disk, small_disk
from towline_shared.clock import ManualClock
from towline_shared.database import Database, StorageFull
from towline_shared.storage import MIB, Room

KIB = 1024
BIG = 20 * KIB


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return put_disk(monkeypatch)


def _schema(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, b BLOB)")


def _open(path: Path, room: Room, clock: ManualClock | None = None) -> Database:
    return Database(path, prepare=_schema, room=room, clock=clock or ManualClock())


def _add(database: Database, size: int = BIG) -> None:
    database.call(lambda db: db.execute("INSERT INTO t (b) VALUES (zeroblob(?))", (size,)) and None,
                  grows=True)  # fmt: skip


def _add_until_full(database: Database, size: int) -> int:
    """Add rows until one is refused; returns how many were taken."""
    taken = 0
    with contextlib.suppress(StorageFull):
        while True:
            _add(database, size)
            taken += 1
    return taken


def _count(database: Database) -> int:
    return int(database.call(lambda db: db.execute("SELECT count(*) FROM t").fetchone()[0]))


def _trim(database: Database, most: int) -> int:
    return database.call(lambda db: db.execute("DELETE FROM t WHERE n <= ?", (most,)).rowcount)


def test_under_the_low_mark_only_what_is_new_is_refused(tmp_path: Path, disk: Disk) -> None:
    """News wait; acknowledging and trimming go on; at twice the mark news go on by themselves."""
    clock = ManualClock()
    database = _open(tmp_path / "x.db", Room(ballast=0, low=8 * MIB), clock)
    try:
        _add(database)
        disk.free = 7 * MIB
        with pytest.raises(StorageFull, match="lost nothing"):
            _add(database)
        assert database.storage.since == clock.now()
        assert database.storage.full == f"The disk under {database.path} is full: 7 MiB are left."
        assert _trim(database, 0) == 0
        disk.free = 18 * MIB  # of which the cap allows four fifths
        with pytest.raises(StorageFull):
            _add(database)
        disk.free = 21 * MIB
        _add(database)
        assert database.storage.full == ""
        assert database.storage.since is None
        assert _count(database) == 2
    finally:
        database.close()


def test_a_look_alone_ends_the_alarm(tmp_path: Path, disk: Disk) -> None:
    """Nobody need try to write: any unit sees that there is room again."""
    database = _open(tmp_path / "x.db", Room(ballast=0, low=8 * MIB))
    try:
        disk.free = MIB
        with pytest.raises(StorageFull):
            _add(database)
        disk.free = 100 * MIB
        assert _count(database) == 0
        assert database.storage.full == ""
    finally:
        database.close()


def test_room_inside_the_file_counts(tmp_path: Path, disk: Disk) -> None:
    """A disk that others filled does not keep us from pages that were trimmed."""
    database = _open(tmp_path / "x.db", Room(ballast=0, low=MIB))
    try:
        for _ in range(30):
            _add(database, 100 * KIB)
        disk.free = 0
        with pytest.raises(StorageFull):
            _add(database)
        _trim(database, 30)
        _add(database)
        assert database.storage.full == ""
    finally:
        database.close()


def test_the_cap_stops_what_is_new_and_deleting_goes_on(tmp_path: Path, disk: Disk) -> None:
    """At most_mb nothing more is taken; after trimming it is, and nobody turned a screw."""
    database = _open(tmp_path / "x.db", Room(ballast=0, low=MIB, cap=8 * MIB))
    try:
        kept = _add_until_full(database, 200 * KIB)
        assert database.storage.full == f"{database.path} has reached its cap of 8 MiB."
        assert _count(database) == kept > 25
        assert _trim(database, kept // 2) == kept // 2
        _add(database)
        assert database.storage.full == ""
    finally:
        database.close()
    assert (tmp_path / "x.db").stat().st_size <= 8 * MIB


def test_a_ballast_lies_ready_and_outlives_a_stop(tmp_path: Path, disk: Disk) -> None:
    """Real blocks, for the owner alone, and the same file at the next start."""
    room = Room(ballast=2 * MIB, low=MIB)
    database = _open(tmp_path / "x.db", room)
    ballast = tmp_path / "x.db.ballast"
    assert database.storage.ballast
    database.close()
    stat = ballast.stat()
    assert stat.st_size == 2 * MIB
    assert stat.st_blocks * 512 >= 2 * MIB
    assert stat.st_mode & 0o077 == 0
    again = _open(tmp_path / "x.db", room)
    again.close()
    assert ballast.stat().st_ino == stat.st_ino


def test_no_ballast_is_made_of_the_last_room(tmp_path: Path, disk: Disk) -> None:
    """Making it must not be what fills the disk."""
    disk.free = 3 * MIB
    database = _open(tmp_path / "x.db", Room(ballast=2 * MIB, low=MIB))
    try:
        assert not database.storage.ballast
        assert not (tmp_path / "x.db.ballast").exists()
        disk.free = 100 * MIB
        _add(database)
        assert database.storage.ballast
    finally:
        database.close()


def test_the_room_of_a_ballast_that_was_given_up_is_not_for_news(
    tmp_path: Path, disk: Disk
) -> None:
    """After a restart without it, what it left free is kept for acknowledging and trimming."""
    disk.free = 5 * MIB
    database = _open(tmp_path / "x.db", Room(ballast=4 * MIB, low=2 * MIB))
    try:
        assert not database.storage.ballast
        with pytest.raises(StorageFull):
            _add(database)
        assert _trim(database, 9) == 0
    finally:
        database.close()


def test_a_full_disk_that_was_met_is_tried_again_and_then_over(tmp_path: Path) -> None:
    """Where figures say there is room (a quota), the alarm stays until something new fits."""
    database = _open(tmp_path / "x.db", Room(ballast=0, low=1))
    try:
        _add(database)

        def cap(db: sqlite3.Connection) -> None:
            pages = db.execute("PRAGMA page_count").fetchone()[0]
            db.execute(f"PRAGMA max_page_count={pages}")
            db.execute("INSERT INTO t (b) VALUES (zeroblob(?))", (4 * MIB,))

        with pytest.raises(StorageFull):
            database.call(cap, grows=True)
        assert database.storage.full
        assert _count(database) == 1
        assert database.storage.full, "a look is not enough: the figures were wrong before"
        _add(database)
        assert database.storage.full == ""
    finally:
        database.close()


def test_a_group_that_fails_over_news_still_commits_the_rest(tmp_path: Path) -> None:
    """An acknowledgement does not fail because it shares its commit with a batch of events."""
    database = _open(tmp_path / "x.db", Room(ballast=0, low=1, cap=4 * MIB))
    try:
        database.call(lambda db: db.execute("CREATE TABLE ack (n)") and None)
        order: list[str] = []

        def news(db: sqlite3.Connection) -> None:
            order.append("news")
            db.execute("INSERT INTO t (b) VALUES (zeroblob(?))", (6 * MIB,))

        def ack(db: sqlite3.Connection) -> None:
            order.append("ack")
            db.execute("INSERT INTO ack VALUES (1)")

        def both(db: sqlite3.Connection) -> None:
            held.append(database.submit(ack))
            held.append(database.submit(news, grows=True))

        held: list[object] = []
        database.call(both)
        first, second = held
        first.result(10)  # type: ignore[attr-defined]
        with pytest.raises(StorageFull):
            second.result(10)  # type: ignore[attr-defined]
        assert order in (["ack", "news", "ack"], ["ack", "news"])
        kept = database.call(lambda db: db.execute("SELECT count(*) FROM ack").fetchone()[0])
        assert kept == 1
    finally:
        database.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small") as folder:
        yield folder


def test_a_disk_others_filled_to_the_last_byte_lets_us_trim_and_is_over_by_itself(
    small: Path,
) -> None:
    """The real thing: ENOSPC, the ballast given up, rows deleted, room again, ballast again."""
    database = _open(small / "x.db", Room(ballast=4 * MIB, low=2 * MIB))
    try:
        rows = 0
        while database.storage.disk_free > 12 * MIB:
            _add(database, 200 * KIB)
            rows += 1
        assert database.storage.ballast
        database.settle().result(10)  # without it the log has room of its own
        fill(small / "others")
        with pytest.raises(StorageFull):
            _add(database)
        assert database.storage.full
        assert _count(database) == rows, "everything acknowledged is there"
        assert _trim(database, rows // 2) == rows // 2
        assert not (small / "x.db.ballast").exists()
        (small / "others").unlink()
        _add(database)
        assert database.storage.full == ""
        assert database.storage.ballast
        assert _count(database) == rows - rows // 2 + 1
        assert database.call(lambda db: db.execute("PRAGMA quick_check").fetchone()[0]) == "ok"
    finally:
        database.close()
