"""What the store remembers of bulk runs: the runs, their lines, and the events they carry.

A line keeps its exact input until its outcome is committed. An event that a line carries waits for
``bulk:<run>``, and so does a newer value of the same key: what was sent earlier must not come to
rest on top of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from towline_shared.sku import fold_sku

__all__ = ["BULK", "BulkAnswered", "BulkEffect", "BulkFree", "BulkHold", "BulkLine", "BulkRun"]
__all__ += ["OVER", "handle_touch", "item_touch", "product_touch", "waits_for"]

#: Start of what an event in (or behind) a bulk run waits for.
BULK = "bulk:"

#: States of a run that is over; as text it is a list in SQL.
OVER = ("done", "failed", "spared")


def item_touch(sku: str) -> str:
    """Name an item whose product a line makes; its prices and stocks have nowhere to go yet."""
    return f"item:{fold_sku(sku)}"


def handle_touch(handle: str) -> str:
    """Name a product that a line makes, for further variants of it."""
    return f"handle:{handle}"


def product_touch(gid: str) -> str:
    """Name a product of which a line writes what buyers see."""
    return f"product:{gid}"


def waits_for(run: str) -> str:
    """Return what an event that a run carries waits for."""
    return f"{BULK}{run}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRun:
    """One bulk operation, from the first line collected to the last outcome.

    Attributes:
        id: letters, digits and underscores; also the mark in the operation's document.
        kind: ``create``, ``price``, ``stock``, ``list_price``, ``volume_price``,
            ``status`` or ``publish``; older releases had ``picture``.
        state: ``collecting`` (takes more lines), ``sealed`` (to be uploaded), ``starting`` (the
            start may have happened), ``running``, ``reading``; over are ``done``,
            ``failed``, and ``spared`` (never uploaded: so few values go by calls).
        lines: how many it has.
        bytes: of the file they make.
        path: what Shopify calls the uploaded file by.
        gid: of the operation, once it is known.
        attempts: uploads and starts that failed, in a row.
        due_at: when to go on.
        reason: one sentence about the present trouble, or the end.
    """

    id: str
    kind: str
    state: str
    lines: int = 0
    bytes: int = 0
    path: str = ""
    gid: str = ""
    attempts: int = 0
    due_at: datetime | None = None
    reason: str = ""
    opened_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class BulkLine:
    """One line of a run's file.

    Attributes:
        number: from 0.
        variables: the exact JSON text that is uploaded; no personal data.
        serials: the events it carries.
        about: JSON text of what is needed to understand its outcome.
        touches: what else must wait while it has no outcome; see :func:`item_touch` and others.
    """

    number: int
    variables: str
    serials: tuple[int, ...]
    about: str
    touches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BulkLines:
    """Add lines to a run."""

    run: str
    lines: tuple[BulkLine, ...]


@dataclass(frozen=True, slots=True)
class BulkAnswered:
    """Lines whose outcome is committed with this step."""

    run: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BulkHold:
    """Let the open prices and stocks of items that a run makes wait for it."""

    run: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BulkFree:
    """End a run's hold: whatever still waits for it is pending again, its lines are forgotten.

    Attributes:
        tried: what its lines carried and has no outcome counts as an attempt that failed, so that
            it is looked at before it is written again.
    """

    run: str
    tried: bool = False


BulkEffect = BulkRun | BulkLines | BulkAnswered | BulkHold | BulkFree
__all__ += ["BulkLines"]
