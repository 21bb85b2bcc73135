"""Whatever goes wrong around bulk runs: complete, once, the newest value last."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.engine_house import EngineHouse, item, price, raiser, stock
from tests.support.fake_shop import Crash
from towline_relay.shopify.bulk_files import ResultGone
from towline_relay.shopify.replies import Unsure
from towline_relay.shopify.user_errors import Stale
from towline_shared.errors import Retryable

COUNT = 14
ERRORS: Mapping[str, Callable[[], BaseException]] = {
    "crash": Crash,
    "retry": lambda: Retryable("Not now."),
    "unsure": lambda: Unsure("No answer.", repeatable=False),
    "stale": lambda: Stale("The file is gone."),
    "gone": lambda: ResultGone("The result is gone."),
}
#: What can happen at which verb, before or after it took effect.
TROUBLES = [
    *[(verb, when, "crash") for verb in ("upload", "start") for when in ("before", "after")],
    *[(verb, "before", "crash") for verb in ("stage", "find", "state", "lines")],
    *[(verb, "before", "retry") for verb in ("stage", "upload", "start", "find", "state", "lines")],
    ("start", "after", "unsure"),
    ("start", "before", "stale"),
    ("lines", "before", "gone"),
]


@settings(max_examples=40, deadline=None)
@given(
    troubles=st.lists(st.sampled_from(TROUBLES), max_size=4),
    ends=st.lists(st.sampled_from([("FAILED", 0.5), ("CANCELED", 0.3), ("FAILED", 0.0)]),
                  max_size=1),
    lose=st.sets(st.integers(0, COUNT - 1), max_size=3),
    cut=st.none() | st.integers(0, COUNT),
    looks=st.integers(0, 3),
    newer=st.sets(st.integers(0, COUNT - 1), max_size=4),
)  # fmt: skip
def test_the_catalogue_is_complete_in_the_end(
    troubles: list[tuple[str, str, str]],
    ends: list[tuple[str, float]],
    lose: set[int],
    cut: int | None,
    looks: int,
    newer: set[int],
) -> None:
    """Every product once, at the last price and the last stock the ERP told."""
    with tempfile.TemporaryDirectory() as folder:
        house = EngineHouse(Path(folder), bulk_from=10)
        try:
            house.bulk.ends, house.bulk.lose = list(ends), set(lose)
            house.bulk.cut_after, house.bulk.looks = cut, looks
            house.feed(*(item(f"AB-{n}") for n in range(COUNT)))
            house.feed(*(price(f"AB-{n}", "5.00") for n in range(COUNT)))
            house.feed(*(stock(f"AB-{n}", 5) for n in range(COUNT)))
            _work(house, list(troubles), newer)
            for number in range(COUNT):
                wanted = Decimal("6.00" if number in newer else "5.00")
                assert house.shop.by_sku(f"AB-{number}").price == wanted
                assert house.shop.available(f"AB-{number}") == (6 if number in newer else 5)
            assert set(house.states()) <= {"applied", "skipped", "superseded"}
        finally:
            house.close()


def _work(house: EngineHouse, troubles: list[tuple[str, str, str]], newer: set[int]) -> None:
    """Turn until nothing is open; the next trouble is armed when the last has struck or passed."""
    told = False
    for turn in range(150):
        if turn % 5 == 0 and troubles:
            verb, when, name = troubles.pop(0)
            hooks = house.bulk.before if when == "before" else house.bulk.after
            hooks[verb] = raiser(ERRORS[name]())
        if turn == 7 and not told:
            house.feed(*(price(f"AB-{n}", "6.00") for n in sorted(newer)))
            house.feed(*(stock(f"AB-{n}", 6) for n in sorted(newer)))
            told = True
        try:
            house.turn()
        except Crash:
            house.restart()
        if told and not any(row.state in ("pending", "waiting") for row in house.rows()):
            return
        house.house.clock.advance(20)
    raise AssertionError([(r.entity, r.key, r.state, r.reason) for r in house.rows()][:5])
