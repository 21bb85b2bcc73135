"""Complaint 12: an endless corrective loop on "not stocked at location".

A permanent refusal must end in front of somebody, not in a retry. Source: Eshopbox
Central-Backlog#333.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import timedelta

import pytest

from towline_relay.shopify.codes import CODES
from towline_relay.shopify.models import LineOutcome, Remedy
from towline_relay.shopify.user_errors import Stale
from towline_relay.store.effects import Move
from towline_relay.store.rows import EventRow
from towline_relay.store.states import State
from towline_relay.sync.attempt import Judge
from towline_shared.clock import ManualClock

CLOCK = ManualClock()
ROW = EventRow(
    serial=1, id="e-1", lane="demo/catalogue", tenant="demo", agent="a", direction="up",
    entity="stock", key="4711", subkey="", origin="", state=State.PENDING, reason="", hint="",
    attempts=0, due_at=None, seen_at=CLOCK.now(), received_at=CLOCK.now(), changed_at=CLOCK.now(),
)  # fmt: skip


def until_rest(next_move: Move, *, again: LineOutcome | Stale) -> list[State]:
    """Return the states of an event that meets the same answer at every attempt, twenty at most."""
    states = [next_move.state]
    for attempts in itertools.count(1):
        if states[-1] is not State.WAITING or attempts > 20:
            return states
        row, judge = replace(ROW, attempts=attempts), Judge(CLOCK)
        if isinstance(again, Stale):
            move = judge.failed(row, again)
        else:
            move = judge.refused(row, again)
        states.append(move.state)
    raise AssertionError


def refusal(mutation: str, code: str) -> LineOutcome:
    """Build the outcome of a line that Shopify refused."""
    return LineOutcome(0, False, code, "No.", CODES[mutation][code])


def test_not_stocked_at_location_is_parked_at_once() -> None:
    """The very code of the complaint: no second attempt is made."""
    outcome = refusal("inventorySetQuantities", "ITEM_NOT_STOCKED_AT_LOCATION")
    assert until_rest(Judge(CLOCK).refused(ROW, outcome), again=outcome) == [State.PARKED]


@pytest.mark.parametrize("mutation", sorted(CODES))
def test_no_code_but_a_passing_one_goes_on_for_ever(mutation: str) -> None:
    """Parked at once, or after a few looks; only what passes by itself is repeated on and on."""
    for code, remedy in CODES[mutation].items():
        if remedy in (Remedy.RETRY, Remedy.NEW_KEY):
            continue
        outcome = refusal(mutation, code)
        states = until_rest(Judge(CLOCK).refused(ROW, outcome), again=outcome)
        assert states[-1] is State.PARKED, code
        assert len(states) <= 4, code


def test_what_stays_stale_after_every_look_is_parked() -> None:
    """A call as a whole that is refused as out of date may be repeated a few times only."""
    stale = Stale("Shopify refused productSet: Handle is in use (HANDLE_NOT_UNIQUE).")
    states = until_rest(Judge(CLOCK).failed(ROW, stale), again=stale)
    assert states == [State.WAITING, State.WAITING, State.WAITING, State.PARKED]


def test_what_passes_by_itself_waits_longer_each_time() -> None:
    """The repetition of a passing refusal is spread out, not a loop."""
    outcome = refusal("inventoryAdjustQuantities", "SERVICE_UNAVAILABLE")
    judge = Judge(CLOCK, random.Random(1))  # the wait is drawn, up to a limit that grows
    first, last = (judge.refused(replace(ROW, attempts=n), outcome) for n in (0, 12))
    assert first.due_at is not None
    assert last.due_at is not None
    assert last.due_at - CLOCK.now() > timedelta(seconds=60) > first.due_at - CLOCK.now()
