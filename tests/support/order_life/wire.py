"""What happens between the two: webhooks, time, sweeps, and the relay's deaths."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.support.order_life.world import World

__all__ = ["WireLife"]


class WireLife(World):
    """Rules of the way between shop and ERP."""

    @rule(which=st.integers(0, 9), fate=st.sampled_from(["comes", "comes", "is lost", "again"]))
    def webhook(self, which: int, fate: str) -> None:
        """One of the webhooks under way arrives, or never does; one that came comes again."""
        found = self.house.delivered() if fate == "again" else self.house.queued()
        if found:
            seq = found[which % len(found)]
            (self.house.lose if fate == "is lost" else self.house.deliver)(seq)

    @rule(seconds=st.sampled_from([0.3, 1, 90, 4_000]))
    def time_passes(self, seconds: float) -> None:
        """Time is what some things wait for."""
        self.house.clock.advance(seconds)

    @rule(seconds=st.sampled_from([0, 1]))
    def flow(self, seconds: float) -> None:
        """A good moment: the sweep finds what there is, it is worked, and the site reports."""
        self.house.sweep()
        self.house.clock.advance(seconds)
        self.turn()
        while self.report():
            pass

    @rule(
        dies=st.none() | st.integers(1, 25),
        lost=st.integers(0, 1),
        torn=st.sampled_from([0] * 7 + [1]),
        slow=st.sampled_from([0, 0, 2]),
    )
    def work(self, dies: int | None, lost: int, torn: int, slow: int) -> None:
        """The lane works, and may die at any of its calls and commits; answers get lost."""
        self.house.clock.advance(1)
        self.house.fuse.left, self.house.fuse.lose = dies, lost
        self.house.shop.faults.slow_jobs = slow
        self.torn = torn
        self.turn()
        self.house.fuse.left = None
