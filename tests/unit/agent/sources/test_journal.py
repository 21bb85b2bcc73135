"""What journal entries tell: keys and nothing more, commit by commit, and never a guess."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.journal_site import PRICE_FILE, PRICES, FakeJournal, price_image
from towline_agent.ibmi.port import JournalPosition
from towline_agent.policy import FileName
from towline_agent.sources.journal import Batch, Progress, Tracker
from towline_agent.sources.journal_images import Mute, Touched
from towline_agent.sources.journal_settling import Settling
from towline_shared.errors import Permanent


def tracker(journal: FakeJournal) -> Tracker:
    """Begin at the journal's newest entry."""
    return Tracker({PRICES: PRICE_FILE}, Progress.fresh(journal.last, partition="78A1B2C/1"))


def follow(journal: FakeJournal, following: Tracker, *, limit: int = 10_000) -> Batch:
    """Read one page and pass to the end when it was reached."""
    page = journal.read(following.read_to, limit)
    batch = following.take(page.entries)
    if not page.more:
        following.pass_to(journal.last)
    return batch


def keys(batch: Batch) -> list[str]:
    return [each.keys[0] for each in batch.told if isinstance(each, Touched)]


def again(following: Tracker) -> Tracker:
    """Restart from what would have been written down."""
    return Tracker({PRICES: PRICE_FILE}, Progress.parse(following.progress.text()))


def test_an_update_counts_only_where_watched_bytes_differ() -> None:
    """RPG rewrites whole records: another IPCMP is no news, another IPPRC is, spoilt bytes are."""
    journal = FakeJournal()
    following = tracker(journal)
    for rrn, after in enumerate(
        (
            price_image("SAME", 1, compared=9),
            price_image("PRICE", 2),
            price_image("DIRT", 1)[:18] + b"\x40" * 5 + price_image("DIRT", 1)[23:],
        )
    ):
        sku = after[:15].decode("cp037").rstrip()
        journal.add("UB", rrn=rrn, data=price_image(sku, 1))
        journal.add("UP", rrn=rrn, data=after)
    assert keys(follow(journal, following)) == ["PRICE", "DIRT"]


def test_a_changed_key_is_two_keys() -> None:
    """The item it was and the item it is; both rows are read again."""
    journal = FakeJournal()
    following = tracker(journal)
    journal.add("UB", data=price_image("OLD"))
    journal.add("UP", data=price_image("NEW"))
    journal.add("PX", data=price_image("BORN"))
    journal.add("DL", data=price_image("GONE"))
    batch = follow(journal, following)
    assert keys(batch) == ["OLD", "NEW", "BORN", "GONE"]
    operations = [each.operation for each in batch.told if isinstance(each, Touched)]
    assert operations == ["U", "U", "I", "D"]
    assert all(not each.entry.data for each in batch.told)


def test_without_before_images_every_update_counts() -> None:
    """IMAGES(*AFTER): no UB, so nothing can be compared, and nothing is missed."""
    journal = FakeJournal()
    following = tracker(journal)
    journal.add("UP", data=price_image("A"))
    assert keys(follow(journal, following)) == ["A"]


def test_a_delete_without_its_image_is_told_as_unreadable() -> None:
    """Its key is unknown; the sentence asks for IMAGES(*BOTH) and reading goes on."""
    journal = FakeJournal()
    following = tracker(journal)
    journal.add("DL", rrn=77)
    journal.price("NEXT")
    batch = follow(journal, following)
    mute = batch.told[0]
    assert isinstance(mute, Mute)
    assert "record 77 of DISTLIB/ITMPRC (DL) without its image" in str(mute.error)
    assert "IMAGES(*BOTH)" in mute.error.hint
    assert keys(batch) == ["NEXT"]


def test_a_key_that_cannot_be_read_is_told_with_its_bytes() -> None:
    """A zoned key of blanks: field and hex, no guess."""
    record = replace(
        PRICE_FILE.record,
        fields=(
            replace(PRICE_FILE.record.fields[0], kind="zoned", length=0, digits=15),
            *PRICE_FILE.record.fields[1:],
        ),
    )
    form = replace(PRICE_FILE, record=record)
    journal = FakeJournal()
    following = Tracker({PRICES: form}, Progress.fresh(journal.last))
    journal.add("PT", data=b"\x40" * 15 + price_image("")[15:])
    (mute,) = follow(journal, following).told
    assert isinstance(mute, Mute)
    assert (mute.error.field, mute.error.raw_hex) == ("IPITNB", "40" * 15)


