"""What is read off a SELECT is certain, or it is "not known"."""

from __future__ import annotations

import pytest

from tests.support.sandbox_site import RULES
from towline_agent.config_feeds import KeyPart
from towline_agent.ibmi.install.select_text import SelectText
from towline_agent.policy import FileName

FILE = FileName("L", "F")


def test_the_sandboxs_join_shows_each_files_columns() -> None:
    """Qualified names go to their file, join conditions and WHERE included."""
    text = (RULES / "sql/shipment.sql").read_text(encoding="utf-8").split("\n", 1)[1]
    select = SelectText.read(text)
    header, lines = FileName("DISTLIB", "SHPHDR"), FileName("DISTLIB", "SHPLIN")
    assert select.columns_of(header) == (
        "SHNBR", "SHWHS", "SHCAR", "SHTRK", "SHDAT", "SHTIM", "SHORD",
    )  # fmt: skip
    assert select.columns_of(lines) == ("SLQTY", "SLSHP", "SLOLN")
    assert select.key_part("SHIPMENT", header) == KeyPart("SHNBR", "RTRIM")
    assert select.key_part("SHIPMENT", lines) is None


@pytest.mark.parametrize(
    ("select", "columns"),
    [
        ("SELECT A AS SKU, B FROM L.F WHERE C = 'it''s D'", ("A", "B", "C")),
        ("SELECT A AS SKU FROM L/F -- , B", ("A",)),
        ("select a as sku, cast(b as char(3)) as x from l.f", ("A", "B")),
        ("SELECT A AS SKU, CURRENT DATE AS TODAY FROM L.F", ("A",)),
        ("SELECT A AS SKU, CASE WHEN B = 1 THEN C ELSE D END AS E FROM L.F", ("A", "B", "C", "D")),
        ("SELECT T.A AS SKU FROM L.F T, L.G U WHERE COALESCE(T.B, U.C) = 1", ("A", "B")),
    ],
)
def test_columns_are_found_wherever_they_stand(select: str, columns: tuple[str, ...]) -> None:
    """Items, functions, conditions; never a literal, a comment, an alias or a keyword."""
    assert SelectText.read(select).columns_of(FILE) == columns


@pytest.mark.parametrize(
    "select",
    [
        "SELECT * FROM L.F",
        "SELECT F.* FROM L.F F",
        "SELECT A B FROM L.F",
        "SELECT TRIM(A) SKU FROM L.F",
        "SELECT A AS SKU FROM L.F WHERE EXISTS (SELECT 1 FROM L.G)",
        "SELECT A AS SKU FROM L.F UNION SELECT A AS SKU FROM L.G",
        "WITH X AS (SELECT A FROM L.F) SELECT A AS SKU FROM X",
        'SELECT "a" AS SKU FROM L.F',
        "SELECT A AS SKU, T.B FROM L.F T JOIN L.G U ON T.K = U.K",
        "SELECT T.A AS SKU FROM L.F T JOIN L.F T ON 1 = 1",
        "VALUES 1",
    ],
)
def test_what_is_not_certain_is_not_known(select: str) -> None:
    """A trigger that watches too few columns would lose changes without a sound."""
    assert SelectText.read(select).columns_of(FILE) is None


@pytest.mark.parametrize(
    ("select", "part"),
    [
        ("SELECT A AS SKU FROM L.F", KeyPart("A")),
        ("SELECT SKU FROM L.F", KeyPart("SKU")),
        ("SELECT DIGITS(T.A) AS SKU FROM L.F T", KeyPart("A", "DIGITS")),
        ("SELECT A || B AS SKU FROM L.F", None),
        ("SELECT SUBSTR(A, 1, 3) AS SKU FROM L.F", None),
        ("SELECT U.A AS SKU FROM L.F T JOIN L.G U ON T.K = U.K", None),
    ],
)
def test_a_key_is_one_plain_column_or_not_known(select: str, part: KeyPart | None) -> None:
    """Anything else has to be said in agent.toml."""
    assert SelectText.read(select).key_part("SKU", FILE) == part
