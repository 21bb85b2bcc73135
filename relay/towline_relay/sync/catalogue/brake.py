"""The brake: a sudden emptiness is held and asked about, never carried into the shop. Pure.

A work file that is cleared and refilled at night, or a balance file restored empty, looks like
hundreds of items sold out at once. Real sell-outs come one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from towline_relay.store.rows import Known
from towline_relay.sync.catalogue.decide import Decision, SetStock, park

__all__ = ["brake"]

_LEAST = 25  # as many sell-outs in one batch can still be a real day
_SHARE = 0.5


def brake(decisions: Sequence[Decision], *, held: Mapping[str, Known]) -> list[Decision]:
    """Park the quantities that would fall to zero when too many of a batch would.

    Only what was above zero counts. An event a person retried, or the next statement of the ERP
    about the same item that is above zero, passes.

    Args:
        held: what the shop holds as far as it is known: what was written last, or what the shop
            told since, by stock target.
    """
    falling = [
        found
        for found in decisions
        if isinstance(found, SetStock)
        and found.quantity <= 0  # safety stock takes an empty balance below zero
        and found.event.attempts == 0
        and not found.event.reason.startswith("Retried")
        and _pieces(held.get(found.known.target)) > 0
    ]
    written = sum(isinstance(found, SetStock) for found in decisions)
    if len(falling) < _LEAST or len(falling) < _SHARE * written:
        return list(decisions)
    stopped = {found.event.serial for found in falling}
    reason = (
        f"The brake holds it: {len(falling)} of {written} stocks of one batch would fall to zero at"
        " once, as when a file is cleared and refilled."
    )
    hint = "If the stock is really gone, retry these events; else they are replaced by themselves."
    return [
        park(found.event, reason, hint)
        if isinstance(found, SetStock) and found.event.serial in stopped
        else found
        for found in decisions
    ]


def _pieces(held: Known | None) -> int:
    return int(held.value) if held is not None and held.value else 0
