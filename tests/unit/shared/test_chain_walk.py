"""The walk along a stream's chain: what is missing and what was changed, to the number."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from towline_shared.chain_walk import Link, Walked, Walker, spans
from towline_shared.stream_log import next_chain


def chained(n: int) -> list[Link]:
    """Return a whole stream of n rows."""
    chain, links = b"", []
    for seq in range(1, n + 1):
        text = f"row {seq}"
        chain = next_chain(chain, seq, text)
        links.append(Link(seq, chain, text))
    return links


def walk(links: list[Link], whole: list[Link]) -> Walked:
    """Walk rows of a stream that ends as ``whole`` does."""
    walker = Walker()
    walker.take(links)
    return walker.ended(last=len(whole), chain=whole[-1].chain if whole else b"")


@given(st.integers(0, 12), st.integers(0, 12))
def test_a_whole_stream_is_sound_wherever_it_was_trimmed(n: int, trimmed: int) -> None:
    """Trimming takes rows from the front; what is left is proved by its own chain values."""
    whole = chained(n)
    left = whole[min(trimmed, n) :]
    found = walk(left, whole)
    assert found.sound
    assert found.rows == len(left)
    assert found.first == (left[0].seq if left else 0)


@given(st.data())
def test_every_missing_number_is_named(data: st.DataObject) -> None:
    """Whatever rows are taken out behind the first, exactly those numbers are missing."""
    whole = chained(data.draw(st.integers(2, 15)))
    gone = data.draw(st.sets(st.sampled_from(range(2, len(whole) + 1)), min_size=1))
    found = walk([link for link in whole if link.seq not in gone], whole)
    named = {n for low, high in found.missing for n in range(low, high + 1)}
    assert named == gone
    assert not found.sound
    assert found.changed == ()


@given(st.data())
def test_a_changed_text_is_named_and_the_rows_behind_it_are_not_blamed(data: st.DataObject) -> None:
    """The chain value of a row is kept with it, so one change is one number."""
    whole = chained(data.draw(st.integers(1, 10)))
    at = data.draw(st.integers(0, len(whole) - 1))
    links = list(whole)
    links[at] = Link(links[at].seq, links[at].chain, "forged")
    assert walk(links, whole).changed == (at + 1,)


def test_a_row_without_text_is_counted_and_what_follows_is_proved_again() -> None:
    """An erased document keeps its number and its chain value."""
    whole = chained(4)
    links = [*whole[:1], Link(2, whole[1].chain, None), *whole[2:]]
    found = walk(links, whole)
    assert (found.sound, found.untold) == (True, 1)
    links[2] = Link(3, whole[2].chain, "forged")
    assert walk(links, whole).changed == (3,)


def test_an_end_that_fits_no_row_is_seen() -> None:
    """The head of the stream was changed by hand, or belongs to another file."""
    whole = chained(3)
    walker = Walker()
    walker.take(whole)
    assert not walker.ended(last=3, chain=b"x" * 32).end_agrees
    assert not walker.ended(last=2, chain=whole[1].chain).end_agrees


def test_spans_are_written_for_people() -> None:
    """One number by itself, more as a span."""
    assert spans([(17, 17), (20, 25)]) == "17, 20 to 25"
