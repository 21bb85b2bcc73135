"""The stage's web server: one page, one stream of changes, and a few doors to press."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from towline_sandbox.stage import board
from towline_sandbox.stage.art import picture
from towline_sandbox.stage.fault_desk import FaultDesk
from towline_sandbox.stage.terminal import Display, Keystroke, press
from towline_sandbox.stage.view import SPARK_HEIGHT, SPARK_WIDTH
from towline_sandbox.stage.watcher import Watcher
from towline_sandbox.stage.world import StageBackend
from towline_shared.clock import Clock, SystemClock
from towline_shared.errors import TowlineError

__all__ = ["Stage", "StageLinks", "build_app"]

_HERE = Path(__file__).parent
_LOOK_S = 0.3
# The list opens behind the numbers that begin with a blank: those are dirt and sort first.
_FIRST = "!"

# Nothing but our own files; no inline script or style, so that text from either world stays text.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLinks:
    """Pages of the product itself that the stage points at; empty ones are left out."""

    relay_admin: str = ""
    agent_health: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What the handlers share."""

    backend: StageBackend
    desk: FaultDesk
    watcher: Watcher
    clock: Clock
    templates: Environment
    links: StageLinks


_STAGE: web.AppKey[Stage] = web.AppKey("stage", Stage)


def build_app(
    backend: StageBackend,
    *,
    links: StageLinks | None = None,
    clock: Clock | None = None,
    look_s: float = _LOOK_S,
) -> web.Application:
    """Build the stage over a backend; the app closes the backend when it is cleaned up."""
    clock = clock or SystemClock()
    templates = _templates()
    desk = FaultDesk(backend, clock=clock)
    watcher = Watcher(backend, desk, clock=clock, templates=templates)
    app = web.Application(middlewares=[_guarded])
    app[_STAGE] = Stage(
        backend=backend,
        desk=desk,
        watcher=watcher,
        clock=clock,
        templates=templates,
        links=links or StageLinks(),
    )
    app.add_routes(
        [
            web.get("/", _page),
            web.get("/stream", _stream),
            web.get("/state.json", _state),
            web.post("/terminal", _terminal),
            web.post("/order", _order),
            web.post("/publish", _publish),
            web.post("/fault", _fault),
            web.get("/art.svg", _art),
            web.get("/favicon.ico", _icon),
            web.static("/static", _HERE / "static"),
        ]
    )

    async def looking(app: web.Application) -> AsyncIterator[None]:
        stage = app[_STAGE]
        task = asyncio.create_task(stage.watcher.run(every_s=look_s))
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await stage.desk.heal_all()
        await stage.backend.close()

    app.cleanup_ctx.append(looking)
    return app


