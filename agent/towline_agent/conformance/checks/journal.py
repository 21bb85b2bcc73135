"""The journal verb: positions, images, commit boundaries, receivers that change and go."""

from __future__ import annotations

from decimal import Decimal

from towline_agent.conformance.bench import Bench, Capability
from towline_agent.conformance.check import Subject
from towline_agent.conformance.expect import expect, fails, same
from towline_agent.ibmi.errors import PositionLost
from towline_agent.ibmi.port import (
    IbmI,
    JournalEntry,
    JournalName,
    JournalPage,
    JournalPosition,
)
from towline_shared.errors import Permanent

__all__ = ["JOURNAL"]

JOURNAL = Subject("journal")


class _Reader:
    """Reads on from a position that was taken before anything happened."""

    def __init__(self, bench: Bench, *files: str) -> None:
        self._journal = _name(bench)
        self._files = [(bench.erp_library, file) for file in files or ("ITMPRC",)]
        self._ibmi: IbmI = bench.connect()
        start = self.page(None, 100)
        same(list(start.entries), [], "entries at the first call, which only takes the position")
        self.start = start.position

    def page(self, after: JournalPosition | None, limit: int) -> JournalPage:
        """Return one page."""
        return self._ibmi.journal(self._journal, files=self._files, after=after, limit=limit)

    def entries(self, *, limit: int = 100) -> list[JournalEntry]:
        """Return everything since the start, read page by page."""
        found: list[JournalEntry] = []
        after = self.start
        while True:
            page = self.page(after, limit)
            expect(len(page.entries) <= limit, f"{len(page.entries)} entries within {limit}")
            found += page.entries
            expect(len(found) < 5000, "reading page by page does not end")
            after = page.position or after
            if not page.more:
                return found

    def records(self, *, limit: int = 100) -> list[JournalEntry]:
        """Return the record entries alone."""
        return [entry for entry in self.entries(limit=limit) if entry.code == "R"]


def _name(bench: Bench) -> JournalName:
    if bench.journal is None:
        expect(False, "the bench names no journal")
        return JournalName("", "")
    return bench.journal


@JOURNAL.check(Capability.JOURNAL)
def a_position_is_taken_before_anything_is_read(bench: Bench) -> None:
    """The first call gives the newest position and no entry; nothing since, nothing comes."""
    reader = _Reader(bench)
    same(reader.entries(), [], "entries while nothing happens")


@JOURNAL.check(Capability.JOURNAL)
def an_update_has_both_images(bench: Bench) -> None:
    """UB and UP come as a pair with the record before and after, its number, job and user."""
    (item,) = bench.items(1)
    bench.set_price(item, Decimal("1.11"))
    reader = _Reader(bench)
    bench.set_price(item, Decimal("2.22"))
    found = reader.records()
    same([entry.type for entry in found], ["UB", "UP"], "types of the record entries")
    before, after = found
    expect(bytes.fromhex("000000111F") in before.data, "the old price is not in the before image")
    expect(bytes.fromhex("000000222F") in after.data, "the new price is not in the after image")
    same(before.rrn, after.rrn, "record numbers of the pair")
    expect(after.rrn > 0, "the entry has no record number")
    same((after.library, after.file), (bench.erp_library, "ITMPRC"), "library and file")
    expect(after.job.count("/") == 2, f"the job name {after.job!r} is not number/user/name")
    same(len(after.at), 26, f"length of the time {after.at!r}")


@JOURNAL.check(Capability.JOURNAL)
def inserts_and_deletes_are_told(bench: Bench) -> None:
    """PT or PX for a new record and DL for a deleted one, in the order they happened."""
    reader = _Reader(bench)
    bench.add_item("KIT-LIFE", Decimal("1.00"))
    bench.delete_item("KIT-LIFE")
    types = [entry.type for entry in reader.records()]
    expect(types in (["PT", "DL"], ["PX", "DL"]), f"types of the record entries are {types}")


