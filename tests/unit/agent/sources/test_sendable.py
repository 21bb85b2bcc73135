"""One event the codec refuses is parked with its sentence; the ones behind it flow."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from towline_agent.buffer import PEER, Buffer
from towline_agent.sources.sendable import sendable
from towline_shared.clock import SystemClock
from towline_shared.codec import MOST_BYTES, decode, encode
from towline_shared.events import Event, Item, Unreadable, event_id

_NOW = datetime(2026, 11, 23, tzinfo=UTC)


def _item(sku: str, text: str = "") -> Event:
    return Event(
        event_id("x", sku), sku, "ibmi:DISTLIB/ITMMST", _NOW, Item(sku=sku, row={"ITDSC": text})
    )


def test_a_good_event_stays_as_it_is() -> None:
    """Nothing is copied or changed on the usual way."""
    event = _item("10-4711", "Sechskantschraube M8")
    assert sendable(event) is event


def test_half_a_surrogate_pair_in_a_key_is_parked_with_its_bytes() -> None:
    """A UCS-2 column may hold one; the sentence and the hex travel instead."""
    event = sendable(_item("AB\ud800"))
    assert isinstance(event.body, Unreadable)
    assert event.body.raw_hex == "00410042D800"
    assert event.body.source == "DISTLIB/ITMMST"
    assert decode(encode(event)) == event


def test_an_event_beyond_the_cap_is_parked_with_its_size() -> None:
    """The sentence says how large it is and what to do."""
    event = sendable(_item("10-4711", "x" * MOST_BYTES))
    assert isinstance(event.body, Unreadable)
    assert "the most is" in event.body.reason


def test_the_events_behind_it_are_captured(tmp_path: Path) -> None:
    """A poison row in the middle of a batch costs itself only."""
    buffer = Buffer(tmp_path / "buffer.db", clock=SystemClock())
    try:
        events = [_item("A"), _item("B\udfff"), _item("C")]
        buffer.capture(stream="changes", events=events, outbox_ids=[1, 2, 3]).result()
        rows = buffer.unsent("changes", after=0, rows=10, most=10**6).result()
    finally:
        buffer.close()
    assert PEER == "relay"
    assert [row.entity for row in rows] == ["item", "unreadable", "item"]
