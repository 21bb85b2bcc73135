"""The stage's doors: headers, escaping, faults that heal, streams that carry differences."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.browser.scripted import ScriptedBackend
from towline_sandbox.stage.fault_desk import FaultDesk
from towline_sandbox.stage.server import build_app
from towline_shared.clock import ManualClock

Client = TestClient[web.Request, web.Application]


def run(backend: ScriptedBackend, test: Callable[[Client], Awaitable[None]]) -> None:
    """Run a test against a served stage that looks often."""

    async def inside() -> None:
        async with TestClient(TestServer(build_app(backend, look_s=0.01))) as client:
            await test(client)

    asyncio.run(inside())


async def until(client: Client, met: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Read the stream until the merged view meets a condition."""
    view: dict[str, Any] = {}
    async with client.get("/stream") as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        async for line in answer.content:
            if line.startswith(b"data: "):
                for section, values in json.loads(line[6:]).items():
                    view.setdefault(section, {}).update(values)
                if met(view):
                    return view
    raise AssertionError("the stream ended")


def test_the_page_escapes_what_both_worlds_hold() -> None:
    """A description with markup stays text, on the green screen and in the window."""
    backend = ScriptedBackend()

    async def test(client: Client) -> None:
        body = {"key": "PageDown", "top": "CA-20010"}
        screen = (await (await client.post("/terminal", json=body)).json())["html"]
        assert "&lt;b&gt;CO&lt;/b&gt;" in screen
        assert "<b>CO" not in screen
        page = await (await client.get("/")).text()
        assert not re.search(r"<style|<script(?![^>]*src=)|\sstyle=|\son\w+=", page)

    run(backend, test)


@pytest.mark.parametrize("path", ["/", "/state.json", "/static/stage.css", "/art.svg?hue=x&sku=/"])
def test_every_answer_carries_the_policy(path: str) -> None:
    """No inline script or style, no sniffing."""

    async def test(client: Client) -> None:
        answer = await client.get(path)
        assert answer.status == 200
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    run(ScriptedBackend(), test)


def test_a_price_travels_from_the_terminal_to_the_stream() -> None:
    """What Enter changed arrives in the shop window of everybody who looks."""

    async def test(client: Client) -> None:
        fields = {"price:FA-10040": "13.50"}
        body = {"screen": "WRKITM", "top": "FA-10040", "key": "ENTER", "fields": fields}
        answer = await (await client.post("/terminal", json=body)).json()
        assert answer["message"] == "Price changed. Trigger ITMPRC wrote outbox row 2041."
        view = await until(client, lambda view: "13.50" in view["html"]["shop-cards"])
        assert view["count"]["write"] == 2041

    run(ScriptedBackend(), test)


def test_an_order_is_placed_with_one_click() -> None:
    """And comes back with its ERP number and its parcel."""

    async def test(client: Client) -> None:
        answer = await client.post("/order", json={"sku": "FA-10040", "quantity": 2})
        assert "Order #1001 placed" in (await answer.json())["said"]
        view = await until(client, lambda view: "DHL" in view["html"]["shop-orders"])
        assert "ERP 104770" in view["html"]["shop-orders"]

    run(ScriptedBackend(), test)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/order", {"sku": "FA-10040", "quantity": 0}, 400),
        ("/order", {"sku": "FA-10040", "quantity": "2"}, 400),
        ("/order", {"sku": "NOTHING"}, 409),
        ("/fault", {"name": "rm -rf"}, 404),
    ],
)
def test_what_can_not_be_done_is_a_sentence(path: str, body: object, status: int) -> None:
    """Never a traceback, never silence."""

    async def test(client: Client) -> None:
        answer = await client.post(path, json=body)
        assert answer.status == status
        assert (await answer.json())["error"]

    run(ScriptedBackend(), test)


