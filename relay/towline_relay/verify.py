"""What ``verify`` says: how many events stand where, and whether all of them are final. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from towline_relay.store.rows import Count
from towline_relay.store.states import FINAL

__all__ = ["verified"]


def verified(counts: Sequence[Count]) -> dict[str, Any]:
    """Return the report as JSON-ready values; ``final`` says that nothing is under way."""
    by_state: dict[str, int] = {}
    by_entity: dict[str, dict[str, int]] = {}
    for count in counts:
        state = count.state.value
        by_state[state] = by_state.get(state, 0) + count.count
        entity = by_entity.setdefault(count.entity, {})
        entity[state] = entity.get(state, 0) + count.count
    under_way = sum(count.count for count in counts if count.state not in FINAL)
    return {
        "events": sum(by_state.values()),
        "by_state": by_state,
        "by_entity": by_entity,
        "under_way": under_way,
        "final": under_way == 0,
    }
