"""A world as what the page shows: sections of small values, so that only differences travel.

The sections are what the page's script knows how to change: ``text`` of an element, its ``tone``
(the attribute ``data-tone``), ``html`` of a container whose children carry keys, ``path`` of an SVG
line, and ``count`` of an edge, whose growth is a pulse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment

from towline_sandbox.stage import journey, story
from towline_sandbox.stage.faults import Fault
from towline_sandbox.stage.world import World

__all__ = ["SPARK_HEIGHT", "SPARK_WIDTH", "Sample", "View", "difference", "sample_of", "view_of"]

View = Mapping[str, Mapping[str, str | int]]

SPARK_WIDTH = 300
SPARK_HEIGHT = 56


@dataclass(frozen=True, slots=True)
class Sample:
    """How much is on its way at one moment: changes up, orders down."""

    up: int
    down: int


def sample_of(world: World, before: Sample) -> Sample:
    """Count what is on its way; a part that does not answer keeps the last known figure."""
    up: int | None = None
    if world.ibmi is not None and world.agent is not None:
        # An outbox row outlives its event's way through the buffer, so the larger one counts both.
        up = max(world.ibmi.outbox_depth, world.agent.backlog)
    elif world.ibmi is not None:
        up = world.ibmi.outbox_depth
    if world.relay is None or up is None:
        return Sample(before.up if up is None else max(up, before.up), before.down)
    up += world.relay.total(down=False, states=("pending", "waiting"))
    down = world.relay.total(down=True, states=("pending", "waiting", "sent"))
    if world.shop is not None:
        down += world.shop.webhooks.get("pending", 0)
    return Sample(up, down)


def view_of(
    world: World,
    *,
    templates: Environment,
    samples: Sequence[Sample],
    faults: Sequence[Fault],
    running: Mapping[str, float],
    revision: int,
) -> View:
    """Build everything the page shows from one look at the world."""
    state = journey.state_of(world)
    told = story.newest(world)
    text: dict[str, str | int] = {f"fig-{k}": v for k, v in state.figures.items()}
    text |= {f"note-{k}": v for k, v in state.notes.items()}
    text |= {"story-text": told.text, "story-detail": told.detail, "link-word": _link_word(state)}
    tone: dict[str, str | int] = {f"st-{k}": v for k, v in state.tones.items()}
    tone["story"] = told.tone
    for name, lamp_tone, words in _lamps(world):
        tone[f"lamp-{name}"] = lamp_tone
        text[f"lamp-{name}-text"] = words
    for fault in faults:
        left = running.get(fault.name)
        tone[f"fault-{fault.name}"] = "off" if left is None else "on"
        text[f"fault-{fault.name}-left"] = _left(fault, left)
    last = samples[-1] if samples else Sample(0, 0)
    text |= {"spark-up-now": str(last.up), "spark-down-now": str(last.down)}
    return {
        "text": text,
        "tone": tone,
        "path": _paths(samples),
        "html": _html(world, templates),
        "count": dict(state.counts),
        "meta": {"revision": revision},
    }


def difference(old: View, new: View) -> View:
    """Return what changed: sections with only the values that differ."""
    changed: dict[str, Mapping[str, str | int]] = {}
    for section, values in new.items():
        known = old.get(section, {})
        differs = {key: value for key, value in values.items() if known.get(key) != value}
        if differs:
            changed[section] = differs
    return changed


def _left(fault: Fault, left: float | None) -> str:
    if left is None:
        return ""
    if not fault.lasts_s:
        return "struck"
    return f"heals in {int(left) + 1} s"


def _link_word(state: journey.JourneyState) -> str:
    return "sealed link" if state.tones["link"] == "ok" else "link cut"


def _lamps(world: World) -> list[tuple[str, str, str]]:
    lamps = []
    ibmi = world.ibmi
    if ibmi is None or ibmi.state == "stopped":
        lamps.append(("ibmi", "down", "no answer"))
    elif ibmi.state == "restricted":
        lamps.append(("ibmi", "warn", "restricted state"))
    elif ibmi.locked:
        lamps.append(("ibmi", "warn", "a record is locked"))
    else:
        lamps.append(("ibmi", "ok", "up"))
    agent = world.agent
    if agent is None:
        lamps.append(("agent", "down", "not running"))
        lamps.append(("link", "down", "no agent"))
    else:
        seen = {"up": ("ok", "up"), "restricted": ("warn", "waits for the IBM i")}
        lamps.append(("agent", *seen.get(agent.ibmi, ("warn", "waits for the IBM i"))))
        linked = ("ok", "connected") if agent.connected else ("down", "reconnecting")
        lamps.append(("link", *linked))
    lamps.append(("relay", "down", "not running") if world.relay is None else ("relay", "ok", "up"))
    shop = world.shop
    if shop is None:
        lamps.append(("shop", "down", "no answer"))
    elif shop.throttled:
        lamps.append(("shop", "warn", f"throttled, {round(shop.budget * 100)} % budget"))
    else:
        lamps.append(("shop", "ok", "open"))
    return lamps


def _paths(samples: Sequence[Sample]) -> dict[str, str | int]:
    if not samples:
        return {"spark-up": "", "spark-up-area": "", "spark-down": ""}
    most = max(10, *(max(sample.up, sample.down) for sample in samples))
    up = _line([sample.up for sample in samples], most)
    down = _line([sample.down for sample in samples], most)
    base = SPARK_HEIGHT - 2
    return {
        "spark-up": f"M{up}",
        "spark-up-area": f"M0,{base}L{up}L{SPARK_WIDTH},{base}Z",
        "spark-down": f"M{down}",
    }


def _line(values: Sequence[int], most: int) -> str:
    step = SPARK_WIDTH / max(1, len(values) - 1)
    room = SPARK_HEIGHT - 6
    return "L".join(
        f"{index * step:.1f},{SPARK_HEIGHT - 2 - value / most * room:.1f}"
        for index, value in enumerate(values)
    )


def _html(world: World, templates: Environment) -> dict[str, str | int]:
    if world.shop is None:
        return {}  # the window keeps what it showed; its lamp says that the shop does not answer
    return {
        "shop-cards": templates.get_template("_cards.html").render(products=world.shop.products),
        "shop-orders": templates.get_template("_orders.html").render(orders=world.shop.orders),
    }
