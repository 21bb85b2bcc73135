"""What each station of the journey says about a world, and how many have passed each way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from towline_sandbox.stage.world import World

__all__ = ["FINAL", "JourneyState", "state_of"]

FINAL = ("applied", "superseded", "skipped", "parked")


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyState:
    """What changes in the drawing.

    Attributes:
        figures: station or final state -> figure; ``notes``: station -> the word under it.
        tones: station or ``link`` -> ok, busy, warn, down or off.
        counts: edge -> a counter that grows when something passes.
    """

    figures: Mapping[str, str]
    notes: Mapping[str, str]
    tones: Mapping[str, str]
    counts: Mapping[str, int]


def state_of(world: World) -> JourneyState:
    """Tell what each station shows and how many have passed each way."""
    shown: dict[str, tuple[str, str, str]] = {}
    counts: dict[str, int] = {}
    _ibmi(world, shown, counts)
    _agent(world, shown, counts)
    _relay(world, shown, counts)
    _shop(world, shown, counts)
    tones = {name: tone for name, (_, _, tone) in shown.items()}
    tones["link"] = _link_tone(world)
    return JourneyState(
        figures={name: figure for name, (figure, _, _) in shown.items()},
        notes={name: note for name, (_, note, _) in shown.items()},
        tones=tones,
        counts=counts,
    )


Shown = dict[str, tuple[str, str, str]]
_SILENT = ("–", "no answer", "down")  # noqa: RUF001 - an en dash is what a blank figure looks like


def _ibmi(world: World, shown: Shown, counts: dict[str, int]) -> None:
    ibmi = world.ibmi
    if ibmi is None or ibmi.state == "stopped":
        for name in ("trigger", "outbox", "doorbell", "staging", "entry", "shipment"):
            shown[name] = _SILENT
        return
    rest = "ok" if ibmi.state == "up" else "warn"
    shown["trigger"] = (_n(ibmi.outbox_total), "changes", rest)
    depth = ibmi.outbox_depth
    shown["outbox"] = (_n(depth), "rows wait", "busy" if depth else rest)
    shown["doorbell"] = (_n(ibmi.doorbell_total), "rings", rest)
    staged = "locked" if ibmi.locked else "web orders"
    shown["staging"] = (_n(ibmi.staged_total), staged, "warn" if ibmi.locked else rest)
    if ibmi.new_orders:
        shown["entry"] = (_n(ibmi.new_orders), "to decide", "busy" if rest == "ok" else rest)
    else:
        refused = f"{_n(ibmi.refused_total)} refused"
        shown["entry"] = (_n(ibmi.accepted_total), refused, rest)
    shown["shipment"] = (_n(ibmi.shipped_total), "shipped", rest)
    counts["write"] = ibmi.outbox_total
    counts["ring"] = ibmi.doorbell_total
    counts["capture"] = ibmi.outbox_total
    counts["apply"] = ibmi.staged_total
    counts["enter"] = ibmi.accepted_total + ibmi.refused_total
    counts["ship"] = ibmi.shipped_total
    counts["back"] = ibmi.accepted_total + ibmi.refused_total + ibmi.shipped_total


def _agent(world: World, shown: Shown, counts: dict[str, int]) -> None:
    agent = world.agent
    if agent is None:
        shown["buffer"] = shown["inbox"] = _SILENT
        return
    tone = "ok" if agent.connected else "warn"
    shown["buffer"] = (_n(agent.backlog), "unsent", "busy" if agent.backlog else tone)
    shown["inbox"] = (_n(agent.inbox), "to write", "busy" if agent.inbox else tone)


def _relay(world: World, shown: Shown, counts: dict[str, int]) -> None:
    relay = world.relay
    if relay is None:
        shown["store"] = shown["engine"] = shown["orders"] = _SILENT
        return
    for state in FINAL:
        figure = sum(count for (_, of), count in relay.counts.items() if of == state)
        shown[state] = (_n(figure), "", "warn" if state == "parked" and figure else "ok")
    up = relay.total(down=False)
    open_ = relay.total(down=False, states=("pending", "waiting"))
    parked = relay.total(down=False, states=("parked",))
    shown["store"] = (_n(up), "events", "ok")
    if open_:
        shown["engine"] = (_n(open_), "to do", "busy")
    else:
        shown["engine"] = ("0", f"{_n(parked)} parked", "ok")
    counts["link_up"] = up
    counts["lease"] = up - open_
    counts["call"] = relay.total(down=False, states=("applied",))
    down = relay.total(down=True)
    shown["orders"] = (_n(down), "orders", "ok")
    counts["hook"] = down
    counts["link_down"] = relay.total(
        down=True, states=("sent", "on_site", "applied", "superseded", "parked")
    )


def _shop(world: World, shown: Shown, counts: dict[str, int]) -> None:
    shop = world.shop
    if shop is None:
        shown["api"] = shown["webhook"] = _SILENT
        return
    budget = f"{round(shop.budget * 100)} %"
    tone = "warn" if shop.throttled or shop.budget < 0.1 else "ok"
    shown["api"] = (budget, "of budget", tone)
    lost = shop.webhooks.get("lost", 0)
    note = f"{_n(lost)} lost" if lost else "delivered"
    shown["webhook"] = (_n(shop.webhooks.get("delivered", 0)), note, "ok")
    counts["sell"] = shop.orders_total


def _link_tone(world: World) -> str:
    if world.agent is None or world.relay is None:
        return "down"
    return "ok" if world.agent.connected else "down"


def _n(number: int) -> str:
    """Write a figure that fits its box."""
    if number < 10_000:
        return str(number)
    return f"{number / 1000:.0f}k" if number < 1_000_000 else f"{number / 1_000_000:.1f}M"
