"""Starts the stage over the programs of a running sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from towline_sandbox.stage.real import RealBackend
from towline_sandbox.stage.server import StageLinks, build_app
from towline_sandbox.stage.settings import StageSettings

__all__ = ["serve"]


async def serve(settings: StageSettings, *, ready: Callable[[str], None]) -> None:
    """Serve the stage over a running sandbox until cancelled; ``ready`` gets its address."""
    links = StageLinks(
        relay_admin=f"{settings.relay_url.rstrip('/')}/admin/events",
        agent_health=settings.agent_url,
    )
    app = build_app(RealBackend(settings), links=links, look_s=settings.look_s)
    # A page's stream never ends by itself; it must not hold up the end of the sandbox.
    runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        ready(f"http://{settings.host}:{runner.addresses[0][1]}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
