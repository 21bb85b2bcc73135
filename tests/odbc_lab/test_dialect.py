"""Db2 for i text runs unchanged: each rewrite of the front door, seen by its result."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pyodbc
import pytest

from tests.odbc_lab.partition import Partition, failure

pytestmark = pytest.mark.odbc_lab

_MOMENT = datetime.datetime(2026, 11, 23, 9, 0, 0, 123456)  # noqa: DTZ001 - local, as Db2's are
_FILE = """
CREATE TABLE {lib}.ITEM (
  ITNBR CHAR(15) CCSID 273 NOT NULL, QTY DECIMAL(9, 2) NOT NULL, CYMD NUMERIC(7, 0) NOT NULL,
  RAW VARBINARY(20), CHGTS TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (ITNBR)
) RCDFMT ITEMR
"""


def _item(partition: Partition) -> None:
    partition.run(_FILE)
    partition.run(
        "INSERT INTO {lib}.ITEM (ITNBR, QTY, CYMD, RAW, CHGTS) VALUES (?, ?, ?, ?, ?) WITH NC",
        "Käse", Decimal("-1234.50"), 1261123, b"\x00\xc1",
        _MOMENT,
    )  # fmt: skip


def test_values_come_back_as_they_went(partition: Partition) -> None:
    """Text beyond ASCII, decimals, bytes and microseconds survive the whole stack."""
    _item(partition)
    (row,) = partition.run("SELECT ITNBR, QTY, CYMD, RAW, CHGTS FROM {lib}.ITEM")
    assert row == ("Käse".ljust(15), Decimal("-1234.50"), Decimal(1261123), b"\x00\xc1", _MOMENT)


def test_a_null_is_a_null(partition: Partition) -> None:
    """The wrapper library widens the driver's lengths: no row inherits its neighbour's value."""
    partition.run("CREATE TABLE {lib}.N (ID INTEGER NOT NULL, V INTEGER, D DATE)")
    for each in ((1, 5, datetime.date(2026, 1, 1)), (2, None, None), (3, 7, None)):
        partition.run("INSERT INTO {lib}.N VALUES (?, ?, ?)", *each)
    rows = partition.run("SELECT V, D FROM {lib}.N ORDER BY ID")
    assert rows == [(5, datetime.date(2026, 1, 1)), (None, None), (7, None)]


@pytest.mark.parametrize(
    ("expression", "answer"),
    [
        ("DIGITS(QTY)", "000123450"),
        ("DIGITS(CYMD)", "1261123"),
        ("HEX(QTY)", "000123450D"),
        ("HEX(CYMD)", "F1F2F6F1F1F2F3"),
        ("HEX(RAW)", "00C1"),
        ("HEX(RTRIM(ITNBR))", "D243A285"),
        ("CHAR(CHGTS)", "2026-11-23-09.00.00.123456"),
        ("CHAR(QTY)", "-1234.5"),
        ("IFNULL(NULLIF(RTRIM(ITNBR), 'Käse'), 'none')", "none"),
        ("RTRIM(ITNBR) CONCAT '!'", "Käse!"),
        ("CONCAT(RTRIM(ITNBR), '?')", "Käse?"),
        ("SUBSTRING(ITNBR, 1, 2)", "Kä"),
        ("CAST(ITNBR AS VARCHAR(15) CCSID 37)", "Käse".ljust(15)),
        ("CAST(RAW AS VARBINARY(64512))", b"\x00\xc1"),
        ("CASE WHEN ITNBR IS DISTINCT FROM QTY_TEXT THEN 'differs' ELSE 'same' END", "differs"),
    ],
)
def test_expressions(partition: Partition, expression: str, answer: object) -> None:
    """Functions and operators whose spelling or format Derby does not share."""
    _item(partition)
    source = "(SELECT T.*, CAST(NULL AS CHAR(15)) AS QTY_TEXT FROM {lib}.ITEM T) AS Q"
    plain = "QTY_TEXT" not in expression
    assert partition.run(f"SELECT {expression} FROM {'{lib}.ITEM' if plain else source}") == [
        (answer,)
    ]


def test_special_registers_and_the_job(partition: Partition) -> None:
    """The relational database, the profile and the qualified job name are there."""
    ((rdb, user, zone, job),) = partition.run(
        "SELECT CURRENT SERVER, CURRENT USER, CURRENT TIMEZONE, QSYS2.JOB_NAME"
        " FROM SYSIBM.SYSDUMMY1 FOR FETCH ONLY WITH NC"
    )
    assert (rdb, user) == ("IBMI", "QSECOFR")
    assert isinstance(zone, Decimal)
    number, owner, name = job.split("/")
    assert number.isdigit()
    assert (owner, name) == ("QUSER", "QZDASOINIT")


def test_clauses_of_a_select_stand_in_any_order(partition: Partition) -> None:
    """OPTIMIZE FOR says nothing, FOR READ ONLY and isolation may change places."""
    _item(partition)
    for tail in (
        "FETCH FIRST 5 ROWS ONLY OPTIMIZE FOR 5 ROWS FOR READ ONLY WITH UR",
        "FOR READ ONLY WITH NC OPTIMIZE FOR 1 ROW",
        "WITH UR FOR READ ONLY",
        "ORDER BY ITNBR LIMIT 5",
    ):
        assert len(partition.run(f"SELECT ITNBR FROM {{lib}}.ITEM {tail}")) == 1


def test_definitions_of_an_administrator(partition: Partition) -> None:
    """Identity options without commas, labels and comments are taken as they stand."""
    partition.run(
        "CREATE TABLE {lib}.LOG (ID BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 7 INCREMENT BY"
        " 1 NO CYCLE), FILE VARCHAR(10) CCSID 37 NOT NULL DEFAULT '', PRIMARY KEY (ID))"
    )
    partition.run("LABEL ON TABLE {lib}.LOG IS 'Log'")
    partition.run("COMMENT ON COLUMN {lib}.LOG.FILE IS 'File'")
    partition.run("INSERT INTO {lib}.LOG (FILE) VALUES ('A')")
    assert partition.run("SELECT ID, FILE FROM {lib}.LOG") == [(7, "A")]


@pytest.mark.parametrize(
    ("sql", "state", "message"),
    [
        ("SELECT * FROM {lib}.NOPE", "42S02", "SQL0204N"),
        ("SELECT NOPE FROM {lib}.ITEM", "42S22", "SQL0206N"),
        ("SELEC 1", "42601", "SQL0104N"),
        ("CALL {lib}.NOPE()", "42884", "SQL0440N"),
        ("CREATE TABLE {lib}.ITEM (A INTEGER)", "42S01", "SQL0601N"),
        ("INSERT INTO {lib}.ITEM (ITNBR, QTY, CYMD) VALUES ('Käse', 1, 1)", "23505", "SQL0803N"),
        ("INSERT INTO {lib}.ITEM (ITNBR, QTY) VALUES ('B', 1)", "23502", "SQL0407N"),
        ("UPDATE {lib}.ITEM SET QTY = 99999999.99", "22003", "SQL0413N"),
        ("UPDATE {lib}.ITEM SET ITNBR = '1234567890123456'", "22001", "SQL0404N"),
        ("DROP TRIGGER {lib}.NOPE", "42704", "SQL0204N"),
    ],
)
def test_errors_are_db2s(partition: Partition, sql: str, state: str, message: str) -> None:
    """Each failing statement carries the SQLSTATE (ODBC's or Db2's) and the message of Db2."""
    _item(partition)
    with pytest.raises(pyodbc.Error) as caught:
        partition.run(sql)
    seen, text = failure(caught.value)
    assert seen in (state, {"42S02": "42704", "42S22": "42703"}.get(state))
    assert message in text