def test_minimized_entries_stop_the_reading() -> None:
    """MINENTDTA entries lack columns; cutting them by position would be a guess."""
    journal = FakeJournal()
    following = tracker(journal)
    journal.add("UP", data=b"\x00" * 9, minimized=True)
    with pytest.raises(Permanent, match="minimized data") as caught:
        follow(journal, following)
    assert "MINENTDTA(*NONE)" in caught.value.hint


def test_a_record_of_another_length_stops_the_reading() -> None:
    """A changed file would shift every field; the sentence says both lengths."""
    journal = FakeJournal()
    following = tracker(journal)
    journal.add("PT", data=price_image("A") + b"\x40")
    with pytest.raises(Permanent, match=r"has 39 bytes, and the record format .* has 38"):
        follow(journal, following)


def test_a_transaction_is_told_at_its_commit_and_never_after_a_rollback() -> None:
    """Held until CM, dropped with RB together with the rollback's own images."""
    journal = FakeJournal()
    following = tracker(journal)
    one, two = journal.begin(), journal.begin()
    journal.price("A", cycle=one)
    journal.price("B", cycle=two, rrn=2)
    assert keys(follow(journal, following)) == []
    assert following.open_cycles == 2
    journal.add("BR", cycle=two, rrn=2, data=price_image("B", 2))
    journal.add("UR", cycle=two, rrn=2, data=price_image("B", 1))
    journal.end(two, commit=False)
    journal.price("A", cycle=one, price=3)
    journal.end(one)
    assert keys(follow(journal, following)) == ["A"]
    assert (following.open_cycles, following.open_since) == (0, "")


def test_a_large_transaction_is_held_as_keys() -> None:
    """Many changes of one key are one; no image stays in memory."""
    journal = FakeJournal()
    following = tracker(journal)
    cycle = journal.begin()
    for number in range(2000):
        journal.price(f"SKU{number % 5}", cycle=cycle, price=number + 2)
    follow(journal, following)
    held = following._cycles[cycle].told
    assert len(held) == 5
    assert all(not each.entry.data for each in held.values())


def test_a_held_transaction_is_read_again_after_a_restart() -> None:
    """The progress names two places: what was told is not told again, what was held is not lost."""
    journal = FakeJournal()
    following = tracker(journal)
    cycle = journal.begin()
    journal.price("HELD", cycle=cycle)
    journal.price("TOLD", rrn=2)
    assert keys(follow(journal, following)) == ["TOLD"]
    progress = following.progress
    assert progress.again_from.sequence < progress.read_to.sequence
    following = again(following)
    journal.price("LATER", rrn=3)
    assert keys(follow(journal, following)) == ["LATER"]
    following = again(following)
    journal.end(cycle)
    assert keys(follow(journal, following)) == ["HELD"]
    assert following.progress.again_from == following.progress.read_to


def test_an_update_cut_in_two_by_a_restart_keeps_both_keys() -> None:
    """The page ended between UB and UP; in a transaction the cut may stay behind for long."""
    journal = FakeJournal()
    following = tracker(journal)
    cycle = journal.begin()
    journal.add("UB", cycle=cycle, data=price_image("OLD"))
    follow(journal, following)
    following = again(following)
    journal.add("UP", cycle=cycle, data=price_image("NEW"))
    follow(journal, following)
    following = again(following)
    journal.end(cycle)
    assert keys(follow(journal, following)) == ["OLD", "NEW"]


def test_a_before_image_that_stays_alone_is_told_and_holds_nothing_back() -> None:
    """Its after-image is missing: at the commit, at the next entry of the record, or far behind."""
    journal = FakeJournal()
    following = tracker(journal)
    cycle = journal.begin()
    journal.add("UB", cycle=cycle, rrn=1, data=price_image("COMMIT"))
    journal.end(cycle)
    journal.add("UB", rrn=2, data=price_image("NEXT"))
    journal.add("DL", rrn=2, data=price_image("NEXT"))
    journal.add("UB", rrn=3, data=price_image("FAR"))
    assert keys(follow(journal, following)) == ["COMMIT", "NEXT", "NEXT"]
    for number in range(1001):
        journal.price("FLOOD", price=number + 2)
    assert set(keys(follow(journal, following))) == {"FAR", "FLOOD"}
    assert following.progress.again_from == following.progress.read_to


