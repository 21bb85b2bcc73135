"""What a request may ask: filters, small forms, and where to go on to."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from towline_relay.admin.facts import STATES, ConflictFilter, EventFilter

__all__ = ["Wrong", "inside", "read_conflict_filter", "read_filter", "read_form"]

_LIMIT = 100
_MOST = 500
_FORM_BYTES = 4096


class Wrong(Exception):
    """A request that can't be answered; the sentence is for the person."""

    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status
        self.what = what


def read_filter(request: web.Request) -> EventFilter:
    query = request.query
    states = tuple(dict.fromkeys(state for state in query.getall("state", []) if state))
    for state in states:
        if state not in STATES:
            raise Wrong(400, f"{state!r} is not a state. States are {', '.join(STATES)}.")
    return EventFilter(
        states=states,
        entity=query.get("entity", "")[:40],
        key=query.get("key", "")[:200].strip(),
        text=query.get("text", "")[:200].strip(),
        tenant=query.get("tenant", "")[:80],
        before=_before(request, "the serial number of an event"),
        limit=_limit(request),
    )


def read_conflict_filter(request: web.Request) -> ConflictFilter:
    query = request.query
    return ConflictFilter(
        tenant=query.get("tenant", "")[:80],
        entity=query.get("entity", "")[:40],
        key=query.get("key", "")[:200].strip(),
        before=_before(request, "the id of a conflict"),
        limit=_limit(request),
    )


def _before(request: web.Request, what: str) -> int | None:
    """Read where the page before ended."""
    before = request.query.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) < 19):
        raise Wrong(400, f"before must be {what}.")
    return int(before) if before else None


def _limit(request: web.Request) -> int:
    """Read how many rows are wanted."""
    limit = request.query.get("limit", str(_LIMIT))
    if not (limit.isascii() and limit.isdigit() and 0 < int(limit[:9]) <= _MOST):
        raise Wrong(400, f"limit must be 1 to {_MOST}.")
    return int(limit)


async def read_form(request: web.Request) -> Mapping[str, str]:
    """Read a small form; a larger one is refused before it is read."""
    if (request.content_length or 0) > _FORM_BYTES:
        raise web.HTTPRequestEntityTooLarge(_FORM_BYTES, request.content_length or 0)
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def inside(path: str) -> str:
    """Return a path of ours to go on to; anything else leads to the first page."""
    if path.startswith("/admin/") and not any(sign in path for sign in "\\\r\n"):
        return path
    return "/admin/agents"
