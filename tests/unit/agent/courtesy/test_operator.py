"""The operator is told once, in characters every CCSID has, and never too often."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from towline_agent.courtesy.operator import (
    Condition,
    Memory,
    Message,
    due,
    may_say,
    observe,
    plain_text,
    said,
    told,
)

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
RELAY = Condition("relay", "the relay is away.", "the relay is back.", settle_s=60)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def play(memory: Memory, minutes: float, *conditions: Condition) -> tuple[Memory, list[Message]]:
    """Look once and send everything that is due."""
    now = at(minutes)
    memory = observe(memory, conditions, now)
    messages = due(memory, now)
    for message in messages:
        memory = told(memory, message, now)
    return memory, messages


def test_a_condition_is_told_when_it_settled_and_once() -> None:
    """Not at first sight, then once, then never again while it lasts."""
    memory, messages = play(Memory(), 0, RELAY)
    assert messages == []
    memory, messages = play(memory, 1, RELAY)
    assert [message.text for message in messages] == ["the relay is away."]
    for minute in range(2, 500):
        memory, messages = play(memory, minute, RELAY)
        assert messages == []


def test_the_end_is_told_when_it_stays_away() -> None:
    """A gap of less than five minutes is no end; after it the end is told once."""
    memory, _ = play(Memory(), 0, RELAY)
    memory, _ = play(memory, 1, RELAY)
    memory, messages = play(memory, 2)
    memory, more = play(memory, 4, RELAY)
    assert messages == more == []
    memory, messages = play(memory, 5)
    assert messages == []
    memory, messages = play(memory, 10)
    assert [message.text for message in messages] == ["the relay is back."]
    memory, messages = play(memory, 20)
    assert messages == []


def test_what_flickers_is_told_again_only_after_an_hour() -> None:
    """A condition that comes back soon after its end was told waits; if it stays, it is told."""
    memory, _ = play(Memory(), 0, RELAY)
    memory, _ = play(memory, 1, RELAY)
    memory, _ = play(memory, 2)
    memory, over = play(memory, 7)
    assert len(over) == 1
    memory, messages = play(memory, 10, RELAY)
    memory, more = play(memory, 30, RELAY)
    assert messages == more == []
    memory, messages = play(memory, 68, RELAY)
    assert [message.is_over for message in messages] == [False]


def test_a_short_trouble_is_never_told() -> None:
    """Neither its beginning nor its end."""
    memory, _ = play(Memory(), 0, RELAY)
    memory, messages = play(memory, 0.5)
    assert (memory.watches, messages) == ({}, [])
    memory, messages = play(memory, 10)
    assert messages == []


def test_a_silent_condition_tells_its_end_only() -> None:
    """A refused sign-on can't be told to the system that refuses; that it works again can."""
    silent = Condition("sign_on", "", "signed on again.", settle_s=0, silent=True)
    memory, messages = play(Memory(), 0, silent)
    assert messages == []
    memory = Memory.parse(memory.text())  # the agent was restarted with the right password
    memory, messages = play(memory, 1)
    memory, messages = play(memory, 6)
    assert [message.text for message in messages] == ["signed on again."]


def test_a_restart_repeats_nothing() -> None:
    """What was told is remembered as text; a broken memory is an empty one."""
    memory, _ = play(Memory(), 0, RELAY)
    memory, _ = play(memory, 1, RELAY)
    memory = said(memory, "start", at(1))
    memory = Memory.parse(memory.text())
    assert not may_say(memory, "start", at(5))
    assert may_say(memory, "start", at(12))
    memory, messages = play(memory, 5, RELAY)
    assert messages == []
    memory, _ = play(memory, 6)
    memory, messages = play(memory, 12)
    assert [message.text for message in messages] == ["the relay is back."]
    for text in (None, "", "{", "[]", '{"told": 7}', '{"sent": ["x"]}', '{"told": {"a": 1}}'):
        assert Memory.parse(text) == Memory()


def test_many_conditions_at_once_are_spread() -> None:
    """Twenty troubles are six messages in the first hour, and the others follow."""
    many = [Condition(f"entity {n:02}", f"{n}.", "over.", settle_s=0) for n in range(20)]
    memory, messages = play(Memory(), 0, *many)
    assert len(messages) == 6
    memory, messages = play(memory, 30, *many)
    assert messages == []
    memory, messages = play(memory, 61, *many)
    assert len(messages) == 6
    assert not may_say(memory, "start", at(61))


def test_a_clock_set_back_silences_nobody() -> None:
    """Moments that lie in the future count as never."""
    memory, _ = play(Memory(), 600, RELAY)
    memory, _ = play(memory, 601, RELAY)
    other = Condition("disk", "the disk is full.", "it is not.", settle_s=0)
    memory, messages = play(memory, 0, other)
    assert [message.key for message in messages] == ["disk"]


@given(
    st.lists(st.tuples(st.integers(0, 90), st.frozensets(st.sampled_from("abcdefgh"))), max_size=60)
)
def test_beginnings_and_ends_alternate_and_the_hour_is_kept(
    looks: list[tuple[int, frozenset[str]]],
) -> None:
    """Whatever comes and goes: no beginning twice, no end without a beginning, six an hour."""
    memory, minute = Memory(), 0
    edges: dict[str, list[bool]] = defaultdict(list)
    moments: list[int] = []
    for step, keys in looks:
        minute += step
        present = [Condition(key, "on", "off", settle_s=0) for key in sorted(keys)]
        memory, messages = play(memory, minute, *present)
        for message in messages:
            edges[message.key].append(message.is_over)
            moments.append(minute)
        assert sum(minute - 60 < moment for moment in moments) <= 6
    for each in edges.values():
        assert each == [bool(n % 2) for n in range(len(each))]


def test_texts_are_plain() -> None:
    """Umlauts are spelled out, brackets and control characters go, and 512 characters are kept."""
    assert plain_text("Lager Köln: 5 < 6\n[x] #1 groß") == "Lager Koln: 5 < 6 x 1 gross"
    assert len(plain_text("a" * 600)) == 512


@given(st.text())
def test_any_text_becomes_invariant_ascii(text: str) -> None:
    """What is sent has the same code points in nearly every EBCDIC CCSID, on one line."""
    plain = plain_text(text)
    assert plain.isascii()
    assert not set(plain) & set("[]{}|\\^~`@#$!\n\t\x00")
    assert len(plain) <= 512
