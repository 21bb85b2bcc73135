"""The administrator's own script on the stand-in: its triggers fire, its undo undoes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pyodbc
import pytest

from tests.odbc_lab.admin_script import RULES, UNDO, statements
from tests.odbc_lab.partition import Partition, run
from towline_agent.ibmi.catalogue import FileLayout, Kind
from towline_sandbox.ibmi.erp_files import ERP_FILES
from towline_sandbox.odbc.lab import LabServer

pytestmark = pytest.mark.odbc_lab

_TYPES = {Kind.PACKED: "DECIMAL", Kind.ZONED: "NUMERIC"}
_OUTBOX = "SELECT LIB, FILE, KEY1, KEY2, OPER, CHGUSR FROM TOWLINE.OUTBOX ORDER BY ID"
_FILL = "CALL QSYS2.SEND_DATA_QUEUE('O', 'DOORBELL', 'TOWLINE', NULL, 'NO')"
_PRICE = "INSERT INTO DISTLIB.ITMPRC VALUES ('10-4711', 'STD', 1.00, 2.00, 'EUR', 0)"


def _create(shape: FileLayout) -> str:
    columns = [
        f"{f.name} {_TYPES.get(f.type.kind, f.type.kind.value)}"
        + f"({f.type.length}{f', {f.type.decimals}' if f.type.kind in _TYPES else ''}) NOT NULL"
        for f in shape.fields
    ]
    key = f"PRIMARY KEY ({', '.join(shape.key)})"
    return f"CREATE TABLE {shape.library}.{shape.name} ({', '.join([*columns, key])})"


@pytest.fixture(scope="module")
def installed(server: LabServer) -> Iterator[Partition]:
    """DISTLIB with its files and, by the script, TOWLINE; both go after the module."""
    with ExitStack() as closing:
        partition = Partition(server, "DISTLIB", closing)
        partition.run("CREATE SCHEMA DISTLIB")
        for shape in ERP_FILES:
            partition.run(_create(shape))
        partition.profile("ERPBATCH", "erp1")
        for text in statements(RULES):
            partition.run(text)
        partition.profile("TWAGENT", "agent1")
        for name in ("ITMPRC", "ITMBAL", "ITMMST", "SHPHDR"):
            grant = f"GRANT SELECT, INSERT, UPDATE, DELETE ON DISTLIB.{name} TO ERPBATCH"
            partition.run(grant)
        yield partition
        partition.run("DROP SCHEMA DISTLIB CASCADE")


@pytest.fixture
def erp(installed: Partition) -> pyodbc.Connection:
    """A job of the ERP under commitment control; outbox, doorbell and price file are empty."""
    for text in ("DELETE FROM DISTLIB.ITMPRC", "DELETE FROM DISTLIB.ITMBAL"):
        installed.run(text)
    installed.run("DELETE FROM TOWLINE.OUTBOX")
    installed.run("DELETE FROM TOWLINE.MISSED")
    installed.command("CLRDTAQ DTAQ(TOWLINE/DOORBELL)")
    return installed.connect("ERPBATCH", "erp1", autocommit=False)


def _rings(partition: Partition) -> int:
    sql = "SELECT CURRENT_MESSAGES FROM QSYS2.DATA_QUEUE_INFO WHERE DATA_QUEUE_NAME = 'DOORBELL'"
    return int(partition.run(sql)[0][0])


def _outbox(partition: Partition) -> list[tuple[Any, ...]]:
    return partition.run(_OUTBOX)


def test_insert_update_and_delete_are_rows(installed: Partition, erp: pyodbc.Connection) -> None:
    """Each change is one row with its key and who made it, and one ring."""
    run(erp, _PRICE)
    run(erp, "UPDATE DISTLIB.ITMPRC SET IPPRC = 1.50")
    run(erp, "DELETE FROM DISTLIB.ITMPRC")
    erp.commit()
    assert _outbox(installed) == [
        ("DISTLIB", "ITMPRC", "10-4711", "", operation, "ERPBATCH") for operation in "IUD"
    ]
    assert _rings(installed) == 3


def test_an_unchanged_record_is_no_row(installed: Partition, erp: pyodbc.Connection) -> None:
    """What a program rewrites unchanged, or only in a column nobody watches, feeds nothing."""
    run(erp, "INSERT INTO DISTLIB.ITMBAL VALUES ('10-4711', '001', 5, 1, 'A1', 0)")
    run(erp, "UPDATE DISTLIB.ITMBAL SET IBQOH = 5, IBLOC = 'B2'")
    run(erp, "UPDATE DISTLIB.ITMBAL SET IBQAL = 2")
    erp.commit()
    assert [(row[2], row[3], row[4]) for row in _outbox(installed)] == [
        ("10-4711", "001", "I"),
        ("10-4711", "001", "U"),
    ]


def test_one_statement_over_many_rows_is_a_row_each(
    installed: Partition, erp: pyodbc.Connection
) -> None:
    """FOR EACH ROW: and only the rows that really changed."""
    for item, price in (("A", 1), ("B", 2), ("C", 1)):
        run(erp, "INSERT INTO DISTLIB.ITMPRC VALUES (?, 'STD', ?, 2.00, 'EUR', 0)", item, price)
    run(erp, "UPDATE DISTLIB.ITMPRC SET IPPRC = 2")
    erp.commit()
    assert [row[2] for row in _outbox(installed) if row[4] == "U"] == ["A", "C"]


def test_the_outbox_belongs_to_the_unit_of_work(
    installed: Partition, erp: pyodbc.Connection
) -> None:
    """A rollback takes the row with it; the doorbell has rung all the same."""
    run(erp, _PRICE)
    erp.rollback()
    assert _outbox(installed) == []
    assert _rings(installed) == 1


def test_a_full_doorbell_does_not_fail_the_write(
    installed: Partition, erp: pyodbc.Connection
) -> None:
    """The guard: the write stands, its outbox row too, and MISSED notes that a step failed."""
    installed.command("DLTDTAQ DTAQ(TOWLINE/DOORBELL)")
    installed.command("CRTDTAQ DTAQ(TOWLINE/DOORBELL) MAXLEN(64) SIZE(1 1) AUT(*EXCLUDE)")
    installed.command("CHGOBJOWN OBJ(TOWLINE/DOORBELL) OBJTYPE(*DTAQ) NEWOWN(TWOWNER)")
    installed.command("GRTOBJAUT OBJ(TOWLINE/DOORBELL) OBJTYPE(*DTAQ) USER(TWAGENT) AUT(*USE)")
    installed.run(_FILL)
    run(erp, _PRICE)
    erp.commit()
    assert len(_outbox(installed)) == 1
    assert installed.run("SELECT FILE FROM TOWLINE.MISSED") == [("ITMPRC",)]


def test_a_locked_outbox_does_not_fail_the_write(
    installed: Partition, erp: pyodbc.Connection
) -> None:
    """What could not be noted is in MISSED, and the ERP goes on."""
    locker = installed.connect(autocommit=False)
    run(locker, "LOCK TABLE TOWLINE.OUTBOX IN EXCLUSIVE MODE ALLOW READ")
    run(erp, _PRICE)
    erp.commit()
    locker.rollback()
    assert _outbox(installed) == []
    assert installed.run("SELECT FILE FROM TOWLINE.MISSED") == [("ITMPRC",)]


def test_the_off_switch(installed: Partition, erp: pyodbc.Connection) -> None:
    """CHGPFTRG and ALTER TRIGGER silence a trigger without dropping it; the catalogue says so."""
    installed.command("CHGPFTRG FILE(DISTLIB/ITMPRC) TRG(*ALL) STATE(*DISABLED)")
    run(erp, _PRICE)
    erp.commit()
    enabled = installed.run(
        "SELECT ENABLED FROM QSYS2.SYSTRIGGERS WHERE TRIGGER_NAME = 'ITMPRC_OUTBOX'"
    )
    installed.run("ALTER TRIGGER TOWLINE.ITMPRC_OUTBOX ENABLE")
    run(erp, "DELETE FROM DISTLIB.ITMPRC")
    erp.commit()
    assert enabled == [("N",)]
    assert [row[4] for row in _outbox(installed)] == ["D"]


def test_the_catalogue_shows_the_scripts_triggers(installed: Partition) -> None:
    """One row for each trigger of the script, whatever Derby needs for it; twice is once."""
    for text in statements(RULES):
        if text.startswith("CREATE OR REPLACE TRIGGER TOWLINE.ITMBAL"):
            installed.run(text)
    rows = installed.run(
        "SELECT TRIGGER_NAME, EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, ENABLED, OPERATIVE"
        " FROM QSYS2.SYSTRIGGERS WHERE TRIGGER_SCHEMA = 'TOWLINE' ORDER BY TRIGGER_NAME"
    )
    made = re.findall(
        r"CREATE OR REPLACE TRIGGER TOWLINE\.(\w+)\s+AFTER [A-Z ]+ ON (\w+)\.(\w+)",
        RULES.read_text(encoding="utf-8"),
    )
    assert len(made) >= 5
    assert rows == sorted((name, library, file, "Y", "Y") for name, library, file in made)


def test_the_agents_profile_may_what_the_script_grants(installed: Partition) -> None:
    """Read the files, delete from the outbox, insert orders; not change prices or send."""
    agent = installed.connect("TWAGENT", "agent1")
    for allowed in (
        "SELECT COUNT(*) FROM DISTLIB.ITMPRC",
        "DELETE FROM TOWLINE.OUTBOX WHERE ID = 0",
        "INSERT INTO TOWLINE.APPLIED SELECT * FROM TOWLINE.APPLIED WHERE 1 = 0",
    ):
        run(agent, allowed)
    for refused in (
        "UPDATE DISTLIB.ITMPRC SET IPPRC = 9",
        "UPDATE TOWLINE.WEBORDH SET STATUS = 'A'",
        "INSERT INTO TOWLINE.OUTBOX (LIB, FILE, OPER) VALUES ('X', 'X', 'I')",
        "CREATE TABLE TOWLINE.MINE (A INTEGER)",
        "DROP TRIGGER TOWLINE.ITMPRC_OUTBOX",
    ):
        with pytest.raises(pyodbc.Error, match="SQL0551N"):
            run(agent, refused)
    with pytest.raises(pyodbc.Error, match="CPF9802"):
        run(agent, _FILL)


def test_undo_leaves_nothing(installed: Partition) -> None:
    """Library, triggers, queues and profiles are gone; the ERP's files work on without them."""
    for text in statements(UNDO):
        installed.run(text)
    assert installed.run("SELECT * FROM QSYS2.SYSSCHEMAS WHERE SCHEMA_NAME = 'TOWLINE'") == []
    assert installed.run("SELECT * FROM QSYS2.SYSTRIGGERS") == []
    assert (
        installed.run("SELECT * FROM QSYS2.DATA_QUEUE_INFO WHERE DATA_QUEUE_LIBRARY = 'TOWLINE'")
        == []
    )
    names = [row[0] for row in installed.run("SELECT AUTHORIZATION_NAME FROM QSYS2.USER_INFO")]
    assert not {"TWAGENT", "TWOWNER"} & set(names)
    installed.run("UPDATE DISTLIB.ITMPRC SET IPPRC = 3")
