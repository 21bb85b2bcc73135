"""Health, metrics, and what the operator's commands ask of a running relay."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from towline_relay.backups import backup
from towline_relay.inflow import Flow
from towline_relay.link import enrolment
from towline_relay.link.agent_link import AgentLink
from towline_relay.metrics import metrics_text
from towline_relay.store.base import Store
from towline_relay.verify import verified
from towline_shared.clock import Clock
from towline_shared.database import Database
from towline_shared.errors import TowlineError
from towline_shared.health import Check, Status, worst

__all__ = ["OperatorApi"]

_MOST_NAME = 100


class OperatorApi:
    """``/healthz``, ``/readyz``, ``/metrics`` and ``/admin/api/...``."""

    def __init__(
        self,
        *,
        database: Database,
        store: Store,
        tenants: Sequence[str],
        token: str,
        clock: Clock,
        checks: Callable[[], list[Check]],
        links: Callable[[], Mapping[str, AgentLink]],
        webhooks: Mapping[str, int],
        audit: Callable[[str], Awaitable[dict[str, Any]]],
        state: Path,
        flows: Callable[[], Sequence[Flow]],
    ) -> None:
        self._database = database
        self._store = store
        self._tenants = frozenset(tenants)
        self._token = hashlib.sha256(token.encode()).digest()
        self._clock = clock
        self._checks = checks
        self._links = links
        self._webhooks = webhooks
        self._audit = audit
        self._state = state
        self._flows = flows

    def add_routes(self, app: web.Application) -> None:
        """Mount the handlers."""
        app.router.add_get("/healthz", self.healthz)
        app.router.add_get("/readyz", self.readyz)
        app.router.add_get("/metrics", self.metrics)
        app.router.add_post("/admin/api/enrolment-codes", self.enrolment_codes)
        app.router.add_get("/admin/api/verify", self.verify)
        app.router.add_post("/admin/api/backup", self.backup)

    async def healthz(self, request: web.Request) -> web.Response:
        """Say that the process lives and its store answers."""
        await self._store.timer("healthz")
        return web.json_response({"status": "ok"})

    async def readyz(self, request: web.Request) -> web.Response:
        """Say whether work flows: 503 while a check has failed. Nothing here names a customer."""
        status = worst(self._checks())
        return web.json_response(
            {"status": status.name.lower()}, status=503 if status is Status.FAILED else 200
        )

    async def metrics(self, request: web.Request) -> web.Response:
        """Write the figures for Prometheus."""
        text = metrics_text(
            counts=await self._store.counts(),
            echoes=await self._store.echoes(),
            webhooks=self._webhooks,
            links=self._links(),
            checks=self._checks(),
            storage=self._database.storage,
            flows=self._flows(),
        )
        return web.Response(text=text, content_type="text/plain", charset="utf-8")

    async def enrolment_codes(self, request: web.Request) -> web.Response:
        """Make a one-time code: ``{tenant, name}`` -> ``{code, tenant, name}``."""
        if not self.is_operator(request):
            return _error(401, "The operator's token is missing or wrong.")
        try:
            body = await request.json()
            tenant, name = body["tenant"], body["name"]
        except (ValueError, KeyError, TypeError):
            return _error(400, "An enrolment code needs JSON with tenant and name.")
        if tenant not in self._tenants:
            return _error(404, f"relay.toml has no tenant {str(tenant)[:80]!r}.")
        if not isinstance(name, str) or not 0 < len(name) <= _MOST_NAME:
            return _error(400, f"The agent's name must have 1 to {_MOST_NAME} characters.")
        code = await asyncio.wrap_future(
            self._database.submit(
                lambda db: enrolment.create_code(db, tenant=tenant, name=name, clock=self._clock)
            )
        )
        return web.json_response({"code": code, "tenant": tenant, "name": name}, status=201)

    async def verify(self, request: web.Request) -> web.Response:
        """Count events by state; with ``walk=1`` also walk the streams, see ``audit``."""
        if not self.is_operator(request):
            return _error(401, "The operator's token is missing or wrong.")
        tenant = request.query.get("tenant", "")
        if request.query.get("walk") == "1":
            return web.json_response(await self._audit(tenant))
        return web.json_response(verified(await self._store.counts(tenant)))

    async def backup(self, request: web.Request) -> web.Response:
        """Copy the database beside it; where to is not for the asker to say."""
        if not self.is_operator(request):
            return _error(401, "The operator's token is missing or wrong.")
        now = self._clock.now()
        try:
            made = await asyncio.to_thread(backup, self._database, self._state, now)
        except TowlineError as error:
            return _error(507, str(error))
        return web.json_response(made.facts(), status=201)

    def is_operator(self, request: web.Request) -> bool:
        """Tell whether a request carries the operator's token."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        offered = hashlib.sha256(given.strip().encode()).digest()
        return scheme.lower() == "bearer" and hmac.compare_digest(offered, self._token)


def _error(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
