"""Claims about the translator from Db2's SELECT."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sandbox.ibmi.lab import clean_skus
from towline_agent.ibmi.port import Unread
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_sandbox.ibmi.sql_select import translate
from towline_shared.errors import Permanent


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ITNBR FROM DISTLIB.ITMMST",
        "select itnbr from distlib/itmmst fetch first 5 rows only for read only with ur",
        "SELECT T.ITNBR, RTRIM(T.ITDSC) || ' ' || TRIM(T.ITDS2) AS D FROM DISTLIB.ITMMST AS T"
        " WHERE T.ITSTS IN ('A', 'I') AND NOT (T.ITWEB = 'N') WITH CS",
        "SELECT CASE ITSTS WHEN 'A' THEN 'yes' ELSE 'no' END AS X FROM DISTLIB.ITMMST WITH NC",
        "SELECT SUBSTR(ITNBR, 1, 2) AS P, COALESCE(ITWGT, 0) AS W,"
        " CAST(ITWGT AS DECIMAL(11, 2)) AS V, CAST(ITDSC AS CHAR(10)) AS S FROM DISTLIB.ITMMST",
        "SELECT M.ITNBR, P.IPPRC FROM DISTLIB.ITMMST M LEFT JOIN DISTLIB.ITMPRC P"
        " ON P.IPITNB = M.ITNBR AND P.IPLIST = 'STD' ORDER BY ITNBR DESC",
    ],
)
def test_the_dialect_of_customers_selects_runs(system: SimulatedIbmI, sql: str) -> None:
    """Every clause the documentation names is translated and runs."""
    assert system.queries.select(sql)


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DELETE FROM DISTLIB.ITMMST", "SQL0104"),
        ("SELECT ITNBR FROM DISTLIB.ITMMST; DROP TABLE X", "SQL0104"),
        ("SELECT ITNBR FROM DISTLIB.ITMMST GROUP BY ITNBR", "SQL0104"),
        ("SELECT ITNBR FROM DISTLIB.ITMMST WHERE ITNBR IN (SELECT 1 FROM A.B)", "SQL0104"),
        ("SELECT ITNBR FROM DISTLIB.NOTHERE", "SQL0204"),
        ("SELECT ITNBR FROM ITMMST", "SQL0204"),
        ("SELECT ITNBR FROM SYS.FACTS", "SQL0204"),
        ("SELECT NOTHERE FROM DISTLIB.ITMMST", "SQL0206"),
        ("SELECT load_extension(ITNBR) FROM DISTLIB.ITMMST", "SQL0204"),
        ("SELECT ITNBR FROM DISTLIB.ITMMST WHERE ITNBR = 5", "SQL0401"),
    ],
)
def test_everything_else_is_refused_with_db2s_code(sql: str, code: str) -> None:
    """What the dialect lacks is an error as Db2 gives it, never handed to SQLite."""
    with pytest.raises(Permanent, match=code):
        translate(sql)


@given(st.text(max_size=60))
def test_any_text_after_where_is_translated_or_refused(text: str) -> None:
    """No input escapes the parser: a statement, or a Permanent."""
    with contextlib.suppress(Permanent):
        assert translate(f"SELECT ITNBR FROM DISTLIB.ITMMST WHERE {text}").columns


def test_results_have_db2s_types(system: SimulatedIbmI) -> None:
    """CHAR is padded to its length, RTRIM is not, packed is a Decimal with the field's scale."""
    sku = clean_skus(system, 1)[0]
    (row,) = system.queries.select(
        "SELECT ITNBR, RTRIM(ITNBR) AS SKU, ITWGT, ITCRTD FROM DISTLIB.ITMMST"
        f" WHERE ITNBR = '{sku}'"
    )
    weight = row.cells["ITWGT"]
    assert row.cells["ITNBR"] == sku.ljust(15)
    assert row.cells["SKU"] == sku
    assert isinstance(weight, Decimal)
    assert weight.as_tuple().exponent == -3


def test_a_dirty_packed_field_is_unread_and_the_row_still_comes(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """Bytes that are no number come back as hex with a reason, not as zero and not as an error."""
    sku = clean_skus(system, 1)[0]
    console.call(
        "spoil",
        {"file": "DISTLIB/ITMPRC", "key": [sku, "STD"], "field": "IPPRC", "data": "4040404040"},
    )
    (row,) = system.queries.select(
        "SELECT IPITNB, IPPRC, IPPRC * 2 AS TWICE, CAST(IPPRC AS DECIMAL(9, 2)) AS C, IPCUR"
        f" FROM DISTLIB.ITMPRC WHERE IPITNB = '{sku}'"
    )
    for name in ("IPPRC", "TWICE", "C"):
        cell = row.cells[name]
        assert isinstance(cell, Unread)
        assert cell.raw_hex == "4040404040"
        assert "SQL0802" in cell.reason
    assert row.cells["IPCUR"] == "EUR"


def test_a_dirty_field_in_where_fails_as_in_db2(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """A condition can't be answered from bytes that are no number: the statement fails."""
    sku = clean_skus(system, 1)[0]
    console.call(
        "spoil",
        {"file": "DISTLIB/ITMPRC", "key": [sku, "STD"], "field": "IPPRC", "data": "4040404040"},
    )
    with pytest.raises(Permanent, match="SQL0802"):
        system.queries.select("SELECT IPITNB FROM DISTLIB.ITMPRC WHERE IPPRC > 5")


def test_order_by_is_ebcdic(system: SimulatedIbmI) -> None:
    """Lower case sorts before upper case and digits after letters."""
    rows = system.queries.select("SELECT ITNBR FROM DISTLIB.ITMMST ORDER BY ITNBR")
    found = [str(row.cells["ITNBR"]) for row in rows]
    assert found == sorted(found, key=lambda text: text.encode("cp037"))
    assert found != sorted(found)
