"""One call of the shop, with its intent on disk before it and its outcome handed back after it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects, Intent, IntentClose
from towline_relay.store.rows import EventRow, Known
from towline_shared.errors import Refused, TowlineError
from towline_shared.events import event_id

__all__ = ["Intents"]


class Intents:
    """Makes the calls of one tenant's lane."""

    def __init__(self, *, tenant: str, store: Store) -> None:
        self._tenant = tenant
        self._store = store

    async def recover(self, lease: Lease) -> None:
        """Close what a dead owner left open; its events are still open and are decided again.

        Only for a lane whose calls are recognised in the shop before they are made again.
        """
        for intent in await self._store.open_intents(lease.lane):
            unsure = IntentClose(
                intent.id, "unsure", "Read back and decided again after a restart."
            )
            await self._store.advance(lease, Effects(closed=(unsure,)))

    async def make(
        self,
        lease: Lease,
        row: EventRow,
        operation: str,
        variables: Mapping[str, Any],
        call: Callable[[], Awaitable[None]],
        *,
        known: Sequence[Known] = (),
    ) -> IntentClose:
        """Commit the intent, make the call, and return the outcome for the step's commit.

        A call that fails is closed here, and its error goes on to the caller.

        Args:
            variables: exact, and without personal data: they are shown to people.
            known: what must be remembered with the intent, so that the call is recognised later.
        """
        shown = json.dumps(variables, ensure_ascii=False)
        intent = Intent(
            id=event_id("intent", self._tenant, operation, row.id, str(row.attempts), shown),
            operation=operation,
            variables=shown,
            serials=(row.serial,),
        )
        await self._store.advance(lease, Effects(opened=(intent,), known=tuple(known)))
        try:
            await call()
        except TowlineError as error:
            state = "failed" if isinstance(error, Refused) else "unsure"
            closed = IntentClose(intent.id, state, error.what)
            await self._store.advance(lease, Effects(closed=(closed,)))
            raise
        return IntentClose(intent.id, "done")
