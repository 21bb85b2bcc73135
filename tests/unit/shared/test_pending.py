"""What waits to be said never grows and never says an old thing after a new one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from towline_shared.frames import Ack, Beat, Credit, Resume
from towline_shared.pending import Pending, Word


def everything(pending: Pending) -> list[Word]:
    """Take until nothing is left."""
    found: list[Word] = []
    while (word := pending.take()) is not None:
        found.append(word)
    return found


def test_words_go_out_in_the_order_they_came() -> None:
    """Kinds and streams apart from each other wait in line."""
    words: list[Word] = [
        Resume("orders", 3), Ack("orders", 3, 9, 9), Ack("commands", 1, 9, 9),
        Credit("orders", 9, 9), Beat("now"),
    ]  # fmt: skip
    pending = Pending()
    for word in words:
        pending.put(word)
    assert everything(pending) == words
    assert pending.take() is None


def test_only_the_newest_of_a_kind_and_stream_is_said() -> None:
    """Acknowledgements are cumulative and credit is absolute, so the newest says it all."""
    pending = Pending()
    for n in range(1000):
        pending.put(Ack("changes", n, n, n))
        pending.put(Beat(str(n)))
    assert everything(pending) == [Ack("changes", 999, 999, 999), Beat("999")]


def test_an_acknowledgement_does_not_overtake_an_older_resume() -> None:
    """RESUME after 5, said behind an acknowledgement of 20, would ask for the impossible."""
    pending = Pending()
    pending.put(Ack("changes", 5, 9, 9))
    pending.put(Resume("changes", 5))
    pending.put(Ack("changes", 20, 30, 30))
    assert everything(pending) == [Resume("changes", 5), Ack("changes", 20, 30, 30)]


WORDS = st.one_of(
    st.builds(Ack, st.sampled_from("ab"), st.integers(0, 9), st.integers(0, 9), st.just(0)),
    st.builds(Credit, st.sampled_from("ab"), st.integers(0, 9), st.just(0)),
    st.builds(Resume, st.sampled_from("ab"), st.integers(0, 9)),
    st.builds(Beat, st.sampled_from(["1", "2"])),
)


@given(st.lists(WORDS, max_size=60))
def test_it_holds_at_most_one_of_each(words: list[Word]) -> None:
    """Three kinds for each stream and one heartbeat, whatever the reader leaves."""
    pending = Pending()
    for word in words:
        pending.put(word)
    left = everything(pending)
    assert len(left) <= 7
    assert [word for word in left if word not in words] == []
    if words:
        assert left[-1] == words[-1]
