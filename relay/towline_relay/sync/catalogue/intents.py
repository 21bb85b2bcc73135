"""What every call to the shop shares: its intent before, what a failure means after."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any, Protocol

from towline_relay.shopify.models import LineOutcome, Remedy
from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects, Intent, IntentClose, Move
from towline_relay.store.rows import EventRow, ItemRow, Known, LinkRow
from towline_relay.store.states import State
from towline_relay.sync.attempt import Judge
from towline_shared.errors import Refused, TowlineError
from towline_shared.events import event_id

__all__ = ["MOST_LINES", "Calls", "Written", "claimed", "claims_of", "stale", "text_of"]

Claims = tuple[tuple[str, str], ...]

MOST_LINES = 250  # of one call: https://shopify.dev/docs/api/usage/limits


class Written(Protocol):
    """A decision that writes a value of a variant."""

    @property
    def event(self) -> EventRow: ...
    @property
    def link(self) -> LinkRow: ...


class Calls:
    """Opens and closes intents; the subclasses make the calls."""

    def __init__(self, *, tenant: str, store: Store, judge: Judge) -> None:
        self._tenant = tenant
        self._store = store
        self._judge = judge

    async def _open(
        self,
        lease: Lease,
        operation: str,
        variables: str,
        rows: Sequence[EventRow],
        *,
        generation: int = 0,
        writes: Sequence[Known] = (),
    ) -> Intent:
        """Commit the intent. Its id changes with every attempt that is known to have failed.

        Args:
            writes: the values it writes, by which its webhook is known for ours even if the answer
                is lost.
        """
        identity = [f"{row.id}/{row.attempts}" for row in rows]
        intent = Intent(
            id=event_id("intent", self._tenant, operation, str(generation), *identity),
            operation=operation,
            variables=variables,
            serials=tuple(row.serial for row in rows),
            generation=generation,
        )
        await self._store.advance(lease, Effects(opened=(intent,), writes=tuple(writes)))
        return intent

    async def _failed(
        self,
        lease: Lease,
        intent: Intent,
        rows: Sequence[EventRow],
        error: Exception,
        *,
        parks_item: bool = False,
    ) -> None:
        moves = tuple(self._judge.failed(row, error) for row in rows)
        items = tuple(
            ItemRow(row.key, "parked", move.reason)
            for row, move in zip(rows, moves, strict=True)
            if parks_item and move.state is State.PARKED
        )
        sure = isinstance(error, Refused)
        what = error.what if isinstance(error, TowlineError) else type(error).__name__
        closed = IntentClose(intent.id, "failed" if sure else "unsure", what)
        await self._store.advance(lease, Effects(closed=(closed,), moves=moves, items=items))

    def _moves(
        self, rows: Sequence[EventRow], outcomes: Sequence[LineOutcome], *, alone: bool = False
    ) -> tuple[Move, ...]:
        moves = []
        for outcome in outcomes:
            row = rows[outcome.index]
            if outcome.ok:
                moves.append(Move(row.serial, State.APPLIED))
            elif alone and outcome.verdict is Remedy.SPLIT:
                # nothing is left to split: the only line is the guilty one
                guilty = LineOutcome(
                    outcome.index, False, outcome.code, outcome.message, Remedy.PARK
                )
                moves.append(self._judge.refused(row, guilty))
            else:
                moves.append(self._judge.refused(row, outcome))
        return tuple(moves)


def stale(outcomes: Sequence[LineOutcome], gids: Sequence[str]) -> tuple[str, ...]:
    """Name the variants of which our picture is wrong; they are searched again."""
    return tuple(gids[o.index] for o in outcomes if o.verdict is Remedy.REREAD)


def claimed(group: Sequence[Written], outcomes: Sequence[LineOutcome]) -> Claims:
    """Return the variants that belong to their items from now on: what was written to them."""
    done = (group[outcome.index] for outcome in outcomes if outcome.ok)
    return claims_of([found for found in done if not found.link.erp_key])


def claims_of(group: Sequence[Written]) -> Claims:
    """Return (variant gid, ERP key) of each."""
    return tuple((found.link.variant_gid, found.event.key) for found in group)


def text_of(value: Any) -> str:
    """Write the exact variables of a call as JSON text."""
    return json.dumps(value, default=_plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else asdict(value)
