"""The loopback server: page, status.json, probes and metrics.

It listens on 127.0.0.1 only and answers only to loopback names in Host, so that a web page
elsewhere can't read it through a name that resolves to this machine (DNS rebinding).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from towline_agent.health.metrics import CONTENT_TYPE, metrics_text
from towline_agent.health.page import render, stylesheet
from towline_agent.health.status import AgentStatus
from towline_shared.errors import Misconfigured

__all__ = ["HealthServer"]

Look = Callable[[], Awaitable[AgentStatus]]
_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class HealthServer:
    """Serves how the agent is."""

    def __init__(self, look: Look, *, port: int) -> None:
        """Listen nowhere yet.

        Args:
            look: returns the status at this moment.
            port: 0 takes a free one.
        """
        self._look = look
        self._wanted = port
        self._runner = web.AppRunner(self._application(), access_log=None)
        self.port = 0

    async def start(self) -> None:
        """Listen.

        Raises:
            Misconfigured: the port is taken.
        """
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, "127.0.0.1", self._wanted).start()
        except OSError:
            await self._runner.cleanup()
            raise Misconfigured(
                f"The health page can't listen on 127.0.0.1:{self._wanted}; something else does.",
                hint="Set another port under [health] in agent.toml.",
            ) from None
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[_guard])
        application.add_routes(
            [
                web.get("/", self._page),
                web.get("/page.css", _css),
                web.get("/status.json", self._json),
                web.get("/healthz", _alive),
                web.get("/readyz", self._ready),
                web.get("/metrics", self._metrics),
            ]
        )
        return application

    async def _page(self, request: web.Request) -> web.Response:
        return web.Response(text=render(await self._look()), content_type="text/html")

    async def _json(self, request: web.Request) -> web.Response:
        return web.json_response((await self._look()).as_dict())

    async def _ready(self, request: web.Request) -> web.Response:
        status = await self._look()
        if status.ready:
            return web.Response(text="ready\n")
        worst = [check.detail for check in status.checks() if check.status]
        return web.Response(status=503, text="\n".join(["not ready", *worst]) + "\n")

    async def _metrics(self, request: web.Request) -> web.Response:
        text = metrics_text(await self._look())
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})


async def _css(request: web.Request) -> web.Response:
    return web.Response(text=stylesheet(), content_type="text/css")


async def _alive(request: web.Request) -> web.Response:
    return web.Response(text="alive\n")


@web.middleware
async def _guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    host = request.headers.get("Host", "")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name.lower() not in _HOSTS:
        return web.Response(
            status=421, text="This page answers to loopback names only.\n", headers=_HEADERS
        )
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(_HEADERS)
        raise
    response.headers.update(_HEADERS)
    return response
