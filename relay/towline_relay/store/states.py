"""The life of an event at the relay, as a table.

An event ends in exactly one of the final states. A move that is not in :data:`MOVES` is a bug and
raises. ``parked`` and ``skipped`` are final for the count (nothing happens by itself) and yet may
be left: by a person, by a newer value of the same key, or when the thing waited for arrives.
"""

from __future__ import annotations

from enum import StrEnum

from towline_shared.errors import Misuse

__all__ = ["FINAL", "MOVES", "OPEN", "State", "check_move"]


class State(StrEnum):
    """Where an event stands."""

    PENDING = "pending"  # received, not looked at yet
    WAITING = "waiting"  # tried or postponed; due_at says when it is looked at again
    SENT = "sent"  # a downlink event, in the agent's stream
    ON_SITE = "on_site"  # the agent says that it is written on the IBM i
    APPLIED = "applied"  # the other side holds it
    SUPERSEDED = "superseded"  # a newer absolute value of the same key took its place
    SKIPPED = "skipped"  # decided not to apply, with a reason
    PARKED = "parked"  # stopped with a reason until someone or something acts


OPEN = frozenset({State.PENDING, State.WAITING})
FINAL = frozenset({State.APPLIED, State.SUPERSEDED, State.SKIPPED, State.PARKED})

_DECIDED = frozenset(
    {State.WAITING, State.SENT, State.APPLIED, State.SUPERSEDED, State.SKIPPED, State.PARKED}
)

MOVES: dict[State, frozenset[State]] = {
    State.PENDING: _DECIDED,
    State.WAITING: _DECIDED | {State.PENDING},
    # The ERP's answer travels on another stream than the agent's report and may overtake it.
    State.SENT: frozenset({State.ON_SITE, State.APPLIED, State.PARKED}),
    State.ON_SITE: frozenset({State.APPLIED, State.PARKED}),
    # A clerk may refuse an order after it was accepted.
    State.APPLIED: frozenset({State.PARKED}),
    State.SUPERSEDED: frozenset(),
    # What was left out because of its item comes back when the item does.
    State.SKIPPED: frozenset({State.PENDING, State.SUPERSEDED}),
    # Retried, replaced by a newer value, or accepted by the ERP after all.
    State.PARKED: frozenset({State.PENDING, State.SUPERSEDED, State.APPLIED}),
}


def check_move(old: State, new: State) -> None:
    """Refuse a move the table does not hold.

    Raises:
        Misuse: names both states.
    """
    if new not in MOVES[old]:
        raise Misuse(f"An event can't go from {old.value} to {new.value}.")
