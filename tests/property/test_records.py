"""Any record format and any bytes: exact both ways, or refused by the one error meant for it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.record_maker import make_field, make_format, make_record, spell
from towline_agent.ibmi.port import Unread
from towline_agent.ibmi.records import decode, decode_field, encode, encode_field
from towline_agent.sources.entry_formats import JsonFormat, TextFormat, read_entry
from towline_shared.codec import decode as decode_event
from towline_shared.codec import encode as encode_event
from towline_shared.errors import BadRecord
from towline_shared.events import Event, Price

T = TypeVar("T")
AT = datetime(2026, 11, 23, tzinfo=UTC)
RANDOMS = st.randoms(use_true_random=False)
CCSIDS = st.sampled_from([37, 273, 500, 930, 1140, 1200, 1208, 13488])


@given(RANDOMS)
def test_what_was_read_is_written_in_its_canonical_bytes(rng: random.Random) -> None:
    """encode(decode(x)) is the canonical spelling of x, made by other code; then nothing moves."""
    record = make_format(rng)
    found = make_record(rng, record)
    values = decode(record, found.found)
    assert not [value.reason for value in values.values() if isinstance(value, Unread)]
    written = encode(record, values)  # type: ignore[arg-type]
    assert written == found.canonical
    assert encode(record, decode(record, written)) == written  # type: ignore[arg-type]


@given(RANDOMS, st.binary(max_size=40))
def test_any_bytes_are_a_value_or_a_bad_record(rng: random.Random, data: bytes) -> None:
    """Nothing else is ever raised, and what was accepted survives being written and read again."""
    field = make_field(rng, "ANY")
    data = (data + rng.randbytes(field.size))[: field.size]
    refused, value = _refused(lambda: decode_field(field, data, ccsid=37))
    if refused is not None:
        assert (refused.field, refused.raw_hex) == (field.name, data.hex().upper())
    elif value is not None:
        again = encode_field(field, value, ccsid=37)
        assert decode_field(field, again, ccsid=37) == value


def _refused(read: Callable[[], T]) -> tuple[BadRecord | None, T | None]:
    """Return what was raised, if it is what may be raised, and what was read."""
    try:
        return None, read()
    except BadRecord as error:
        return error, None


@given(RANDOMS)
def test_one_spoiled_byte_harms_no_neighbour(rng: random.Random) -> None:
    """The other fields read as before; the spoiled one is another value or shown with its hex."""
    record = make_format(rng)
    data = bytearray(make_record(rng, record).found)
    before = decode(record, bytes(data))
    place = rng.randrange(len(data))
    data[place] = rng.randrange(256)
    after = decode(record, bytes(data))
    start = 0
    for field in record.fields:
        if field.name and not start <= place < start + field.size:
            assert after[field.name] == before[field.name]
        start += field.size


@given(RANDOMS)
def test_the_null_map_decides_before_the_bytes(rng: random.Random) -> None:
    """A null field is None whatever its bytes are; the others are read as without a map."""
    record = make_format(rng)
    data = make_record(rng, record).found
    nulls = bytes(rng.choice((0xF0, 0xF1)) for _ in record.fields)
    cells, plain = decode(record, data, nulls), decode(record, data)
    for field, null in zip(record.fields, nulls, strict=True):
        if field.name:
            assert cells[field.name] == (None if null == 0xF1 else plain[field.name])


@given(RANDOMS)
def test_every_value_read_travels(rng: random.Random) -> None:
    """No decoded value is one the relay would have to refuse."""
    field = make_field(rng, "F")
    data = rng.choice((spell(rng, field, 37).found, rng.randbytes(field.size)))
    _, value = _refused(lambda: decode_field(field, data))
    event = Event("i", "k", "ibmi:A/B", AT, Price("k", row={"F": value}))
    assert decode_event(encode_event(event)) == event


@given(st.binary(max_size=60), CCSIDS)
def test_any_bytes_are_an_entry_or_a_bad_record(data: bytes, ccsid: int) -> None:
    """JSON and delimited text: cells or the one error, never another."""
    for form in (JsonFormat("A/B", ("SKU",), ccsid), TextFormat("A/B", ("SKU", ""), ";", ccsid)):
        refused, cells = _refused(partial(read_entry, form, data))
        assert (refused is None) != (cells is None)
        assert refused is None or refused.raw_hex == data.hex().upper()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(JSON, st.sampled_from([37, 1208]))
def test_any_json_is_cells_or_a_bad_record(value: object, ccsid: int) -> None:
    """Whatever JSON a program writes; numbers are never floats afterwards."""
    data = json.dumps(value).encode("cp037" if ccsid == 37 else "utf-8")
    _, cells = _refused(lambda: read_entry(JsonFormat("A/B", (), ccsid), data))
    assert not [cell for cell in (cells or {}).values() if isinstance(cell, float)]


def test_the_maker_makes_every_kind() -> None:
    """The properties above mean nothing for a kind that never comes."""
    rng = random.Random(1)
    kinds = {make_field(rng, "F").kind for _ in range(500)}
    assert len(kinds) == 13
    with pytest.raises(BadRecord):
        decode(make_format(rng), b"")
