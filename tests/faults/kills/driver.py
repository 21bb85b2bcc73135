"""Starts agent and relay as processes, kills them again and again, and has the checker look."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import random
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.kills.agent_process import run_agent
from tests.faults.kills.history import History
from tests.faults.kills.relay_process import open_relay, run_relay
from tests.faults.kills.site import TENANT, Site
from tests.faults.report import Part
from tests.faults.wire.faults import Faults
from tests.faults.wire.proxy import FaultProxy
from towline_agent.identity import enrol
from towline_relay.link import enrolment
from towline_shared.clock import SystemClock

__all__ = ["Plan", "kill_rounds"]

_DAY_S = 86_400.0
_LOOK_S = 0.02
_STALLED_S = 5.0  # longer than it takes to notice a wire that fell silent
_PATIENCE_S = 120.0
_OWN_PORTS = (15_000, 30_000)
_ASKED = (0, -signal.SIGTERM)  # a process may be asked before it can listen


@dataclass(frozen=True, slots=True)
class Plan:
    """How bad the days are.

    Attributes:
        rounds: kills.
        changes: see :class:`~tests.faults.kills.site.Site`; so are ``bulk`` and ``orders``.
        rate: share of frames that something happens to.
        early: share of kills that come while the killed one still starts.
        look: share of kills after which the dead one's file is checked.
        jump: share of kills after which a clock jumps.
        jump_days: how far it may be off.
    """

    seed: int
    rounds: int
    changes: int
    bulk: int
    orders: int
    rate: float = 0.05
    early: float = 0.15
    look: float = 1.0
    jump: float = 0.1
    jump_days: float = 100.0
    mistake: str = ""


@dataclass
class _Process:
    """One of the two, started as often as it is killed."""

    context: Any
    target: Callable[[Site, Any], None]
    site: Site
    offset_s: Any
    starts: int = 0
    _process: Any = field(default=None)

    def start(self) -> None:
        self._process = self.context.Process(
            target=self.target, args=(self.site, self.offset_s), daemon=True
        )
        self._process.start()
        self.starts += 1

    def kill(self) -> None:
        self._process.kill()
        self._process.join()

    def stop(self) -> int | None:
        """Ask it to end; return its exit code, None when it does not end."""
        self._process.terminate()
        self._process.join(_PATIENCE_S)
        code: int | None = self._process.exitcode
        self._process.kill()
        return code

    @property
    def died(self) -> bool:
        """It ended, and nobody killed it."""
        return self._process.exitcode is not None


def kill_rounds(folder: Path, plan: Plan, say: Callable[[str], None] = lambda line: None) -> Part:
    """Run the rounds, let the faults stop, wait until nothing waits, and check everything."""
    return asyncio.run(_Rounds(folder, plan, say).run())


class _Rounds:
    def __init__(self, folder: Path, plan: Plan, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._folder = folder
        self._say = say
        self._rng = random.Random(plan.seed)
        self._killed: Counter[str] = Counter()
        self._jumps = 0
        self._history: History
        self._agent: _Process
        self._relay: _Process

    async def run(self) -> Part:
        port = _free_port(random.Random())
        faults = Faults(random.Random(self._plan.seed + 1), self._plan.rate)
        async with FaultProxy(port, faults) as proxy:
            site = Site(
                self._folder, port, proxy.port, self._plan.changes, self._plan.bulk,
                self._plan.orders, self._plan.mistake,
            )  # fmt: skip
            self._history = History(site)
            await self._begin(site)
            try:
                for number in range(1, self._plan.rounds + 1):
                    await self._round(site)
                    if number % 50 == 0:
                        self._say(f"{number} kills, {self._history.progress():,} acknowledged")
                settled_s = await self._settle(site, proxy)
            finally:
                codes = {
                    "agent": await asyncio.to_thread(self._agent.stop),
                    "relay": await asyncio.to_thread(self._relay.stop),
                }
            return await asyncio.to_thread(self._report, site, proxy, settled_s, codes)

    async def _begin(self, site: Site) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([run_agent.__module__, run_relay.__module__])
        self._relay = _Process(context, run_relay, site, context.RawValue("d", 0.0))
        self._agent = _Process(context, run_agent, site, context.RawValue("d", 0.0))
        database = open_relay(site)
        code = database.call(
            lambda db: enrolment.create_code(db, tenant=TENANT, name="x", clock=SystemClock())
        )
        database.close()
        self._relay.start()
        await _listening(site.relay_port)
        url = f"ws://127.0.0.1:{site.relay_port}/link"
        await enrol(url=url, code=code, name="x", folder=site.identity)
        self._agent.start()

    # -- one round --------------------------------------------------------------------------------

    async def _round(self, site: Site) -> None:
        plan, rng = self._plan, self._rng
        if rng.random() >= plan.early:
            total = sum(site.totals.values())
            await self._until(min(self._history.progress() + 0.7 * total / plan.rounds, total))
        await asyncio.sleep(rng.uniform(0.0, 0.05))
        who = rng.choice(("agent", "relay", "both"))
        self._killed[who] += 1
        victims = [
            process
            for name, process in (("agent", self._agent), ("relay", self._relay))
            if who in (name, "both")
        ]
        for process in victims:
            if process.died:
                self._history.ended_by_itself("agent" if process is self._agent else "relay")
            process.kill()
        if rng.random() < plan.look:
            if self._relay in victims:
                await asyncio.to_thread(self._history.relay_is_dead)
            if self._agent in victims:
                await asyncio.to_thread(self._history.agent_is_dead)
        if rng.random() < plan.jump:
            self._jumps += 1
            days = rng.uniform(-plan.jump_days, plan.jump_days)
            rng.choice((self._agent, self._relay)).offset_s.value = days * _DAY_S
        for process in victims:
            process.start()

    async def _until(self, progress: float) -> None:
        """Wait for so much progress, but not for ever: the wire may be dead."""
        began = time.monotonic()
        while self._history.progress() < progress:
            if time.monotonic() - began > _STALLED_S:
                return
            await asyncio.sleep(_LOOK_S)

    # -- the end ----------------------------------------------------------------------------------

    async def _settle(self, site: Site, proxy: FaultProxy) -> float:
        """Let most of the rest pass the bad wire, then let the faults stop; return the seconds."""
        total = sum(site.totals.values())
        while self._history.progress() < 0.95 * total and await self._moves():
            pass
        proxy.behave()
        began = time.monotonic()
        while self._history.progress() < total and await self._moves():
            pass
        return time.monotonic() - began

    async def _moves(self) -> bool:
        """Wait for any progress; False when there was none for a long time."""
        before, began = self._history.progress(), time.monotonic()
        while self._history.progress() <= before:
            for who, process in (("agent", self._agent), ("relay", self._relay)):
                if process.died:
                    self._history.ended_by_itself(who)
                    return False
            if time.monotonic() - began > _PATIENCE_S:
                self._history.wrong.append(f"nothing moves any more at {before}")
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    def _report(
        self, site: Site, proxy: FaultProxy, settled_s: float, codes: dict[str, int | None]
    ) -> Part:
        self._history.at_the_end()
        part = Part(wrong=list(self._history.wrong))
        part.wrong += [
            f"the {who} ended with {code}" for who, code in codes.items() if code not in _ASKED
        ]
        part.figures["kill rounds"] = self._killed.total()
        part.figures |= {f"  {who} killed": n for who, n in sorted(self._killed.items())}
        part.figures["events through the proxy"] = self._history.progress()
        part.figures["frames through the proxy"] = proxy.frames
        part.figures["connections"] = proxy.connections
        part.figures |= {f"  {fate}": n for fate, n in proxy.faults.made.most_common()}
        part.figures["clock jumps"] = self._jumps
        part.figures["ms from the last fault to no backlog"] = round(settled_s * 1000)
        part.figures["invariants broken"] = len(part.wrong)
        return part


def _free_port(rng: random.Random) -> int:
    """Return a free port below those that systems give to whoever asks for any.

    The relay is down again and again, and nobody may take its port meanwhile: no other program, and
    not the proxy's own attempt to reach it, which on loopback may meet itself.
    """
    while True:
        port = rng.randrange(*_OWN_PORTS)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


async def _listening(port: int) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(_LOOK_S)
            else:
                writer.close()
                return
