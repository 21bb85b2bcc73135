"""When agents are held back, as a table: backlog, shop and disk, each with its way back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_relay.link.readiness import (
    Inflow,
    InflowLimits,
    ShopState,
    decide,
    is_short,
)

LIMITS = InflowLimits(events=100, events_short=20, results=40, reserve_bytes=1 << 30)
PLENTY = Inflow(changes=0, results=0, free_bytes=1 << 40)


def held(inflow: Inflow, was: tuple[str, ...] = (), *, short: bool = False) -> set[str]:
    return set(decide(inflow, LIMITS, held=dict.fromkeys(was, "before"), short=short))


@pytest.mark.parametrize(
    ("changes", "was", "short", "expected"),
    [
        (49, (), False, set()),
        (50, (), False, {"bulk"}),  # a load fills half of it at most
        (99, ("bulk",), False, {"bulk"}),
        (100, (), False, {"bulk", "changes"}),
        (50, ("changes",), False, {"bulk", "changes"}),  # not below half yet
        (49, ("changes",), False, set()),
        (24, ("bulk",), False, set()),
        (20, (), True, {"bulk", "changes"}),  # the shop takes little: less is enough
        (9, ("changes",), True, set()),
        (10, (), True, {"bulk"}),
    ],
)
def test_a_backlog_holds_its_stream_until_half_is_gone(
    changes: int, was: tuple[str, ...], short: bool, expected: set[str]
) -> None:
    """High and low marks, for changes and for loads."""
    assert held(replace(PLENTY, changes=changes), was, short=short) == expected


def test_a_full_catalogue_does_not_hold_answers_nor_the_other_way_round() -> None:
    """Each stream has a backlog of its own."""
    assert "results" not in held(replace(PLENTY, changes=10_000), short=True)
    assert held(replace(PLENTY, results=40)) == {"results"}
    assert held(replace(PLENTY, results=20), ("results",)) == {"results"}
    assert held(replace(PLENTY, results=19), ("results",)) == set()


def test_a_short_disk_holds_changes_first_and_answers_last() -> None:
    """Below the reserve, below half of it, and back with a quarter more than that."""
    assert held(replace(PLENTY, free_bytes=(1 << 30) - 1)) == {"changes", "bulk"}
    assert held(replace(PLENTY, free_bytes=(1 << 29) - 1)) == {"changes", "bulk", "results"}
    everything = ("changes", "bulk", "results")
    assert held(replace(PLENTY, free_bytes=int(0.6 * (1 << 30))), everything) == {
        "changes", "bulk", "results",
    }  # fmt: skip
    assert held(replace(PLENTY, free_bytes=1 << 30), everything) == {"changes", "bulk"}
    assert held(replace(PLENTY, free_bytes=int(1.25 * (1 << 30))), everything) == set()


def test_no_reserve_never_looks_at_the_disk() -> None:
    """``reserve_mib = 0`` switches it off."""
    limits = replace(LIMITS, reserve_bytes=0)
    assert decide(replace(PLENTY, free_bytes=0), limits, held={}, short=False) == {}


def test_a_shop_is_short_while_its_bucket_is_nearly_empty_or_it_takes_nothing() -> None:
    """A quarter full is short, half full is not any more; a trouble always is."""
    assert is_short(ShopState(0.25), was=False)
    assert not is_short(ShopState(0.26), was=False)
    assert is_short(ShopState(0.4), was=True)
    assert not is_short(ShopState(0.51), was=True)
    assert is_short(ShopState(1.0, "The app was uninstalled"), was=False)


def test_the_sentence_says_how_much_and_why() -> None:
    """An operator reads the figures and the cause, and from where on it flows again."""
    shop = ShopState(1.0, "The app was uninstalled")
    found = decide(replace(PLENTY, changes=20, shop=shop), LIMITS, held={}, short=True)
    assert found["changes"] == (
        "20 events wait at the relay, 20 are enough (The app was uninstalled); it goes on below 10."
    )
    found = decide(replace(PLENTY, free_bytes=5 << 20), LIMITS, held={}, short=False)
    assert found["results"] == "Only 5 MiB are free on the relay's disk; 512 are kept in reserve."


@given(st.lists(st.integers(0, 200), max_size=50), st.booleans())
def test_it_flutters_around_no_figure(levels: list[int], short: bool) -> None:
    """Held or not, it changes only by crossing the mark that ends the state it is in."""
    high, low = (20, 10) if short else (100, 50)
    was: dict[str, str] = {}
    for level in levels:
        now = decide(replace(PLENTY, changes=level), LIMITS, held=was, short=short)
        if "changes" in now and "changes" not in was:
            assert level >= high
        if "changes" in was and "changes" not in now:
            assert level < low
        was = now
