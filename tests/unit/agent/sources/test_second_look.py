"""What was published is compared once more: what differs is a new fact, and nothing echoes."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.support.agent_house import START
from towline_agent.ibmi.port import EntityQuery, TableRow, Unread
from towline_agent.sources.second_look import (
    Memory,
    Published,
    corrected,
    fingerprint,
    published,
)
from towline_agent.sources.stamp import Stamp, facts_of

QUERY = EntityQuery("price", "SELECT SKU, PRICE FROM L.F", ("SKU",))


def rows(price: object) -> list[TableRow]:
    return [TableRow({"SKU": "4711".ljust(15), "PRICE": Decimal(str(price))})]


def told(price: object) -> Published:
    stamp = Stamp(("outbox", "17"), "DISTLIB/ITMPRC", START, "2026-11-23-08.00.00.000017")
    (one,) = published(
        "price", ("4711",), rows(price), facts_of(QUERY, ("4711",), rows(price), stamp)
    )
    return one


def test_the_same_rows_are_no_news() -> None:
    """Most looks end here, and the key is forgotten."""
    assert corrected(told(1), QUERY, rows(1), seen_at=START) == ([], None)


def test_other_rows_are_a_fact_with_a_name_of_its_own() -> None:
    """Repeating the look gives the same id; other rows, or a value that comes back, another one."""
    events, after = corrected(told(1), QUERY, rows(2), seen_at=START)
    again, _ = corrected(told(1), QUERY, rows(2), seen_at=START)
    other, _ = corrected(told(1), QUERY, rows(3), seen_at=START)
    assert [event.id for event in events] == [event.id for event in again]
    assert events[0].id != other[0].id
    assert events[0].origin == "ibmi:DISTLIB/ITMPRC"
    assert events[0].origin_time == "2026-11-23-08.00.00.000017"
    assert after is not None
    back, last = corrected(after, QUERY, rows(1), seen_at=START)
    assert last is not None
    forth, _ = corrected(last, QUERY, rows(2), seen_at=START)
    ids = [told(1).fact, *(event.id for event in (*events, *back, *forth))]
    assert len(set(ids)) == 4


def test_a_row_that_is_gone_is_told() -> None:
    """An INSERT that was rolled back leaves no price in the shop."""
    (event,), _ = corrected(told(1), QUERY, [], seen_at=START)
    assert getattr(event.body, "gone", False) is True


def test_a_select_that_never_says_the_same_twice_does_not_echo_for_ever() -> None:
    """CURRENT TIMESTAMP in a SELECT costs three events, not one a minute."""
    one: Published | None = told(0)
    looks = 0
    while one is not None:
        looks += 1
        events, one = corrected(one, QUERY, rows(looks), seen_at=START)
        assert len(events) == 1
    assert looks == 3


def test_what_told_nothing_is_not_remembered() -> None:
    """An order the ERP has not decided said nothing that could be wrong."""
    assert published("order_result", ("gid",), rows(1), []) == []


def test_rows_of_one_key_may_come_in_any_order() -> None:
    """Db2 promises none; unreadable cells count too."""
    first = TableRow({"SKU": "A", "LIST": "X", "PRICE": Unread("40", "SQL0802")})
    second = TableRow({"LIST": "Y", "SKU": "A", "PRICE": None})
    assert fingerprint([first, second]) == fingerprint([second, first])
    assert fingerprint([first]) != fingerprint([second])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), max_size=60))
def test_the_memory_keeps_the_newest_telling_of_each_key(steps: list[tuple[int, int]]) -> None:
    """A key is due once, after its last telling; the oldest keys give way to the bound."""
    memory, last, now = Memory(after_s=60, most=5), dict[str, float](), 0.0
    for key, seconds in steps:
        now += seconds
        memory.note(Published("price", (str(key),), f"at {now}", "", "", b""), now)
        last.pop(str(key), None)
        last[str(key)] = now
    kept = dict(list(last.items())[-5:])
    assert len(memory) == len(kept)
    due = memory.due(now + 30, most=100)
    assert [one.key[0] for one in due] == [key for key, at in kept.items() if at + 60 <= now + 30]
    assert all(one.fact == f"at {kept[one.key[0]]}" for one in due)
    for one in memory.due(now + 60, most=100):
        memory.forget(one)
    assert len(memory) == 0
    assert memory.next_at is None
