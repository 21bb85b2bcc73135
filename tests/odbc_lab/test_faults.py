"""What goes wrong between client and machine: restricted state, power, a cut wire, a mute one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pyodbc
import pytest

from tests.odbc_lab.partition import Partition, failure, run
from tests.support.cut_wire import COMMIT, CutWire
from towline_sandbox.odbc.lab import OFFICER, OFFICER_PASSWORD, LabServer, find_lab

pytestmark = pytest.mark.odbc_lab

_LOST = {"40003", "08001", "08S01", "08003", "08506"}


@pytest.fixture
def wire(server: LabServer) -> Iterator[CutWire]:
    """A wire to the shared server."""
    with CutWire(server.port) as proxy:
        yield proxy


def _over(wire: CutWire, partition: Partition) -> pyodbc.Connection:
    text = partition.server.connection_string_via(wire.port, OFFICER, OFFICER_PASSWORD)
    return pyodbc.connect(text, autocommit=False)


def test_restricted_state_ends_and_refuses_connections(partition: Partition) -> None:
    """Open ones break, new ones are refused, and after the release all is as before."""
    partition.run("CREATE TABLE {lib}.T (A INTEGER)")
    unit = partition.connect(autocommit=False)
    run(unit, f"INSERT INTO {partition.library}.T VALUES (1)")
    partition.server.restrict()
    try:
        with pytest.raises(pyodbc.Error) as open_one:
            run(unit, "VALUES 1")
        with pytest.raises(pyodbc.Error) as new_one:
            partition.connect()
    finally:
        partition.server.release()
    assert {failure(open_one.value)[0], failure(new_one.value)[0]} <= _LOST
    assert run(partition.connect(), f"SELECT * FROM {partition.library}.T") == []


@pytest.mark.parametrize(("carried", "rows"), [(False, []), (True, [(1,)])])
def test_a_commit_that_is_cut_has_two_outcomes(
    partition: Partition, wire: CutWire, carried: bool, rows: list[tuple[int]]
) -> None:
    """The client sees the same error; only the table tells whether the commit was done."""
    partition.run("CREATE TABLE {lib}.T (A INTEGER)")
    unit = _over(wire, partition)
    run(unit, f"INSERT INTO {partition.library}.T VALUES (1)")
    wire.cut_at(COMMIT, carry_it=carried)
    with pytest.raises(pyodbc.Error) as caught:
        unit.commit()
    assert failure(caught.value)[0] in _LOST
    assert partition.run("SELECT A FROM {lib}.T") == rows


def test_a_cut_wire_is_an_error_and_a_new_connection_works(
    partition: Partition, wire: CutWire
) -> None:
    """The broken connection never recovers; its uncommitted change is gone."""
    partition.run("CREATE TABLE {lib}.T (A INTEGER)")
    unit = _over(wire, partition)
    run(unit, f"INSERT INTO {partition.library}.T VALUES (1)")
    wire.cut()
    with pytest.raises(pyodbc.Error) as caught:
        run(unit, f"INSERT INTO {partition.library}.T VALUES (2)")
    assert failure(caught.value)[0] in _LOST
    assert run(_over(wire, partition), f"SELECT A FROM {partition.library}.T") == []


def test_a_mute_wire_answers_nothing(partition: Partition, wire: CutWire) -> None:
    """A question into it comes back only when the wire ends, and then as an error."""
    asking = _over(wire, partition)
    wire.fall_silent()
    answers: list[str] = []

    def ask() -> None:
        try:
            answers.append(str(run(asking, "VALUES 1")))
        except pyodbc.Error as error:
            answers.append(failure(error)[0])

    thread = threading.Thread(target=ask)
    thread.start()
    wire.close()
    thread.join(timeout=60)
    assert answers
    assert answers[0] in _LOST


def test_a_power_cut_keeps_what_was_committed(tmp_path: Path) -> None:
    """After SIGKILL and a new start: committed rows, queue entries, profiles and authority."""
    server = LabServer(find_lab(), tmp_path)
    server.start()
    try:
        unit = pyodbc.connect(server.connection_string(), autocommit=False)
        for text in (
            "CREATE SCHEMA KEEP",
            "CREATE TABLE KEEP.T (A INTEGER)",
            "INSERT INTO KEEP.T VALUES (1)",
            "CALL QSYS2.QCMDEXC('CRTUSRPRF USRPRF(CLERK) PASSWORD(RIGHT1)')",
            "CALL QSYS2.QCMDEXC('CRTDTAQ DTAQ(KEEP/Q) MAXLEN(9) AUT(*EXCLUDE)')",
            "CALL QSYS2.QCMDEXC('GRTOBJAUT OBJ(KEEP/Q) OBJTYPE(*DTAQ) USER(CLERK) AUT(*USE)')",
        ):
            run(unit, text)
        unit.commit()
        for data in (b"a", b"b", b"c"):
            run(unit, "CALL QSYS2.SEND_DATA_QUEUE_BINARY(?, 'Q', 'KEEP', NULL, 'NO')", data)
        take = "SELECT MESSAGE_DATA_BINARY FROM TABLE(QSYS2.RECEIVE_DATA_QUEUE('Q', 'KEEP')) AS T"
        assert run(unit, take) == [(b"a",)]
        run(unit, "INSERT INTO KEEP.T VALUES (2)")
        server.kill()
        with pytest.raises(pyodbc.Error) as caught:
            run(unit, "VALUES 1")
        assert failure(caught.value)[0] in _LOST
        server.start()
        clerk = pyodbc.connect(server.connection_string("CLERK", "RIGHT1"), autocommit=True)
        peek = "SELECT MESSAGE_DATA_BINARY FROM TABLE(QSYS2.DATA_QUEUE_ENTRIES('Q', 'KEEP')) AS T"
        assert run(clerk, peek) == [(b"b",), (b"c",)]
        again = pyodbc.connect(server.connection_string(), autocommit=True)
        assert run(again, "SELECT A FROM KEEP.T") == [(1,)]
        again.close()
        clerk.close()
    finally:
        server.stop()
