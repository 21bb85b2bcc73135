"""The date before which no order is taken in, as the rules give it: ``[orders] since``."""

from __future__ import annotations

from datetime import UTC, date, datetime

from towline_shared.config import Section

__all__ = ["read_since"]


def read_since(section: Section) -> datetime | None:
    """Read ``since``: a TOML date or date and time; None when it is not there.

    A date begins at midnight UTC; a time without a zone is UTC.

    Raises:
        Misconfigured: it is neither.
    """
    value = section.data.get("since")
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise section.wrong("since", value, "must be a date such as 2026-11-01, without quotes")
