"""Page data from facts: pure, and the same for people and for scripts."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.relay.admin.fakes import NOW, event, sample_agents
from towline_relay.admin.facts import STATES, EventFilter, EventList, StateCount
from towline_relay.admin.pages import agents_page, duration, event_page, events_page
from towline_relay.admin.summary import body_summary
from towline_shared import codec
from towline_shared.events import Event, Price


def test_troubled_agents_come_first() -> None:
    """What needs a person stands on top, with a sentence that says what to do."""
    rows = agents_page(sample_agents(), now=NOW)["agents"]
    assert [row["name"] for row in rows[:2]] == ["Nordwind Kiel", "Suedwind"]
    assert "compare its key" in rows[0]["sentence"]
    assert "last seen 14 min ago" in rows[1]["sentence"]
    assert "towline-agent check" in rows[1]["sentence"]


def test_a_restricted_system_is_no_alarm() -> None:
    """A nightly save is normal: the agent is well."""
    rows = agents_page(sample_agents(), now=NOW)["agents"]
    hamburg = next(row for row in rows if row["name"] == "Nordwind Hamburg")
    assert hamburg["health"] == "ok"
    assert "restricted" in hamburg["sentence"]


def test_an_agent_that_never_came_is_told_apart_from_one_that_left() -> None:
    """Enrolled but never connected has another cure than a lost link."""
    never = replace(sample_agents()[1], last_seen_at=None)
    row = agents_page([never], now=NOW)["agents"][0]
    assert (row["health"], "never connected" in row["sentence"]) == ("warning", True)


def test_a_suspicion_is_a_warning_although_all_is_up() -> None:
    """Two agents with one identity both look well; the page must not."""
    twin = replace(sample_agents()[0], detail="Another agent came with this identity.")
    row = agents_page([twin], now=NOW)["agents"][0]
    assert (row["health"], row["sentence"]) == ("warning", twin.detail)


@pytest.mark.parametrize(
    ("gap", "health", "words"),
    [(119.0, "ok", ""), (-180.0, "warning", "3 min behind this relay's"), (None, "ok", "")],
)
def test_a_clock_that_is_off_is_said(gap: float | None, health: str, words: str) -> None:
    """Ages on the page would be wrong, and nobody would know why."""
    row = agents_page([replace(sample_agents()[0], clock_gap_s=gap)], now=NOW)["agents"][0]
    assert (row["health"], row["clock_gap_s"]) == (health, gap)
    assert words in row["sentence"]


def test_a_revoked_agent_is_no_trouble() -> None:
    """Revoked is what somebody wanted."""
    gone = replace(sample_agents()[1], revoked=True)
    assert agents_page([gone], now=NOW)["agents"][0]["health"] == "off"


def test_counts_name_every_state_even_at_zero() -> None:
    """A script may rely on every state being there."""
    data = events_page([StateCount("parked", "price", 2)], EventList([]), EventFilter(), now=NOW)
    assert data["counts"] == {**dict.fromkeys(STATES, 0), "parked": 2}
    assert data["next"] is None


def test_a_page_names_where_the_next_one_starts_and_whether_all_was_looked_at() -> None:
    """A script goes on by ``next``; ``partly`` tells it that nothing found is not nothing there."""
    page = EventList([event(9), event(8)], next=8, partly=True)
    data = events_page([], page, EventFilter(limit=2), now=NOW)
    assert (data["next"], data["partly"]) == (8, True)
    assert [row["serial"] for row in data["events"]] == [9, 8]


def test_every_state_has_a_word_on_what_to_do() -> None:
    """No event leaves its reader alone; a hint of its own goes before the general one."""
    for state in STATES:
        assert event_page(event(1, state), [], now=NOW)["todo"]
    assert event_page(event(1, "parked", hint="Call Kim."), [], now=NOW)["todo"] == "Call Kim."


def test_page_data_is_json() -> None:
    """The twin needs no encoder of its own."""
    json.dumps(agents_page(sample_agents(), now=NOW))
    json.dumps(event_page(event(1, due_at=NOW), [], now=NOW))


@pytest.mark.parametrize("entity", ["order", "customer", "shipment", "item", "no such entity"])
def test_a_summary_never_shows_what_may_be_personal(entity: str) -> None:
    """Only fields known to be harmless are shown, whatever a body holds."""
    body = {
        "customer_name": "Ada Lovelace",
        "email": "ada@example.com",
        "phone": "+44 20",
        "ship_to": {"name": "Ada Lovelace"},
        "note": "ring Ada",
        "attributes": [["gift", "Ada"]],
        "lines": [{"title": "Engraved for Ada"}],
        "surprise": "Ada",
    }
    assert "ada" not in json.dumps(body_summary(entity, body)).lower()


def test_an_encoded_event_is_summed_up_as_people_read_it() -> None:
    """The codec's own text of an event gives plain values: 12.90, not how JSON carries it."""
    body = Price(sku="A-1", row={"PRICE": Decimal("12.90"), "CURRENCY": "EUR"})
    event = Event(id="e", key="A-1", origin="ibmi:X/Y", seen_at=NOW, body=body)
    summary = body_summary("price", json.loads(codec.encode(event))["body"])
    assert [line["value"] for line in summary] == ["A-1", "12.90", "EUR"]


def test_a_row_of_goods_is_shown_and_a_row_of_people_is_not() -> None:
    """Item columns help; a customer's columns are personal data."""
    row = {"IPPRC": "12.90"}
    assert {"label": "IPPRC", "value": "12.90"} in body_summary("price", {"sku": "A", "row": row})
    assert body_summary("customer", {"row": {"CNAME": "Ada"}}) == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (59.9, "59 s"), (60, "1 min"), (3660, "1 h 1 min"), (90000, "1 d 1 h")],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    """Two units at most; a clock that ran ahead shows zero, never a minus."""
    assert duration(seconds) == text
