"""What was answered is on disk; what failed is not; nobody else gets in."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from towline_shared.database import Database, StorageFull
from towline_shared.errors import Misuse, Permanent


def _schema(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY)")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "x.db", prepare=_schema)
    yield opened
    opened.close()


def _insert(database: Database, number: int) -> None:
    database.call(lambda db: db.execute("INSERT INTO t VALUES (?)", (number,)))


def _count(database: Database) -> int:
    return int(database.call(lambda db: db.execute("SELECT count(*) FROM t").fetchone()[0]))


def test_it_is_opened_with_the_rules_of_durability(database: Database) -> None:
    """WAL, FULL, exclusive: a commit that returned survives a power cut."""

    def pragmas(db: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "locking_mode", "foreign_keys")
        return [db.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert database.call(pragmas) == ["wal", 2, "exclusive", 1]


def test_a_failing_unit_rolls_back_alone(database: Database) -> None:
    """One bad unit in a group neither commits nor takes its neighbours down."""
    gate = threading.Event()
    blocker = database.submit(lambda db: gate.wait(10))

    def bad(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO t VALUES (2)")
        raise ValueError("no")

    good = database.submit(lambda db: db.execute("INSERT INTO t VALUES (1)") and None)
    failing = database.submit(bad)
    other = database.submit(lambda db: db.execute("INSERT INTO t VALUES (3)") and None)
    gate.set()
    blocker.result(10)
    good.result(10)
    other.result(10)
    with pytest.raises(ValueError, match="no"):
        failing.result(10)
    assert _count(database) == 2


def test_a_broken_constraint_fails_that_unit_only(database: Database) -> None:
    """A duplicate key is the unit's own business."""
    _insert(database, 1)
    with pytest.raises(sqlite3.IntegrityError):
        _insert(database, 1)
    _insert(database, 2)
    assert _count(database) == 2


def test_a_second_process_is_refused_with_a_sentence(database: Database) -> None:
    """Two processes on one file would meet SQLite's WAL-reset bug; the second one learns why."""
    program = (
        "import sys; from towline_shared.database import Database\n"
        "try:\n    Database(sys.argv[1], prepare=lambda c: None)\n"
        "except Exception as e:\n    print(type(e).__name__, e)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, database.path],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert answer.stdout.startswith("Permanent")
    assert "in use by another process" in answer.stdout


def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    """Every number a killed process reported as committed is in the file."""
    path = tmp_path / "killed.db"
    program = (
        "import sys; from towline_shared.database import Database\n"
        "db = Database(sys.argv[1], prepare=lambda c: c.execute('CREATE TABLE t (n)'))\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    db.call(lambda c: c.execute('INSERT INTO t VALUES (?)', (n,)))\n"
        "    print(n, flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        reported = [int(child.stdout.readline()) for _ in range(200)]
        os.kill(child.pid, signal.SIGKILL)
        reported += [int(line) for line in child.stdout.read().split("\n")[:-1] if line]
    reopened = Database(path, prepare=lambda c: None)
    try:
        kept = reopened.call(lambda c: c.execute("SELECT max(n), count(*) FROM t").fetchone())
    finally:
        reopened.close()
    assert kept[0] == kept[1] >= max(reported)


def test_a_full_file_is_retryable_and_loses_nothing(database: Database) -> None:
    """At the cap the unit fails with a sentence, and what was there stays."""
    _insert(database, 1)
    database.call(lambda db: db.execute("CREATE TABLE blob (b)"))

    def cap(db: sqlite3.Connection) -> None:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count={pages}")

    database.call(cap)
    with pytest.raises(StorageFull, match="disk or the file's cap is full"):
        database.call(lambda db: db.execute("INSERT INTO blob VALUES (zeroblob(100000))"))
    assert _count(database) == 1


def test_garbage_is_not_a_database(tmp_path: Path) -> None:
    """A file of something else is refused and left as it is."""
    path = tmp_path / "x.db"
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(Permanent, match="damaged or not a Towline database"):
        Database(path, prepare=_schema)
    assert path.read_bytes().startswith(b"this is no database")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The sentence says what to check."""
    with pytest.raises(Permanent, match="folder exists"):
        Database(tmp_path / "no" / "x.db", prepare=_schema)


def test_closing_finishes_the_queue_and_may_be_repeated(tmp_path: Path) -> None:
    """Nothing queued before close is lost, and a closed database says so."""
    database = Database(tmp_path / "x.db", prepare=_schema)
    futures = [
        database.submit(lambda db, n=n: db.execute("INSERT INTO t VALUES (?)", (n,)) and None)  # type: ignore[misc]
        for n in range(200)
    ]
    database.close()
    database.close()
    assert all(future.done() and not future.exception() for future in futures)
    with pytest.raises(Misuse, match="closed"):
        database.submit(lambda db: None)


def test_a_unit_can_not_wait_for_another(database: Database) -> None:
    """Waiting on the owning thread would wait for ever; it is refused instead."""
    with pytest.raises(Misuse, match="can't wait"):
        database.call(lambda db: database.call(lambda inner: None))


def test_settling_empties_the_log_after_what_is_queued(database: Database, tmp_path: Path) -> None:
    """What was erased must not stay readable in the write-ahead log beside the file."""
    _insert(database, 1)
    log = tmp_path / "x.db-wal"
    assert log.stat().st_size > 0
    future = database.submit(lambda db: db.execute("INSERT INTO t VALUES (2)") and None)
    database.settle().result(timeout=10)
    assert future.done()
    assert log.stat().st_size == 0
    assert _count(database) == 2


def test_settling_may_be_asked_from_inside_a_unit(database: Database) -> None:
    """It happens after the commit of the unit that asks."""
    asked = database.call(lambda db: database.settle())
    asked.result(timeout=10)
    _insert(database, 3)
    assert _count(database) == 1
