"""Agent and relay over a real link, each on a disk of its own, and the power goes at one of them.

What an end was told to be acknowledged must be on the other end's platter when that one comes back.
This is the promise over both ends at once: session, window, log and commit together.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.events import order, order_id, price, price_id
from tests.faults.power.disk import Disk
from tests.faults.power.vfs import Mounted
from tests.support.link_world import Relay, client, running, until
from towline_agent.buffer import Buffer
from towline_agent.identity import Identity, enrol
from towline_shared.clock import SystemClock

__all__ = ["LinkedCuts", "linked_cuts"]

_PIECE = 7
_OPERATIONS = 250  # of the disk that fails, at most, until it does
_PAUSE_S = 0.002


@dataclass
class LinkedCuts:
    """What the cuts of one run did.

    Attributes:
        cuts: by whose power it was.
        up: events that were captured durably; ``down`` those that were appended at the relay.
    """

    cuts: Counter[str] = field(default_factory=Counter)
    up: int = 0
    down: int = 0
    wrong: list[str] = field(default_factory=list)


def linked_cuts(folder: Path, seed: int, cuts: int) -> LinkedCuts:
    """Cut the power so often, at either end; then let everything arrive and compare."""
    return asyncio.run(_World(folder, random.Random(seed)).run(cuts))


class _World:
    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._folder = folder
        self._rng = rng
        self._disks = {"agent": Disk(), "relay": Disk()}
        self._mounted = {who: Mounted(disk) for who, disk in self._disks.items()}
        self._relay = Relay(folder, connect=self._mounted["relay"].connect)
        self._buffer = self._opened()
        self._identity: Identity
        self._result = LinkedCuts()

    def _opened(self) -> Buffer:
        return Buffer(
            self._folder / "buffer.db", clock=SystemClock(), connect=self._mounted["agent"].connect
        )

    async def run(self, cuts: int) -> LinkedCuts:
        await self._relay.start()
        try:
            code = self._relay.code()
            self._identity = await enrol(
                url=self._relay.url, code=code, name="x", folder=self._folder / "agent"
            )
            for _ in range(cuts):
                await self._cut(self._rng.choice(("agent", "relay")))
            await self._at_the_end()
        finally:
            await self._relay.stop()
            self._buffer.close()
            for mounted in self._mounted.values():
                mounted.unmount()
                self._result.wrong += map(repr, mounted.strange)
        return self._result

    async def _cut(self, whose: str) -> None:
        """Let both ends work until the power of one is gone; bring it back and compare."""
        disk = self._disks[whose]
        self._result.cuts[whose] += 1
        async with running(client(self._relay.url, self._identity, self._buffer)) as link:
            disk.cut_after(self._rng.randrange(1, _OPERATIONS))
            while disk.on:
                await self._news()
                link.nudge()
                await asyncio.sleep(self._rng.random() * _PAUSE_S)
        if whose == "relay":
            acked = await self._acked_up()
            await self._relay.stop()
            disk.power_up(self._rng)
            await self._relay.start()
            self._compare("up", acked, self._durable_up(), self._durable_down_written())
        else:
            acked = self._acked_down()
            self._buffer.close()
            disk.power_up(self._rng)
            self._buffer = self._opened()
            self._compare("down", acked, await self._durable_down(), await self._written_up())

    async def _news(self) -> None:
        """Capture some events and append some orders; what was answered counts as written."""
        result, n = self._result, self._rng.randint(1, _PIECE)
        with contextlib.suppress(Exception):  # the power went
            events = [price(result.up + i) for i in range(1, n + 1)]
            await asyncio.wrap_future(self._buffer.capture(stream="changes", events=events))
            result.up += n
        with contextlib.suppress(Exception):
            orders = [order(result.down + i) for i in range(1, n + 1)]
            await asyncio.to_thread(self._relay.send_down, self._identity.agent_id, orders)
            result.down += n

    def _compare(self, way: str, acked: int, durable: int, written: int) -> None:
        """Hold what the other end was told, and what we were answered, against the platter.

        A unit whose answer was lost with the power may be there; then it counts as written.
        """
        result = self._result
        if durable < acked:
            result.wrong.append(f"{way}: {acked} was acknowledged, {durable} is durable")
        ours = result.up if way == "down" else result.down
        if not ours <= written <= ours + _PIECE:
            result.wrong.append(f"{way}: {ours} were written and answered, {written} are there")
        if way == "down":
            result.up = written
        else:
            result.down = written

    # -- what each end says -----------------------------------------------------------------------

    async def _state_up(self) -> tuple[int, int]:
        offers = await asyncio.wrap_future(self._buffer.offers())
        found = next(state for state, _ in offers if state.name == "changes")
        return found.acked, found.last

    async def _acked_up(self) -> int:
        return (await self._state_up())[0]

    async def _written_up(self) -> int:
        return (await self._state_up())[1]

    async def _durable_down(self) -> int:
        offers = await asyncio.wrap_future(self._buffer.offers())
        return next((state.last for state, _ in offers if state.name == "orders"), 0)

    def _durable_up(self) -> int:
        log, agent_id = self._relay.server.log, self._identity.agent_id
        return self._relay.database.call(lambda db: log.state(db, agent_id, "changes", "in").last)

    def _state_down(self) -> tuple[int, int]:
        log, agent_id = self._relay.server.log, self._identity.agent_id
        state = self._relay.database.call(lambda db: log.state(db, agent_id, "orders", "out"))
        return state.acked, state.last

    def _acked_down(self) -> int:
        return self._state_down()[0]

    def _durable_down_written(self) -> int:
        return self._state_down()[1]

    async def _at_the_end(self) -> None:
        """Nothing fails any more: everything arrives, once, in order."""
        result = self._result
        wanted = [price_id(n) for n in range(1, result.up + 1)]
        async with running(client(self._relay.url, self._identity, self._buffer)) as link:
            try:
                await until(lambda: self._durable_up() == result.up)
                await until(lambda: self._acked_down() == result.down)
            except TimeoutError:
                result.wrong.append(f"the ends don't come together: {link.state.last_error}")
                return
        if self._relay.got() != wanted:
            result.wrong.append("up: what arrived is not what was captured, once and in order")
        rows = await asyncio.wrap_future(self._buffer.inbox(result.down + 1))
        if [row.event_id for row in rows] != [order_id(n) for n in range(1, result.down + 1)]:
            result.wrong.append("down: what arrived is not what was appended, once and in order")
