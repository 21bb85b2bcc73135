"""A store in memory for the pages, and a served app; the browser tests use them too."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from towline_relay.admin.facts import (
    AgentFacts,
    ConflictFacts,
    ConflictFilter,
    EventFacts,
    EventFilter,
    EventList,
    HistoryStep,
    StateCount,
)
from towline_relay.admin.server import setup_admin
from towline_shared.clock import Clock, ManualClock
from towline_shared.health import Check, Status

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TOKEN = "an-operator-token-for-tests"
NASTY = '<script>alert("x")</script> is not a price. Correct IPPRC in DISTLIB/ITMPRC.'


def event(serial: int, state: str = "applied", **changes: object) -> EventFacts:
    """Make an event; a minute apart, the newest last."""
    at = NOW - timedelta(minutes=60 - serial)
    made = EventFacts(
        serial=serial,
        event_id=f"00000000-0000-5000-8000-{serial:012d}",
        tenant="nordwind",
        agent_id="agent-1",
        direction="up",
        entity="price",
        key=f"FA-{10000 + serial}",
        state=state,
        origin="ibmi:DISTLIB/ITMPRC",
        seen_at=at,
        received_at=at,
        changed_at=at,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def conflict(number: int, **changes: object) -> ConflictFacts:
    """Make a conflict; a minute apart, the newest last."""
    made = ConflictFacts(
        id=number,
        at=NOW - timedelta(minutes=60 - number),
        tenant="nordwind",
        entity="price",
        key="FA-10004",
        field="price",
        ours="12.90",
        theirs="9.99",
        source="shopify:products/update",
        done="The IBM i owns it: its next value overwrites this one.",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


@dataclass
class FakeStore:
    """Implements AdminStore over a list."""

    known: list[EventFacts] = field(default_factory=list)
    retried: list[tuple[str, str]] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    disputed: list[ConflictFacts] = field(default_factory=list)

    async def counts(self, *, tenant: str = "") -> Sequence[StateCount]:
        found = Counter((each.state, each.entity) for each in self.known)
        return [StateCount(state, entity, n) for (state, entity), n in found.items()]

    async def events(self, wanted: EventFilter) -> EventList:
        found = [
            each
            for each in sorted(self.known, key=lambda each: -each.serial)
            if (not wanted.states or each.state in wanted.states)
            and (not wanted.entity or each.entity == wanted.entity)
            and wanted.key in each.key
            and wanted.text in each.reason
            and (wanted.before is None or each.serial < wanted.before)
        ]
        shown = found[: wanted.limit]
        return EventList(shown, shown[-1].serial if len(shown) == wanted.limit else None)

    async def event(self, event_id: str) -> EventFacts | None:
        return next((each for each in self.known if each.event_id == event_id), None)

    async def history(self, event_id: str) -> Sequence[HistoryStep]:
        return [HistoryStep(NOW, "parked", "The price could not be read.")]

    async def conflicts(self, wanted: ConflictFilter) -> Sequence[ConflictFacts]:
        found = [
            each
            for each in sorted(self.disputed, key=lambda each: -each.id)
            if wanted.entity in ("", each.entity)
            and wanted.key in ("", each.key)
            and wanted.tenant in ("", each.tenant)
            and (wanted.before is None or each.id < wanted.before)
        ]
        return found[: wanted.limit]

    async def revoke(self, agent_id: str) -> bool:
        self.revoked.append(agent_id)
        return True

    async def approve(self, agent_id: str) -> bool:
        self.approved.append(agent_id)
        return True

    async def retry(self, tenant: str, event_id: str) -> bool:
        self.retried.append((tenant, event_id))
        return True


def sample_store() -> FakeStore:
    """A store with one event of most kinds."""
    return FakeStore(
        [
            event(1),
            event(2, "superseded", reason="A newer price (12.90) was written instead."),
            event(3, "skipped", entity="item", reason="The shop already shows this description."),
            event(4, "parked", reason=NASTY, hint="Then change the price once more."),
            event(5, "waiting", reason="The shop's budget is short.", due_at=NOW, attempts=3),
            event(
                6,
                "on_site",
                entity="order",
                direction="down",
                key="gid://shopify/Order/1001",
                body={
                    "order_gid": "gid://shopify/Order/1001",
                    "name": "#1001",
                    "total": "19.90",
                    "email": "ada@example.com",
                    "customer_name": "Ada Lovelace",
                    "lines": [{}, {}],
                },
            ),
        ],
        disputed=[conflict(1), conflict(2, entity="item", field="title", theirs=NASTY)],
    )


def sample_agents() -> list[AgentFacts]:
    """Agents of three tempers."""
    base = AgentFacts(
        agent_id="agent-1",
        tenant="nordwind",
        name="Nordwind Berlin",
        connected=True,
        since=NOW - timedelta(hours=3),
        last_seen_at=NOW - timedelta(seconds=4),
        backlog=12,
        oldest_unsent_s=3.5,
        ibmi="up",
        version="0.1.0",
        epoch=7,
        fingerprint="78A1B2C/001/NORDWIND/NORDWIND",
    )
    return [
        base,
        replace(
            base,
            agent_id="agent-2",
            name="Suedwind",
            tenant="suedwind",
            connected=False,
            last_seen_at=NOW - timedelta(minutes=14),
            ibmi="unknown",
        ),
        replace(
            base,
            agent_id="agent-3",
            name="Nordwind Hamburg",
            ibmi="restricted",
            backlog=0,
            oldest_unsent_s=0.0,
        ),
        replace(
            base,
            agent_id="agent-4",
            name="Nordwind Kiel",
            connected=False,
            last_seen_at=None,
            key="mudof-sakat-haguz-biram-mabiv",
            waiting=True,
        ),
    ]


def build(store: FakeStore, *, clock: Clock | None = None) -> web.Application:
    """Build an app with nothing but the pages."""

    async def agents() -> Sequence[AgentFacts]:
        return sample_agents()

    app = web.Application()
    setup_admin(
        app,
        store=store,
        agents=agents,
        token=TOKEN,
        clock=clock or ManualClock(NOW),
        retry=store.retry,
        revoke=store.revoke,
        approve=store.approve,
        relay_keys=lambda: ["lusab-babad, next gutih-tugad", "for P-256 agents x"],
        checks=lambda: [
            Check("lane t/orders", Status.OK, NOW, "It works what is due."),
            Check("app demo", Status.FAILED, NOW, f"The app was uninstalled. {NASTY}"),
        ],
    )
    return app


@asynccontextmanager
async def served(
    store: FakeStore | None = None, *, clock: Clock | None = None
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """Serve the pages on a free loopback port."""
    server = TestServer(build(store or sample_store(), clock=clock))
    async with TestClient(server, cookie_jar=CookieJar(unsafe=True)) as client:
        yield client
