"""From a world to what the page shows: figures, tones, sentences, differences."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.browser.scripted import ScriptedBackend
from towline_sandbox.stage import board, journey, story
from towline_sandbox.stage.art import MOTIFS, picture
from towline_sandbox.stage.view import Sample, View, difference, sample_of
from towline_sandbox.stage.world import AgentView, IbmIView, RelayEvent, RelayView, World

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def healthy() -> World:
    """A world in which everything answers."""
    return asyncio.run(ScriptedBackend().world(watched=()))


def event(**changes: object) -> RelayEvent:
    """An applied price."""
    made = RelayEvent(serial=1, event_id="e", entity="price", key="A-1", state="applied")
    return replace(made, changed_at=NOW, **changes)  # type: ignore[arg-type]


def test_every_station_has_a_figure_in_every_world() -> None:
    """A part that does not answer is shown as such; no station is ever forgotten."""
    ids = {station.id for station in board.STATIONS}
    for world in (healthy(), World(at=NOW)):
        state = journey.state_of(world)
        assert ids <= set(state.figures)
        assert set(state.figures) <= set(state.tones)


def test_every_edge_is_counted_in_a_healthy_world() -> None:
    """Each way can carry a light."""
    assert set(journey.state_of(healthy()).counts) == {edge.id for edge in board.EDGES}


def test_every_edge_starts_and_ends_at_a_station_on_the_board() -> None:
    """The drawing holds together: boxes do not overlap and stay inside."""
    boxes = board.STATIONS
    for a in boxes:
        assert a.x >= 0
        assert a.x + a.width <= board.WIDTH
        assert a.y + a.height <= board.HEIGHT
        for b in boxes:
            apart = (
                a.x + a.width <= b.x
                or b.x + b.width <= a.x
                or a.y + a.height <= b.y
                or b.y + b.height <= a.y
            )
            assert a is b or apart, (a.id, b.id)


def test_a_part_that_is_gone_is_down_not_zero() -> None:
    """Zero rows and no answer are different things."""
    state = journey.state_of(replace(healthy(), relay=None))
    assert state.tones["store"] == "down"
    assert state.figures["store"] == "–"
    assert state.tones["link"] == "down"


def test_a_restricted_system_is_a_warning_not_a_failure() -> None:
    """A nightly save is normal."""
    world = replace(healthy(), ibmi=IbmIView(system="S", state="restricted"))
    assert journey.state_of(world).tones["entry"] == "warn"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"relay": None}, "relay is gone"),
        ({"agent": None}, "agent is gone"),
        ({"agent": AgentView(connected=False, backlog=1)}, "keeps 1 event in"),
        ({"agent": AgentView(connected=False, backlog=7)}, "keeps 7 events in"),
        ({"ibmi": IbmIView(system="S", state="restricted")}, "nightly save"),
    ],
)
def test_trouble_is_told_before_news(changes: dict[str, object], expected: str) -> None:
    """The sentence on the page is about what is broken, as long as it is."""
    world = replace(healthy(), relay=RelayView(counts={}, events=(event(),)))
    told = story.newest(replace(world, **changes))  # type: ignore[arg-type]
    assert expected in told.text
    assert told.tone == "warn"


def test_the_story_is_about_what_moved_last() -> None:
    """Not the newest event, but the newest change."""
    older = event(serial=9, key="OLD")
    moved = replace(event(serial=1, key="NEW"), changed_at=NOW + timedelta(seconds=1))
    world = replace(healthy(), relay=RelayView(counts={}, events=(older, moved)))
    assert story.newest(world).text == "The price of NEW has arrived in the shop."


def test_an_echo_does_not_talk_over_the_news() -> None:
    """What was left out a moment later gives way; long after, it is told."""
    news = event(serial=1, key="NEWS")
    for later, told in ((1, "NEWS has arrived"), (60, "ECHO changes nothing")):
        echo = replace(
            event(serial=2, key="ECHO", state="skipped"), changed_at=NOW + timedelta(seconds=later)
        )
        world = replace(healthy(), relay=RelayView(counts={}, events=(echo, news)))
        assert told in story.newest(world).text


def test_the_story_tells_how_long_it_took() -> None:
    """Seconds for what went straight through, nothing for what waited out a fault."""
    for seconds, text in ((0.84, "in the shop after 0.8 s."), (600, "in the shop.")):
        told = replace(event(), seen_at=NOW - timedelta(seconds=seconds))
        world = replace(healthy(), relay=RelayView(counts={}, events=(told,)))
        assert story.newest(world).text.endswith(text)


def test_every_state_makes_a_sentence() -> None:
    """Each state of each entity reads as a sentence with its reason behind it."""
    for entity in ("item", "price", "stock", "order", "order_result", "shipment", "new kind"):
        for state in ("pending", "sent", "on_site", "applied", "parked", "skipped", "new state"):
            told = event(entity=entity, state=state, reason="Because.", key="gid://shopify/Order/7")
            world = replace(healthy(), relay=RelayView(counts={}, events=(told,)))
            sentence = story.newest(world)
            assert sentence.text.endswith(".")
            assert "{" not in sentence.text
            assert sentence.detail == "Because."


def test_an_event_on_its_way_is_counted_once() -> None:
    """A row still in the outbox and its event in the buffer are one change."""
    world = replace(
        healthy(),
        ibmi=IbmIView(system="S", outbox_depth=5),
        agent=AgentView(connected=True, backlog=3),
        relay=RelayView(counts={("price", "pending"): 2, ("price", "applied"): 9}),
    )
    assert sample_of(world, Sample(0, 0)).up == 7


def test_a_part_that_does_not_answer_keeps_the_last_figure() -> None:
    """The line must not fall to zero because somebody was killed."""
    assert sample_of(World(at=NOW), Sample(4, 2)) == Sample(4, 2)


def test_only_differences_travel() -> None:
    """What is the same is not sent again, and nothing that changed is left out."""
    old: View = {"text": {"a": "1", "b": "2"}, "tone": {"x": "ok"}}
    new: View = {"text": {"a": "1", "b": "3"}, "tone": {"x": "ok"}, "count": {"e": 1}}
    assert difference(old, new) == {"text": {"b": "3"}, "count": {"e": 1}}
    assert difference(new, new) == {}


def test_pictures_are_made_of_numbers_only() -> None:
    """Nothing of an item's text reaches the SVG."""
    nasty = '"/><script>alert(1)</script>'
    assert "script" not in picture(nasty, nasty, 9999)
    assert picture("A", "FAST", 1) == picture("A", "FAST", 361)
    assert len({picture("A", name, 1) for name in MOTIFS}) > 1


def test_a_scripted_price_walks_to_the_shop() -> None:
    """The double the browser tests lean on does what the sandbox does."""
    backend = ScriptedBackend()
    asyncio.run(backend.change_price(item="FA-10040", price=Decimal("13.50")))
    for _ in range(5):
        world = asyncio.run(backend.world(watched=("FA-10040",)))
    assert world.shop is not None
    assert world.shop.products[0].price == Decimal("13.50")
