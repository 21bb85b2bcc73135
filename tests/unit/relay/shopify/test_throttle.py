"""The mirror of Shopify's bucket gives out no point that isn't there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from towline_relay.shopify.throttle import Cost, Priority, Throttle
from towline_shared.clock import ManualClock


def told(
    throttle: Throttle, *, available: float, requested: float = 10, maximum: float = 2000
) -> None:
    """Let one call come back with these figures."""
    ticket = throttle.start("told", estimate=requested)
    throttle.finish(
        ticket,
        Cost(requested, requested, maximum=maximum, available=available, restore_rate=100),
    )


def test_an_unknown_bucket_lets_the_first_call_go() -> None:
    """Nothing is known before the first answer, and waiting would teach nothing."""
    throttle = Throttle(clock=ManualClock())
    assert throttle.wait_s("a", estimate=60, priority=Priority.SWEEP) == 0


def test_orders_wait_exactly_for_the_missing_points() -> None:
    """At 100 points a second, 40 missing points are 0.4 seconds."""
    clock = ManualClock()
    throttle = Throttle(clock=clock)
    told(throttle, available=10)
    assert throttle.wait_s("a", estimate=50, priority=Priority.ORDERS) == 0.4
    clock.advance(0.4)
    assert throttle.wait_s("a", estimate=50, priority=Priority.ORDERS) == 0


def test_catalogue_work_leaves_a_reserve_for_orders() -> None:
    """With 400 of 2,000 points left an order goes at once and stock waits."""
    throttle = Throttle(clock=ManualClock())
    told(throttle, available=400)
    assert throttle.wait_s("a", estimate=100, priority=Priority.ORDERS) == 0
    assert throttle.wait_s("a", estimate=100, priority=Priority.CATALOGUE) == 1.0
    assert throttle.wait_s("a", estimate=100, priority=Priority.SWEEP) == 7.0


def test_a_call_as_large_as_the_bucket_is_not_locked_out_by_the_reserve() -> None:
    """It goes when the bucket is full; otherwise it would wait for ever."""
    throttle = Throttle(clock=ManualClock())
    told(throttle, available=1000, maximum=1000)
    assert throttle.wait_s("a", estimate=5000, priority=Priority.SWEEP) == 0


def test_the_learned_cost_replaces_the_estimate() -> None:
    """What Shopify charged for a document counts from its first answer on."""
    throttle = Throttle(clock=ManualClock())
    ticket = throttle.start("variants:250", estimate=60)
    throttle.finish(ticket, Cost(25, 22, maximum=2000, available=1975, restore_rate=100))
    assert throttle.points("variants:250", estimate=60) == 25


def test_calls_under_way_hold_their_points() -> None:
    """Two calls started before any answer share the bucket, they don't each see it full."""
    throttle = Throttle(clock=ManualClock())
    told(throttle, available=100)
    first = throttle.start("a", estimate=80)
    assert throttle.available == 20
    assert throttle.wait_s("a", estimate=80, priority=Priority.ORDERS) == 0.6
    throttle.finish(first, None, ran=False)
    assert throttle.available == 100


def test_a_call_without_answer_keeps_its_points() -> None:
    """It may have run, so its points are not given out a second time."""
    throttle = Throttle(clock=ManualClock())
    told(throttle, available=100)
    throttle.finish(throttle.start("a", estimate=80), None)
    assert throttle.available == 20


def test_quiet_that_was_asked_for_is_kept_by_all() -> None:
    """After a 429 even an order with points in hand waits; the shorter demand does not cut it."""
    clock = ManualClock()
    throttle = Throttle(clock=clock)
    throttle.hold(5)
    throttle.hold(2)
    assert throttle.wait_s("a", estimate=1, priority=Priority.ORDERS) == 5
    clock.advance(5)
    assert throttle.wait_s("a", estimate=1, priority=Priority.ORDERS) == 0


@given(
    st.lists(
        st.tuples(st.floats(0, 5), st.sampled_from(list(Priority)), st.floats(1, 300)),
        max_size=60,
    )
)
def test_waiting_as_told_never_overdraws_a_real_bucket(
    steps: list[tuple[float, Priority, float]],
) -> None:
    """A leaky bucket that starts full and is drawn by the mirror's word never refuses."""
    clock = ManualClock()
    throttle = Throttle(clock=clock)
    real, as_of = 1000.0, clock.monotonic()
    for gap, priority, points in steps:
        clock.advance(gap)
        clock.advance(throttle.wait_s("k", estimate=points, priority=priority))
        points = throttle.points("k", estimate=points)
        real = min(1000.0, real + (clock.monotonic() - as_of) * 100)
        as_of = clock.monotonic()
        assert real >= points - 1e-3
        real -= points
        ticket = throttle.start("k", estimate=points)
        throttle.finish(ticket, Cost(points, points, 1000.0, real, 100.0))


def test_what_was_learned_outlives_the_process() -> None:
    """The next process knows the price of a call before it makes the first; news are told once."""
    clock = ManualClock()
    earlier = Throttle(clock=clock)
    for requested in (61, 61, 73):
        ticket = earlier.start("order:50", estimate=10)
        earlier.finish(ticket, Cost(requested, 12, 2000, 1900, 100))
    assert earlier.news() == {"order:50": 73}
    assert earlier.news() == {}
    later = Throttle(clock=clock)
    later.teach({"order:50": 73.0})
    assert later.points("order:50", estimate=10) == 73
    assert later.news() == {}


def test_what_is_learned_now_beats_what_was_learned_before() -> None:
    """Shopify may change a price between two processes."""
    throttle = Throttle(clock=ManualClock())
    throttle.finish(throttle.start("a", estimate=1), Cost(5, 5, 2000, 1900, 100))
    throttle.teach({"a": 99.0})
    assert throttle.points("a", estimate=1) == 5
