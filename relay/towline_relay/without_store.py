"""What is answered over HTTP while the store's disk is full or fails, or its file is damaged."""

from __future__ import annotations

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from towline_shared.database import Damaged, DiskFault, StorageFull

__all__ = ["without_store"]

_log = structlog.get_logger()


@web.middleware
async def without_store(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 503 with one sentence instead of a traceback; where the file lies is for the log."""
    try:
        return await handler(request)
    except (DiskFault, Damaged, StorageFull) as error:
        _log.warning("store out of use", action="relay.store", path=request.path, reason=str(error))
        said = "The relay can't use its database at the moment."
        return web.json_response(
            {"error": said, "hint": "/readyz, /admin/checks and its log say why."}, status=503
        )
