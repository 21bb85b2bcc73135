"""The journey as a drawing: where each station stands, and what it says about a world.

One ring: up over the top half (what the IBM i owns: item, price, stock, shipment), down over the
lower half (what the shop owns: orders). The drawing is a table; a template turns it into SVG once,
and afterwards only texts, tones and counters change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from towline_sandbox.stage.world import World

__all__ = [
    "EDGES",
    "FINAL",
    "HEIGHT",
    "STATIONS",
    "WIDTH",
    "ZONES",
    "Edge",
    "Station",
    "Zone",
    "state_of",
]

WIDTH = 400
HEIGHT = 516
FINAL = ("applied", "superseded", "skipped", "parked")
_BOX_W = 84
_BOX_H = 46


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A place in the world: a column of the drawing."""

    name: str
    caption: str
    x: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A stop: a box with a label and one figure.

    Attributes:
        explains: one or two sentences for people who have never seen an IBM i.
    """

    id: str
    label: str
    x: int
    y: int
    explains: str
    down: bool = False
    width: int = _BOX_W
    height: int = _BOX_H


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A way between two stops; ``path`` is SVG path data in the direction of travel."""

    id: str
    path: str
    down: bool = False


ZONES = (
    Zone(name="IBM i", caption="the back office", x=2, width=106),
    Zone(name="Agent", caption="same building", x=112, width=84),
    Zone(name="Relay", caption="in the cloud", x=220, width=86),
    Zone(name="Shopify", caption="the shop", x=310, width=88),
)

_X_IBMI, _X_AGENT, _X_RELAY, _X_SHOP = 20, 116, 222, 313
_ROW = (46, 118, 190, 288, 360, 432)
_SMALL = 76

STATIONS = (
    Station(
        id="trigger",
        label="Trigger",
        x=_X_IBMI,
        y=_ROW[0],
        explains="A program changes a price in the ERP's own file. A trigger on that file notices, "
        "inside the same transaction.",
    ),
    Station(
        id="outbox",
        label="Outbox",
        x=_X_IBMI,
        y=_ROW[1],
        explains="The trigger notes what changed in one small table. A row stays there until the "
        "relay has it on disk.",
    ),
    Station(
        id="doorbell",
        label="Doorbell",
        x=_X_IBMI,
        y=_ROW[2],
        explains="A data queue, the IBM i's own way to wake a waiting program. It carries no data; "
        "it only says: look.",
    ),
    Station(
        id="buffer",
        label="Buffer",
        x=_X_AGENT,
        y=_ROW[2],
        width=_SMALL,
        explains="The agent reads the row as it is now and keeps the event in a file of its own "
        "before anything leaves the building.",
    ),
    Station(
        id="store",
        label="Store",
        x=_X_RELAY,
        y=_ROW[2],
        width=_SMALL + 4,
        explains="The relay writes the event to disk and only then says: got it.",
    ),
    Station(
        id="engine",
        label="Engine",
        x=_X_RELAY,
        y=_ROW[0],
        width=_SMALL + 4,
        explains="It decides who owns which field, drops what changes nothing, and turns many "
        "events into few calls.",
    ),
    Station(
        id="api",
        label="Admin API",
        x=_X_SHOP,
        y=_ROW[0],
        width=_SMALL + 4,
        explains="Shopify's door for programs. Every call costs points from a budget that refills.",
    ),
    Station(
        id="webhook",
        label="Webhook",
        x=_X_SHOP,
        y=_ROW[3],
        down=True,
        width=_SMALL + 4,
        explains="Shopify calls the relay when something is ordered: late, twice, or never.",
    ),
    Station(
        id="orders",
        label="Orders",
        x=_X_RELAY,
        y=_ROW[3],
        down=True,
        width=_SMALL + 4,
        explains="The relay checks the signature, keeps the message, reads the whole order, and "
        "makes the ERP's document of it, exact to the cent.",
    ),
    Station(
        id="inbox",
        label="Inbox",
        x=_X_AGENT,
        y=_ROW[3],
        down=True,
        width=_SMALL,
        explains="The agent keeps the order on its own disk before it writes anywhere.",
    ),
    Station(
        id="staging",
        label="Staging",
        x=_X_IBMI,
        y=_ROW[3],
        down=True,
        explains="Header and lines land in staging files, in one transaction, once for each order.",
    ),
    Station(
        id="entry",
        label="Order entry",
        x=_X_IBMI,
        y=_ROW[4],
        down=True,
        explains="The ERP's own program checks the order and gives it its number, or refuses it "
        "and says why.",
    ),
    Station(
        id="shipment",
        label="Shipment",
        x=_X_IBMI,
        y=_ROW[5],
        explains="The warehouse ships. The order's number and the parcel's go back to the shop, "
        "through the trigger again.",
    ),
)


def _at(station: str, side: str) -> tuple[float, float]:
    box = next(each for each in STATIONS if each.id == station)
    return {
        "n": (box.x + box.width / 2, box.y),
        "s": (box.x + box.width / 2, box.y + box.height),
        "w": (box.x, box.y + box.height / 2),
        "e": (box.x + box.width, box.y + box.height / 2),
    }[side]


def _straight(from_: str, out: str, to: str, into: str) -> str:
    (x1, y1), (x2, y2) = _at(from_, out), _at(to, into)
    return f"M{x1:g} {y1:g}L{x2:g} {y2:g}"


def _around() -> str:
    """From the shipment back up the left margin to the trigger."""
    (x1, y1), (x2, y2) = _at("shipment", "w"), _at("trigger", "w")
    return f"M{x1:g} {y1:g}H14Q8 {y1:g} 8 {y1 - 6:g}V{y2 + 6:g}Q8 {y2:g} 14 {y2:g}H{x2:g}"


EDGES = (
    Edge(id="write", path=_straight("trigger", "s", "outbox", "n")),
    Edge(id="ring", path=_straight("outbox", "s", "doorbell", "n")),
    Edge(id="capture", path=_straight("doorbell", "e", "buffer", "w")),
    Edge(id="link_up", path=_straight("buffer", "e", "store", "w")),
    Edge(id="lease", path=_straight("store", "n", "engine", "s")),
    Edge(id="call", path=_straight("engine", "e", "api", "w")),
    Edge(id="sell", path=_straight("api", "s", "webhook", "n"), down=True),
    Edge(id="hook", path=_straight("webhook", "w", "orders", "e"), down=True),
    Edge(id="link_down", path=_straight("orders", "w", "inbox", "e"), down=True),
    Edge(id="apply", path=_straight("inbox", "w", "staging", "e"), down=True),
    Edge(id="enter", path=_straight("staging", "s", "entry", "n"), down=True),
    Edge(id="ship", path=_straight("entry", "s", "shipment", "n")),
    Edge(id="back", path=_around()),
)


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
