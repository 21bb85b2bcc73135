"""The journey as a drawing: where each station stands and which ways join them.

One ring: up over the top half (what the IBM i owns: item, price, stock, shipment), down over the
lower half (what the shop owns: orders). The drawing is a table; a template turns it into SVG once,
and afterwards only texts, tones and counters change.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EDGES", "HEIGHT", "STATIONS", "WIDTH", "ZONES", "Edge", "Station", "Zone"]

WIDTH = 400
HEIGHT = 516
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
