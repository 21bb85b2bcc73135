"""Windows that never exceed their credit, in rows or in bytes, and never block for ever."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_shared.errors import Misuse, PeerFault
from towline_shared.frames import BATCH_BYTES, Ack, Credit, Data, Limit, Resume
from towline_shared.window import WINDOW_BYTES, WINDOW_ROWS, Incoming, Outgoing, text_bytes

PLENTY = 1 << 40


def test_texts_count_as_the_bytes_they_travel_as() -> None:
    """Letters beyond ASCII count more than one."""
    assert text_bytes(["abc", "", "Grün", "価格"]) == [3, 0, 5, 6]


# -- a stream we write ---------------------------------------------------------------------------


def outgoing(*, acked: int = 0, sent: int = 0, limit: int = 10, most: int = PLENTY) -> Outgoing:
    """Return a window with ``sent`` rows of 10 bytes under way."""
    window = Outgoing("changes", "s", acked, limit, most)
    window.sent([10] * sent)
    return window


def ack(upto: int, limit: int, most: int = 0) -> Ack:
    return Ack("changes", upto, limit, most)


def test_credit_in_rows_is_never_exceeded() -> None:
    """What the peer did not allow is a bug of ours, found before it is on the wire."""
    window = outgoing(sent=10, limit=10)
    assert window.room == 0
    with pytest.raises(Misuse, match="sent 11 beyond its credit of 10 rows"):
        window.sent([1])
    assert window.last_sent == 10


def test_credit_in_bytes_is_never_exceeded() -> None:
    """A row may go while fewer bytes than the credit are before it."""
    window = outgoing(most=25)
    window.sent([10, 10, 10])
    assert (window.room, window.room_bytes) == (0, 0)
    with pytest.raises(Misuse, match="and 25 bytes"):
        window.sent([1])
    with pytest.raises(Misuse, match="and 20 bytes"):
        outgoing(most=20).sent([10, 10, 10])


def test_a_row_larger_than_the_whole_credit_goes_alone() -> None:
    """It would block its stream for ever otherwise; the next one waits for it."""
    window = outgoing(most=25)
    window.sent([10_000])
    assert window.room == 0
    window.on_ack(ack(1, 10, 10_025))
    assert (window.room, window.room_bytes) == (9, 25)


def test_a_batch_has_room_for_a_batch_at_most() -> None:
    """However much the peer allows."""
    assert outgoing().room_bytes == BATCH_BYTES
    assert outgoing(most=BATCH_BYTES - 1).room_bytes == BATCH_BYTES - 1


def test_acknowledgements_are_cumulative_and_repeatable() -> None:
    """Losing, repeating or reordering them changes nothing but the delay."""
    window = outgoing(sent=10)
    assert window.on_ack(ack(7, 15))
    assert not window.on_ack(ack(3, 12))
    assert not window.on_ack(ack(7, 15))
    assert (window.acked, window.limit, window.room) == (7, 15, 5)


def test_an_old_acknowledgement_may_still_carry_credit() -> None:
    """Credit is absolute: the highest counts, whatever frame it came in."""
    window = outgoing(acked=5, limit=5, most=0)
    assert not window.on_ack(ack(5, 20, 100))
    assert (window.room, window.room_bytes) == (15, 100)
    window.on_credit(Credit("changes", 9, 50))
    assert (window.limit, window.limit_bytes) == (20, 100)


def test_what_was_never_sent_cannot_be_acknowledged() -> None:
    """Such a peer counts another stream; going on would lose rows."""
    window = outgoing(acked=2, sent=3)
    with pytest.raises(PeerFault, match="up to 6; sent was 5"):
        window.on_ack(ack(6, 20))
    assert window.acked == 2


def test_a_gap_sends_the_writer_back() -> None:
    """RESUME names the last durable number; what is behind it is free credit again."""
    window = outgoing(acked=4, sent=5, limit=10, most=60)
    window.on_resume(Resume("changes", 6))
    assert (window.last_sent, window.room, window.room_bytes) == (6, 4, 40)
    window.sent([10, 10, 10])
    assert (window.last_sent, window.room_bytes) == (9, 10)


@pytest.mark.parametrize("after", [3, 10, -1])
def test_a_peer_that_wants_the_impossible_is_at_fault(after: int) -> None:
    """Before what it acknowledged or after what was sent there is nothing to resume."""
    window = outgoing(acked=4, sent=5)
    with pytest.raises(PeerFault, match="possible is 4 to 9"):
        window.on_resume(Resume("changes", after))


def test_a_resume_may_name_rows_sent_before_another_resume() -> None:
    """The first sending arrived after all: going on behind it spares sending it again."""
    window = outgoing(sent=6)
    window.on_resume(Resume("changes", 2))
    window.on_resume(Resume("changes", 5))
    assert window.last_sent == 5
    with pytest.raises(PeerFault, match="possible is 0 to 6"):
        window.on_resume(Resume("changes", 7))


def test_an_acknowledgement_may_overtake_what_is_sent_again() -> None:
    """Two batches behind one gap give two RESUMEs; the second may meet a writer already ahead.

    The rows were sent in this session, so acknowledging them is right although the writer has gone
    back; it goes on behind them.
    """
    window = outgoing(sent=4, limit=10)
    window.on_resume(Resume("changes", 2))
    window.sent([10, 10])
    window.on_resume(Resume("changes", 2))
    assert window.on_ack(ack(4, 12))
    assert (window.last_sent, window.acked) == (4, 4)
    with pytest.raises(PeerFault, match="sent was 4"):
        window.on_ack(ack(5, 12))


@given(st.lists(st.tuples(st.sampled_from("sacr"), st.integers(0, 40), st.integers(0, 400))))
def test_no_order_of_events_breaks_the_window(story: list[tuple[str, int, int]]) -> None:
    """acked <= last sent <= limit, bytes are those of the rows, and no credit ever goes back."""
    window = Outgoing("changes", "s", 0, 10, 100)
    for what, number, most in story:
        before = (window.acked, window.limit, window.limit_bytes)
        try:
            match what:
                case "s":  # row n has n bytes
                    window.sent([window.last_sent + 1 + n for n in range(number)])
                case "a":
                    window.on_ack(ack(number, most // 10, most))
                case "c":
                    window.on_credit(Credit("changes", most // 10, most))
                case _:
                    window.on_resume(Resume("changes", number))
        except (Misuse, PeerFault):
            assert (window.acked, window.limit, window.limit_bytes) == before
        assert window.acked <= window.last_sent <= window.limit
        assert window.acked >= before[0]
        assert (window.limit, window.limit_bytes) >= before[1:]
        gone = window.last_sent * (window.last_sent + 1) // 2
        assert gone - window.last_sent < window.limit_bytes  # before the last row
        assert window.room_bytes == max(0, window.limit_bytes - gone)
        assert (window.room > 0) == (window.last_sent < window.limit and gone < window.limit_bytes)


# -- a stream we read ----------------------------------------------------------------------------


def incoming(*, durable: int = 0, window: int = 100, window_bytes: int = PLENTY) -> Incoming:
    """Return a window whose credit is granted."""
    made = Incoming("changes", "s", durable, durable, window=window, window_bytes=window_bytes)
    made.grant(ready=True)
    return made


def batch(first: int, n: int, *, stream_id: str = "s", text: str = "{}") -> Data:
    return Data("changes", stream_id, first, tuple(("i", "item", "k", text) for _ in range(n)))


def test_the_next_rows_and_repeated_rows_may_be_written() -> None:
    """A duplicate passes: the write leaves it out, and the answer repeats the truth."""
    window = incoming(durable=10)
    assert window.check(batch(11, 5)) is None
    assert window.check(batch(1, 10)) is None
    assert window.check(batch(8, 5)) is None


def test_a_gap_is_answered_with_resume() -> None:
    """Nothing behind a gap is written; the writer is told where to start."""
    assert incoming(durable=10).check(batch(12, 1)) == Resume("changes", 10)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (batch(1, 1, stream_id="other"), "another stream id"),
        (batch(1, 0), "empty batch"),
        (batch(0, 3), "empty batch"),
        (batch(-5, 3), "empty batch"),
        (batch(100, 2), "beyond its credit of 100"),
        (batch(101, 1), "beyond its credit of 100"),
    ],
)
def test_what_may_not_be_sent_is_the_peers_fault(data: Data, sentence: str) -> None:
    """Foreign, empty or beyond the credit: the sender is broken, so the session ends."""
    with pytest.raises(PeerFault, match=sentence):
        incoming().check(data)


def test_the_last_number_of_the_credit_is_allowed() -> None:
    """Credit is inclusive."""
    assert incoming(durable=99, window=1).check(batch(100, 1)) is None


def test_bytes_beyond_the_credit_are_the_peers_fault() -> None:
    """The last row may start below the credit and end above it; one more row may not start."""
    row = "x" * 10
    assert incoming(window_bytes=21).check(batch(1, 3, text=row)) is None
    with pytest.raises(PeerFault, match="beyond its credit of 20 bytes"):
        incoming(window_bytes=20).check(batch(1, 3, text=row))


def test_repeated_rows_cost_no_bytes() -> None:
    """Only what is written counts, so both ends count the same after any loss."""
    window = incoming(window_bytes=30)
    rows = batch(1, 3, text="x" * 10)
    window.stored(rows, 3, ready=False)
    assert window.durable_bytes == 30
    assert window.check(rows) is None
    assert window.stored(rows, 3, ready=True) == Ack("changes", 3, 103, 60)
    overlap = batch(2, 4, text="x" * 10)
    assert window.check(overlap) is None
    assert window.stored(overlap, 5, ready=True) == Ack("changes", 5, 105, 80)


def test_without_credit_in_bytes_nothing_new_is_taken() -> None:
    """Not even one row of nothing."""
    window = Incoming("changes", "s", 0, 5)
    with pytest.raises(PeerFault, match="credit of 0 bytes"):
        window.check(batch(1, 1, text=""))


def test_credit_is_one_window_beyond_what_is_durable() -> None:
    """It moves with the disk, and stands still while the reader is not ready."""
    window = Incoming("changes", "s", 0, 0)
    assert window.grant(ready=False) == Limit("changes", 0, 0)
    assert window.grant(ready=True) == Limit("changes", WINDOW_ROWS, WINDOW_BYTES)
    seven, two = batch(1, 7), batch(8, 2)
    assert window.stored(seven, 7, ready=True) == ack(7, WINDOW_ROWS + 7, WINDOW_BYTES + 14)
    assert window.stored(two, 9, ready=False) == ack(9, WINDOW_ROWS + 7, WINDOW_BYTES + 14)
    assert window.credit(ready=True) == Credit("changes", WINDOW_ROWS + 9, WINDOW_BYTES + 18)


def test_a_duplicate_is_acknowledged_with_the_truth() -> None:
    """Storing less than is durable never takes an acknowledgement back."""
    assert incoming(durable=50).stored(batch(1, 20), 20, ready=False).upto == 50
