"""Transactions interleave, receivers change, the reader dies: what was committed comes out, once.

The model is the list of keys of each commit, in the order of the commits. The reader reads pages of
any size up to a fence that follows the end with a delay, writes what it was told together with its
progress, or dies before that and starts anew from the progress it had.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.support.journal_site import PRICE_FILE, PRICES, FakeJournal, price_image
from towline_agent.sources.journal import Progress, Tracker
from towline_agent.sources.journal_images import Touched
from towline_agent.sources.journal_settling import Settling

KEYS = st.sampled_from("ABCDE")


class JournalReading(RuleBasedStateMachine):
    """One journal, its writers, and one reader."""

    def __init__(self) -> None:
        super().__init__()
        self.journal = FakeJournal()
        self.open: dict[int, dict[str, None]] = {}  # commit cycle -> keys it touched last
        self.committed: list[str] = []
        self.told: list[str] = []
        self.dirty: tuple[int, int, str] | None = None  # cycle, rrn, key of an UB without its UP
        self.now = 0.0
        self.settling = Settling(3.0)
        self.settling.saw(self.journal.last, self.now)
        self.durable = Progress.fresh(self.journal.last).text()
        self.tracker = self._tracker()

    def _tracker(self) -> Tracker:
        return Tracker({PRICES: PRICE_FILE}, Progress.parse(self.durable))

    # -- writers

    @rule()
    def begin(self) -> None:
        self.open[self.journal.begin()] = {}

    @precondition(lambda self: self.open and self.dirty is None)
    @rule(data=st.data(), key=KEYS, kind=st.sampled_from(["PT", "UB", "DL"]))
    def write(self, data: st.DataObject, key: str, kind: str) -> None:
        """Write under commitment control; an update may be interrupted between its images."""
        cycle = data.draw(st.sampled_from(sorted(self.open)))
        rrn = ord(key)
        self.journal.add(kind, cycle=cycle, rrn=rrn, data=price_image(key))
        if kind == "UB":
            self.dirty = (cycle, rrn, key)
        else:
            self._touch(cycle, key)

    @precondition(lambda self: self.dirty is not None)
    @rule(moved=st.booleans(), same=st.booleans())
    def finish_update(self, moved: bool, same: bool) -> None:
        """Write UP: the key changed too, or a watched column, or nothing that counts."""
        assert self.dirty is not None
        cycle, rrn, key = self.dirty
        self.dirty = None
        after = key.lower() if moved else key
        image = price_image(after, 1 if same else 2, compared=9)
        self.journal.add("UP", cycle=cycle, rrn=rrn, data=image)
        if moved or not same:
            for touched in dict.fromkeys((key, after)):
                self._touch(cycle, touched)

    def _touch(self, cycle: int, key: str) -> None:
        keys = self.open[cycle]
        keys.pop(key, None)
        keys[key] = None

    @rule(key=KEYS)
    def write_without_commitment(self, key: str) -> None:
        self.journal.add("PT", rrn=ord(key) + 1000, data=price_image(key))
        self.committed.append(key)

    @precondition(lambda self: self.open and self.dirty is None)
    @rule(data=st.data(), commit=st.booleans())
    def end(self, data: st.DataObject, commit: bool) -> None:
        cycle = data.draw(st.sampled_from(sorted(self.open)))
        keys = self.open.pop(cycle)
        if commit:
            self.committed += keys
        else:
            for key in reversed(keys):
                self.journal.add("BR", cycle=cycle, rrn=ord(key), data=price_image(key, 2))
                self.journal.add("UR", cycle=cycle, rrn=ord(key), data=price_image(key))
        self.journal.end(cycle, commit=commit)

    @rule(reset=st.booleans())
    def change_receiver(self, reset: bool) -> None:
        """A reset needs that nothing is open."""
        self.journal.change_receiver(reset=reset and not self.open)
        self.settling.saw(self.journal.last, self.now)

    # -- the reader

    @rule(limit=st.integers(1, 5), passes=st.floats(0, 4), dies=st.booleans())
    def read(self, limit: int, passes: float, dies: bool) -> None:
        self.now += passes
        self.settling.saw(self.journal.last, self.now)
        fence, after = self.settling.fence(self.now), self.tracker.read_to
        if fence is None:
            return
        page = self.journal.read(after, limit)
        taken = page.entries[: fence.reach(page.entries, after=after)]
        places = [entry.position for entry in self.journal.entries]
        assert all(places.index(e.position) <= places.index(fence.position) for e in taken)
        batch = self.tracker.take(taken)
        assert batch.reloads == []
        if len(taken) == len(page.entries) and not page.more:
            self.tracker.pass_to(fence.position)
        if dies:
            self.tracker = self._tracker()
            return
        for told in batch.told:
            assert isinstance(told, Touched)
            self.told += told.keys
        self.durable = self.tracker.progress.text()

    @rule()
    def restart(self) -> None:
        self.tracker = self._tracker()

    @invariant()
    def nothing_but_commits_in_their_order(self) -> None:
        assert self.told == self.committed[: len(self.told)]

    def teardown(self) -> None:
        """Once the writers rest everything committed is told, and nothing is held any longer."""
        if self.dirty is not None:
            self.finish_update(moved=False, same=True)
        for cycle in sorted(self.open):
            self.journal.end(cycle, commit=False)
        for _ in range(len(self.journal.entries) + 2):
            self.read(limit=3, passes=4, dies=False)
        assert self.told == self.committed
        assert self.tracker.open_cycles == 0
        progress = self.tracker.progress
        assert progress.read_to == progress.again_from == self.journal.last


TestJournalReading = JournalReading.TestCase
TestJournalReading.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
