"""What an agent sends becomes event rows in the unit that takes it; nothing is dropped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.engine_house import EngineHouse, price
from tests.support.fake_shop import shop_order
from tests.support.store import START
from towline_relay.store import event_rows, image_rows
from towline_relay.store.trimming import trim
from towline_shared.codec import encode
from towline_shared.errors import Misuse
from towline_shared.events import Body, Customer, Delivered, Event, Heartbeat, Stock, Unreadable
from towline_shared.images import behind_change

GID = "gid://shopify/Order/1"


@dataclass(frozen=True)
class Row:
    seq: int
    text: str


def text(body: Body, key: str = "AB-1", event_id: str = "e1", read_at: str = "") -> str:
    return encode(
        Event(
            id=event_id, key=key, origin="ibmi:X/Y", seen_at=START, body=body, origin_time=read_at
        )
    )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    engine = EngineHouse(tmp_path)
    yield engine
    engine.close()


def receive(
    engine: EngineHouse,
    *texts: str,
    agent: str = "agent-1",
    stream: str = "changes",
    first: int = 1,
) -> None:
    rows = [Row(number, text) for number, text in enumerate(texts, first)]
    engine.house.database.call(lambda db: engine.store.received(db, agent, stream, rows))


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


# -- images of a load among changes ------------------------------------------------------------


def image(number: int, event_id: str, warehouse: str = "001") -> str:
    """Say a stock as a load read it behind a change."""
    return text(Stock("AB-1", warehouse), event_id=event_id, read_at=behind_change(number))


def states(engine: EngineHouse) -> dict[str, str]:
    return {row.id: row.state.value for row in engine.rows()}


def test_an_image_that_was_read_before_a_change_does_not_overtake_it(engine: EngineHouse) -> None:
    """It is kept as superseded, with the reason; the change stays the last word."""
    receive(engine, text(Stock("AB-1", "001"), event_id="change 5"), first=5)
    receive(engine, image(4, "image 4"), stream="bulk")
    assert states(engine) == {"change 5": "pending", "image 4": "superseded"}
    assert "later reading of stock AB-1" in engine.rows()[1].reason
    found = engine.house.database.call(
        lambda db: event_rows.latest(db, "t", "stock", keys=["AB-1"], subkeys=["001"])
    )
    assert found["AB-1"].id == "change 5"


def test_a_change_that_an_image_holds_already_does_not_overtake_it(engine: EngineHouse) -> None:
    """The other way round: changes may be the stream that comes late."""
    receive(engine, image(5, "image 5"), stream="bulk")
    receive(
        engine,
        text(Stock("AB-1", "001"), event_id="change 5"),
        text(Stock("AB-1", "001"), event_id="change 6"),
        first=5,
    )
    assert states(engine) == {
        "image 5": "pending", "change 5": "superseded", "change 6": "pending",
    }  # fmt: skip


def test_only_the_same_value_of_the_same_agent_is_ordered(engine: EngineHouse) -> None:
    """Another warehouse, another entity, another agent, another stream: nothing is held back."""
    engine.house.enrolled.agents.append("agent-2")
    receive(engine, text(Stock("AB-1", "001"), event_id="change 9"), first=9)
    receive(engine, image(1, "elsewhere", warehouse="002"), stream="bulk")
    receive(engine, text(price("AB-1")[1], event_id="p", read_at=behind_change(1)), stream="bulk")
    receive(engine, image(1, "second agent"), stream="bulk", agent="agent-2")
    receive(engine, text(Stock("AB-1", "001"), event_id="no order"), stream="bulk", first=4)
    receive(engine, text(Stock("AB-1", "001"), event_id="result"), stream="results")
    assert set(states(engine).values()) == {"pending"}


def test_what_a_late_image_says_about_a_person_is_not_kept(engine: EngineHouse) -> None:
    """Superseded is decided: the text goes, as it does for every decided one."""
    body = Customer(number="4711", row={"NAME": "Ada"})
    receive(engine, text(body, key="4711", event_id="change 9"), first=9)
    late = text(body, key="4711", event_id="image 1", read_at=behind_change(1))
    receive(engine, late, stream="bulk")
    kept = engine.house.database.call(
        lambda db: db.execute("SELECT id, body FROM event ORDER BY serial").fetchall()
    )
    assert [(row["id"], bool(row["body"])) for row in kept] == [
        ("change 9", True), ("image 1", False),
    ]  # fmt: skip


def test_trimming_keeps_the_last_word_and_not_the_late_image(engine: EngineHouse) -> None:
    """A late image has the higher serial; the change before it must not go for that."""
    receive(engine, text(Stock("AB-1", "001"), event_id="change 5"), first=5)
    receive(engine, image(4, "image 4"), stream="bulk")
    engine.house.database.call(
        lambda db: db.execute("UPDATE event SET state='applied' WHERE id='change 5'")
    )
    engine.house.database.call(lambda db: trim(db, before=START + timedelta(days=40)))
    assert "change 5" in states(engine)


def test_a_new_buffer_begins_anew(engine: EngineHouse) -> None:
    """Its numbers start at 1: what was said under the old ones orders nothing any more."""
    receive(engine, text(Stock("AB-1", "001"), event_id="change 900"), first=900)
    engine.house.database.call(lambda db: image_rows.forget(db, "agent-1"))
    receive(engine, text(Stock("AB-1", "001"), event_id="change 1"))
    assert states(engine)["change 1"] == "pending"
