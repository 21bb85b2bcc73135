"""The walk behind ``verify``: page after page over a file, running or at rest; decides nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from towline_relay.store import audit_rows, event_rows, total_rows
from towline_relay.store.audit_rows import Homeless, Show, Stream
from towline_relay.verify import MOST_NAMED, Found, misstep, report
from towline_shared.chain_walk import Walker

__all__ = ["Agents", "audit"]

T = TypeVar("T")
Call = Callable[[Callable[[sqlite3.Connection], T]], T]
#: Of the connection: the tenant of each agent by its id.
Agents = Callable[[sqlite3.Connection], dict[str, str]]
_PAGE = 1000


def audit(call: Call[Any], *, tenant: str, agents: Agents, show: Show) -> dict[str, Any]:
    """Walk everything of a tenant (all tenants for "") and return the report.

    Blocks: ``call`` runs a unit on the file's thread and waits, so this belongs on another one.

    Args:
        call: :meth:`towline_shared.database.Database.call`.
        show: opens a sealed text; raises a TowlineError when it can't.
    """
    tenants: dict[str, str] = call(agents)
    mine = [agent for agent, owner in tenants.items() if tenant in ("", owner)]
    heads: list[Stream] = call(audit_rows.streams)
    found = [
        _stream(call, head, tenant=tenants[head.agent], show=show)
        for head in heads
        if head.agent in mine
    ]
    walked, missteps = _events(call, tenant)
    return report(
        call(lambda db: event_rows.counts(db, tenant)),
        found=found,
        walked_events=walked,
        missteps=missteps,
        days=call(lambda db: total_rows.days(db, mine)),
    )


def _stream(call: Call[Any], head: Stream, *, tenant: str, show: Show) -> Found:
    walker, homeless, after = Walker(), list[Homeless](), 0
    while page := call(partial(audit_rows.links, stream=head, after=after, limit=_PAGE, show=show)):
        walker.take(page)
        upto = page[-1].seq
        if len(homeless) < MOST_NAMED:
            homeless += call(
                partial(audit_rows.homeless, stream=head, tenant=tenant, after=after, upto=upto)
            )
        after = upto
    walked = walker.ended(last=head.last, chain=head.chain)
    return Found(head, walked, homeless[:MOST_NAMED])


def _events(call: Call[Any], tenant: str) -> tuple[int, Sequence[str]]:
    walked, wrong, after = 0, list[str](), 0
    while True:
        after, page = call(partial(audit_rows.steps, tenant=tenant, after=after, limit=_PAGE))
        if not page:
            return walked, wrong[:MOST_NAMED]
        walked += len(page)
        wrong += [text for each in page if (text := misstep(each)) is not None]
