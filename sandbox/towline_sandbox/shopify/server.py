"""The simulated shop as an aiohttp application and as a process."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Callable

from aiohttp import web

from towline_sandbox.shopify import bulk
from towline_sandbox.shopify.admin_api import AdminApi
from towline_sandbox.shopify.bulk_files import BulkFiles
from towline_sandbox.shopify.control import Control
from towline_sandbox.shopify.dispatcher import Dispatcher
from towline_sandbox.shopify.record import Record
from towline_sandbox.shopify.seed import seed
from towline_sandbox.shopify.settings import ShopSettings
from towline_sandbox.shopify.shop import Shop
from towline_shared.clock import Clock, SystemClock

__all__ = ["SHOP", "build_app", "serve"]

SHOP = web.AppKey("shop", Shop)
_MAX_BODY = 32 * 1024 * 1024


def build_app(settings: ShopSettings, *, clock: Clock | None = None) -> web.Application:
    """Make the application; its state file is opened (and seeded when new) at once.

    The webhook dispatcher runs while the application does; cleaning up closes the file.
    """
    record = Record(settings.state)
    shop = Shop(settings, clock=clock or SystemClock(), record=record)
    seed(shop)
    app = web.Application(client_max_size=_MAX_BODY)
    app[SHOP] = shop
    app.add_routes(AdminApi(shop).routes())
    app.add_routes(Control(shop).routes())
    app.add_routes(BulkFiles(shop).routes())
    shop.bulk_begin = functools.partial(bulk.begin, shop)
    app.cleanup_ctx.append(_bulk)
    app.cleanup_ctx.append(_dispatching)
    return app


async def _dispatching(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(Dispatcher(app[SHOP]).run())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    app[SHOP].db.close()


async def _bulk(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(bulk.BulkWorker(app[SHOP]).run())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def serve(settings: ShopSettings, *, ready: Callable[[str], None] | None = None) -> None:
    """Serve until cancelled; ``ready`` is told the base URL once the port is open."""
    runner = web.AppRunner(build_app(settings), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        if ready is not None:
            port = runner.addresses[0][1]
            ready(f"http://{settings.host}:{port}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
