"""Large rows in parts: whatever breaks off in between, the row arrives whole or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from towline_shared.clock import ManualClock
from towline_shared.errors import PeerFault, Permanent
from towline_shared.frames import Ack, Data, Kept, Part, Resume, pack, unpack
from towline_shared.parts import (
    FRAME_BYTES,
    PART_BYTES,
    WHOLE_BYTES,
    PartSender,
    Shelf,
    take_part,
)
from towline_shared.stream_log import LogRow
from towline_shared.window import Incoming, Outgoing

LARGE = '{"a":"' + "wörter und 日本 " * 40_000 + '"}'  # 6 parts or so


def row(text: str, seq: int = 1) -> LogRow:
    return LogRow(seq, text, f"id-{seq}", "item", f"key-{seq}", b"", ManualClock().now())


def writer(acked: int = 0) -> Outgoing:
    return Outgoing("changes", "s", acked, 100, 1 << 40)


def reader(durable: int = 0) -> Incoming:
    window = Incoming("changes", "s", durable, durable)
    window.grant(ready=True)
    return window


def all_parts(text: str, *, kept: tuple[Kept, ...] = ()) -> list[Part]:
    """Send one row to its end."""
    sender, window = PartSender(parts=True, kept=kept), writer()
    part = sender.next(window, [row(text)])
    found: list[Part] = []
    while part is not None:
        assert isinstance(part, Part)
        found.append(part)
        part = sender.more(window)
    assert window.last_sent == 1
    return found


def test_a_large_row_goes_in_parts_and_comes_back_whole() -> None:
    """Each within the limit, on the wire too; the last one makes the row."""
    shelf, parts = Shelf(), all_parts(LARGE)
    assert len(parts) > 5
    for part in parts:
        assert len(part.text.encode()) <= PART_BYTES
        assert unpack(pack(part), most=FRAME_BYTES) == part
    found = [shelf.put("a", part) for part in parts]
    assert found[:-1] == [None] * (len(parts) - 1)
    assert found[-1] == Data("changes", "s", 1, (("id-1", "item", "key-1", LARGE),))
    assert shelf.kept("a") == ()


@settings(max_examples=60, deadline=None)
@given(
    text=st.lists(st.sampled_from(["a", "ß", "日", "𝄞", '"\\', "\x01"]), min_size=1).map(
        lambda found: "".join(found) * (2 * PART_BYTES // len(found))
    ),
    breaks=st.lists(st.integers(1, 12), max_size=6),
)
def test_broken_connections_cost_the_part_under_way_only(text: str, breaks: list[int]) -> None:
    """Each session takes up where the reader stands; together they send every byte once."""
    shelf, sent = Shelf(), 0
    for most in [*breaks, 10_000]:
        for part in all_parts(text, kept=shelf.kept("a"))[:most]:
            sent += len(part.text.encode())
            whole = shelf.put("a", part)
            if whole is not None:
                assert isinstance(whole, Data)
                assert whole.rows[0][3] == text
                assert sent == len(text.encode())
                return
    raise AssertionError("the row never became whole")


def test_other_streams_have_their_turn_between_two_parts() -> None:
    """The sender holds no stream back: asked for another, it gives that one's rows at once."""
    sender, large = PartSender(parts=True), writer()
    other = Outgoing("results", "r", 0, 100, 1 << 40)
    assert isinstance(sender.next(large, [row(LARGE)]), Part)
    assert sender.more(other) is None
    small = sender.next(other, [row("small")])
    assert isinstance(small, Data)
    assert isinstance(sender.more(large), Part)
    assert (large.last_sent, other.last_sent) == (0, 1)


def test_small_rows_go_as_they_always_did() -> None:
    """Up to one part in size; and all that fit to a side that knows no parts."""
    assert isinstance(PartSender(parts=True).next(writer(), [row("x" * PART_BYTES)]), Data)
    assert isinstance(PartSender(parts=False).next(writer(), [row("x" * WHOLE_BYTES)]), Data)


def test_a_row_an_older_side_can_not_read_is_named() -> None:
    """The stream waits, and the sentence says for what."""
    with pytest.raises(Permanent, match=rf"id-1 has {WHOLE_BYTES + 1} bytes") as caught:
        PartSender(parts=False).next(writer(), [row("x" * (WHOLE_BYTES + 1))])
    assert "Upgrade" in caught.value.hint


def test_a_resume_begins_the_row_anew() -> None:
    """The reader lost what it had: the next part is the first one again."""
    sender, window = PartSender(parts=True), writer()
    sender.next(window, [row(LARGE)])
    sender.more(window)
    window.on_resume(Resume("changes", 0))
    sender.resume("changes")
    assert sender.more(window) is None
    again = sender.next(window, [row(LARGE)])
    assert isinstance(again, Part)
    assert again.offset == 0