def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("towline_sandbox.stage"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["money"] = _money
    return templates


def _money(amount: object, currency: str = "") -> str:
    sign = {"EUR": "€", "USD": "$", "GBP": "£"}.get(currency, currency)
    return f"{amount:,.2f} {sign}".strip()


@web.middleware
async def _guarded(request: web.Request, handler: Any) -> web.StreamResponse:
    """Set the headers, turn our errors into sentences, and keep other sites' pages out.

    The stage binds loopback, but any page in the same browser could post to it: a request that
    says it comes from another origin is refused, and so is one under a foreign name (DNS
    rebinding).
    """
    if not _is_loopback_name(request):
        return web.Response(status=421, text="The stage answers to loopback names only.\n")
    if request.method == "POST" and not _same_origin(request):
        return web.json_response({"error": "Only the stage's own page may do this."}, status=403)
    try:
        response: web.StreamResponse = await handler(request)
    except TowlineError as error:
        response = web.json_response({"error": str(error)}, status=409)
    except (json.JSONDecodeError, UnicodeDecodeError):
        response = web.json_response({"error": "The body is not JSON."}, status=400)
    if not response.prepared:
        response.headers.update(_HEADERS)
    return response


def _is_loopback_name(request: web.Request) -> bool:
    return request.url.host in ("127.0.0.1", "localhost", "::1")


def _same_origin(request: web.Request) -> bool:
    origin = request.headers.get("Origin")
    return origin in (None, f"{request.scheme}://{request.host}")


async def _page(request: web.Request) -> web.Response:
    stage = request.app[_STAGE]
    display = await _pressed(stage, Keystroke(key="F5", top=_FIRST))
    html = stage.templates.get_template("stage.html").render(
        screen=_screen_html(stage, display),
        display=display,
        zones=board.ZONES,
        stations=board.STATIONS,
        edges=board.EDGES,
        board=(board.WIDTH, board.HEIGHT),
        spark=(SPARK_WIDTH, SPARK_HEIGHT),
        faults=stage.desk.known,
        links=stage.links,
        view=stage.watcher.view,
    )
    return web.Response(text=html, content_type="text/html")


async def _stream(request: web.Request) -> web.StreamResponse:
    """Server-sent events: the whole view first, then differences."""
    stage = request.app[_STAGE]
    response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
    await response.prepare(request)
    changes = stage.watcher.changes()
    try:
        async for differs in changes:
            data = json.dumps(differs, ensure_ascii=False, separators=(",", ":"))
            await response.write(f"data: {data}\n\n".encode())
    except ConnectionResetError:
        pass  # the page was closed
    finally:
        await changes.aclose()  # type: ignore[attr-defined]
    return response


async def _state(request: web.Request) -> web.Response:
    return web.json_response(request.app[_STAGE].watcher.view)


async def _terminal(request: web.Request) -> web.Response:
    stage = request.app[_STAGE]
    body = await _object(request)
    fields = body.get("fields")
    display = await _pressed(
        stage,
        Keystroke(
            screen=_text(body, "screen") or "WRKITM",
            top=_text(body, "top"),
            key=_text(body, "key") or "F5",
            item=_text(body, "item"),
            message=_text(body, "message"),
            fields={str(k): str(v)[:80] for k, v in fields.items()}
            if isinstance(fields, dict)
            else {},
        ),
    )
    answer = {key: value for key, value in asdict(display).items() if key != "canvas"}
    return web.json_response({**answer, "html": _screen_html(stage, display)})


async def _pressed(stage: Stage, key: Keystroke) -> Display:
    now = stage.clock.now()
    display = await press(stage.backend, key, now=_local(now), ibmi=stage.watcher.ibmi)
    stage.watcher.watch(display.shown, first=False)
    if display.changed:
        stage.watcher.watch(display.changed, first=True)
    return display


def _local(moment: datetime) -> datetime:
    """Return the partition's local time; the simulated one lives where this machine lives."""
    return moment.astimezone()


def _screen_html(stage: Stage, display: Display) -> str:
    return stage.templates.get_template("_screen.html").render(rows=display.canvas.rows())


async def _order(request: web.Request) -> web.Response:
    stage = request.app[_STAGE]
    body = await _object(request)
    sku = _text(body, "sku")
    quantity = body.get("quantity", 1)
    if not isinstance(quantity, int) or not 1 <= quantity <= 999:
        return web.json_response({"error": "A quantity is 1 to 999."}, status=400)
    name = await stage.backend.order(sku=sku, quantity=quantity)
    return web.json_response({"said": f"Order {name} placed. Watch it walk to the ERP."})


async def _publish(request: web.Request) -> web.Response:
    stage = request.app[_STAGE]
    body = await _object(request)
    if body.get("all") is True:
        return web.json_response({"said": await stage.backend.publish_all()})
    title = await stage.backend.publish(product_gid=_text(body, "product"))
    return web.json_response({"said": f"{title} is published."})


async def _fault(request: web.Request) -> web.Response:
    stage = request.app[_STAGE]
    name = _text(await _object(request), "name")
    try:
        said = await stage.desk.press(name)
    except KeyError:
        return web.json_response({"error": f"There is no fault called {name}."}, status=404)
    return web.json_response({"said": said})


async def _art(request: web.Request) -> web.Response:
    asked = request.query
    hue = asked.get("hue", "")
    number = int(hue) if hue.isascii() and hue.isdigit() and len(hue) <= 3 else 200
    svg = picture(asked.get("sku", ""), asked.get("class", ""), number)
    return web.Response(text=svg, content_type="image/svg+xml")


async def _icon(request: web.Request) -> web.Response:
    raise web.HTTPFound("/static/icon.svg")


async def _object(request: web.Request) -> Mapping[str, Any]:
    body = await request.json()
    return body if isinstance(body, dict) else {}


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name, "")
    return value[:200] if isinstance(value, str) else ""
