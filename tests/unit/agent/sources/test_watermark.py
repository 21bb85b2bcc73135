"""No id is missed while its gap is watched, and quiet costs nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from towline_agent.sources.watermark import Watermark

LAST = 29


@given(
    st.permutations(range(1, LAST + 1)),
    st.lists(st.integers(1, 4), min_size=LAST, max_size=LAST),
    st.integers(1, 10),
)
def test_every_order_of_commits_is_seen(order: list[int], sizes: list[int], reach: int) -> None:
    """Ids become visible in any order; the windows cover each of them at the next read."""
    watermark = Watermark(patience_s=100)
    visible: set[int] = set()
    seen: set[int] = set()
    rest = list(order)
    for size in sizes:
        visible |= set(rest[:size])
        del rest[:size]
        for after, upto in watermark.reads(1, reach=reach):
            page = {n for n in visible if after < n <= (LAST if upto is None else upto)}
            watermark.saw(page, 1)
            seen |= page
        assert seen == visible


def test_without_gaps_it_looks_only_forward() -> None:
    """After contiguous ids the next read starts at the highest."""
    watermark = Watermark(patience_s=10)
    watermark.saw([1, 2, 3], 0)
    assert watermark.reads(0, reach=500) == [(3, None)]
    assert not watermark.has_gaps()


def test_a_gap_is_watched_for_a_while() -> None:
    """The next reads start below it until the patience is over; filled parts vanish."""
    watermark = Watermark(patience_s=10)
    watermark.saw([1, 5], 0)
    assert watermark.reads(1, reach=500) == [(1, None)]
    watermark.saw([2], 2)
    assert watermark.reads(3, reach=500) == [(2, None)]
    watermark.saw([4], 4)
    assert watermark.reads(5, reach=500) == [(2, None)]
    assert watermark.reads(10, reach=500) == [(5, None)]
    assert not watermark.has_gaps()


def test_distant_gaps_are_read_by_themselves() -> None:
    """A long tail of rows that wait for the relay is not read again for an old gap."""
    watermark = Watermark(patience_s=10)
    watermark.saw([1, 3, *range(4, 2000), 2005], 0)
    assert watermark.reads(1, reach=500) == [(1, 2), (1999, None)]


def test_thousands_of_gaps_stay_bounded() -> None:
    """Identity caches of many jobs make many jumps; memory stays small."""
    watermark = Watermark(patience_s=10)
    watermark.saw(range(1, 10_001, 2), 0)
    assert len(watermark._gaps) == 1000
    assert watermark.high == 9999
