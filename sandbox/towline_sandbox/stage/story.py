"""The newest thing that happened, in one sentence a person can read aloud."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from towline_sandbox.stage.world import RelayEvent, World

__all__ = ["Story", "newest"]

_WHAT = {
    "item": "Item {key}",
    "price": "The price of {key}",
    "stock": "The stock of {key}",
    "order": "Order {name}",
    "order_result": "The ERP's answer on order {name}",
    "shipment": "The shipment of order {name}",
    "customer": "A customer",
    "unreadable": "A record of {key}",
}

_BECAME = {
    "pending": "has reached the relay and waits for its turn.",
    "waiting": "is tried again soon.",
    "sent": "is on its way down to the IBM i.",
    "on_site": "lies in the staging files; the ERP's own program decides.",
    "applied": "has arrived in the shop.",
    "superseded": "was overtaken by a newer value; only the newest is written.",
    "skipped": "changes nothing in the shop.",
    "parked": "is parked until somebody acts.",
}

_DOWN = {"applied": "stands in the ERP.", "skipped": "brings nothing new for the ERP."}
_ECHO = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Story:
    """One sentence, the detail behind it, and how it went (ok, busy or warn)."""

    text: str
    detail: str = ""
    tone: str = "ok"


def newest(world: World) -> Story:
    """Tell what is most worth telling now: a part that is down first, then the newest event."""
    trouble = _trouble(world)
    if trouble is not None:
        return trouble
    if world.relay is None or not world.relay.events:
        return Story("Everything is connected. Change a price on the green screen to begin.")
    return _told(_most_telling(world.relay.events, world.at), world)


def _most_telling(events: Sequence[RelayEvent], now: datetime) -> RelayEvent:
    """Return what moved last; what was left out, such as an echo, gives way to what was not."""

    def moved(event: RelayEvent) -> tuple[datetime, int]:
        return event.changed_at or now, event.serial

    last = max(events, key=moved)
    since = moved(last)[0] - _ECHO
    told = [event for event in events if event.state != "skipped" and moved(event)[0] >= since]
    return max(told, key=moved, default=last)


def _trouble(world: World) -> Story | None:
    if world.relay is None:
        return Story(
            "The relay is gone. The agent keeps every event and knocks again until it is back.",
            tone="warn",
        )
    if world.agent is None:
        return Story(
            "The agent is gone. The IBM i still holds every row nobody has acknowledged.",
            tone="warn",
        )
    if not world.agent.connected:
        kept = world.agent.backlog
        rest = "Nothing is lost, nothing is sent."
        if kept:
            rest = f"The agent keeps {kept} {'event' if kept == 1 else 'events'} in its buffer."
        return Story(f"The link is cut. {rest}", tone="warn")
    if world.ibmi is not None and world.ibmi.state == "restricted":
        return Story(
            "The ERP is stopped for its nightly save. The shop keeps selling; orders wait safely.",
            tone="warn",
        )
    return None


def _told(event: RelayEvent, world: World) -> Story:
    name = _order_name(event, world)
    what = _WHAT.get(event.entity, "An event about {key}").format(key=event.key, name=name)
    became = _BECAME.get(event.state, f"is {event.state}.")
    if event.direction == "down":
        became = _DOWN.get(event.state, became)
    if event.state == "applied":
        became = f"{became[:-1]}{_after(event)}."
    tone = "warn" if event.state == "parked" else "busy" if event.state in _OPEN else "ok"
    return Story(f"{what} {became}", detail=event.reason, tone=tone)


_OPEN = ("pending", "waiting", "sent", "on_site")


def _after(event: RelayEvent) -> str:
    """Tell how long it took, when that is worth telling: not for what waited out a fault."""
    if event.seen_at is None or event.changed_at is None:
        return ""
    took = (event.changed_at - event.seen_at).total_seconds()
    return f" after {took:.1f} s" if 0 <= took < 60 else ""


def _order_name(event: RelayEvent, world: World) -> str:
    """Return what people call the order; its gid's number when the shop does not list it."""
    orders = world.shop.orders if world.shop else ()
    for order in orders:
        if order.gid == event.key:
            return order.name
    return event.key.rsplit("/", 1)[-1]
