"""The pinned API version is one we can work with, and its end is seen coming."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from towline_relay.shopify.versions import ApiVersion, ends_at, outlook, why_not
from towline_shared.health import Status

LISTED = [
    ApiVersion("2026-07", True),
    ApiVersion("2026-10", True),
    ApiVersion("2027-01", False),
    ApiVersion("unstable", True),
]


def at(text: str) -> datetime:
    """Read a day in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("version", ["2026-04", "2026-07", "2026-10", "2027-01"])
def test_versions_from_the_floor_on_are_accepted(version: str) -> None:
    """Later ones too: the documents are held against the unstable one."""
    assert why_not(version, simulated=False) == ""


@pytest.mark.parametrize("version", ["2026-01", "2025-10", "2026-11", "latest", "", "2026-4"])
def test_other_versions_are_refused_with_a_reason(version: str) -> None:
    """Before 2026-04 stock and refunds have no keys; other texts are no versions."""
    assert why_not(version, simulated=True)


def test_unstable_is_for_simulated_shops() -> None:
    """A real shop must not be worked with fields that change overnight."""
    assert why_not("unstable", simulated=False)
    assert why_not("unstable", simulated=True) == ""


def test_a_version_lasts_a_year() -> None:
    """The earlier of the two dates Shopify's pages have named."""
    assert ends_at("2026-10") == at("2027-10-01")
    assert ends_at("unstable") is None


@pytest.mark.parametrize(
    ("version", "listed", "today", "status"),
    [
        ("2026-10", LISTED, "2026-11-23", Status.OK),
        ("2026-10", [], "2026-11-23", Status.OK),
        ("2026-10", LISTED, "2027-07-02", Status.OK),
        ("2026-10", LISTED, "2027-07-03", Status.WARNING),
        ("2026-10", [], "2027-10-02", Status.WARNING),
        ("2026-04", LISTED, "2026-11-23", Status.FAILED),
        ("2027-01", LISTED, "2026-11-23", Status.FAILED),
        ("unstable", LISTED, "2026-11-23", Status.OK),
    ],
)
def test_the_end_is_seen_a_quarter_ahead(
    version: str, listed: list[ApiVersion], today: str, status: Status
) -> None:
    """A warning for 90 days, then a failure; what the shop lists beats the calendar."""
    found = outlook(version, listed, now=at(today))
    assert found.status is status
    assert bool(found.hint) == (status is not Status.OK)


def test_the_hint_names_the_newest_version() -> None:
    """Neither the release candidate nor unstable is recommended."""
    assert outlook("2026-04", LISTED, now=at("2026-11-23")).hint.endswith("to 2026-10.")
