"""What the pages say about the disk, and when it counts as full."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from towline_shared.health import Status
from towline_shared.storage import (
    MIB,
    Storage,
    has_wal_reset_flaw,
    is_low,
    sqlite_check,
    sqlite_note,
    storage_check,
)

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "was_low", "low"),
    [(31, False, True), (32, False, False), (63, True, True), (64, True, False)],
)
def test_stop_and_go_lie_apart(left: int, was_low: bool, low: bool) -> None:
    """It stops below the mark and goes on at twice the mark, so one row more is no news."""
    assert is_low(left * MIB, low=32 * MIB, was_low=was_low) is low


def test_a_full_disk_is_a_failed_check_with_its_own_moment() -> None:
    """The sentence of the moment, since when, and what to do."""
    check = storage_check(
        Storage(full="The disk is full.", since=LATER), started_at=START, meanwhile="Shops wait."
    )
    assert (check.name, check.status, check.since) == ("disk full", Status.FAILED, LATER)
    assert check.hint.startswith("Free disk space;")
    assert check.hint.endswith("Shops wait.")


def test_room_is_told_in_figures() -> None:
    """Used, cap and what the disk has left, in MiB."""
    storage = Storage(used=5 * MIB, cap=2048 * MIB, disk_free=9000 * MIB)
    check = storage_check(storage, started_at=START, meanwhile="")
    assert check.status is Status.OK
    assert check.detail == "5 MiB used of at most 2,048; the disk has 9,000 MiB left."


@pytest.mark.parametrize(
    ("version", "flawed"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 3), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_releases_with_the_wal_reset_flaw_are_known(
    version: tuple[int, int, int], flawed: bool
) -> None:
    """Two back ports and the release of the fix: https://www.sqlite.org/wal.html#walresetbug."""
    assert has_wal_reset_flaw(version) is flawed
    assert bool(sqlite_note(version)) is flawed


def test_an_old_sqlite_is_told_without_an_alarm() -> None:
    """We hold one connection, so it is worth an update and nobody is woken for it."""
    old, fixed = (sqlite_check(version, started_at=START) for version in ((3, 40, 1), (3, 51, 3)))
    assert old.status is fixed.status is Status.OK
    assert "two connections" in old.detail
    assert fixed.detail == "SQLite 3.51.3."
