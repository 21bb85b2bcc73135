"""Shopify's API versions: which we accept, and until when one is answered.

A version is released on the first day of a quarter and answered for twelve months at least
(https://shopify.dev/docs/api/usage/versioning). Snapshots of that page differ by two weeks on the
end of a version, so the earlier date is taken. A version that has ended is answered by the oldest
one that has not, in silence. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from towline_shared.health import Status

__all__ = ["FLOOR", "UNSTABLE", "ApiVersion", "Outlook", "ends_at", "outlook", "why_not"]

# The first version with mandatory idempotency keys and without compareQuantity, on which every
# document is valid: https://shopify.dev/changelog?api_version=2026-04&page=2
FLOOR = "2026-04"
UNSTABLE = "unstable"
_FORM = re.compile(r"(20\d\d)-(01|04|07|10)")
_LIFE_YEARS = 1
_SOON = timedelta(days=90)  # one quarter: time for one release of the relay


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """A version as the shop lists it in ``publicApiVersions``."""

    handle: str
    supported: bool


@dataclass(frozen=True, slots=True)
class Outlook:
    """How long the version in use will last: a status, a sentence, and what to do."""

    status: Status
    words: str
    hint: str = ""


def why_not(version: str, *, simulated: bool) -> str:
    """Say why a version can't be asked for; empty when it can.

    Args:
        simulated: the shop is a simulated one, for which ``unstable`` is allowed too.
    """
    if version == UNSTABLE:
        return "" if simulated else "changes every day and is for tests against a simulated shop"
    if not _FORM.fullmatch(version):
        return "must be a version like 2026-10, the first month of a quarter"
    if version < FLOOR:
        return f"must be {FLOOR} or later: before it, stock and refunds have no idempotency keys"
    return ""


def ends_at(version: str) -> datetime | None:
    """Return the first moment at which a version may no longer be answered; None for unstable."""
    found = _FORM.fullmatch(version)
    if found is None:
        return None
    return datetime(int(found[1]) + _LIFE_YEARS, int(found[2]), 1, tzinfo=UTC)


def outlook(version: str, listed: Sequence[ApiVersion], *, now: datetime) -> Outlook:
    """Judge the version in use by what the shop lists and by the calendar.

    Args:
        listed: as the shop gave it; empty when it was not asked yet.
        now: aware.
    """
    newest = max((v.handle for v in listed if v.supported and v.handle != UNSTABLE), default="")
    hint = "Upgrade the relay and set api_version" + (f" to {newest}." if newest else " higher.")
    end = ends_at(version)
    if end is None:
        return Outlook(Status.OK, f"{version} has no end.")
    if listed and not any(v.handle == version and v.supported for v in listed):
        return Outlook(Status.FAILED, f"Shopify does not support {version} any more.", hint)
    if end - now <= _SOON:
        words = f"Shopify may end {version} on {end:%Y-%m-%d}."
        return Outlook(Status.WARNING, words, hint)
    return Outlook(Status.OK, f"{version} lasts until {end:%Y-%m-%d} at least.")
