"""The relay put together: the only place that names concrete classes.

Start: files, store, shops, server, lanes, schedule. Stop: the reverse, with GOAWAY to the agents
first, so that they come back to the next process and nobody waits for a time-out.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from towline_relay import views
from towline_relay.admin.auth import read_or_make_token
from towline_relay.admin.facts import AgentFacts
from towline_relay.admin.server import setup_admin
from towline_relay.audit import audit
from towline_relay.backups import backups_folder
from towline_relay.config import LEAST_RETENTION_DAYS, RelayConfig
from towline_relay.day_book import DayBook
from towline_relay.inflow import InflowControl
from towline_relay.keys import read_or_make_keys, roll_keys
from towline_relay.link import enrolment, pair
from towline_relay.link.inheritance import SCHEMA as HEIRS
from towline_relay.link.inheritance import inherit
from towline_relay.link.lease import Lease
from towline_relay.link.server import LinkServer
from towline_relay.operator_api import OperatorApi
from towline_relay.operator_link import LinkApi
from towline_relay.operator_shop import ShopApi
from towline_relay.schedule import Schedule
from towline_relay.secrets_box import read_or_make_keyring
from towline_relay.store import image_rows, vault
from towline_relay.store.comparison_book import ComparisonBook
from towline_relay.store.export_book import ExportBook
from towline_relay.store.fenced import FencedRows
from towline_relay.store.order_book import OrderBook
from towline_relay.store.outstanding import is_outstanding
from towline_relay.store.price_book import PriceBook
from towline_relay.store.privacy import PrivacyStore
from towline_relay.store.sealed_documents import SealedDocuments
from towline_relay.store.sqlite import SqliteStore, prepare
from towline_relay.tenancy import Tenancy
from towline_relay.upkeep import UpkeepParts
from towline_relay.webhooks.receive import ShopDoor, WebhookReceiver
from towline_relay.without_store import without_store
from towline_shared import stream_log
from towline_shared.clock import Clock, SystemClock
from towline_shared.database import Damaged, Database
from towline_shared.health import Check
from towline_shared.storage import sqlite_check, storage_check

__all__ = ["Relay", "open_database", "serve"]

_MEANWHILE = "Until then Shopify delivers again, and the agents keep what they have."
_log = structlog.get_logger()


def open_database(config: RelayConfig) -> Database:
    """Open the relay's file and bring its schema up to date.

    Raises:
        Damaged: the relay must not go on with it, nor begin an empty one: it knows what was sent.
        Permanent: another process has it open, or it is not ours.
    """
    config.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return Database(
            config.database,
            prepare=prepare([stream_log.SCHEMA, enrolment.SCHEMA, vault.SCHEMA, HEIRS]),
            room=config.room,
        )
    except Damaged as error:
        raise Damaged(
            error.what,
            hint=f"Keep it: move {config.database.name} and {config.database.name}-wal aside, copy"
            f" the newest file of {backups_folder(config.state)} to {config.database}, and start."
            " Then follow docs/operate.md, 'The relay's database is damaged'.",
        ) from None


class Relay:
    """A relay that can be started and stopped; ``port`` is known after the start."""

    def __init__(self, config: RelayConfig, *, clock: Clock | None = None) -> None:
        self.config = config
        self.clock = clock or SystemClock()
        self.port = config.port
        self._started_at = self.clock.now()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Relay]:
        """Run until the block is left; leaving it stops gracefully."""
        async with contextlib.AsyncExitStack() as stack:
            await self._start(stack)
            _log.info("relay runs", action="relay.started", port=self.port)
            yield self
            _log.info("relay stops", action="relay.stopping")

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        database = open_database(self.config)
        stack.callback(database.close)
        paired = {tenant.id: tenant.pair for tenant in self.config.tenants}.__getitem__
        enrolled = views.EnrolledAgents(paired=paired)
        secrets_kept = vault.Vault(database, clock=self.clock)
        keyring = read_or_make_keyring(self.config.secrets_key, in_use=secrets_kept.holds_any)
        documents = SealedDocuments(keyring, enrolled=enrolled, clock=self.clock)
        log = stream_log.StreamLog(clock=self.clock, cover=documents)
        self._database, self._log = database, log
        self._store = SqliteStore(
            database, log=log, enrolled=enrolled, clock=self.clock, cover=documents
        )
        self._privacy = PrivacyStore(
            database, log=log, documents=documents, enrolled=enrolled, clock=self.clock
        )
        self._documents = documents
        self._days = DayBook(
            database,
            log=log,
            sign=lambda message: self._link.identity.sign(message),
            clock=self.clock,
        )
        fence = FencedRows(log=log, cover=documents, clock=self.clock)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        self._link = LinkServer(
            database=database,
            log=log,
            sink=self._store,
            outstanding=is_outstanding,
            renewed=image_rows.forget,
            fenced=lambda db, agent_id, stream, rows: fence.received(
                db, enrolled.tenant_of(db, agent_id), agent_id, stream, rows
            ),
            paired=paired,
            identity=read_or_make_keys(self.config.identity),
            clock=self.clock,
            ready=self._ready,
            on_received=self._received,
            window_rows=self.config.inflow.window,
            holds={tenant.id: tenant.approve_agents for tenant in self.config.tenants}.__getitem__,
        )
        owner = secrets.token_hex(8)
        parts = UpkeepParts(
            public_url=self.config.public_url,
            privacy=self._privacy,
            book=OrderBook(database),
            prices=PriceBook(database),
            exports=ExportBook(database, clock=self.clock),
            told=ComparisonBook(database),
            certificates=self.config.state / "erasures",
            sign=lambda text: self._link.identity.sign(text),
            nudge_agent=self._link.nudge,
        )
        self._tenants = {
            tenant.id: Tenancy(
                tenant,
                session=session,
                store=self._store,
                clock=self.clock,
                owner=owner,
                vault=secrets_kept,
                keyring=keyring,
                parts=parts,
            )
            for tenant in self.config.tenants
        }
        self._inflow = InflowControl(
            shops={name: tenancy.takes for name, tenancy in self._tenants.items()},
            backlogs=self._store.uplink_backlog,
            free_bytes=lambda: shutil.disk_usage(self.config.state).free,
            agents=self._tenants_of_agents,
            eased=self._link.ease,
            limits=self.config.inflow,
            clock=self.clock,
        )
        self._receiver = self._webhooks()
        await self._inflow.look()  # before anybody can connect
        await self._listen(stack)
        await self._work(stack)

    def _webhooks(self) -> WebhookReceiver:
        doors = {
            tenant.shop.shop: ShopDoor(
                tenant.id,
                tenant.shop.shop,
                tenant.shop.webhook_secrets,
                tenant.shop.api_version,
            )
            for tenant in self.config.tenants
        }
        inbox = views.Inbox(
            self._store,
            nudge=self._nudge,
            finished=lambda tenant, gid: self._tenants[tenant].exports.ring(gid),
        )
        return WebhookReceiver(inbox=inbox, shops=doors, clock=self.clock)

    async def _listen(self, stack: contextlib.AsyncExitStack) -> None:
        token = read_or_make_token(self.config.admin_token)
        api = OperatorApi(
            database=self._database,
            store=self._store,
            tenants=[tenant.id for tenant in self.config.tenants],
            token=token,
            clock=self.clock,
            checks=self.checks,
            links=self._link.connected,
            webhooks=self._receiver.counts,
            audit=self._audit,
            state=self.config.state,
            flows=self._inflow.flows,
        )
        app = web.Application(middlewares=[without_store])
        app.router.add_get("/link", self._link.handle)
        app.router.add_post("/link/enrol", self._link.enrol)
        app.router.add_post("/webhooks/{shop}/{topic:.+}", self._receiver.handle)
        api.add_routes(app)
        ShopApi(
            upkeep={name: tenancy.upkeep for name, tenancy in self._tenants.items()},
            privacy=self._privacy,
            is_operator=api.is_operator,
        ).add_routes(app)
        LinkApi(
            link=self._link,
            agents=self._agents,
            roll=lambda: roll_keys(self.config.identity),
            is_operator=api.is_operator,
        ).add_routes(app)
        setup_admin(
            app,
            store=views.PagesStore(self._store),
            agents=self._agents,
            token=token,
            clock=self.clock,
            retry=self._retry,
            revoke=self._link.revoke,
            approve=self._link.approve,
            relay_keys=lambda: self._link.identity.lines,
            checks=self.checks,
            flows=lambda: views.flow_facts(self._inflow.flows()),
        )
        # The socket sessions end by GOAWAY; what is left is cut after the graceful time.
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=5.0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.push_async_callback(self._link.goaway, "the relay restarts", most_s=1)
        site = web.TCPSite(runner, self.config.host, self.config.port)
        await site.start()
        self.port = runner.addresses[0][1]

    async def _work(self, stack: contextlib.AsyncExitStack) -> None:
        for tenancy in self._tenants.values():
            await tenancy.recall()
            stack.push_async_callback(tenancy.remember)
        loops = [
            asyncio.create_task(loop.run(), name=name)
            for tenancy in self._tenants.values()
            for name, loop in tenancy.loops.items()
        ]
        loops.append(asyncio.create_task(self._inflow.run(), name="inflow"))
        stack.push_async_callback(_end, loops)
        schedule = Schedule()
        for tenancy in self._tenants.values():
            interval = timedelta(seconds=tenancy.config.shop.sweep_s)
            schedule.every(f"sweep {tenancy.config.id}", tenancy.sweep, interval=interval)
            for job in tenancy.upkeep.jobs():
                schedule.every(job.name, job.work, interval=job.interval)
            minute = timedelta(minutes=1)
            schedule.every(
                f"remember {tenancy.config.id}", tenancy.remember, interval=minute, soon=False
            )
            # three points a time; Shopify asks for a daily look at versions, but scopes change
            # whenever somebody changes them, and what they switch off should not wait for long
            often = timedelta(minutes=10)
            schedule.every(f"audit {tenancy.config.id}", tenancy.audit, interval=often)
        schedule.every("control totals", self._days.settle, interval=timedelta(minutes=10))
        schedule.every("trim", self._trim, interval=timedelta(hours=6), soon=False)
        minute = timedelta(minutes=1)
        schedule.every("inherit", self._inherit, interval=minute)
        schedule.every("trim in need", self._trim_in_need, interval=minute, soon=False)
        schedule.start()
        stack.callback(schedule.stop)

    async def _inherit(self) -> None:
        """Send again what agents that were shut out never reported about."""

        def work(db: sqlite3.Connection) -> dict[str, int]:
            return inherit(db, self._log, enrolment.agents(db))

        for agent_id, count in (await asyncio.wrap_future(self._database.submit(work))).items():
            _log.warning("documents inherited", action="agent.heir", agent=agent_id, count=count)
            self._link.nudge(agent_id)

    def _ready(self, agent_id: str, stream: str) -> bool:
        return not self._database.storage.refuses and self._inflow.ready(agent_id, stream)

    def _received(self, agent_id: str, stream: str, rows: int) -> None:
        self._inflow.took(agent_id, stream, rows)
        self._nudge(None)

    async def _tenants_of_agents(self) -> Mapping[str, str]:
        rows = await asyncio.wrap_future(self._database.submit(enrolment.agents))
        return {row.agent_id: row.tenant for row in rows}

    async def _agents(self) -> Sequence[AgentFacts]:
        pairs = [tenant.id for tenant in self.config.tenants if tenant.pair]

        def work(db: sqlite3.Connection) -> tuple[list[enrolment.AgentRow], dict[str, Lease]]:
            return enrolment.agents(db), pair.leases(db, pairs)

        rows, leases = await asyncio.wrap_future(self._database.submit(work))
        return views.agent_facts(rows, self._link.connected(), leases)

    async def _retry(self, tenant: str, event_id: str) -> bool:
        retried = await self._store.retry(tenant, event_id)
        if retried:
            self._nudge(tenant)
        return retried

    async def _audit(self, tenant: str) -> dict[str, Any]:
        return await asyncio.to_thread(
            audit,
            self._database.call,
            tenant=tenant,
            agents=enrolment.tenants,
            show=self._documents.show,
        )

    async def _trim_in_need(self) -> None:
        """On a full disk keep no more than the settings must allow; also sees that it is over."""
        await self._store.timer("trim")
        storage = self._database.storage
        if storage.full and not storage.remedy:  # forgetting sooner mends no disk that fails
            await self._trim(days=LEAST_RETENTION_DAYS)

    async def _trim(self, *, days: int | None = None) -> None:
        await self._days.settle()  # what is trimmed can't be counted any more
        before = self.clock.now() - timedelta(days=days or self.config.retention_days)
        rows = await self._store.trim(before=before)
        rows += await asyncio.wrap_future(
            self._database.submit(lambda db: self._log.trim(db, before=before))
        )
        rows += await self._privacy.trim()
        _log.info("trimmed", action="relay.trimmed", rows=rows)

    def _nudge(self, tenant: str | None) -> None:
        for tenancy in self._tenants.values():
            if tenant in (None, tenancy.config.id):
                tenancy.nudge()

    def checks(self) -> list[Check]:
        """Tell how everything is doing."""
        found = [check for tenancy in self._tenants.values() for check in tenancy.checks()]
        disk = storage_check(
            self._database.storage, started_at=self._started_at, meanwhile=_MEANWHILE
        )
        own = [*self._receiver.checks(), *self._days.checks(), *self._inflow.checks()]
        version = sqlite_check(sqlite3.sqlite_version_info, started_at=self._started_at)
        return [disk, version, *found, *own]


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def serve(config: RelayConfig, *, stop: asyncio.Event) -> None:
    """Run a relay until ``stop`` is set."""
    async with Relay(config).running():
        await stop.wait()
