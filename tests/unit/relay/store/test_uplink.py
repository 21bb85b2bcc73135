"""What an agent sends becomes event rows in the unit that takes it; nothing is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.engine_house import EngineHouse, price
from tests.support.fake_shop import shop_order
from tests.support.store import START
from towline_shared.codec import encode
from towline_shared.errors import Misuse
from towline_shared.events import Body, Delivered, Event, Heartbeat, Stock, Unreadable

GID = "gid://shopify/Order/1"


@dataclass(frozen=True)
class Row:
    seq: int
    text: str


def text(body: Body, key: str = "AB-1", event_id: str = "e1") -> str:
    return encode(Event(id=event_id, key=key, origin="ibmi:X/Y", seen_at=START, body=body))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    engine = EngineHouse(tmp_path)
    yield engine
    engine.close()


def receive(engine: EngineHouse, *texts: str, agent: str = "agent-1") -> None:
    rows = [Row(number, text) for number, text in enumerate(texts, 1)]
    engine.house.database.call(lambda db: engine.store.received(db, agent, "changes", rows))


def test_rows_become_events_and_are_consumed(engine: EngineHouse) -> None:
    """Key and subkey come from the body; the stream's cursor moves in the same unit."""
    receive(engine, text(Stock("AB-1", "001")), text(price("AB-1")[1], event_id="e2"))
    assert [(row.entity, row.subkey, row.lane) for row in engine.rows()] == [
        ("stock", "001", "t/catalogue"),
        ("price", "STD", "t/catalogue"),
    ]
    consumed = engine.house.database.call(
        lambda db: db.execute("SELECT max(consumed) FROM test_stream").fetchone()[0]
    )
    assert consumed == 2


def test_a_text_that_is_no_event_is_parked_and_kept(engine: EngineHouse) -> None:
    """The sentence says what is wrong; the row after it flows on."""
    receive(engine, '{"v": 9}', text(Stock("AB-1", "001")))
    first, second = engine.rows()
    assert (first.state, second.state) == ("parked", "pending")
    assert "version 9" in first.reason
    assert engine.run(engine.store.event(first.id)).body == '{"v": 9}'


def test_a_record_the_agent_could_not_read_is_parked_under_its_entity(engine: EngineHouse) -> None:
    """It stands where the readable one would stand."""
    said = "DISTLIB/ITMBAL: IBQOH is blank; correct the record."
    receive(engine, text(Unreadable("stock", "DISTLIB/ITMBAL", ("AB-1", "001"), "", "", said)))
    (row,) = engine.rows()
    assert (row.entity, row.key, row.subkey, row.state, row.reason) == (
        "stock", "AB-1", "001", "parked", said,
    )  # fmt: skip


def test_what_an_agent_should_not_send_is_skipped_with_a_reason(engine: EngineHouse) -> None:
    """An unexpected entity is visible and harmless."""
    receive(engine, text(Heartbeat(0, 0.0, "up", "1")), text(Delivered("x", "written"), "k", "e2"))
    assert engine.states() == ["skipped", "skipped"]


def test_rows_of_a_stranger_are_refused(engine: EngineHouse) -> None:
    """An agent without a tenant writes nothing."""
    with pytest.raises(Misuse):
        receive(engine, text(Stock("AB-1", "001")), agent="stranger")
    assert engine.rows() == []


def handed_over(engine: EngineHouse) -> str:
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.turn()
    return engine.house.sent()[-1][2]


def test_the_agents_report_moves_the_order(engine: EngineHouse) -> None:
    """Written: on site. Said twice, it changes nothing."""
    sent = handed_over(engine)
    for number in range(2):
        receive(engine, text(Delivered(sent, "written"), GID, f"d{number}"))
    assert engine.states() == ["on_site"]


def test_a_refusal_on_site_is_parked_and_a_retry_hands_the_same_event_over(
    engine: EngineHouse,
) -> None:
    """The ERP can't count it twice: the event id, its unique key, is the same."""
    sent = handed_over(engine)
    receive(engine, text(Delivered(sent, "refused", "The ERP library is missing."), GID, "d1"))
    row = engine.last("order")
    assert row.state == "parked"
    assert "The ERP library is missing." in row.reason
    assert engine.run(engine.store.retry("t", row.id))
    engine.turn()
    assert [event_id for _, _, event_id in engine.house.sent()] == [sent, sent]
    assert engine.last("order").state == "sent"
