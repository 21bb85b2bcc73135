"""How much may wait in the buffer, by kind of reading."""

from __future__ import annotations

import pytest

from towline_agent.gate import LOAD, level, marks


@pytest.mark.parametrize(
    ("kind", "high", "low"), [(LOAD, 50, 40), ("changes", 100, 80), ("results", 25, 20)]
)
def test_each_kind_has_its_share_of_the_cap(kind: str, high: int, low: int) -> None:
    """A load half, changes all, answers a quarter on top; open again at four fifths."""
    found = marks(kind, 100)
    assert (found.high, found.low) == (high, low)
    assert found.shut(high, was=False)
    assert not found.shut(high - 1, was=False)
    assert found.shut(low, was=True)
    assert not found.shut(low - 1, was=True)


def test_answers_count_for_themselves_and_loads_with_changes() -> None:
    """What fills the buffer with rows of the catalogue holds back the catalogue only."""
    waiting = {"changes": 60, "bulk": 5, "results": 7}
    assert level(LOAD, waiting) == 65
    assert level("changes", waiting) == 65
    assert level("results", waiting) == 7
