"""What customers write in their SELECTs, over real ODBC: it is read, or said in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.odbc_lab.partition import Partition
from towline_agent.ibmi.odbc.driver import OdbcDriver
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.port import EntityQuery, IbmI, Purpose
from towline_sandbox.odbc.lab import OFFICER, OFFICER_PASSWORD
from towline_shared.errors import Permanent

pytestmark = pytest.mark.odbc_lab

BIG = Decimal("12345678901234567890123456789.12")  # 31 digits, the most Derby has


def settings(partition: Partition) -> OdbcSettings:
    whole = partition.server.connection_string("x", "x").split("UID=")[0]
    return OdbcSettings(system="", user=OFFICER, password=OFFICER_PASSWORD, whole=whole)


@pytest.fixture
def reader(partition: Partition) -> Iterator[IbmI]:
    """A reading connection to a partition with one file of odd columns."""
    partition.run(
        "CREATE TABLE {lib}.ODD (SKU CHAR(15), RAW CHAR(4) FOR BIT DATA,"
        " BIG DECIMAL(31, 2), NOTE CLOB(1M), NUM INTEGER)"
    )
    for sku, raw in (("A", "C1C2C3F1"), ("B", "C1C2C3F2"), (None, "C1C2C3F3")):
        partition.run(
            "INSERT INTO {lib}.ODD VALUES (?, ?, ?, ?, ?)",
            sku, bytes.fromhex(raw), BIG, "long text " * 5000, 7,
        )  # fmt: skip
    job = OdbcDriver(settings(partition)).connect(Purpose.READ)
    yield job
    job.close()


def query(partition: Partition, select: str, key: str = "SKU") -> EntityQuery:
    return EntityQuery("item", select.replace("{lib}", partition.library), (key,))


@pytest.mark.parametrize(
    "select",
    [
        "SELECT SKU, NUM FROM {lib}.ODD -- a comment at the end",
        "SELECT SKU, NUM FROM {lib}.ODD /* it's */ WHERE 1 = 1 -- isn't it?",
        "SELECT SKU, NUM FROM {lib}.ODD WHERE NUM < 0 UNION ALL SELECT SKU, NUM FROM {lib}.ODD",
        "SELECT SKU, NUM, '{library} {d} ?' AS BRACES FROM {lib}.ODD",
    ],
)
def test_it_is_read_as_it_stands(partition: Partition, reader: IbmI, select: str) -> None:
    """Comments, unions, braces and question marks in literals reach Db2 as they were written."""
    wanted = query(partition, select)
    (row,) = reader.rows(wanted, [("A",)])
    assert row.cells["NUM"] == 7
    assert row.cells.get("BRACES", "{library} {d} ?") == "{library} {d} ?"
    page = reader.snapshot(wanted, after_key=("A",), limit=10)
    assert [str(each.cells["SKU"]).rstrip() for each in page] == ["B"]


def test_long_numbers_and_long_texts_are_whole(partition: Partition, reader: IbmI) -> None:
    """31 digits to the cent, and a CLOB to its end."""
    (row,) = reader.rows(query(partition, "SELECT SKU, BIG, NOTE FROM {lib}.ODD"), [("A",)])
    assert row.cells["BIG"] == BIG
    assert row.cells["NOTE"] == "long text " * 5000


def test_two_columns_of_one_name_are_said(partition: Partition, reader: IbmI) -> None:
    """One of them would be lost."""
    twice = query(partition, "SELECT A.SKU, A.NUM, B.NUM FROM {lib}.ODD A, {lib}.ODD B")
    with pytest.raises(Permanent):
        reader.rows(twice, [("A",)])


def test_a_key_of_bytes_needs_a_ccsid(partition: Partition, reader: IbmI) -> None:
    """Without one it is said; with one the row is found by its text."""
    wanted = query(partition, "SELECT RAW, NUM FROM {lib}.ODD", "RAW")
    with pytest.raises(Permanent, match="ccsid_65535"):
        reader.rows(wanted, [("ABC1",)])
    knowing = OdbcDriver(replace(settings(partition), ccsid_65535=37)).connect(Purpose.READ)
    try:
        (row,) = knowing.rows(wanted, [("ABC2",)])
        assert row.cells["RAW"] == "ABC2"
        page = knowing.snapshot(wanted, after_key=("ABC1",), limit=10)
        assert [each.cells["RAW"] for each in page] == ["ABC2", "ABC3"]
    finally:
        knowing.close()


def test_a_column_added_while_running_is_read(partition: Partition, reader: IbmI) -> None:
    """SELECT * grows with its file; nothing has to be started anew."""
    wanted = query(partition, "SELECT F.SKU, F.NUM FROM {lib}.ODD F")
    star = query(partition, "SELECT F.* FROM {lib}.ODD F")
    assert len(reader.rows(star, [("A",)])[0].cells) == 5
    partition.run("ALTER TABLE {lib}.ODD ADD COLUMN MORE CHAR(3) DEFAULT 'new'")
    assert "MORE" in reader.rows(star, [("A",)])[0].cells
    assert reader.rows(wanted, [("A",)])[0].cells["NUM"] == 7
