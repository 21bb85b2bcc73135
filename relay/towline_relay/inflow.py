"""Backpressure at the relay: looks at the load, lets ``link.readiness`` decide, and tells the link.

Between two looks what arrives is added to the last figure, so that a burst is met by the mark and
not by the next look; a session may still send the window it was granted before.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from towline_relay.link.readiness import (
    Inflow,
    InflowLimits,
    ShopState,
    decide,
    is_short,
    marks,
)
from towline_relay.store.rows import LaneBacklog
from towline_shared.clock import Clock
from towline_shared.database import Damaged
from towline_shared.errors import Retryable
from towline_shared.filling import Sample, hours_to_full
from towline_shared.health import Check, Status

__all__ = ["Flow", "InflowControl"]

_log = structlog.get_logger()
_SAMPLE_S = 60.0
_KEPT = 60  # an hour of samples
_KINDS = ("changes", "results")

Backlogs = Callable[[str], Awaitable[Sequence[LaneBacklog]]]


@dataclass(frozen=True, slots=True)
class Flow:
    """What the pages show of one tenant and kind (``changes`` or ``results``).

    Attributes:
        waiting: due events that are not decided yet.
        oldest_s: age in seconds of the oldest of them, since the agent saw it.
        most: how many are enough.
        hours: projected hours until there are as many; None while they don't grow.
        held: sentence, while agents are held back; since ``since``.
    """

    tenant: str
    kind: str
    waiting: int
    oldest_s: float
    most: int
    hours: float | None
    held: str = ""
    since: datetime | None = None


@dataclass
class _Tenant:
    inflow: Inflow = field(default_factory=lambda: Inflow(0, 0, 1 << 62))
    oldest: dict[str, datetime | None] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    since: dict[str, datetime] = field(default_factory=dict)
    short: bool = False
    samples: dict[str, deque[Sample]] = field(
        default_factory=lambda: {kind: deque(maxlen=_KEPT) for kind in _KINDS}
    )


class InflowControl:
    """Holds the streams of agents back while their tenant's backlog or the disk is short."""

    def __init__(
        self,
        *,
        shops: Mapping[str, Callable[[], ShopState]],
        backlogs: Backlogs,
        free_bytes: Callable[[], int],
        agents: Callable[[], Awaitable[Mapping[str, str]]],
        eased: Callable[[], None],
        limits: InflowLimits,
        clock: Clock,
        every_s: float = 1.0,
    ) -> None:
        """Hold nothing before the first look.

        Args:
            shops: how much the shop of a tenant takes.
            backlogs: reads a tenant's due uplink events by lane.
            free_bytes: free disk under the store.
            agents: agent id -> tenant of all that are enrolled.
            eased: called when a stream flows again, so that sessions grant credit at once.
        """
        self._shops = shops
        self._backlogs = backlogs
        self._free_bytes = free_bytes
        self._agents = agents
        self._eased = eased
        self._limits = limits
        self._clock = clock
        self._every_s = every_s
        self._tenant_of: Mapping[str, str] = {}
        self._tenants = {tenant: _Tenant() for tenant in shops}
        self._sampled_at: float | None = None

    # -- what the link asks -----------------------------------------------------------------------

    def ready(self, agent_id: str, stream: str) -> bool:
        """Tell whether more of a stream may be asked of an agent."""
        tenant = self._tenants.get(self._tenant_of.get(agent_id, ""))
        return tenant is None or stream not in tenant.held

    def took(self, agent_id: str, stream: str, rows: int) -> None:
        """Count what was just written, until the next look counts exactly."""
        name = self._tenant_of.get(agent_id, "")
        tenant = self._tenants.get(name)
        if tenant is None:
            return
        kind = "results" if stream == "results" else "changes"
        more = {kind: getattr(tenant.inflow, kind) + rows}
        tenant.inflow = replace(tenant.inflow, **more)
        self._decide(name, tenant)

    # -- looking ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except (Retryable, Damaged) as error:  # full or broken: nothing new is written anyway
                _log.warning("load not seen", action="inflow.blind", reason=error.what)
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Measure every tenant, decide, and let flow what may flow again."""
        self._tenant_of = await self._agents()
        now = self._clock.monotonic()
        sample = self._sampled_at is None or now - self._sampled_at >= _SAMPLE_S
        eased = False
        for name, tenant in self._tenants.items():
            lanes = {each.lane: each for each in await self._backlogs(name)}
            up = [lanes[each] for each in (f"{name}/catalogue", f"{name}/customers")
                  if each in lanes]  # fmt: skip
            orders = [lanes[f"{name}/orders"]] if f"{name}/orders" in lanes else []
            for kind, found in (("changes", up), ("results", orders)):
                tenant.oldest[kind] = min((each.oldest for each in found), default=None)
            tenant.inflow = Inflow(
                changes=sum(each.count for each in up),
                results=sum(each.count for each in orders),
                free_bytes=self._free_bytes(),
                shop=self._shops[name](),
            )
            eased |= self._decide(name, tenant)
            if sample:
                for kind in _KINDS:
                    tenant.samples[kind].append(Sample(now, tenant.inflow.level(kind)))
        if sample:
            self._sampled_at = now
        if eased:
            self._eased()

    def _decide(self, name: str, tenant: _Tenant) -> bool:
        """Decide anew; tell whether something flows again."""
        tenant.short = is_short(tenant.inflow.shop, was=tenant.short)
        before = tenant.held
        tenant.held = decide(tenant.inflow, self._limits, held=before, short=tenant.short)
        now = self._clock.now()
        tenant.since = {stream: tenant.since.get(stream, now) for stream in tenant.held}
        for stream in tenant.held.keys() - before.keys():
            _log.warning(
                "agents held back", action="inflow.hold", tenant=name, stream=stream,
                reason=tenant.held[stream],
            )  # fmt: skip
        freed = before.keys() - tenant.held.keys()
        for stream in freed:
            _log.info("agents go on", action="inflow.ease", tenant=name, stream=stream)
        return bool(freed)

    # -- how it is --------------------------------------------------------------------------------

    def flows(self) -> list[Flow]:
        """Return lag and time to full of every tenant."""
        return [
            self._flow(name, kind, tenant)
            for name, tenant in self._tenants.items()
            for kind in _KINDS
        ]

    def _flow(self, name: str, kind: str, tenant: _Tenant) -> Flow:
        most = int(marks(kind, self._limits, short=tenant.short).high)
        oldest, waiting = tenant.oldest.get(kind), tenant.inflow.level(kind)
        age = (self._clock.now() - oldest).total_seconds() if oldest and waiting else 0.0
        return Flow(
            name, kind, waiting, max(0.0, age), most,
            hours_to_full(tuple(tenant.samples[kind]), most),
            tenant.held.get(kind, ""), tenant.since.get(kind),
        )  # fmt: skip

    def checks(self) -> list[Check]:
        """Say who is held back and why."""
        return [
            Check(
                f"inflow {flow.tenant} {flow.kind}", Status.WARNING,
                flow.since or self._clock.now(),
                f"Agents are held back: {flow.held} The IBM i keeps the rows.",
                "It goes on by itself; see why the shop or the disk does not take more.",
            )
            for flow in self.flows()
            if flow.held
        ]  # fmt: skip
