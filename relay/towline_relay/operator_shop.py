"""What the operator asks of a running relay about its shops: compare, replay, people's requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import web

from towline_relay.store.privacy import PrivacyStore
from towline_relay.store.privacy_rows import PrivacyRequest
from towline_relay.sync.catalogue.compared import COMPARED, Compared
from towline_relay.sync.sweeps.all import SWEPT
from towline_relay.sync.sweeps.reconcile import sentence
from towline_relay.upkeep import Upkeep
from towline_shared.clock import parse_utc, utc_text
from towline_shared.errors import TowlineError

__all__ = ["ShopApi"]

_PATIENCE_S = 540.0  # less than the command's own


class ShopApi:
    """``/admin/api/reconcile``, ``/admin/api/replay`` and ``/admin/api/privacy...``."""

    def __init__(
        self,
        *,
        upkeep: Mapping[str, Upkeep],
        privacy: PrivacyStore,
        is_operator: Callable[[web.Request], bool],
    ) -> None:
        """Build it; ``upkeep`` is by tenant."""
        self._upkeep = upkeep
        self._privacy = privacy
        self._is_operator = is_operator

    def add_routes(self, app: web.Application) -> None:
        """Mount the handlers."""
        app.router.add_post("/admin/api/reconcile", self.reconcile)
        app.router.add_post("/admin/api/replay", self.replay)
        app.router.add_get("/admin/api/privacy", self.privacy)
        app.router.add_get(r"/admin/api/privacy/{number:\d+}", self.certificate)
        app.router.add_post(r"/admin/api/privacy/{number:\d+}/export", self.export)

    async def reconcile(self, request: web.Request) -> web.Response:
        """Compare orders, price lists or the catalogue now: ``{tenant, what, again}``."""
        upkeep, body = await self._asked(request)
        what = str(body.get("what", COMPARED[0]))
        if what not in COMPARED:
            return _error(400, f"what must be one of {', '.join(COMPARED)}.")
        if what != "orders":
            return await self._parts(upkeep, what, again=body.get("again") is True)
        try:
            found = await upkeep.compare()
        except TowlineError as error:
            return _error(503, error.what)
        answer = {**asdict(found), "equal": found.equal, "sentence": sentence(found)}
        return web.json_response(answer)

    async def _parts(self, upkeep: Upkeep, what: str, *, again: bool) -> web.Response:
        mine = upkeep.comparisons
        compare = mine.compare_lists if what == "price-lists" else mine.compare
        found: list[Compared]
        try:
            async with asyncio.timeout(_PATIENCE_S):
                found = await compare(again=again)
        except TimeoutError:
            return _error(
                503, "Shopify is still reading; see the page of checks, or ask again later."
            )
        except TowlineError as error:
            return _error(503, error.what)
        parts = [one.shown for one in found]
        return web.json_response({"equal": all(one.equal for one in found), "parts": parts})

    async def replay(self, request: web.Request) -> web.Response:
        """Look again at all that changed since a moment: ``{tenant, since, what}``."""
        upkeep, body = await self._asked(request)
        try:
            since = parse_utc(str(body.get("since")))
        except ValueError:
            return _error(400, "since must be a moment with a zone, such as 2026-11-01T00:00:00Z.")
        what = str(body.get("what", SWEPT[0]))
        if what not in SWEPT:
            return _error(400, f"what must be one of {', '.join(SWEPT)}.")
        try:
            new = await upkeep.replay(since, what)
            reading = await upkeep.reading(what)
        except TowlineError as error:
            return _error(503, error.what)
        answer = {"since": utc_text(since), "what": what, "new": new, "reading": reading}
        return web.json_response(answer)

    async def privacy(self, request: web.Request) -> web.Response:
        """List requests about personal data; of one tenant when ``tenant`` names it."""
        self._guard(request)
        rows = await self._privacy.requests(request.query.get("tenant", ""))
        return web.json_response({"requests": [_shown(row) for row in rows]})

    async def certificate(self, request: web.Request) -> web.Response:
        """Return the signed certificate of a request."""
        self._guard(request)
        row = await self._privacy.request(int(request.match_info["number"]))
        if row is None or not row.certificate:
            return _error(404, "There is no certificate of this request yet.")
        return web.json_response(json.loads(row.certificate))

    async def export(self, request: web.Request) -> web.Response:
        """Return what is held about the customer who asks; personal data, for the operator."""
        self._guard(request)
        number = int(request.match_info["number"])
        row = await self._privacy.request(number)
        upkeep = self._upkeep.get(row.tenant) if row else None
        held = await upkeep.erasure.export(number) if upkeep else None
        if held is None:
            return _error(404, "There is no request for data of this number.")
        return web.json_response(held)

    def _guard(self, request: web.Request) -> None:
        if not self._is_operator(request):
            raise web.HTTPUnauthorized(
                text=json.dumps({"error": "The operator's token is missing or wrong."}),
                content_type="application/json",
            )

    async def _asked(self, request: web.Request) -> tuple[Upkeep, dict[str, Any]]:
        """Return the tenant a body names, and the body."""
        self._guard(request)
        try:
            body = await request.json()
            upkeep = self._upkeep.get(body["tenant"])
        except (ValueError, KeyError, TypeError):
            body, upkeep = {}, None
        if upkeep is None:
            raise web.HTTPNotFound(
                text=json.dumps({"error": "relay.toml has no such tenant."}),
                content_type="application/json",
            )
        return upkeep, body


def _shown(row: PrivacyRequest) -> dict[str, Any]:
    return {
        "number": row.id,
        "tenant": row.tenant,
        "kind": row.kind,
        "reference": row.reference,
        "customer": row.customer,
        "orders": len(row.orders),
        "received_at": utc_text(row.received_at),
        "due_at": utc_text(row.due_at),
        "done_at": _moment(row.done_at),
        "state": row.state,
        "detail": row.detail,
        "certificate": bool(row.certificate),
    }


def _moment(moment: datetime | None) -> str:
    return utc_text(moment) if moment else ""


def _error(status: int, said: str) -> web.Response:
    return web.json_response({"error": said}, status=status)
