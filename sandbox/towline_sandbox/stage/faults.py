"""The fault buttons: what each does, what a person will see, and how long it lasts.

A fault heals by itself, so that nobody has to know how to repair anything to see the repair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["CATALOGUE", "Fault", "fault_named"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One button.

    Attributes:
        name: as the backend knows it.
        title: on the button.
        caption: what a person will see, one short sentence.
        lasts_s: seconds until it heals by itself; 0 for a blow that is over at once.
        where: the station of the journey it strikes.
    """

    name: str
    title: str
    caption: str
    lasts_s: float
    where: str = ""


_ALL = (
    Fault(
        name="cut_link",
        title="Cut the link",
        caption="The agent buffers, then catches up in order.",
        lasts_s=8,
        where="link",
    ),
    Fault(
        name="throttle",
        title="Throttle shop",
        caption="The budget runs dry; newer prices overtake.",
        lasts_s=15,
        where="api",
    ),
    Fault(
        name="lose_webhooks",
        title="Lose webhooks",
        caption="Calls vanish; the sweep finds every order.",
        lasts_s=15,
        where="webhook",
    ),
    Fault(
        name="lock_record",
        title="Lock a record",
        caption="Somebody went to lunch in a record.",
        lasts_s=15,
        where="staging",
    ),
    Fault(
        name="stop_erp",
        title="Stop the ERP",
        caption="Nightly save. No alarm: Towline waits.",
        lasts_s=15,
        where="entry",
    ),
    Fault(
        name="kill_relay",
        title="kill -9 relay",
        caption="What it acknowledged is on disk.",
        lasts_s=0,
        where="store",
    ),
    Fault(
        name="kill_agent",
        title="kill -9 agent",
        caption="The IBM i still holds unacknowledged rows.",
        lasts_s=0,
        where="buffer",
    ),
)

CATALOGUE: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in _ALL})


def fault_named(name: str) -> Fault:
    """Return the known fault, or a plain button for one that only the backend knows."""
    known = CATALOGUE.get(name)
    if known is not None:
        return known
    return Fault(
        name=name, title=name.replace("_", " ").capitalize(), caption="A fault.", lasts_s=0
    )
