"""What the ERP decided about a customer or company it was told of: the document's event follows."""

from __future__ import annotations

from dataclasses import replace

from towline_relay.store.base import Store
from towline_relay.store.effects import Effects, Move, Supersede
from towline_relay.store.rows import EventRow
from towline_relay.store.states import State
from towline_relay.sync.people.telling import Told
from towline_shared.errors import Permanent
from towline_shared.events import PartyResult

__all__ = ["Answers"]

_OPEN = frozenset({State.SENT, State.APPLIED})
_RETRY = "Correct the cause in the shop or on the IBM i, then retry the event: it is told anew."


class Answers:
    """Takes the ERP's answers, inside the customers lane."""

    def __init__(self, *, tenant: str, store: Store) -> None:
        self._tenant = tenant
        self._store = store

    async def up(
        self, row: EventRow, result: PartyResult, replaced: tuple[Supersede, ...]
    ) -> Effects:
        """Let the document's event follow: parked with the ERP's words, or applied after all.

        What was refused counts as not told, so that a retry tells it, as it is then.

        Raises:
            Permanent: the ERP answers about a document it never got.
        """
        told = await self._store.event(result.document_id)
        if told is None or told.tenant != self._tenant or told.direction != "down":
            raise Permanent(
                f"The IBM i answered about the document {result.document_id}, which was never"
                " told.",
                hint="Correct DOCUMENT_ID in the SELECT: it is the EVENTID of the staging file.",
            )
        if result.outcome == "accepted":
            number = f" as {result.number}" if result.number else ""
            words = f"The ERP took the {told.entity}{number}."
            after_all = told.state is State.PARKED
            moves = (Move(told.serial, State.APPLIED, words),) if after_all else ()
            return self._answered(row, words, replaced, moves)
        why = (result.reason or "it gave no reason").rstrip(".")
        words = f"The ERP refused the {told.entity}: {why}."
        moves = (Move(told.serial, State.PARKED, words, _RETRY),) if told.state in _OPEN else ()
        effects = self._answered(row, words, replaced, moves)
        kind = f"{told.entity} down"
        known = (await self._store.known(self._tenant, kind, [told.key])).get(told.key)
        if known is None:
            return effects
        forgotten = replace(Told.read(known), content="")
        return replace(effects, known=(forgotten.known(kind, told.key),))

    def _answered(
        self, row: EventRow, words: str, replaced: tuple[Supersede, ...], moves: tuple[Move, ...]
    ) -> Effects:
        applied = Move(row.serial, State.APPLIED, words)
        return Effects(moves=(applied, *moves), supersede=replaced)
