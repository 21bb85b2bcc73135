"""DISPLAY_JOURNAL over entries a test wrote: positions, filters, a receiver that is gone."""

from __future__ import annotations

from typing import Any

import pyodbc
import pytest

from tests.odbc_lab.partition import Partition

pytestmark = pytest.mark.odbc_lab

_ENTRY = (
    "INSERT INTO LAB.JOURNAL (RECEIVER_LIBRARY, RECEIVER_NAME, SEQUENCE_NUMBER, JOURNAL_CODE,"
    " JOURNAL_ENTRY_TYPE, ENTRY_DATA, OBJECT_LIBRARY, OBJECT_NAME, MEMBER, COMMIT_CYCLE)"
    " VALUES ('{lib}', ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_READ = (
    "SELECT J.RECEIVER_NAME, J.SEQUENCE_NUMBER, J.JOURNAL_ENTRY_TYPE, J.OBJECT,"
    " CAST(J.ENTRY_DATA AS VARBINARY(32000)), J.COMMIT_CYCLE FROM"
    " TABLE(QSYS2.DISPLAY_JOURNAL(JOURNAL_LIBRARY => ?, JOURNAL_NAME => 'JRN',"
    " STARTING_RECEIVER_LIBRARY => ?, STARTING_RECEIVER_NAME => ?, STARTING_SEQUENCE => ?,"
    " JOURNAL_CODES => 'R,C', JOURNAL_ENTRY_TYPES => 'PT,UP,DL,SC,CM')) AS J"
    " FETCH FIRST 50 ROWS ONLY"
)


def _journal(partition: Partition) -> None:
    """Two receivers, numbers that start anew, one unit of work, one entry of no interest."""
    for order, receiver in enumerate(("RCV0001", "RCV0002"), start=1):
        partition.run(
            "INSERT INTO LAB.RECEIVERS (JOURNAL_LIBRARY, JOURNAL_NAME, RECEIVER_LIBRARY,"
            " RECEIVER_NAME, CHAIN_ORDER, STATUS) VALUES ('{lib}', 'JRN', '{lib}', ?, ?, ?)",
            receiver, order, "ATTACHED" if order == 2 else "ONLINE",
        )  # fmt: skip
    file = (partition.library, "ITMPRC", "ITMPRC")
    for entry in (
        ("RCV0001", 5, "R", "PT", b"\xc1", *file, 0),
        ("RCV0001", 6, "F", "OP", None, *file, 0),
        ("RCV0001", 7, "C", "SC", None, None, None, None, 7),
        ("RCV0001", 8, "R", "UP", b"\xc2", *file, 7),
        ("RCV0002", 1, "C", "CM", None, None, None, None, 7),
    ):
        partition.run(_ENTRY, *entry)


def _read(partition: Partition, receiver: str, sequence: int) -> list[tuple[Any, ...]]:
    return partition.run(_READ, partition.library, partition.library, receiver, sequence)


def test_entries_follow_each_other_over_a_change_of_receivers(partition: Partition) -> None:
    """From a position, inclusive; codes and types filter; OBJECT is file, library, member."""
    _journal(partition)
    rows = _read(partition, "RCV0001", 5)
    assert [(row[0], int(row[1]), row[2]) for row in rows] == [
        ("RCV0001", 5, "PT"), ("RCV0001", 7, "SC"), ("RCV0001", 8, "UP"), ("RCV0002", 1, "CM"),
    ]  # fmt: skip
    assert rows[0][3] == f"{'ITMPRC':<10}{partition.library:<10}{'ITMPRC':<10}"
    assert (rows[0][4], int(rows[2][5])) == (b"\xc1", 7)
    assert [int(row[1]) for row in _read(partition, "RCV0001", 8)] == [8, 1]


def test_a_position_that_is_not_there_is_refused(partition: Partition) -> None:
    """Below the receiver's first number, or in a receiver nobody knows: SQL0443 with the CPF."""
    _journal(partition)
    with pytest.raises(pyodbc.Error, match=r"SQL0443N.*CPF7054"):
        _read(partition, "RCV0001", 1)
    with pytest.raises(pyodbc.Error, match=r"SQL0443N.*CPF9801"):
        _read(partition, "RCV0009", 1)


def test_a_deleted_receiver_breaks_the_chain(partition: Partition) -> None:
    """The gone receiver is CPF9801 and out of the list; one before the gap is CPF7053."""
    _journal(partition)
    partition.run(
        "UPDATE LAB.RECEIVERS SET STATUS = 'DELETED' WHERE JOURNAL_LIBRARY = ? AND CHAIN_ORDER = 2",
        partition.library,
    )
    with pytest.raises(pyodbc.Error, match="CPF7053"):
        _read(partition, "RCV0001", 5)
    with pytest.raises(pyodbc.Error, match="CPF9801"):
        _read(partition, "RCV0002", 1)
    left = partition.run(
        "SELECT JOURNAL_RECEIVER_NAME, FIRST_SEQUENCE_NUMBER, LAST_SEQUENCE_NUMBER FROM"
        " QSYS2.JOURNAL_RECEIVER_INFO WHERE JOURNAL_LIBRARY = ? ORDER BY ATTACH_TIMESTAMP",
        partition.library,
    )
    assert left == [("RCV0001", 5, 8)]


def test_the_attached_receiver(partition: Partition) -> None:
    """JOURNAL_INFO names it; without a starting receiver only that one is read."""
    _journal(partition)
    attached = partition.run(
        "SELECT ATTACHED_JOURNAL_RECEIVER_NAME FROM QSYS2.JOURNAL_INFO WHERE JOURNAL_LIBRARY = ?",
        partition.library,
    )
    assert attached == [("RCV0002",)]
    rows = partition.run(
        "SELECT J.SEQUENCE_NUMBER FROM TABLE(QSYS2.DISPLAY_JOURNAL(?, 'JRN')) AS J",
        partition.library,
    )
    assert [int(row[0]) for row in rows] == [1]
