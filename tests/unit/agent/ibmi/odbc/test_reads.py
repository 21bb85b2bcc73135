"""Reading the customer's files: keys, pages, and the one row nobody can map."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.agent.ibmi.odbc.raw import SETTINGS, RawConnection, failure
from tests.unit.agent.ibmi.odbc.test_job import job_on
from towline_agent.ibmi.port import EntityQuery, Unread
from towline_shared.errors import Permanent

QUERY = EntityQuery("price", "SELECT SKU, PRICE FROM L.F", ("SKU",))
SHAPE = [("SKU", str, False), ("PRICE", Decimal, False)]
FAULT = failure("22018", "SQL0420 - Character in CAST argument not valid. (-420)")


class Prices:
    """A file of prices, some of which are no numbers."""

    def __init__(self, *, bad: set[str], null_for_bad: bool = False) -> None:
        self.prices = {f"K{n:03d}": Decimal(n) for n in range(1, 21)}
        self.bad = bad
        self.null = null_for_bad
        self.statements = 0

    def connection(self) -> RawConnection:
        return RawConnection(
            answers={"1 = 0": [], "FROM (SELECT": self._answer},
            columns={'SELECT Q."SKU" FROM': SHAPE[:1], "": SHAPE},
        )

    def _answer(self, sql: str, parameters: tuple[Any, ...]) -> Any:
        self.statements += 1
        keys = [key for key in self.prices if key in parameters]
        if "FETCH FIRST" in sql:
            keys = [key for key in self.prices if not parameters or key > parameters[0]]
            keys = keys[: int(sql.split("FETCH FIRST ")[1].split()[0])]
        shown = sql.split("SELECT ", 1)[1].split(" FROM (")[0].strip()
        rows: list[tuple[Any, ...]] = []
        for key in keys:
            hexed = "HEX" in shown
            if key in self.bad and "PRICE" in shown.replace('HEX(Q."PRICE")', "") and not self.null:
                return FAULT
            if key in self.bad and shown == "*" and not self.null:
                return FAULT
            price: Any = self.prices[key]
            if key in self.bad:
                price = "4040404040" if hexed else None
            rows.append(
                (price,) if shown == 'Q."PRICE"' else (key,) if shown == 'Q."SKU"' else (key, price)
            )
        return rows


@pytest.mark.parametrize("null", [False, True])
def test_one_bad_cell_does_not_hide_its_neighbours(
    null: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether Db2 fails the fetch or hands out NULL: the cell comes as hex, the rest is whole."""
    file = Prices(bad={"K007"}, null_for_bad=null)
    with job_on(file.connection(), monkeypatch) as job:
        rows = job.rows(QUERY, [(key,) for key in file.prices])
    found = {row.cells["SKU"]: row.cells["PRICE"] for row in rows}
    assert set(found) == set(file.prices)
    bad = found.pop("K007")
    assert isinstance(bad, Unread)
    assert bad.raw_hex == "4040404040"
    assert found == {key: price for key, price in file.prices.items() if key != "K007"}


def test_a_page_with_dirt_is_still_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same keys in the same order, no row left out, within the limit."""
    file = Prices(bad={"K002", "K009"})
    with job_on(file.connection(), monkeypatch) as job:
        first = job.snapshot(QUERY, after_key=None, limit=6)
        rest = job.snapshot(QUERY, after_key=("K006",), limit=50)
    assert [row.cells["SKU"] for row in [*first, *rest]] == list(file.prices)
    assert isinstance(first[1].cells["PRICE"], Unread)
    assert isinstance(rest[2].cells["PRICE"], Unread)


def test_numeric_keys_are_compared_as_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text 007 finds number 7; a text that is no number has no row."""
    query = EntityQuery("item", "SELECT ITM FROM L.F", ("ITM",))
    raw = RawConnection(
        answers={"1 = 0": [], "FROM (SELECT": [(Decimal(7),)]},
        columns={"": [("ITM", Decimal, True)]},
    )
    with job_on(raw, monkeypatch) as job:
        job.rows(query, [("007",), ("ABC",)])
    assert raw.log[-2][1] == (Decimal("007"),)  # then CLOSE


def test_a_number_no_column_holds_has_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts that Python would take for a number, or that no BIGINT holds, never reach pyodbc."""
    query = EntityQuery("item", "SELECT ITM FROM L.F", ("ITM",))
    raw = RawConnection(answers={"1 = 0": []}, columns={"": [("ITM", int, True)]})
    keys = ["1E999999", "9" * 40, "NaN", "1_000", "\u0664", "", "."]
    with job_on(raw, monkeypatch) as job:
        assert list(job.rows(query, [(key,) for key in keys])) == []
    assert len(raw.log) == 2  # the shape, then CLOSE


def test_a_column_that_comes_while_running_comes_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """SELECT * shows a new column of the file; the rows are read as they are now."""
    query = EntityQuery("item", "SELECT F.* FROM L.F AS F", ("SKU",))
    raw = RawConnection(
        answers={"1 = 0": [], "FROM (SELECT": [("A", "B")]},
        columns={"1 = 0": SHAPE[:1], "": [SHAPE[0], ("NAME", str, True)]},
    )
    with job_on(raw, monkeypatch) as job:
        (row,) = job.rows(query, [("A",)])
    assert row.cells == {"SKU": "A", "NAME": "B"}


def test_two_columns_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the two would vanish without a word."""
    raw = RawConnection(columns={"": [*SHAPE, ("PRICE", str, True)]})
    with job_on(raw, monkeypatch) as job, pytest.raises(Permanent, match=r"two columns.*PRICE"):
        job.rows(QUERY, [("A",)])


