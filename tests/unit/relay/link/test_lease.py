"""The lease of a pair: whatever is asked when, no two agents think that they work."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from towline_agent.lease import Lease as Counted
from towline_relay.link.lease import HEIR_S, LEASE_S, TOLD_S, Lease, Verdict, decide, taken
from towline_shared.clock import ManualClock

START = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
HELD = Lease("a", 3, START, START + timedelta(seconds=LEASE_S))


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_the_first_to_join_gets_it() -> None:
    """Nobody had it before; a heartbeat alone begins no term."""
    assert decide(None, "a", START, joins=True, not_before=at(15)) is Verdict.GRANT
    assert decide(None, "a", START, joins=False, not_before=at(15)) is Verdict.CALL
    assert taken(None, "a", START) == Lease("a", 1, START, at(LEASE_S))


def test_the_holder_goes_on_even_after_a_lapse_nobody_used() -> None:
    """Its term is the same: nobody has worked in between."""
    assert decide(HELD, "a", at(400), joins=False, not_before=START) is Verdict.RENEW
    assert taken(HELD, "a", at(400)) == Lease("a", 3, START, at(400 + LEASE_S))


def test_another_waits_until_the_lease_has_run_out() -> None:
    """Then it is called by a heartbeat, and gets the next term as it joins."""
    for joins in (True, False):
        assert decide(HELD, "b", at(14.9), joins=joins, not_before=START) is Verdict.REFUSE
    assert decide(HELD, "b", at(15), joins=False, not_before=START) is Verdict.CALL
    assert decide(HELD, "b", at(15), joins=True, not_before=START) is Verdict.GRANT
    assert taken(HELD, "b", at(15)).term == 4


def test_after_a_start_of_the_relay_the_holder_comes_first() -> None:
    """It could not renew while the relay was away; that is no reason to switch."""
    assert decide(HELD, "b", at(100), joins=True, not_before=at(110)) is Verdict.REFUSE
    assert decide(HELD, "a", at(100), joins=True, not_before=at(110)) is Verdict.RENEW
    assert decide(HELD, "b", at(110), joins=True, not_before=at(110)) is Verdict.GRANT


def test_a_lease_that_is_handed_over_is_not_renewed() -> None:
    """The other gets it once it has run out; if it does not come, anybody does."""
    given_away = replace(HELD, heir="b")
    late = LEASE_S + HEIR_S
    for seconds, agent, verdict in (
        (5.0, "a", Verdict.REFUSE),
        (14.9, "b", Verdict.REFUSE),
        (15.0, "b", Verdict.CALL),
        (late - 1, "a", Verdict.REFUSE),
        (late, "a", Verdict.RENEW),
    ):
        found = decide(given_away, agent, at(seconds), joins=False, not_before=START)
        assert found is verdict, (seconds, agent)
    assert taken(given_away, "b", at(15)) == Lease("b", 4, at(15), at(15 + LEASE_S))


def test_a_renewal_never_shortens_a_lease() -> None:
    """The relay's clock was set back: what was promised holds."""
    assert taken(HELD, "a", at(-60)).until == HELD.until


class Host:
    """An agent of the pair with clocks of its own; its questions travel for a while."""

    def __init__(self, name: str, rate: float, skew: float) -> None:
        self.name, self._rate = name, rate
        self.clock = ManualClock(START + timedelta(seconds=skew))
        self.lease = Counted(clock=self.clock)
        self.lease.pair()
        self.questions: list[tuple[str, bool]] = []

    def passes(self, seconds: float) -> None:
        self.clock.advance(seconds * self._rate)


STEP = st.tuples(
    st.sampled_from(["pass", "ask", "join", "arrive", "lose", "hand over"]),
    st.integers(0, 1),
    st.floats(0.0, 9.0),
)


@given(
    steps=st.lists(STEP, max_size=120),
    rates=st.tuples(st.floats(0.9, 1.1), st.floats(0.9, 1.1)),
    skews=st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)),
)
def test_never_two_at_one_moment(
    steps: Sequence[tuple[str, int, float]],
    rates: tuple[float, float],
    skews: tuple[float, float],
) -> None:
    """Questions are late or lost, agents pause, their clocks are wrong and run a tenth off."""

    async def story() -> None:
        hosts = [Host(name, rates[i], skews[i]) for i, name in enumerate("ab")]
        held: Lease | None = None
        now = START
        for number, (what, who, seconds) in enumerate(steps):
            host = hosts[who]
            if what == "pass":
                now += timedelta(seconds=seconds)
                for each in hosts:
                    each.passes(seconds)
            elif what == "hand over":
                held = replace(held, heir=host.name) if held is not None else None
            elif what in ("ask", "join"):
                host.lease.asks(str(number))
                host.questions.append((str(number), what == "join"))
            elif host.questions and what == "lose":
                host.questions.pop(0)
            elif host.questions:
                asked, joins = host.questions.pop(0)
                verdict = decide(held, host.name, now, joins=joins, not_before=START)
                if verdict in (Verdict.GRANT, Verdict.RENEW):
                    held = taken(held, host.name, now)
                    await host.lease.welcomed("active", TOLD_S, held.term, asked=asked)
                else:
                    await host.lease.welcomed("standby", 0, 0, asked=asked)
            assert sum(each.lease.active for each in hosts) <= 1

    asyncio.run(story())