def test_rows_that_moved_on_drop_the_one_under_way() -> None:
    """After an acknowledgement of more than was thought, nothing old is sent."""
    sender, window = PartSender(parts=True), writer()
    sender.next(window, [row(LARGE)])
    window.sent([5])
    window.on_ack(Ack("changes", 1, 100, 1 << 40))
    assert sender.more(window) is None


@pytest.mark.parametrize(
    "kept",
    [
        Kept("changes", 2, hashlib.sha256(LARGE.encode()).hexdigest(), PART_BYTES),
        Kept("changes", 1, "00" * 32, PART_BYTES),
        Kept("changes", 1, hashlib.sha256(LARGE.encode()).hexdigest(), 0),
        Kept("changes", 1, hashlib.sha256(LARGE.encode()).hexdigest(), -5),
        Kept("changes", 1, hashlib.sha256(LARGE.encode()).hexdigest(), len(LARGE.encode())),
        Kept("changes", 1, hashlib.sha256(LARGE.encode()).hexdigest(), 8),  # inside the first ö
        Kept("results", 1, hashlib.sha256(LARGE.encode()).hexdigest(), PART_BYTES),
    ],
)
def test_what_a_reader_says_it_kept_is_a_hint_only(kept: Kept) -> None:
    """Another row, another text, an impossible place: the row is sent from its start."""
    assert all_parts(LARGE, kept=(kept,))[0].offset == 0


# -- a hostile writer ----------------------------------------------------------------------------


def test_a_part_that_does_not_fit_is_asked_for_from_the_start() -> None:
    """Left out, of another text, after the shelf was emptied."""
    parts = all_parts(LARGE)
    for odd in (
        [parts[1]],
        [parts[0], parts[2]],
        [parts[0], replace(parts[1], sha256="00" * 32)],
        [parts[0], replace(parts[1], seq=2)],
        [parts[0], replace(parts[1], size=parts[1].size + 1)],
    ):
        shelf = Shelf()
        for part in odd[:-1]:
            assert shelf.put("a", part) is None
        assert isinstance(shelf.put("a", odd[-1]), Resume)
        assert shelf.kept("a") == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"text": ""},
        {"text": "x" * (PART_BYTES + 1)},
        {"offset": -1},
        {"size": PART_BYTES},
        {"size": (8 << 20) + 1},
        {"offset": 10_000_000},
    ],
)
def test_a_part_beyond_the_limits_ends_the_session(changes: dict[str, object]) -> None:
    """Empty, too long, before the start, of a row that needs no parts or may not be that large."""
    with pytest.raises(PeerFault, match="beyond its limits"):
        Shelf().put("a", replace(all_parts(LARGE)[0], **changes))  # type: ignore[arg-type]


def test_a_row_that_is_not_what_its_hash_says_is_no_row() -> None:
    """One changed letter; nothing of it stays."""
    shelf, parts = Shelf(), all_parts(LARGE)
    changed = replace(parts[1], text="X" + parts[1].text[1:])
    for part in [parts[0], changed, *parts[2:-1]]:
        assert shelf.put("a", part) is None
    with pytest.raises(PeerFault, match="not what its parts said"):
        shelf.put("a", parts[-1])
    assert shelf.kept("a") == ()


def test_the_shelf_has_an_end_and_peers_do_not_meet() -> None:
    """The longest untouched row falls off; one peer's parts are nothing to another."""
    shelf, parts = Shelf(most=3 * PART_BYTES), all_parts(LARGE)
    for peer in ("a", "b", "c"):
        assert shelf.put(peer, parts[0]) is None
    assert isinstance(shelf.put("d", parts[1]), Resume)
    assert shelf.put("b", parts[1]) is None
    assert [bool(shelf.kept(peer)) for peer in "abcd"] == [False, True, True, False]


def test_parts_are_taken_within_the_credit_only() -> None:
    """A gap is answered with RESUME, what is there is passed over, beyond credit is a fault."""
    part = all_parts(LARGE)[0]

    def taken(window: Incoming, part: Part) -> Data | Resume | None:
        return take_part(part, window=window, shelf=Shelf(), peer="a")

    assert taken(reader(), part) is None
    assert taken(reader(), replace(part, seq=3)) == Resume("changes", 0)
    assert taken(reader(durable=5), part) is None
    with pytest.raises(PeerFault, match="another stream id"):
        taken(reader(), replace(part, stream_id="other"))
    with pytest.raises(PeerFault, match="beyond its credit"):
        taken(Incoming("changes", "s", 0, 0), part)
    spent = reader()
    spent.durable_bytes = spent.granted_bytes
    with pytest.raises(PeerFault, match="beyond its credit"):
        taken(spent, part)
