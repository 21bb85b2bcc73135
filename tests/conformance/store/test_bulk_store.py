"""What every Store must do about bulk runs: input kept, holds taken and ended with the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conformance.store.store_house import LANE, run, take
from tests.support.store import START, StoreHouse, new_event
from towline_relay.store.base import Lease, LeaseLost
from towline_relay.store.bulk import (
    BulkAnswered,
    BulkFree,
    BulkHold,
    BulkLine,
    BulkLines,
    BulkRun,
    handle_touch,
    item_touch,
    product_touch,
    waits_for,
)
from towline_relay.store.effects import Effects, Move
from towline_relay.store.rows import EventQuery
from towline_relay.store.states import State

RUN = BulkRun(id="run_1", kind="create", state="collecting", opened_at=START, changed_at=START)


@pytest.fixture(params=["sqlite"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreHouse]:
    house = StoreHouse(tmp_path / "relay.db")
    run(house.store.append([new_event("i", entity="item"), new_event("p"),
                            new_event("s", entity="stock", subkey="001"),
                            new_event("other", key="ZZ-9")]))  # fmt: skip
    yield house
    house.close()


#: What the first line of the run makes.
TOUCHES = (handle_touch("screw"), item_touch("AB-1"), item_touch("AB-2"))


def collect(house: StoreHouse, lease: Lease) -> None:
    """Put the item into a run; its price and stock wait behind it."""
    lines = tuple(
        BulkLine(n, f'{{"n":{n}}}', (1,) if n == 0 else (), "{}", touches=TOUCHES if n == 0 else ())
        for n in range(3)
    )
    effects = Effects(
        moves=(Move(1, State.WAITING, "In bulk.", waits_for=waits_for("run_1")),),
        bulk=(replace(RUN, lines=3), BulkLines("run_1", lines), BulkHold("run_1", ("AB-1",))),
    )
    run(house.store.advance(lease, effects))


def states(house: StoreHouse) -> dict[str, str]:
    return {row.id: row.state.value for row in run(house.store.events(EventQuery()))}


def test_the_input_is_kept_word_for_word(house: StoreHouse) -> None:
    """What is uploaded a second time is what was uploaded first, over a restart too."""
    collect(house, take(house))
    house.reopen()
    assert run(house.store.bulk_content("run_1")) == b'{"n":0}\n{"n":1}\n{"n":2}\n'
    (kept,) = run(house.store.bulk_runs(LANE))
    assert (kept.kind, kept.state, kept.lines, kept.opened_at) == ("create", "collecting", 3, START)


def test_what_waits_for_a_run_is_not_due(house: StoreHouse) -> None:
    """Neither what it carries nor what stands behind it; others are."""
    collect(house, take(house))
    assert states(house) == {"i": "waiting", "p": "waiting", "s": "waiting", "other": "pending"}
    house.clock.advance(30 * 24 * 3600)
    assert [row.id for row in run(house.store.read(LANE, limit=10))] == ["other"]
    assert run(house.store.next_due(LANE)) is None
    assert run(house.store.due_counts(LANE, most=10)) == {("price", ""): 1}


def test_newcomers_are_told_which_run_to_wait_for(house: StoreHouse) -> None:
    """A newer value of what it carries, and anything of an item that it makes, by folded SKU."""
    lease = take(house)
    collect(house, lease)
    run(house.store.append([new_event("p2"), new_event("twin", key="ab-1 ", entity="item")]))
    rows = run(house.store.read(LANE, limit=10))
    carried = run(house.store.bulk_carried("t", rows))
    assert {row.id: carried.get(row.serial) for row in rows} == {
        "other": None, "p2": "run_1", "twin": "run_1"
    }  # fmt: skip


def test_an_answered_line_is_not_read_again(house: StoreHouse) -> None:
    """That is what makes a second reading of a result harmless."""
    lease = take(house)
    collect(house, lease)
    run(house.store.advance(lease, Effects(bulk=(BulkAnswered("run_1", (0, 2)),))))
    left = run(house.store.bulk_lines("run_1", [0, 1, 2, 7]))
    assert [line.number for line in left] == [1]
    assert run(house.store.bulk_unanswered("run_1")) == 1


def test_the_end_of_a_run_frees_what_waits_for_it(house: StoreHouse) -> None:
    """What got its outcome stays; the rest is pending again, and says so in its history."""
    lease = take(house)
    collect(house, lease)
    run(house.store.advance(lease, Effects(moves=(Move(1, State.APPLIED, "Made."),))))
    over = replace(RUN, state="done")
    run(house.store.advance(lease, Effects(bulk=(over, BulkFree("run_1")))))
    assert states(house) == {"i": "applied", "p": "pending", "s": "pending", "other": "pending"}
    assert [step.state.value for step in run(house.store.history("p"))] == [
        "pending", "waiting", "pending"
    ]  # fmt: skip
    assert run(house.store.bulk_runs(LANE)) == []
    assert [each.id for each in run(house.store.bulk_runs(LANE, over=True))] == ["run_1"]
    assert run(house.store.bulk_content("run_1")) == b""


def test_a_lost_lease_collects_nothing(house: StoreHouse) -> None:
    """Lines, holds and runs are fenced like everything else of a step."""
    lease = replace(take(house), epoch=0)
    with pytest.raises(LeaseLost):
        collect(house, lease)
    assert run(house.store.bulk_runs(LANE)) == []
    assert set(states(house).values()) == {"pending"}


def test_old_runs_are_trimmed(house: StoreHouse) -> None:
    """The list of runs that are over does not grow for ever."""
    lease = take(house)
    run(house.store.advance(lease, Effects(bulk=(replace(RUN, state="done"),))))
    house.clock.advance(10 * 24 * 3600)
    run(house.store.trim(before=house.clock.now()))
    assert run(house.store.bulk_runs(LANE, over=True)) == []


def test_what_has_no_outcome_counts_as_tried_when_the_run_says_so(house: StoreHouse) -> None:
    """Only what its lines carried, and not what stood behind it."""
    lease = take(house)
    collect(house, lease)
    run(house.store.advance(lease, Effects(bulk=(BulkFree("run_1", tried=True),))))
    rows = run(house.store.events(EventQuery()))
    assert {row.id: row.attempts for row in rows} == {"i": 1, "p": 0, "s": 0, "other": 0}
    assert {row.state for row in rows} == {State.PENDING}


def test_what_a_line_touches_waits_until_it_is_answered(house: StoreHouse) -> None:
    """Items, a handle, a product: by name, over a restart, and only in their own lane."""
    collect(house, take(house))
    house.reopen()
    asked = [handle_touch("screw"), item_touch(" ab-2 "), product_touch("gid://shopify/Product/1")]
    assert run(house.store.bulk_touched(LANE, asked)) == dict.fromkeys(asked[:2], "run_1")
    assert run(house.store.bulk_touched("t/other", asked)) == {}
    (line,) = run(house.store.bulk_lines("run_1", [0]))
    assert line.touches == TOUCHES
    lease = take(house)
    run(house.store.advance(lease, Effects(bulk=(BulkAnswered("run_1", (0,)),))))
    assert run(house.store.bulk_touched(LANE, asked)) == {}