def test_a_commit_of_what_began_before_reading_asks_for_a_load() -> None:
    """Its first entries were never seen; an ordinary commit asks for nothing."""
    journal = FakeJournal()
    cycle = journal.begin()
    journal.price("UNSEEN", cycle=cycle)
    following = tracker(journal)
    ordinary = journal.begin()
    journal.price("SEEN", cycle=ordinary)
    journal.end(ordinary)
    batch = follow(journal, following)
    assert (keys(batch), batch.reloads) == (["SEEN"], [])
    journal.end(cycle)
    (wish,) = follow(journal, following).reloads
    assert wish.file is None
    assert "COMMIT of changes made before reading began" in wish.why


def test_after_a_reset_of_the_sequence_low_numbers_are_new_ones() -> None:
    """SEQOPT(*RESET) starts at 1 again; nothing from before can be open then."""
    journal = FakeJournal()
    for _ in range(20):
        journal.price("BEFORE")
    following = tracker(journal)
    journal.change_receiver(reset=True)
    cycle = journal.begin()
    journal.price("A", cycle=cycle)
    journal.end(cycle)
    batch = follow(journal, following)
    assert (keys(batch), batch.reloads) == (["A"], [])


def test_a_commit_cycle_number_that_comes_again_ends_the_older_one() -> None:
    """How it ended is unknown, so its keys are told: that only means reading their rows."""
    journal = FakeJournal()
    following = tracker(journal)
    first = journal.begin()
    journal.price("OLD", cycle=first)
    follow(journal, following)
    journal.receiver, journal.next = 2, first
    assert journal.begin() == first
    assert keys(follow(journal, following)) == ["OLD"]


def test_receiver_names_that_come_round_are_no_riddle() -> None:
    """Only the receivers on the way to what is held are remembered."""
    following = Tracker(
        {PRICES: PRICE_FILE}, Progress.fresh(JournalPosition("DISTLIB", "R0001", 1))
    )
    for name in ("R0002", "R0003", "R0001"):
        following.pass_to(JournalPosition("DISTLIB", name, 5))
    progress = following.progress
    assert progress.receivers == (("DISTLIB", "R0001"),)


def test_a_cleared_file_is_loaded_again_and_nothing_is_told_as_deleted() -> None:
    """CLRPFM, a removed member, the end of journaling: a wish with its sentence, no delete."""
    journal = FakeJournal()
    following = tracker(journal)
    for kind in ("CR", "MD", "EJ", "RG"):
        journal.add(kind, code="F")
    journal.add("CR", code="F", file="CUSMST")
    batch = follow(journal, following)
    assert batch.told == []
    assert [wish.file for wish in batch.reloads] == [FileName("DISTLIB", "ITMPRC")] * 3
    assert "was cleared (CLRPFM) at 2026-11-23" in batch.reloads[0].why


def test_progress_is_the_same_after_writing_and_reading() -> None:
    """Every field survives the buffer."""
    journal = FakeJournal()
    following = tracker(journal)
    journal.price("A", cycle=journal.begin())
    follow(journal, following)
    progress = following.progress
    assert Progress.parse(progress.text()) == progress
    assert progress.partition == "78A1B2C/1"


def test_nothing_is_passed_before_it_has_settled() -> None:
    """With journal caching a lower number may surface later; the fence stays a delay behind."""
    journal = FakeJournal()
    start = journal.last
    settling = Settling(5.0)
    settling.saw(start, 0.0)
    assert settling.fence(4.9) is None
    journal.price("A")
    seen = journal.last
    settling.saw(seen, 5.0)
    journal.price("B")
    settling.saw(journal.last, 9.0)
    entries = journal.read(start, 100).entries
    for now, count in ((5.0, 0), (9.9, 0), (10.0, 2), (13.9, 2), (14.0, 4)):
        fence = settling.fence(now)
        assert fence is not None
        assert fence.reach(entries, after=start) == count
    settling.forget()
    assert settling.fence(99.0) is None


def test_a_fence_knows_the_receivers_behind_it() -> None:
    """Receivers have no order by name; one that was seen later is behind the fence."""
    journal = FakeJournal()
    start = journal.last
    settling = Settling(5.0)
    journal.change_receiver()
    settling.saw(journal.last, 0.0)
    journal.change_receiver()
    journal.price("A")
    settling.saw(journal.last, 3.0)
    fence = settling.fence(5.0)
    assert fence is not None
    assert fence.reach(journal.read(start, 100).entries, after=start) == 0
    assert fence.bounded(journal.last) == fence.position
    assert fence.bounded(start) == start
    lower = replace(fence.position, sequence=fence.position.sequence - 1)
    assert fence.bounded(lower) == lower
    assert fence.bounded(None) == fence.position
