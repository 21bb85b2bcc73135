"""The ``[bulk]`` table of the rules: from which size on work goes past the bucket of points."""

from __future__ import annotations

from dataclasses import dataclass

from towline_shared.config import Section

__all__ = ["BulkRules", "read_bulk"]

_MOST_AT_ONCE = (
    5  # of one kind, since 2026-01: https://shopify.dev/changelog/faster-bulk-operations
)


@dataclass(frozen=True, slots=True)
class BulkRules:
    """When to use bulk operations.

    Attributes:
        least: so many waiting events of one entity go in bulk; 0 never does.
        at_once: most operations of ours at the same time; others of the app need room too.
        export_least: so many changed orders, customers or products a sweep reads page by page, and
            the rest in bulk; 0 never does.
    """

    least: int = 1000
    at_once: int = 3
    export_least: int = 2000


def read_bulk(section: Section) -> BulkRules:
    """Read the table; everything in it has a default.

    Raises:
        Misconfigured: names file, field and value.
    """
    section.only("from", "at_once", "export_from")
    at_once = section.number("at_once", 3, least=1)
    if at_once > _MOST_AT_ONCE:
        raise section.wrong("at_once", at_once, f"must be at most {_MOST_AT_ONCE}")
    return BulkRules(
        least=section.number("from", 1000),
        at_once=at_once,
        export_least=section.number("export_from", 2000),
    )
