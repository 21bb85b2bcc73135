"""Events survive the way over the wire exactly, and nothing half-understood gets through."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_shared.codec import MOST_BYTES, Undecodable, decode, encode
from towline_shared.errors import Verdict, verdict
from towline_shared.events import ENTITY_OF, Event, Heartbeat, Item, Price, event_id

_cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.decimals(allow_nan=False, allow_infinity=False, places=4),
    st.text(max_size=20),
)
_rows = st.dictionaries(st.text(min_size=1, max_size=10), _cells, max_size=5)

st.register_type_strategy(
    Decimal, st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), places=2)
)
st.register_type_strategy(float, st.integers(0, 10**6).map(lambda n: n / 1000))


def _bodies() -> st.SearchStrategy[Any]:
    def build(kind: type) -> st.SearchStrategy[Any]:
        if "row" in kind.__dataclass_fields__:  # type: ignore[attr-defined]
            return st.builds(kind, row=_rows)
        return st.builds(kind)

    return st.one_of([build(kind) for kind in ENTITY_OF])


_events = st.builds(
    Event,
    id=st.uuids().map(str),
    key=st.text(max_size=30),
    origin=st.text(max_size=30),
    seen_at=st.datetimes(
        min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
        timezones=st.just(UTC),
    ),
    body=_bodies(),
    origin_time=st.text(max_size=30),
)

_PRICE = Event(
    id=event_id("test"),
    key="4711",
    origin="ibmi:DISTLIB/ITMPRC",
    seen_at=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
    body=Price(sku="4711", row={"IPPRC": Decimal("12.50"), "IPCUR": "EUR"}),
)


@given(_events)
def test_an_event_of_any_kind_comes_back_equal(event: Event) -> None:
    """decode(encode(e)) == e for every entity, with Decimals kept to the last digit."""
    assert decode(encode(event)) == event


@given(_events)
def test_encoding_is_deterministic(event: Event) -> None:
    """The chain hashes texts, so the same event must always give the same text."""
    assert encode(decode(encode(event))) == encode(event)


def test_trailing_zeros_of_a_price_survive() -> None:
    """12.50 stays 12.50: a shop shows what the ERP wrote."""
    body = decode(encode(_PRICE)).body
    assert isinstance(body, Price)
    assert str(body.row["IPPRC"]) == "12.50"


@given(st.text(max_size=200))
def test_garbage_is_refused_with_one_type_of_error(text: str) -> None:
    """Whatever arrives, the answer is Undecodable, never a crash."""
    with pytest.raises(Undecodable) as caught:
        decode(text)
    assert verdict(caught.value) is Verdict.PARK


def _changed(**changes: Any) -> str:
    raw = json.loads(encode(_PRICE))
    for path, value in changes.items():
        target = raw
        *folders, name = path.split("__")
        for folder in folders:
            target = target[folder]
        target[name] = value
    return json.dumps(raw)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (_changed(v=2), "version 2"),
        (_changed(colour="red"), "unknown field 'colour'"),
        (_changed(body__colour="red"), "price body has the unknown field 'colour'"),
        (_changed(entity="prize"), "unknown entity 'prize'"),
        (_changed(body__sku=5), "price body.sku is a int"),
        (_changed(body__gone=1), "price body.gone is a int"),
        (_changed(body__row={"A": {"d": "1e5"}}), "not a plain decimal number"),
        (_changed(body__row={"A": 1.5}), "not an integer"),
        (_changed(body__row={"A": [1]}), "price body.row.A is a list"),
        (_changed(seen_at="2026-11-23T08:00:00"), "has no time zone"),
        (_changed(seen_at="yesterday"), "seen_at"),
        (_changed(id=None), "id of an event is missing"),
        ('{"v": 1, "entity": NaN}', "not readable JSON"),
    ],
)
def test_a_fault_is_named(text: str, sentence: str) -> None:
    """The sentence says which field is wrong and why."""
    with pytest.raises(Undecodable, match=sentence.replace("'", ".")):
        decode(text)


def test_a_missing_field_is_named() -> None:
    """A body that lacks a required field says which."""
    raw = json.loads(encode(_PRICE))
    del raw["body"]["sku"]
    with pytest.raises(Undecodable, match="lacks the field sku"):
        decode(json.dumps(raw))


def test_an_event_too_large_is_refused_where_it_is_written() -> None:
    """The writer learns it, so no event is ever written that the reader must refuse."""
    event = Event(
        id="x",
        key="x",
        origin="x",
        seen_at=_PRICE.seen_at,
        body=Item(sku="x", row={"TEXT": "x" * MOST_BYTES}),
    )
    with pytest.raises(Undecodable, match="the most is"):
        encode(event)


def test_ids_are_deterministic_and_parts_do_not_run_together() -> None:
    """The same source gives the same id; ("ab", "c") and ("a", "bc") differ."""
    assert event_id("ab", "c") == event_id("ab", "c")
    assert event_id("ab", "c") != event_id("a", "bc")


def test_every_body_has_an_entity_name_of_its_own() -> None:
    """No two facts share a name, and a heartbeat knows its own."""
    assert len(set(ENTITY_OF.values())) == len(ENTITY_OF)
    beat = Event("1", "", "agent", _PRICE.seen_at, Heartbeat(0, 0.0, "up", "0.1.0"))
    assert beat.entity == "heartbeat"


def test_half_a_surrogate_pair_travels_as_an_escape() -> None:
    """A UCS-2 column may hold one; the text stays UTF-8 that every database takes."""
    event = replace(_PRICE, body=Price(sku="4711", row={"TXT": "caf\u00e9 \ud83d"}))
    assert encode(event).isascii()
    assert decode(encode(event)) == event
    whole = replace(_PRICE, body=Price(sku="4711", row={"TXT": "caf\u00e9"}))
    assert "caf\u00e9" in encode(whole)


def test_a_key_that_is_not_whole_is_refused_with_its_escape() -> None:
    """Order is kept by the key and it stands in a column of its own, so it can't be escaped."""
    with pytest.raises(Undecodable, match=r"\\ud83d"):
        encode(replace(_PRICE, key="A\ud83d"))
