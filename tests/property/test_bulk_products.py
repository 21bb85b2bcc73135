"""Whatever goes wrong around bulk runs: every style one product, on sale as its items ask last."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest import mock

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.property.test_bulk_runs import ERRORS, TROUBLES
from tests.support import engine_house
from tests.support.engine_house import RULES, EngineHouse, price, raiser
from tests.support.fake_shop import Crash
from tests.unit.relay.sync.catalogue.test_item_groups import (
    CHANNEL,
    STATUS_OF_GROUPS,
    item,
    product_of,
)
from towline_shared.events import Item

STYLES = 8
COLOURS = ("Red", "Blue")
OPEN = ("pending", "waiting")


def styled(number: int, colour: str, *, released: bool) -> tuple[str, Item]:
    return item(
        f"S{number}-{colour[0]}", colour, group=f"STYLE{number}", released="Y" if released else "N"
    )


# a colour that joins as a draft must not keep its style on sale when the others leave
@example(troubles=[], ends=[], lose=set(), looks=0, at_first=True, later={0}, when=8)
@settings(max_examples=30, deadline=None)
@given(
    troubles=st.lists(st.sampled_from(TROUBLES), max_size=4),
    ends=st.lists(st.sampled_from([("FAILED", 0.5), ("CANCELED", 0.3), ("FAILED", 0.0)]),
                  max_size=2),
    lose=st.sets(st.integers(0, STYLES - 1), max_size=2),
    looks=st.integers(0, 3),
    at_first=st.booleans(),
    later=st.sets(st.integers(0, STYLES - 1), max_size=STYLES),
    when=st.integers(1, 12),
)  # fmt: skip
def test_styles_are_whole_and_seen_as_their_items_ask_last(
    troubles: list[tuple[str, str, str]],
    ends: list[tuple[str, float]],
    lose: set[int],
    looks: int,
    at_first: bool,
    later: set[int],
    when: int,
) -> None:
    """A colour that comes late, a wish that changes under way, a kill: the end is the same."""
    rules = RULES.replace("[entities.item.fields]\n", STATUS_OF_GROUPS, 1)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(engine_house, "RULES", rules):
        house = EngineHouse(Path(folder), bulk_from=6)
        try:
            house.bulk.ends, house.bulk.lose, house.bulk.looks = list(ends), set(lose), looks
            skus = [f"S{n}-{colour[0]}" for n in range(STYLES) for colour in (*COLOURS, "White")]
            house.feed(*(price(sku, "20.00") for sku in skus))
            house.feed(*(styled(n, colour, released=at_first)
                         for n in range(STYLES) for colour in COLOURS))  # fmt: skip
            _work(house, list(troubles), later, at_first=at_first, when=when)
            _check(house, later, at_first=at_first)
        finally:
            house.close()


def _work(
    house: EngineHouse,
    troubles: list[tuple[str, str, str]],
    later: set[int],
    *,
    at_first: bool,
    when: int,
) -> None:
    """Turn until nothing is open; half-way a third colour comes, and all change their mind."""
    for turn in range(200):
        if turn % 5 == 0 and troubles:
            verb, moment, name = troubles.pop(0)
            hooks = house.bulk.before if moment == "before" else house.bulk.after
            hooks[verb] = raiser(ERRORS[name]())
        if turn == when:
            house.feed(*(styled(n, colour, released=not at_first)
                         for n in sorted(later) for colour in (*COLOURS, "White")))  # fmt: skip
        try:
            house.turn()
        except Crash:
            house.restart()
        if turn > when and not any(row.state in OPEN for row in house.rows()):
            return
        house.house.clock.advance(20)
    raise AssertionError([(r.entity, r.key, r.state, r.reason) for r in house.rows()][:5])


def _check(house: EngineHouse, later: set[int], *, at_first: bool) -> None:
    assert set(house.states("item")) <= {"applied", "skipped", "superseded"}
    for number in range(STYLES):
        colours = (*COLOURS, "White") if number in later else COLOURS
        (gid,) = {product_of(house, f"S{number}-{colour[0]}") for colour in colours}
        seen = at_first != (number in later)
        status, channels = house.shop.statuses.get(gid, ("", ()))
        status = status or house.shop.by_sku(f"S{number}-R").product_status
        assert status == ("ACTIVE" if seen else "DRAFT"), (number, status)
        if seen:
            assert channels == CHANNEL
    assert len(house.shop.catalogue) == len(COLOURS) * STYLES + len(later)
