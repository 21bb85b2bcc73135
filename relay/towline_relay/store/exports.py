"""What the store remembers of exports: how far each is, and the effects of its lines.

A step of an export and what its lines gave rise to are one commit, so that a kill at any point
leaves lines that were taken and lines that were not, and nothing between. Two processes may hold
the same export for a moment, as at a deploy: every step names the version it goes from, and the
second is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from towline_relay.store.rows import LinkRow, NewDelivery, NewEvent
from towline_shared.errors import TowlineError

__all__ = ["OVER", "Export", "ExportEffects", "Overtaken"]

#: States of an export that is over; as text it is a list in SQL.
OVER = ("done", "failed")


class Overtaken(TowlineError):
    """Another process moved the export on; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One reading of the shop in bulk, from the wish to the last line.

    Attributes:
        id: letters, digits and underscores.
        purpose: what it is for; a tenant has one open export of a purpose.
        what: what is read; see :data:`towline_relay.shopify.exports.EXPORTS`.
        since: only what changed at or after this moment; None for all.
        facts: JSON object for whoever takes the lines; no personal data.
        state: ``planned``, ``starting`` (the start may have happened), ``running``, ``reading``;
            over are ``done`` and ``failed``.
        asked: how often Shopify was asked, this time included, from 1; each time has its own mark.
        gid: of the operation, once it is known.
        attempts: steps that failed in passing, in a row.
        due_at: when to go on.
        lines: lines of the result whose effects are committed.
        roots: how many of them are no children of others.
        news: events and deliveries they gave rise to that nobody knew before.
        begun_at: when the operation was started, by Shopify's clock; None before it is known.
        tally: JSON object of what was counted so far.
        reason: one sentence about the present trouble, or the end.
        version: raised by every step.
    """

    id: str
    tenant: str
    purpose: str
    what: str
    since: datetime | None = None
    facts: str = "{}"
    state: str = "planned"
    asked: int = 1
    gid: str = ""
    attempts: int = 0
    due_at: datetime | None = None
    lines: int = 0
    roots: int = 0
    news: int = 0
    begun_at: datetime | None = None
    tally: str = "{}"
    reason: str = ""
    version: int = 0
    opened_at: datetime
    changed_at: datetime

    @property
    def mark(self) -> str:
        """The name of its operation, by which it is found again."""
        return f"{self.id}_{self.asked}"

    @property
    def over(self) -> bool:
        """Nothing more will happen."""
        return self.state in OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportEffects:
    """What a step changes besides the export itself.

    Attributes:
        events: appended unless they are known.
        deliveries: kept as if a webhook had told them, unless they are known.
        links: what the shop said about its variants.
        met: (target, ERP key when the shop holds another value than it was told, else empty).
        forget_met: what was met before is forgotten: Shopify is asked anew.
        cursor: (timer, value it must still have, new value); somebody who set it meanwhile is
            right, as a replay from an earlier day is.
        timers: set without a look, by name.
    """

    events: tuple[NewEvent, ...] = ()
    deliveries: tuple[NewDelivery, ...] = ()
    links: tuple[LinkRow, ...] = ()
    met: tuple[tuple[str, str], ...] = ()
    forget_met: bool = False
    cursor: tuple[str, str, str] | None = None
    timers: tuple[tuple[str, str], ...] = ()