def test_common_tables_stand_before_our_own_select(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a comment at the end, or braces in a literal, change nothing."""
    select = (
        "WITH NEW (SKU) AS (SELECT SKU FROM L.N), X AS (SELECT ')' AS B FROM L.X)\n"
        "SELECT SKU, '{library} {isolation}' AS PRICE FROM NEW -- the new ones"
    )
    raw = RawConnection(columns={"": SHAPE})
    with job_on(raw, monkeypatch) as job:
        job.rows(EntityQuery("price", select, ("SKU",)), [("A",)])
    text = raw.log[-2][0]  # then CLOSE
    assert text.startswith(
        "WITH NEW (SKU) AS (SELECT SKU FROM L.N), X AS (SELECT ')' AS B FROM L.X)\n"
        "SELECT * FROM (SELECT SKU, '{library} {isolation}' AS PRICE FROM NEW -- the new ones\n)"
    )


def test_statements_have_few_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key lists are padded, so that the plan cache is not filled with variants."""
    file = Prices(bad=set())
    raw = file.connection()
    with job_on(raw, monkeypatch) as job:
        for count in (1, 3, 7, 12, 20):
            rows = job.rows(QUERY, [(key,) for key in list(file.prices)[:count]])
            assert len(rows) == count
    assert {text.count("?") for text, _ in raw.log} == {0, 1, 10, 50}


def test_a_compound_key_goes_on_inside_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The keyset condition names every prefix, with its values in order."""
    query = EntityQuery("stock", "SELECT SKU, WH FROM L.F", ("SKU", "WH"))
    raw = RawConnection(columns={"": [("SKU", str, True), ("WH", str, True)]})
    with job_on(raw, monkeypatch) as job:
        job.snapshot(query, after_key=("A", "001"), limit=5)
    text, parameters = raw.log[-2]  # then CLOSE
    assert '(Q."SKU" > ?) OR (Q."SKU" = ? AND Q."WH" > ?)' in text
    assert 'ORDER BY Q."SKU", Q."WH"' in text
    assert parameters == ("A", "A", "001")


def test_a_key_that_is_not_selected_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entity is set aside with a sentence; nothing is read without its key."""
    raw = RawConnection(columns={"": [("PRICE", Decimal, True)]})
    with job_on(raw, monkeypatch) as job, pytest.raises(Permanent, match="key column SKU"):
        job.rows(QUERY, [("A",)])


def test_unconverted_bytes_are_shown_or_read_as_the_site_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CCSID 65535 is bytes; only the site knows what they are."""
    query = EntityQuery("item", "SELECT SKU, NAME FROM L.F", ("SKU",))
    raw = RawConnection(
        answers={"FETCH": [("4711", bytes.fromhex("C1C2C3"))]},
        columns={"": [("SKU", str, False), ("NAME", bytes, True)]},
    )
    with job_on(raw, monkeypatch) as job:
        (row,) = job.snapshot(query, after_key=None, limit=1)
        assert row.cells["NAME"] == Unread(
            "C1C2C3",
            "CCSID 65535: bytes that are not converted; set ibmi.ccsid_65535, or CAST the column",
        )
    with job_on(raw, monkeypatch, settings=replace(SETTINGS, ccsid_65535=37)) as job:
        (row,) = job.snapshot(query, after_key=None, limit=1)
        assert row.cells["NAME"] == "ABC"


def test_a_key_of_unconverted_bytes_is_compared_as_bytes_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A text would match nothing, and every item would be told as gone."""
    query = EntityQuery("item", "SELECT SKU FROM L.F", ("SKU",))
    raw = RawConnection(columns={"": [("SKU", bytearray, False)]})
    with job_on(raw, monkeypatch) as job, pytest.raises(Permanent, match="CCSID 65535"):
        job.rows(query, [("ABC",)])
    with job_on(raw, monkeypatch, settings=replace(SETTINGS, ccsid_65535=37)) as job:
        job.rows(query, [("ABC",)])
    assert raw.log[-2][1] == (bytes.fromhex("C1C2C3"),)  # then CLOSE


@pytest.mark.parametrize(
    ("read", "clause"),
    [("uncommitted", "WITH UR"), ("committed", "WITH CS USE CURRENTLY COMMITTED")],
)
def test_the_site_chooses_what_a_read_may_see(
    read: str, clause: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without waiting and perhaps uncommitted, or the committed value; every read alike."""
    file = Prices(bad={"K007"})
    raw = file.connection()
    with job_on(raw, monkeypatch, settings=replace(SETTINGS, read=read)) as job:
        job.rows(QUERY, [("K007",), ("K008",)])
        job.snapshot(QUERY, after_key=None, limit=20)
    asked = [text for text in raw.texts if "FROM (SELECT" in text and "1 = 0" not in text]
    assert len(asked) > 5
    assert all(text.endswith(clause) for text in asked)
