"""How far two clocks are apart: in seconds, in words, and from when it is worth a warning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from towline_shared.clock import utc_text
from towline_shared.clock_gap import gap_s, gap_sentence, is_worth_a_warning

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [-86400.0, -0.4, 0.0, 30.0, 200.0])
def test_the_gap_is_theirs_against_ours(seconds: float) -> None:
    """Positive when the sender's clock is ahead."""
    assert gap_s(utc_text(NOW + timedelta(seconds=seconds)), NOW) == seconds


@pytest.mark.parametrize("at", ["", "now", "2026-11-27T12:00:00", "9" * 40])
def test_a_time_that_is_none_gives_no_gap(at: str) -> None:
    """A peer's odd text is no fault worth the session."""
    assert gap_s(at, NOW) is None
    assert not is_worth_a_warning(None)


def test_two_minutes_are_worth_a_warning_either_way() -> None:
    """Not a second earlier."""
    assert [is_worth_a_warning(gap) for gap in (-120.0, -119.9, 0.0, 119.9, 120.0)] == [
        True, False, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (30.0, "Its clock is 30 s ahead of ours"),
        (-180.0, "Its clock is 3 min behind ours"),
        (7300.0, "Its clock is 2 h ahead of ours"),
        (-31536000.0, "Its clock is 365 days behind ours"),
    ],
)
def test_a_gap_is_said_in_the_unit_people_use(gap: float, words: str) -> None:
    """A year is no number of minutes."""
    assert gap_sentence(gap, ours="ours", theirs="Its") == words
