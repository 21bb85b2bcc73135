"""Locks: rows that are skipped, waits that end, and who holds what."""

from __future__ import annotations

import threading

import pyodbc
import pytest

from tests.odbc_lab.partition import Partition, failure, run

pytestmark = pytest.mark.odbc_lab

_OUTBOX = (
    "CREATE TABLE {lib}.OUTBOX (ID BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 1 INCREMENT BY 1"
    " NO CYCLE), FILE VARCHAR(10) NOT NULL, PRIMARY KEY (ID))"
)
_READ = (
    "SELECT ID, FILE FROM {lib}.OUTBOX WHERE ID > ? ORDER BY ID FETCH FIRST 100 ROWS ONLY"
    " WITH CS SKIP LOCKED DATA"
)


def _ids(partition: Partition, after: int = 0) -> list[int]:
    return [row[0] for row in partition.run(_READ, after)]


def _add(partition: Partition, unit: pyodbc.Connection, file: str = "F") -> None:
    run(unit, f"INSERT INTO {partition.library}.OUTBOX (FILE) VALUES (?)", file)


def test_rows_of_open_units_are_skipped_and_appear_later(partition: Partition) -> None:
    """The read never waits; a lower id becomes visible after a higher one."""
    partition.run(_OUTBOX)
    slow, quick = (partition.connect(autocommit=False) for _ in range(2))
    _add(partition, slow)
    _add(partition, quick)
    quick.commit()
    assert _ids(partition) == [2]
    assert _ids(partition, 2) == []
    slow.commit()
    assert _ids(partition) == [1, 2]


def test_changed_and_deleted_rows_are_skipped_too(partition: Partition) -> None:
    """Whatever another unit holds is absent until it ends; a rolled-back row never shows."""
    partition.run(_OUTBOX)
    unit = partition.connect(autocommit=False)
    for _ in range(4):
        _add(partition, unit)
    unit.commit()
    run(unit, f"UPDATE {partition.library}.OUTBOX SET FILE = 'X' WHERE ID = 2")
    run(unit, f"DELETE FROM {partition.library}.OUTBOX WHERE ID = 3")
    _add(partition, unit)
    assert _ids(partition) == [1, 4]
    count = "SELECT COUNT(*) FROM {lib}.OUTBOX WITH CS SKIP LOCKED DATA"
    assert partition.run(count) == [(2,)]
    unit.rollback()
    assert _ids(partition) == [1, 2, 3, 4]


def test_a_wait_for_a_lock_ends_with_sql0913(partition: Partition) -> None:
    """The waiter gets 57033, and its connection is sound."""
    partition.run(_OUTBOX)
    holder, waiter = (partition.connect(autocommit=False) for _ in range(2))
    _add(partition, holder)
    with pytest.raises(pyodbc.Error) as caught:
        run(waiter, f"SELECT * FROM {partition.library}.OUTBOX WITH CS")
    state, text = failure(caught.value)
    assert state == "57033"
    assert "SQL0913N" in text
    assert run(waiter, f"SELECT * FROM {partition.library}.OUTBOX WITH UR") == [(1, "F")]


def test_a_deadlock_rolls_one_of_the_two_back(partition: Partition) -> None:
    """Exactly one gets an error: SQL0911, or SQL0913 where its wait ended first."""
    partition.run(_OUTBOX)
    partition.run("INSERT INTO {lib}.OUTBOX (FILE) VALUES ('A')")
    partition.run("INSERT INTO {lib}.OUTBOX (FILE) VALUES ('B')")
    units = [partition.connect(autocommit=False) for _ in range(2)]
    change = f"UPDATE {partition.library}.OUTBOX SET FILE = 'X' WHERE ID = ?"
    for number, unit in enumerate(units, start=1):
        run(unit, change, number)
    states: list[str] = []

    def cross(unit: pyodbc.Connection, number: int) -> None:
        try:
            run(unit, change, number)
        except pyodbc.Error as error:
            states.append(failure(error)[0])
            unit.rollback()

    threads = [
        threading.Thread(target=cross, args=(unit, 3 - number))
        for number, unit in enumerate(units, start=1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert states
    assert set(states) <= {"40001", "57033"}


def test_the_holder_of_a_lock_is_named(partition: Partition) -> None:
    """RECORD_LOCK_INFO and OBJECT_LOCK_INFO give the job that QSYS2.JOB_NAME gives it."""
    partition.run(_OUTBOX)
    holder = partition.connect(autocommit=False)
    ((job,),) = run(holder, "VALUES QSYS2.JOB_NAME")
    _add(partition, holder)
    records = partition.run(
        "SELECT JOB_NAME, LOCK_STATE FROM QSYS2.RECORD_LOCK_INFO WHERE SYSTEM_TABLE_SCHEMA = ?"
        " AND SYSTEM_TABLE_NAME = 'OUTBOX' AND LOCK_STATUS = 'HELD'",
        partition.library,
    )
    assert records == [(job, "UPDATE")]
    objects = partition.run(
        "SELECT DISTINCT JOB_NAME FROM QSYS2.OBJECT_LOCK_INFO WHERE SYSTEM_OBJECT_SCHEMA = ?"
        " AND SYSTEM_OBJECT_NAME = 'OUTBOX' AND OBJECT_TYPE = '*FILE'",
        partition.library,
    )
    assert objects == [(job,)]
