"""What work costs by calls and in bulk, in calls and points. Pure.

A mutation costs 10 points whatever it carries, productSet a fifth of a point more per variant
(https://shopify.dev/docs/api/usage/limits and
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productSet). A run in bulk costs the
same for ten lines and for a hundred thousand: a place for the file, the start, and looks at how far
it is. How long Shopify takes over a line is not published, so time is no part of this.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["LISTED", "Cost", "by_calls", "by_pages", "exported", "in_bulk", "is_cheaper", "named"]

#: Kinds of prices of the shop's price lists, without and with volume prices.
LISTED = ("list_price", "volume_price")

_MUTATION = 10.0
_NAMES = {
    "create": "new products",
    "price": "prices",
    "stock": "stocks",
    "list_price": "prices of price lists",
    "volume_price": "prices of price lists with volume prices",
    "status": "what buyers see",
    "publish": "sales channels",
    "picture": "all variants, read",
}
_GROUPED = ("stock", *LISTED)  # many values in one call, and in one line
_MOST_LINES = 250  # of one call: https://shopify.dev/docs/api/usage/limits
_LOOK = 1.0
_LOOKS = 8  # of a run of some minutes: at a tenth of its age each
_WORTH = 2.0  # a run keeps newer values of its keys waiting; it must save half to be worth that
_VARIANTS_PAGE = 29.0  # points of a page of 250 variants, as the simulated shop charges it
# What a page of a sweep holds, and its points, as the documents declare them until they are learned
_SWEPT = {"orders": (250, 30.0), "customers": (250, 30.0), "products": (50, 80.0)}


@dataclass(frozen=True, slots=True)
class Cost:
    """What it takes of the Admin API."""

    calls: int
    points: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.calls + other.calls, self.points + other.points)


def by_calls(kind: str, count: int) -> Cost:
    """Return the cost of ``count`` values by calls.

    Args:
        kind: ``create`` (a look at the handle, then productSet), ``price``, ``status`` and
            ``publish`` (one call a product; of one variant each, the worst case), ``stock``,
            ``list_price`` and ``volume_price`` (250 a call), or ``picture``.
        count: products, prices, quantities or variants.
    """
    if kind == "create":
        return Cost(2 * count, count * (_MUTATION + 0.2 + 3.0))
    if kind in ("price", "status", "publish"):
        return Cost(count, count * _MUTATION)
    if kind in _GROUPED:
        calls = math.ceil(count / _MOST_LINES)
        return Cost(calls, calls * _MUTATION)
    pages = math.ceil(count / _MOST_LINES)
    return Cost(pages, pages * _VARIANTS_PAGE)


def in_bulk(kind: str, count: int, *, most_lines: int = 100_000) -> Cost:
    """Return the cost of ``count`` values in bulk: upload target, start, looks, per run."""
    lines = math.ceil(count / _MOST_LINES) if kind in _GROUPED else count
    runs = max(1, math.ceil(lines / most_lines))
    started = _MUTATION if kind == "picture" else 2 * _MUTATION
    calls = (1 if kind == "picture" else 2) + _LOOKS
    return Cost(runs * calls, runs * (started + _LOOKS * _LOOK))


def by_pages(what: str, count: int) -> Cost:
    """Return the cost of reading ``count`` changed ``orders``, ``customers`` or ``products``."""
    size, points = _SWEPT[what]
    calls = math.ceil(count / size)
    return Cost(calls, calls * points)


def exported() -> Cost:
    """Return the cost of an export of any size: start and looks; the file costs no points.

    It is cheaper than the second page of anything. What it costs is time, a minute or more before
    the first line, so a sweep reads page by page until it has met ``[bulk] export_from``.
    """
    return in_bulk("picture", 1)


def is_cheaper(kind: str, count: int) -> bool:
    """Tell whether a run is worth it."""
    return in_bulk(kind, count).points * _WORTH <= by_calls(kind, count).points


def named(kind: str) -> str:
    """Say what a run is about, for people."""
    return _NAMES[kind]
