"""Which tables a SELECT names: those, all of those, and no column mistaken for one."""

from __future__ import annotations

import pytest

from towline_agent.policy import tables_of


@pytest.mark.parametrize(
    ("select", "tables"),
    [
        ("SELECT A.X, B.Y FROM L.ONE A JOIN L.TWO B ON B.K = A.K", ["L/ONE", "L/TWO"]),
        ("SELECT ONE.X, ONE.Y FROM L.ONE", ["L/ONE"]),
        ("SELECT A.X, B.Y FROM L.ONE A, L/TWO AS B WHERE A.K = B.K", ["L/ONE", "L/TWO"]),
        ("SELECT COALESCE(A.X, B.Y) FROM L.ONE A LEFT JOIN L.TWO B ON A.K=B.K", ["L/ONE", "L/TWO"]),
        ("SELECT X, SECRET.Y FROM L.ONE, SECRET.PAY", ["L/ONE"]),
        ("SELECT X FROM ONE -- FROM L.TWO", ["ONE"]),
        ("SELECT 'FROM L.TWO' AS X FROM L.ONE", ["L/ONE"]),
    ],
)
def test_tables_are_found_and_columns_are_not(select: str, tables: list[str]) -> None:
    """A qualified column after a comma belongs to a table that is named elsewhere."""
    found = [str(each) for each in tables_of(select)]
    assert set(tables) <= set(found)
    assert not {each for each in found if each.startswith(("A/", "B/", "ONE/"))}


def test_a_table_after_a_comma_is_not_overlooked() -> None:
    """An old-style join must not slip past the policy."""
    assert "SECRET/PAY" in [str(each) for each in tables_of("SELECT 1 FROM L.ONE, SECRET.PAY")]
