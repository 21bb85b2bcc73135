"""Relay-style connections over sorted keys.

A cursor is the key of a row and not its position, so a row that is added while somebody pages is
neither skipped nor seen twice. Pages hold at most 250 rows:
https://shopify.dev/docs/api/usage/limits
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from graphql import GraphQLError

__all__ = ["MAX_PAGE", "WHOLE", "connection", "cursor", "without_pages"]

MAX_PAGE = 250
#: The page size of a connection that is given whole, as bulk queries give theirs.
WHOLE = 2**31 - 1

_limited: ContextVar[bool] = ContextVar("limited", default=True)

Key = tuple[Any, ...]


@contextmanager
def without_pages() -> Iterator[None]:
    """Let connections be given whole: a bulk query names no page size."""
    token = _limited.set(False)
    try:
        yield
    finally:
        _limited.reset(token)


def connection(
    rows: Sequence[Any],
    arguments: dict[str, Any],
    *,
    key: Callable[[Any], Key],
    load: Callable[[Any], dict[str, Any]],
) -> dict[str, Any]:
    """Cut a page out of rows.

    Args:
        rows: everything the query matches, light (ids will do), in any order.
        arguments: the field's first, last, after, before and reverse.
        key: what the rows are sorted by; must be unique and JSON-ready.
        load: makes the GraphQL node of a row; called for the rows of the page only.

    Raises:
        GraphQLError: no page size, one that is too large, or a cursor that is none.
    """
    first, last = arguments.get("first"), arguments.get("last")
    _check_size(first, last)
    reverse = bool(arguments.get("reverse"))
    ordered = sorted(rows, key=key, reverse=reverse)
    after, before = cursor(arguments.get("after")), cursor(arguments.get("before"))
    if after is not None:
        ordered = [r for r in ordered if (key(r) < after if reverse else key(r) > after)]
    if before is not None:
        ordered = [r for r in ordered if (key(r) > before if reverse else key(r) < before)]
    page = ordered[:first] if first is not None else ordered[max(0, len(ordered) - (last or 0)) :]
    nodes = [load(row) for row in page]
    cursors = [_written(key(row)) for row in page]
    return {
        "nodes": nodes,
        "edges": [{"node": n, "cursor": c} for n, c in zip(nodes, cursors, strict=True)],
        "pageInfo": {
            "hasNextPage": first is not None and len(ordered) > len(page),
            "hasPreviousPage": after is not None,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }


def _check_size(first: int | None, last: int | None) -> None:
    if (first is None) == (last is None):
        raise GraphQLError("give either first or last: a connection has no page size of its own")
    size = first if first is not None else last
    most = MAX_PAGE if _limited.get() else WHOLE
    if size is None or not 0 <= size <= most:
        raise GraphQLError(
            f"a page of {size} is not possible: ask for 0 to {MAX_PAGE} rows and page on with after"
        )


def _written(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def cursor(text: str | None) -> Key | None:
    """Read a cursor; None when there is none.

    Raises:
        GraphQLError: it is not one of ours.
    """
    if text is None:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(text.encode()))
    except (binascii.Error, ValueError):
        key = None
    if not isinstance(key, list):
        raise GraphQLError(f"the cursor {text[:60]!r} is none of this shop's")
    return tuple(key)