@JOURNAL.check(Capability.JOURNAL)
def a_unit_of_work_is_framed(bench: Bench) -> None:
    """Records of a unit carry its cycle, and CM of the same cycle follows them."""
    one, two = bench.items(2)
    reader = _Reader(bench)
    bench.hold_price("RUN", one, Decimal("1.23"))
    bench.hold_price("RUN", two, Decimal("1.23"))
    bench.commit("RUN")
    found = reader.entries()
    cycles = {entry.commit_cycle for entry in found if entry.code == "R"}
    same(len(cycles), 1, "commit cycles of the unit's records")
    expect(0 not in cycles, "records of a unit of work have no commit cycle")
    last = found[-1]
    same((last.code, last.type), ("C", "CM"), "the last entry of a committed unit")
    same({last.commit_cycle}, cycles, "its commit cycle")


@JOURNAL.check(Capability.JOURNAL)
def a_rollback_is_told(bench: Bench) -> None:
    """RB of the cycle follows; whoever waits for CM never publishes what was undone."""
    (item,) = bench.items(1)
    reader = _Reader(bench)
    bench.hold_price("UNDO", item, Decimal("1.23"))
    bench.rollback("UNDO")
    found = reader.entries()
    ends = [entry.type for entry in found if entry.code == "C" and entry.type in ("CM", "RB")]
    same(ends, ["RB"], "ends of units of work")


@JOURNAL.check(Capability.JOURNAL)
def only_the_files_asked_for_come(bench: Bench) -> None:
    """Changes of another journaled file are left out, and the position still moves on."""
    one, two = bench.items(2)
    reader = _Reader(bench, "ITMBAL")
    bench.set_price(one, Decimal("1.23"))
    page = reader.page(reader.start, 100)
    same([e.file for e in page.entries if e.code == "R"], [], "records of another file")
    expect(page.position != reader.start, "the position stayed although entries were read")
    bench.delete_balance(two, "001")
    same({entry.file for entry in reader.records()}, {"ITMBAL"}, "files of the record entries")


@JOURNAL.check(Capability.JOURNAL)
def pages_of_one_entry_meet_every_entry(bench: Bench) -> None:
    """Whatever the limit, the same entries come in the same order, each once."""
    reader = _Reader(bench)
    for item in bench.items(3):
        bench.set_price(item, Decimal("3.21"))
    whole = reader.entries()
    expect(len(whole) >= 6, f"three changes made {len(whole)} entries")
    same(reader.entries(limit=1), whole, "entries in pages of 1")
    same(reader.entries(limit=2), whole, "entries in pages of 2")
    numbers = [entry.position.sequence for entry in whole]
    same(numbers, sorted(set(numbers)), "sequence numbers")


@JOURNAL.check(Capability.JOURNAL, Capability.RECEIVERS)
def a_changed_receiver_loses_nothing(bench: Bench) -> None:
    """Reading goes on from the detached receiver into the attached one."""
    one, two = bench.items(2)
    reader = _Reader(bench)
    bench.set_price(one, Decimal("1.23"))
    bench.change_receiver()
    bench.set_price(two, Decimal("1.23"))
    found = [entry for entry in reader.records() if entry.type == "UP"]
    same(len(found), 2, "changes before and after CHGJRN")
    receivers = {entry.position.receiver for entry in found}
    same(len(receivers), 2, "receivers they were read from")


@JOURNAL.check(Capability.JOURNAL, Capability.RECEIVERS)
def a_deleted_receiver_is_a_lost_position(bench: Bench) -> None:
    """Entries that can't be read any more stop the reader loudly; they are never skipped."""
    one, two = bench.items(2)
    reader = _Reader(bench)
    bench.set_price(one, Decimal("1.23"))
    bench.change_receiver()
    bench.delete_receivers()
    bench.set_price(two, Decimal("1.23"))
    fails(PositionLost, reader.entries, "reading on from a deleted receiver")


@JOURNAL.check(Capability.JOURNAL)
def a_missing_journal_is_permanent(bench: Bench) -> None:
    """The sentence names it; the connection stays usable."""
    ibmi = bench.connect()
    missing = JournalName(bench.erp_library, "NOSUCH")
    files = [(bench.erp_library, "ITMPRC")]
    fails(
        Permanent,
        lambda: ibmi.journal(missing, files=files, after=None, limit=1),
        "a missing journal",
        naming="NOSUCH",
    )
    expect(bool(ibmi.describe().system), "the connection can't be used after the error")
