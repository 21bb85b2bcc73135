"""Whatever goes wrong around an export: every line is taken, and the cursor moves after the last.

``TOWLINE_EXPORT_EXAMPLES`` sets how many are tried; the suite tries few.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.engine_house import raiser
from tests.support.export_house import ExportHouse, customer_lines
from tests.support.fake_shop import Crash
from towline_relay.shopify.bulk_files import ResultGone
from towline_relay.shopify.replies import Unsure
from towline_relay.sync.sweeps.orders import sweep_timer
from towline_shared.clock import utc_text
from towline_shared.errors import Retryable

EXAMPLES = int(os.environ.get("TOWLINE_EXPORT_EXAMPLES", "15"))
COUNT = 603  # two commits
PURPOSE = "sweep customers"
ERRORS: Mapping[str, Callable[[], BaseException]] = {
    "crash": Crash,
    "retry": lambda: Retryable("Not now."),
    "unsure": lambda: Unsure("No answer.", repeatable=False),
    "gone": lambda: ResultGone("The result is gone."),
}
#: What can happen at which verb, before or after it took effect.
TROUBLES = [
    *[("export", when, "crash") for when in ("before", "after")],
    *[(verb, "before", "crash") for verb in ("find", "state", "lines")],
    *[(verb, "before", "retry") for verb in ("export", "find", "state", "lines")],
    ("export", "after", "unsure"),
    ("lines", "before", "gone"),
]


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    troubles=st.lists(st.sampled_from(TROUBLES), max_size=4),
    ends=st.lists(st.sampled_from([("FAILED", 0.5), ("CANCELED", 0.3), ("EXPIRED", 0.0)]),
                  max_size=2),
    cut=st.none() | st.integers(0, COUNT),
    dies_at=st.none() | st.integers(0, 8),
    shorten=st.integers(0, 3),
    looks=st.integers(0, 3),
)  # fmt: skip
def test_every_line_is_taken_once_and_the_cursor_moves_last(
    troubles: list[tuple[str, str, str]],
    ends: list[tuple[str, float]],
    cut: int | None,
    dies_at: int | None,
    shorten: int,
    looks: int,
) -> None:
    """Done means whole; anything else leaves the cursor where it was, and says why."""
    with tempfile.TemporaryDirectory() as folder:
        house = ExportHouse(Path(folder))
        try:
            house.bulk.export_ends, house.bulk.cut_after = list(ends), cut
            house.bulk.shorten, house.bulk.looks = shorten, looks
            house.bulk.exported["customers"] = customer_lines(house, range(COUNT))
            begun = utc_text(house.house.clock.now())
            house.run(house.store.set_timer(sweep_timer("t", "customers"), begun))
            house.begin("customers")
            _work(house, list(troubles), dies_at)
            export = house.newest(PURPOSE)
            cursor = house.run(house.store.timer(sweep_timer("t", "customers")))
            keys = _customers(house)
            assert len(keys) == len(set(keys))
            if export.state == "failed":
                assert cursor == begun
                assert export.reason
                assert export.asked == 3
                return
            assert (export.lines, export.roots) == (COUNT, COUNT)
            assert sorted(keys) == sorted(f"gid://shopify/Customer/{n}" for n in range(COUNT))
            assert export.begun_at is not None
            assert cursor == utc_text(export.begun_at)
            marks = [operation.mark for operation in house.bulk.operations.values()]
            assert len(marks) == len(set(marks)) == export.asked  # no start went out twice
        finally:
            house.close()


def _work(house: ExportHouse, troubles: list[tuple[str, str, str]], dies_at: int | None) -> None:
    """Step until it is over; the next trouble is armed when the last has struck or passed."""
    for step in range(200):
        if step % 4 == 0 and troubles:
            verb, when, name = troubles.pop(0)
            hooks = house.bulk.before if when == "before" else house.bulk.after
            hooks[verb] = raiser(ERRORS[name]())
        try:
            if step == dies_at:
                raise Crash
            house.run(house.exports.step())
        except Crash:
            house.restart()
        if house.newest(PURPOSE).over:
            return
        house.house.clock.advance(60)
    raise AssertionError(house.newest(PURPOSE))


def _customers(house: ExportHouse) -> list[str]:
    rows = house.house.database.call(
        lambda db: db.execute("SELECT key FROM event WHERE entity = 'customer'").fetchall()
    )
    return [row[0] for row in rows]
