"""A session that was taken over and does not know: whatever it still says must change nothing.

Two link servers work on one database, as two relay processes on one PostgreSQL would; so nobody
tells the old session anything, and the epoch in the database is all that stands in its way.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from tests.faults.events import order, price
from tests.support.link_world import CollectingSink, prepare, until
from tests.support.scripted_agent import OURS, PATIENCE_S, ScriptedAgent
from towline_relay.link import enrolment
from towline_relay.link.server import LinkServer, RelayIdentity
from towline_shared.clock import ManualClock
from towline_shared.codec import encode
from towline_shared.database import Database
from towline_shared.events import Event
from towline_shared.frames import Ack, Beat, Bye, Data
from towline_shared.sealing import SigningKey
from towline_shared.stream_log import StreamLog

__all__ = ["zombie_story"]

_RELAY = RelayIdentity(SigningKey.generate(), SigningKey.generate().public)
_KEY = SigningKey.generate()


def zombie_story(folder: Path, seed: int) -> list[str]:
    """Let an old session speak between the words of a new one; return the invariants broken."""
    return asyncio.run(_Story(folder, random.Random(seed)).run())


class _Story:
    def __init__(self, folder: Path, rng: random.Random) -> None:
        self._rng = rng
        self._clock = ManualClock()
        self._log = StreamLog(clock=self._clock)
        self._database = Database(folder / "relay.db", prepare=prepare)
        self._servers = [self._server(), self._server()]
        self._tasks: list[asyncio.Task[None]] = []
        self._truth: list[str] = []  # ids of what the new session was told is durable

    def _server(self) -> LinkServer:
        return LinkServer(
            database=self._database,
            log=self._log,
            sink=CollectingSink(),
            identity=_RELAY,
            clock=self._clock,
        )

    async def run(self) -> list[str]:
        try:
            agent_id = self._database.call(self._enrolled)
            old = await self._joined(agent_id, self._servers[0], 0)
            for n in range(self._rng.randint(0, 3)):  # while it is the newest, it counts
                await self._row(old, n + 1, price(n + 1))
            new = await self._joined(agent_id, self._servers[1], 1)
            before = self._database.call(lambda db: self._state(db, agent_id))
            await self._stale(old, agent_id)
            wrong = self._compared(
                before, self._database.call(lambda db: self._state(db, agent_id))
            )
            for n in range(len(self._truth), len(self._truth) + 3):
                await self._row(new, n + 1, price(n + 1))
            return wrong + self._at_the_end(agent_id)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._database.close()

    def _enrolled(self, db: sqlite3.Connection) -> str:
        code = enrolment.create_code(db, tenant="t", name="a", clock=self._clock)
        found = enrolment.redeem(db, code=code, public_key=_KEY.public, clock=self._clock)
        self._log.append(db, found.agent_id, "orders", [order(1), order(2)])
        return found.agent_id

    async def _joined(self, agent_id: str, server: LinkServer, counter: int) -> ScriptedAgent:
        agent = ScriptedAgent(agent_id, _KEY)
        self._tasks.append(asyncio.create_task(agent.session(server).serve()))
        last = self._database.call(lambda db: self._log.state(db, agent_id, "changes", "in").last)
        offer = OURS.__class__(OURS.name, OURS.direction, OURS.stream_id, 1, last, "")
        await agent.join(_RELAY.current.public, join_counter=counter, streams=[offer])
        await agent.say(Beat("2026-11-23T08:00:00.000000Z"))
        await until(lambda: self._database.call(_confirmed))
        return agent

    async def _row(self, agent: ScriptedAgent, seq: int, event: Event) -> None:
        """Send the row of a number and wait until it is acknowledged."""
        await agent.say(_data(seq, [event]))
        ack = await agent.hear(Ack)
        assert ack.upto >= seq
        self._truth.append(event.id)

    async def _stale(self, old: ScriptedAgent, agent_id: str) -> None:
        """Say one thing that would change something, and wait until the old session is over."""
        self._clock.advance(5)
        seq = len(self._truth) + 1
        words = (
            _data(seq, [price(1_000 + seq)]),  # another event under the number that comes next
            Beat("2026-11-23T08:00:09.000000Z"),
        )
        await old.say(self._rng.choice(words))
        await old.say(Bye("stop", "The agent is stopping."))
        await asyncio.wait_for(self._tasks[0], PATIENCE_S)

    def _state(self, db: sqlite3.Connection, agent_id: str) -> dict[str, object]:
        """Return what a session may change."""
        queries = {
            "effects": "SELECT * FROM got",
            "streams": "SELECT name, direction, last, acked, consumed FROM stream_head",
            "the agent's row": "SELECT last_seen_at, version, join_confirmed FROM agent",
        }
        return {name: [tuple(row) for row in db.execute(sql)] for name, sql in queries.items()}

    def _compared(self, before: dict[str, object], after: dict[str, object]) -> list[str]:
        return [
            f"a stale epoch changed {name}: {before[name]} became {after[name]}"
            for name in before
            if before[name] != after[name]
        ]

    def _at_the_end(self, agent_id: str) -> list[str]:
        rows = self._database.call(lambda db: db.execute("SELECT event_id FROM got").fetchall())
        got = [str(row["event_id"]) for row in rows]
        return [] if got == self._truth else [f"acknowledged was {self._truth}, there is {got}"]


def _confirmed(db: sqlite3.Connection) -> bool:
    """Tell whether the newest session's heartbeat has arrived."""
    return bool(db.execute("SELECT join_confirmed FROM agent").fetchone()[0])


def _data(first: int, events: Sequence[Event]) -> Data:
    rows = tuple((e.id, e.entity, e.key, encode(e)) for e in events)
    return Data("changes", OURS.stream_id, first, rows)