def test_a_body_that_is_no_json_is_refused() -> None:
    """With a sentence, as every other bad input."""

    async def test(client: Client) -> None:
        answer = await client.post("/order", data=b"\xff{")
        assert answer.status == 400

    run(ScriptedBackend(), test)


def test_another_site_can_not_press_our_buttons() -> None:
    """A post from another origin is refused before anything happens."""
    backend = ScriptedBackend()

    async def test(client: Client) -> None:
        answer = await client.post(
            "/fault", json={"name": "cut_link"}, headers={"Origin": "http://evil.example"}
        )
        assert answer.status == 403
        assert not backend.broken

    run(backend, test)


def test_a_foreign_name_gets_nothing() -> None:
    """A name of somebody else's that resolves to this machine opens no door (DNS rebinding)."""

    async def test(client: Client) -> None:
        answer = await client.get("/state.json", headers={"Host": "evil.example"})
        assert answer.status == 421

    run(ScriptedBackend(), test)


def test_closing_the_stage_heals_what_it_broke() -> None:
    """Nobody leaves a locked record behind."""
    backend = ScriptedBackend()

    async def test(client: Client) -> None:
        await client.post("/fault", json={"name": "lock_record"})
        assert backend.broken == {"lock_record"}

    run(backend, test)
    assert not backend.broken
    assert backend.closed


def test_a_fault_heals_by_itself_when_its_time_is_over() -> None:
    """And not before."""

    async def test() -> None:
        backend, clock = ScriptedBackend(), ManualClock()
        desk = FaultDesk(backend, clock=clock)
        await desk.press("cut_link")
        clock.advance(7.9)
        await desk.heal_due()
        assert backend.broken == {"cut_link"}
        clock.advance(0.1)
        await desk.heal_due()
        assert not backend.broken
        assert not desk.seconds_left()

    asyncio.run(test())


def test_pressing_again_heals_at_once() -> None:
    """A fault is also a switch."""

    async def test() -> None:
        backend = ScriptedBackend()
        desk = FaultDesk(backend, clock=ManualClock())
        await desk.press("throttle")
        await desk.press("throttle")
        assert not backend.broken

    asyncio.run(test())


def test_a_fault_that_only_ends_by_itself_keeps_its_countdown() -> None:
    """The button must not say healed while the wire is still cut."""

    class Stubborn(ScriptedBackend):
        async def fault(self, *, name: str, on: bool) -> str:
            return "Cut." if on else ""

    async def test() -> None:
        clock = ManualClock()
        desk = FaultDesk(Stubborn(), clock=clock)
        await desk.press("cut_link")
        assert await desk.press("cut_link") == "It ends by itself."
        assert desk.seconds_left() == {"cut_link": 8.0}
        clock.advance(8)
        await desk.heal_due()
        assert desk.seconds_left() == {}

    asyncio.run(test())


def test_a_blow_can_be_struck_again() -> None:
    """kill -9 is not a switch: the second press kills again."""

    async def test() -> None:
        backend = ScriptedBackend()
        desk = FaultDesk(backend, clock=ManualClock())
        await desk.press("kill_agent")
        backend.broken.clear()
        await desk.press("kill_agent")
        assert backend.broken == {"kill_agent"}

    asyncio.run(test())


def test_a_draft_is_published_with_one_click() -> None:
    """Its badge goes, its price can be bought."""
    backend = ScriptedBackend(shop_prices={"TO-40110": Decimal("34.90")})

    async def test(client: Client) -> None:
        await client.post("/publish", json={"product": "gid://shopify/Product/TO-40110"})
        assert not backend.drafts

    run(backend, test)


def test_all_drafts_are_published_at_once() -> None:
    """A shop full of drafts sells nothing; one press helps."""
    backend = ScriptedBackend(drafts={"TO-40110", "FA-10040"})

    async def test(client: Client) -> None:
        answer = await client.post("/publish", json={"all": True})
        assert (await answer.json())["said"] == "2 drafts are published."
        assert not backend.drafts

    run(backend, test)
