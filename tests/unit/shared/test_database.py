"""What was answered is on disk; what failed is not; nobody else gets in."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from towline_shared.backup import write_backup
from towline_shared.database import Damaged, Database, StorageFull
from towline_shared.errors import Misuse, Permanent
from towline_shared.quarantine import quarantine, quarantined


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
    with pytest.raises(Damaged, match="damaged or not a Towline database"):
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


def _scribble(path: Path) -> None:
    """Overwrite pages in the middle, as a failing disk does; the header stays."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(8 * 4096))


def _rows(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY)")
    db.execute("CREATE TABLE IF NOT EXISTS big (b TEXT)")


def test_damage_met_at_work_ends_the_unit_and_is_looked_for_at_the_next_start(
    tmp_path: Path,
) -> None:
    """A damaged file does not go on for weeks because nobody reads the page again."""
    path = tmp_path / "x.db"
    database = Database(path, prepare=_rows)
    database.call(
        lambda db: db.executemany("INSERT INTO big VALUES (?)", [("x" * 3000,)] * 40) and None
    )
    database.close()
    _scribble(path)
    database = Database(path, prepare=lambda db: None)  # closed well, so it is not looked through
    with pytest.raises(Damaged):
        database.call(lambda db: [row["b"] for row in db.execute("SELECT b FROM big")])
    database.close()
    with pytest.raises(Damaged, match="Keep the file"):
        Database(path, prepare=lambda db: None)


def test_a_file_that_was_not_closed_is_looked_through(tmp_path: Path) -> None:
    """After a crash the whole file is read once; after a proper stop it is not."""
    path = tmp_path / "x.db"
    program = (
        "import os, sys; from towline_shared.database import Database\n"
        "db = Database(sys.argv[1], prepare=lambda c: c.execute('CREATE TABLE t (b)'))\n"
        "db.call(lambda c: c.executemany('INSERT INTO t VALUES (?)', [('x' * 3000,)] * 40))\n"
        "db.settle().result()\n"
        "db.call(lambda c: c.execute('INSERT INTO t VALUES (1)') and None)\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], timeout=60, check=False)
    assert path.with_name("x.db-wal").stat().st_size > 0
    _scribble(path)
    with pytest.raises(Damaged):
        Database(path, prepare=lambda db: None)


def test_what_is_set_aside_keeps_its_log(tmp_path: Path) -> None:
    """The log may hold the newest commits; it moves along, and nothing is overwritten."""
    at = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
    for text in ("first", "second"):
        (tmp_path / "x.db").write_text(text)
        (tmp_path / "x.db-wal").write_text(f"log of {text}")
        target = quarantine(tmp_path / "x.db", at)
        assert target.read_text() == text
        assert target.with_name(target.name + "-wal").read_text() == f"log of {text}"
    assert [each.name for each in quarantined(tmp_path / "x.db")] == [
        "x.db.damaged-20261127T120000Z",
        "x.db.damaged-20261127T120000Z-1",
    ]
    assert not (tmp_path / "x.db").exists()


def test_a_backup_is_taken_while_commits_go_on(tmp_path: Path) -> None:
    """Units run between two parts of the copy, and the copy holds a moment that was whole."""
    database = Database(tmp_path / "x.db", prepare=_rows)
    database.call(
        lambda db: db.executemany("INSERT INTO big VALUES (?)", [("x" * 3000,)] * 2000) and None
    )
    copying = threading.Event()

    def start(db: sqlite3.Connection) -> None:
        copying.set()

    first = database.submit(start)
    backup = database.backup(tmp_path / "copy.db")
    numbers = [
        database.submit(lambda db, n=n: db.execute("INSERT INTO t VALUES (?)", (n,)) and None)  # type: ignore[misc]
        for n in range(100)
    ]
    database.settle().result(30)
    first.result(30)
    backup.result(30)
    for each in numbers:
        each.result(30)
    database.close()
    with contextlib.closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert copy.execute("SELECT count(*) FROM big").fetchone()[0] == 2000
        assert copy.execute("SELECT count(*), max(n) FROM t").fetchone() in {(100, 99)}


def test_a_written_backup_is_private_checked_and_one_file(tmp_path: Path) -> None:
    """It opens by itself, without a log; an existing file is never overwritten."""
    database = Database(tmp_path / "x.db", prepare=_rows)
    database.call(lambda db: db.execute("INSERT INTO t VALUES (7)") and None)
    target = tmp_path / "backup.db"
    size = write_backup(database, target)
    assert size == target.stat().st_size > 0
    assert target.stat().st_mode & 0o077 == 0
    with pytest.raises(Permanent, match="exists already"):
        write_backup(database, target)
    with pytest.raises(Permanent, match="can't be written"):
        write_backup(database, tmp_path / "no" / "backup.db")
    database.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["backup.db", "x.db"]
    with contextlib.closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT n FROM t").fetchall() == [(7,)]
