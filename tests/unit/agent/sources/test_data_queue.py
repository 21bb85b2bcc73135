"""What is kept against what the queue shows: no loss, no doubling, whatever the sequence."""

from __future__ import annotations

import pytest

from towline_agent.ibmi.port import QueueEntry
from towline_agent.sources.data_queue import (
    Held,
    given_up,
    seen_enough,
    settle,
    still_there,
)


def held(text: str, key: str = "") -> list[Held]:
    return [Held(each.encode(), key.encode()) for each in text]


def queued(text: str, key: str = "") -> list[QueueEntry]:
    return [QueueEntry(each.encode(), key.encode()) for each in text]


@pytest.mark.parametrize(
    ("kept", "queue", "gone"),
    [
        ("AB", "AB", 0),
        ("AB", "ABC", 0),
        ("AB", "B", 1),
        ("AB", "BC", 1),
        ("AB", "", 2),
        ("AB", "C", 2),
        ("AA", "A", 1),
        ("AAB", "ABC", 1),
        ("AA", "AA", 0),
        ("ABA", "A", 2),
        ("", "A", 0),
    ],
)
def test_what_is_left_of_the_kept_entries_must_stand_there_whole(
    kept: str, queue: str, gone: int
) -> None:
    """A queue shorter than what is kept has given up some of it, even where the rest is equal."""
    assert still_there(held(kept), queued(queue)) == gone


@pytest.mark.parametrize(
    ("kept", "queue", "gone", "fresh"),
    [
        ("CBA", "CBA", 0, ""),
        ("CBA", "DCBA", 0, "D"),
        ("CBA", "DBA", 1, "D"),
        ("CBA", "", 3, ""),
        ("CBA", "ED", 3, "ED"),
        ("AA", "A", 1, ""),
        ("A", "AA", 0, "A"),
        ("", "BA", 0, "BA"),
    ],
)
def test_newcomers_stand_on_top_of_a_lifo_queue(
    kept: str, queue: str, gone: int, fresh: str
) -> None:
    """The longest rest of what is kept is looked for as deep as it stands."""
    settled = settle("LIFO", held(kept), queued(queue))
    assert settled.gone == tuple(range(gone))
    assert b"".join(entry.data for entry in settled.fresh).decode() == fresh


def test_each_key_is_a_queue_of_its_own() -> None:
    """Newcomers with lower keys, and behind equal keys, change nothing."""
    kept = [*held("AB", "k2"), *held("C", "k3"), *held("D", "k4")]
    shown = [*queued("X", "k1"), *queued("BY", "k2"), *queued("Z", "k3"), *queued("D", "k4")]
    assert settle("KEYED", kept, shown).gone == (0, 2)
    assert settle("KEYED", kept, shown).fresh == ()


@pytest.mark.parametrize(
    ("sequence", "taken", "gone"),
    [
        ("FIFO", QueueEntry(b"A"), (0,)),
        ("FIFO", QueueEntry(b"B"), (0, 1)),
        ("FIFO", QueueEntry(b"X"), ()),
        ("FIFO", None, (0, 1, 2)),
    ],
)
def test_a_take_tells_what_is_off_the_queue(
    sequence: str, taken: QueueEntry | None, gone: tuple[int, ...]
) -> None:
    """A later entry means that those before it are gone; a foreign one says nothing about ours."""
    assert given_up(sequence, held("ABC"), taken) == gone


def test_a_take_by_key_tells_about_that_key_only() -> None:
    """Nothing with the key is left: the kept entries of other keys are not touched."""
    kept = [*held("A", "k1"), *held("B", "k2"), *held("C", "k1")]
    assert given_up("KEYED", kept, None) == (0, 2)
    assert given_up("KEYED", kept, QueueEntry(b"C", b"k1")) == (0, 2)
    assert given_up("KEYED", kept, QueueEntry(b"A", b"k1")) == (0,)


def test_a_look_is_wide_enough_for_the_sequence() -> None:
    """FIFO at once; LIFO when seen whole; keyed when the look went past the last kept key."""
    full = queued("AB", "k2")
    assert seen_enough("FIFO", held("A"), full, limit=2)
    assert not seen_enough("LIFO", [], full, limit=2)
    assert seen_enough("LIFO", [], full, limit=3)
    assert seen_enough("KEYED", [], full, limit=2)
    assert seen_enough("KEYED", held("A", "k1"), full, limit=2)
    assert not seen_enough("KEYED", held("A", "k2"), full, limit=2)
    assert seen_enough("KEYED", held("A", "k2"), full, limit=3)
