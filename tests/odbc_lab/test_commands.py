"""CL through QCMDEXC, data areas, jobs and the customer's programs."""

from __future__ import annotations

from decimal import Decimal

import pyodbc
import pytest

from tests.odbc_lab.partition import Partition, failure

pytestmark = pytest.mark.odbc_lab


def test_a_command_that_is_not_known_is_refused(partition: Partition) -> None:
    """CPD0030 inside SQL0443; nothing outside the list runs."""
    for text in ("PWRDWNSYS OPTION(*IMMED)", "QSYS/DLTF FILE(A/B)", "", "   "):
        with pytest.raises(pyodbc.Error, match=r"SQL0443N.*CPD0030"):
            partition.command(text)


def test_a_message_reaches_its_queue(partition: Partition) -> None:
    """Quotes are undoubled once; the receiver, the text and the sender are kept."""
    partition.command("QSYS/SNDMSG MSG('It''s on (now) / 100%') TOUSR(*SYSOPR)")
    partition.command("SNDMSG MSG('{lib}') TOMSGQ({lib}/OPS)")
    rows = partition.run("SELECT QUEUE, TEXT, SENDER FROM LAB.MESSAGES ORDER BY ID DESC")
    assert rows[:2] == [
        (f"{partition.library}/OPS", partition.library, "QSECOFR"),
        ("QSYS/QSYSOPR", "It's on (now) / 100%", "QSECOFR"),
    ]
    with pytest.raises(pyodbc.Error, match="CPD0074"):
        partition.command(f"SNDMSG MSG('{'x' * 513}') TOUSR(*SYSOPR)")


def test_a_data_area_is_read_and_changed(partition: Partition) -> None:
    """DATA_AREA_INFO has its value; a missing one has no row and can't be changed."""
    ask = (
        "SELECT DATA_AREA_VALUE FROM TABLE(QSYS2.DATA_AREA_INFO(DATA_AREA_NAME => ?,"
        " DATA_AREA_LIBRARY => ?)) AS T"
    )
    partition.command("CRTDTAARA DTAARA({lib}/NIGHT) TYPE(*CHAR) LEN(1) VALUE('N')")
    partition.command("CHGDTAARA DTAARA({lib}/NIGHT) VALUE('Y')")
    assert partition.run(ask, "NIGHT", partition.library) == [("Y",)]
    assert partition.run(ask, "NOPE", partition.library) == []
    with pytest.raises(pyodbc.Error, match="CPF1015"):
        partition.command("CHGDTAARA DTAARA({lib}/NOPE) VALUE('Y')")


def test_active_jobs(partition: Partition) -> None:
    """A test's own jobs by name or generic name, and every connection as QZDASOINIT."""
    name = f"123456/QPGMR/{partition.library}"
    partition.run("INSERT INTO LAB.JOBS (JOB_NAME) VALUES (?)", name)
    ask = "SELECT JOB_NAME FROM TABLE(QSYS2.ACTIVE_JOB_INFO(JOB_NAME_FILTER => ?)) AS T"
    assert partition.run(ask, partition.library) == [(name,)]
    assert partition.run(ask, partition.library[:5] + "*")
    assert partition.run(ask, "NOSUCHJOB") == []
    ((mine,),) = partition.run("VALUES QSYS2.JOB_NAME")
    assert (mine,) in partition.run(ask, "QZDASOINIT")


def test_a_program_is_called_and_may_say_no(partition: Partition) -> None:
    """Parameters arrive in order; a signal comes with the program's own SQLSTATE and words."""
    partition.run(
        "CREATE OR REPLACE PROCEDURE {lib}.ORDPGM (IN P1 CHAR(10), IN P2 DECIMAL(9, 2),"
        " IN P3 INTEGER) LANGUAGE RPGLE MODIFIES SQL DATA EXTERNAL NAME {lib}.ORDPGM"
        " PARAMETER STYLE GENERAL"
    )
    call = "CALL {lib}.ORDPGM(?, ?, ?)"
    partition.run(call, "Grün", Decimal("12.50"), 7)
    calls = "SELECT NAME, PARAMETERS FROM LAB.PROGRAM_CALLS WHERE LIBRARY = ?"
    assert partition.run(calls, partition.library) == [("ORDPGM", "Grün|12.50|7")]
    partition.run(
        "INSERT INTO LAB.PROGRAMS (LIBRARY, NAME, SIGNAL, WORDS) VALUES (?, 'ORDPGM', '75001',"
        " 'Customer is blocked')",
        partition.library,
    )
    with pytest.raises(pyodbc.Error) as caught:
        partition.run(call, "Grün", Decimal("12.50"), 7)
    state, text = failure(caught.value)
    assert state == "75001"
    assert "SQL0438N" in text
    assert "Customer is blocked" in text
    assert len(partition.run(calls, partition.library)) == 1
