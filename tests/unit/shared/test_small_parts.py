"""Errors, clocks, back-off and health: small, and everything leans on them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_shared import errors
from towline_shared.clock import ManualClock, SystemClock, parse_utc, utc_text
from towline_shared.health import Check, Status, worst
from towline_shared.retry import Backoff


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (errors.Retryable("x"), errors.Verdict.RETRY),
        (errors.Permanent("x"), errors.Verdict.PARK),
        (errors.Refused("x"), errors.Verdict.PARK),
        (errors.BadRecord("x", field="F"), errors.Verdict.PARK),
        (errors.PeerFault("x"), errors.Verdict.PARK),
        (errors.Misuse("x"), errors.Verdict.CRASH),
        (KeyError("x"), errors.Verdict.CRASH),
    ],
)
def test_every_error_has_a_verdict(error: Exception, wanted: errors.Verdict) -> None:
    """What was raised on purpose is retried or parked; a bug surfaces."""
    assert errors.verdict(error) is wanted


def test_an_error_prints_its_sentence_and_its_hint() -> None:
    """What went wrong first, then what to do."""
    assert str(errors.Permanent("It broke.", hint="Mend it.")) == "It broke. Mend it."
    assert str(errors.Permanent("It broke.")) == "It broke."


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_reads_back_equal(moment: datetime) -> None:
    """UTC text keeps microseconds."""
    assert parse_utc(utc_text(moment)) == moment


def test_moments_are_aware_or_refused() -> None:
    """A naive moment is a guess; an offset is turned into UTC."""
    with pytest.raises(ValueError, match="time zone"):
        utc_text(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="time zone"):
        parse_utc("2026-01-01T00:00:00")
    berlin = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert utc_text(berlin) == "2026-01-01T00:00:00.000000Z"
    assert SystemClock().now().tzinfo is UTC


def test_a_manual_clock_moves_only_when_told() -> None:
    """A jump moves the wall clock alone, as a time server does."""
    clock = ManualClock()
    start = clock.now()
    clock.advance(5)
    clock.jump(-3600)
    assert clock.monotonic() == 5
    assert clock.now() - start == timedelta(seconds=5 - 3600)


@given(st.integers(0, 10_000), st.integers(), st.floats(0, 100))
def test_a_delay_is_within_its_ceiling_and_respects_the_least(
    attempt: int, seed: int, least: float
) -> None:
    """Full jitter under an exponential ceiling; Retry-After is a floor."""
    backoff = Backoff(first_s=1, most_s=300)
    delay = backoff.delay_s(attempt, rng=random.Random(seed), least_s=least)
    assert least <= delay <= least + min(300, 2 ** min(attempt, 20))


def test_the_worst_check_counts_and_nothing_checked_is_not_well() -> None:
    """A health page without checks must not be green."""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    well = Check("a", Status.OK, since, "fine")
    bad = Check("b", Status.FAILED, since, "broken", "mend it")
    assert worst([well, bad]) is Status.FAILED
    assert worst([well]) is Status.OK
    assert worst([]) is Status.WARNING
    assert bad.as_dict()["status"] == "failed"
