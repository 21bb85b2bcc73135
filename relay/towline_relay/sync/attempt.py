"""What an error means for the events of a step: wait, park, or a fault of our own."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from towline_relay.shopify.models import LineOutcome, Remedy
from towline_relay.shopify.user_errors import Stale
from towline_relay.store.effects import Move
from towline_relay.store.rows import EventRow
from towline_relay.store.states import State
from towline_shared.clock import Clock
from towline_shared.errors import Retryable, TowlineError
from towline_shared.retry import Backoff

__all__ = ["Judge"]

_log = structlog.get_logger()
_MOST_REREADS = 3
_CORRECT = "Correct the cause in the shop or on the IBM i, then retry the event."


@dataclass(frozen=True)
class Judge:
    """Turns errors and refused lines into moves; the back-off is durable, in ``due_at``."""

    clock: Clock
    rng: random.Random = field(default_factory=random.Random)
    backoff: Backoff = field(default_factory=lambda: Backoff(first_s=2.0, most_s=300.0))

    def failed(self, row: EventRow, error: Exception) -> Move:
        """Return the move of an event whose step raised.

        An error nobody raised on purpose is a fault of ours: the event is parked and the fault is
        logged, so that one event can't stop all others.
        """
        if isinstance(error, Stale) and row.attempts >= _MOST_REREADS:
            # what is stale again after every look is not stale but wrong
            return Move(row.serial, State.PARKED, error.what, _CORRECT, failed=True)
        if isinstance(error, Retryable):
            return self.wait(row, error.what, hint=error.hint, least_s=error.retry_after_s)
        if isinstance(error, TowlineError):
            return Move(row.serial, State.PARKED, error.what, error.hint, failed=True)
        _log.error(
            "an event met a fault of ours",
            action="engine.fault",
            event_id=row.id,
            entity=row.entity,
            exc_info=error,
        )
        return Move(
            row.serial,
            State.PARKED,
            f"A fault of Towline stopped this {row.entity}: {type(error).__name__}.",
            "Report it with the relay's log; retry after an upgrade.",
            failed=True,
        )

    def wait(
        self, row: EventRow, reason: str, *, hint: str = "", least_s: float | None = None
    ) -> Move:
        """Return the move of an event that is tried again later."""
        delay_s = self.backoff.delay_s(row.attempts, rng=self.rng, least_s=least_s)
        due_at = self.clock.now() + timedelta(seconds=delay_s)
        return Move(row.serial, State.WAITING, reason, hint, due_at=due_at, failed=True)

    def refused(self, row: EventRow, outcome: LineOutcome) -> Move:
        """Return the move of an event whose line Shopify did not take."""
        words = outcome.message or "Shopify gave no reason."
        if outcome.code:
            words = f"{words.rstrip('.')} ({outcome.code})."
        if outcome.verdict in (Remedy.NEW_KEY, Remedy.SPLIT):
            now = self.clock.now()
            return Move(row.serial, State.WAITING, words, due_at=now, failed=True)
        if outcome.verdict is Remedy.RETRY or (
            outcome.verdict is Remedy.REREAD and row.attempts < _MOST_REREADS
        ):
            return self.wait(row, words)
        return Move(
            row.serial,
            State.PARKED,
            f"Shopify refused the {row.entity} of {row.key}: {words}",
            _CORRECT,
            failed=True,
        )
