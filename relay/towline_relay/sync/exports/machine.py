"""The life of an export, as pure steps: each takes an export and returns the next one.

``planned`` becomes ``starting`` before the start is sent, so whoever finds it there looks for the
operation's mark first. ``running`` is looked at; only a ``COMPLETED`` operation is read; and only
one of which every line came is ``done``. Whatever else Shopify says, it is asked anew under another
mark, three times in all: what a broken asking told is true and stays, but it is no whole.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum

from towline_relay.shopify.bulk import BulkState
from towline_relay.store.exports import Export

__all__ = ["Do", "asked_anew", "due", "ended", "given_up", "hangs", "looked", "put_off"]
__all__ += ["rested_until", "started", "starting", "took", "vanished"]

MOST_ASKED = 3
MOST_ATTEMPTS = 8  # starts that fail in passing, in a row; with the back-off some ten minutes
_SOONEST, _LATEST = timedelta(seconds=1), timedelta(seconds=30)
_LONGEST = timedelta(hours=6)  # Shopify allows ten days; what takes hours is stalled
_WORDS = {
    "FAILED": "failed",
    "CANCELED": "was cancelled",
    "EXPIRED": "expired before it was read",
}


class Do(Enum):
    """What is to be done with an export now."""

    NOTHING = "nothing"
    START = "start"
    LOOK = "look"
    READ = "read"


_DOING = {"planned": Do.START, "starting": Do.START, "running": Do.LOOK, "reading": Do.READ}


def due(export: Export, now: datetime) -> Do:
    """Say what is to be done."""
    if export.over or (export.due_at is not None and export.due_at > now):
        return Do.NOTHING
    return _DOING[export.state]


def starting(export: Export) -> Export:
    """Note that the start is about to be sent."""
    return replace(export, state="starting", due_at=None)


def started(export: Export, gid: str, now: datetime) -> Export:
    """Note the operation, as started or as found again."""
    return replace(export, state="running", gid=gid, attempts=0, reason="", due_at=now + _SOONEST)


def looked(export: Export, state: BulkState, now: datetime) -> Export:
    """Take in how the operation stands."""
    begun_at = state.created_at or export.begun_at
    if not state.over:
        # a tenth of its age: a short one is not waited for, a long one costs a few dozen points
        wait = min(_LATEST, max(_SOONEST, (now - (begun_at or now)) / 10))
        return replace(export, begun_at=begun_at, attempts=0, reason="", due_at=now + wait)
    if not state.completed:
        words = f"Shopify's export {_WORDS.get(state.status, state.status.lower())}"
        code = f" ({state.error_code})" if state.error_code else ""
        reason = f"{words}{code} after {state.objects} objects; no part of it counts as the whole."
        if state.error_code == "ACCESS_DENIED":
            return given_up(export, reason, now)
        return asked_anew(export, reason, now)
    if not state.url and state.objects:
        reason = f"Shopify's export of {state.objects} objects is complete and has no address."
        return asked_anew(export, reason, now)
    return replace(export, state="reading", begun_at=begun_at, attempts=0, reason="", due_at=None)


def hangs(export: Export, now: datetime) -> bool:
    """Tell whether an operation runs for so long that it is to be cancelled."""
    since = export.begun_at or export.changed_at
    return export.state == "running" and now - since > _LONGEST


def vanished(export: Export, now: datetime) -> Export:
    """Take in that Shopify does not know the operation any more."""
    return asked_anew(export, f"Shopify no longer knows the export {export.gid}.", now)


def took(export: Export, *, lines: int, roots: int, tally: str) -> Export:
    """Count lines whose effects are committed with this step."""
    return replace(
        export, lines=export.lines + lines, roots=export.roots + roots, tally=tally, attempts=0,
        reason="",
    )  # fmt: skip


def ended(export: Export, state: BulkState, now: datetime) -> Export:
    """Close an export of which the result came to its end, if it was the whole."""
    if export.roots == state.roots and export.lines >= state.objects:
        return replace(export, state="done", due_at=None, reason="")
    reason = (
        f"Shopify counted {state.objects} objects, {state.roots} of them roots, and its file had"
        f" {export.lines} and {export.roots}; that is not the whole."
    )
    return asked_anew(export, reason, now)


def put_off(export: Export, reason: str, due_at: datetime, now: datetime) -> Export:
    """Try the same step again later; a start that fails for some ten minutes is given up.

    Others of the app may have all places, for hours; whoever waits goes another way.
    """
    if export.state in ("planned", "starting") and export.attempts + 1 >= MOST_ATTEMPTS:
        return given_up(export, reason, now)
    return replace(export, attempts=export.attempts + 1, reason=reason, due_at=due_at)


def asked_anew(export: Export, reason: str, now: datetime) -> Export:
    """Ask again from the beginning, under another mark; the third time it is given up."""
    if export.asked >= MOST_ASKED:
        return given_up(export, reason, now)
    return replace(
        export, state="planned", asked=export.asked + 1, gid="", lines=0, roots=0, tally="{}",
        begun_at=None, attempts=0, reason=reason,
        due_at=now + timedelta(minutes=4 ** (export.asked - 1)),
    )  # fmt: skip


def given_up(export: Export, reason: str, now: datetime) -> Export:
    """End an export without a result."""
    return replace(export, state="failed", reason=reason, due_at=None)


def rested_until(last: Export | None) -> datetime | None:
    """Say until when a purpose is not read in bulk after a failure; None when it may be."""
    if last is None or last.state != "failed":
        return None
    return last.changed_at + timedelta(hours=1)
