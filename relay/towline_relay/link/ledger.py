"""What a session writes down about its agent: each verb one unit, each checked against the epoch.

A session whose epoch is no longer the newest, because a newer connection took over or the agent was
shut out, changes nothing: its units end with :class:`Fenced`.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from towline_relay.link import agent_keys, enrolment, pair, pins
from towline_relay.link.enrolment import Joined
from towline_relay.link.inheritance import hand_on
from towline_relay.link.lease import Verdict
from towline_relay.link.pair import Standing
from towline_relay.link.positions import positions
from towline_relay.link.proof import Proven
from towline_shared import caps
from towline_shared.errors import Refused
from towline_shared.frames import BATCH_ROWS, Ack, Data, Position, Rotate
from towline_shared.stream_log import LogRow
from towline_shared.window import Outgoing

if TYPE_CHECKING:
    from towline_relay.link.server import LinkServer

__all__ = ["Fenced", "Ledger"]


class Fenced(Exception):
    """The session is no longer the newest of an agent that may speak."""


class Ledger:
    """The units of one session; made for an agent that has proved itself."""

    def __init__(self, server: LinkServer, proven: Proven, *, next_key: str = "") -> None:
        """Prepare; the session has no epoch before :meth:`join`.

        Args:
            next_key: the relay's next key, if WELCOME names it to an agent that pins it.
        """
        self._next_key = next_key
        self._server = server
        self._hello = proven.hello
        self._counter = proven.auth.join_counter
        self._key = proven.key
        self._agent_id = proven.hello.agent_id
        self._epoch = 0
        self.tenant = ""  # whose pair the agent is in; empty: in none
        self.standing: Standing | None = None  # None: the tenant has no pair

    async def join(self) -> tuple[Joined, list[Position]]:
        """Begin the session: a new epoch, and where both stand.

        Raises:
            Refused: an old join counter, or the databases don't belong together.
        """

        def work(db: sqlite3.Connection) -> tuple[Joined | Refused, list[Position]]:
            refusal = self._look_for_pair(db)
            if refusal is not None:
                return refusal, []
            try:
                joined: Joined | Refused = enrolment.join(
                    db,
                    agent_id=self._agent_id,
                    join_counter=self._counter,
                    clock=self._server.clock,
                )
            except Refused as error:
                enrolment.suspect(db, self._agent_id, error.what)
                return error, []
            if self.tenant:
                self._stand(db)
            found = positions(
                db,
                self._server.log,
                self._agent_id,
                self._hello.streams,
                again=lambda event_id: self._server.outstanding(db, event_id),
                renewed=lambda: self._renewed(db),
            )
            return joined, found

        joined, found = await self._server.unit(work)
        if isinstance(joined, Refused):
            raise joined
        self._epoch = joined.epoch
        return joined, found

    async def receive(self, frame: Data) -> int:
        """Write a batch and its effect; returns the highest durable number of the stream."""
        server, name = self._server, frame.name
        texts = [(text, event_id, entity, key) for event_id, entity, key, text in frame.rows]

        def work(db: sqlite3.Connection) -> int:
            self._fence(db)
            _, rows = server.log.receive(
                db,
                self._agent_id,
                name,
                stream_id=frame.stream_id,
                first=frame.first,
                texts=texts,
            )
            live, fenced = rows, list[LogRow]()
            if self.tenant:
                live, fenced = pair.sort_out(db, self.tenant, self._agent_id, name, rows)
            if fenced:
                server.fenced(db, self._agent_id, name, fenced)
            if live:
                server.sink.received(db, self._agent_id, name, live)
            if rows:
                server.log.consume(db, self._agent_id, name, rows[-1].seq)
            return server.log.state(db, self._agent_id, name, "in").last

        return await server.unit(work, grows=True)

    async def acked(self, frame: Ack) -> None:
        """Note what the agent holds durably."""

        def work(db: sqlite3.Connection) -> None:
            self._fence(db)
            self._server.log.acked(db, self._agent_id, frame.name, frame.upto)

        await self._server.unit(work)

    async def unsent(self, window: Outgoing) -> list[LogRow]:
        """Return the rows a window lets go out next."""
        after, n, most = window.last_sent, min(window.room, BATCH_ROWS), window.room_bytes

        def work(db: sqlite3.Connection) -> list[LogRow]:
            self._fence(db)
            return self._server.log.unsent(
                db, self._agent_id, window.name, after=after, rows=n, most=most
            )

        return await self._server.unit(work)

    async def backlog(self) -> int:
        """Return how many rows the agent has not acknowledged."""

        def work(db: sqlite3.Connection) -> int:
            states = self._server.log.states(db, self._agent_id)
            return sum(state.backlog for state in states if state.direction == "out")

        return await self._server.unit(work)

    async def saw(self, partition: str = "") -> None:
        """Note a sign of life; it also ends the overlap of two keys, and asks for the lease.

        Args:
            partition: of the IBM i that the agent works with; empty when it told none since HELLO.
        """

        def work(db: sqlite3.Connection) -> None:
            self._fence(db)
            enrolment.saw(
                db,
                self._agent_id,
                clock=self._server.clock,
                version=self._hello.version,
                fingerprint=partition or self._hello.fingerprint,
            )
            agent_keys.settle(db, self._agent_id, proved=self._key, clock=self._server.clock)
            if self._next_key:
                pins.note(db, self._agent_id, self._next_key)
            if self.tenant:
                self._stand(db, joins=False)

        await self._server.unit(work)

    async def offer(self, frame: Rotate) -> str:
        """Take a candidate for the agent's key; returns why not, empty when it is good now."""
        refusal = agent_keys.why_not(frame, agent_id=self._agent_id, proved=self._key)

        def work(db: sqlite3.Connection) -> None:
            self._fence(db)
            agent_keys.offer(
                db,
                self._agent_id,
                proved=self._key,
                candidate=frame.public_key,
                clock=self._server.clock,
            )

        if not refusal:
            await self._server.unit(work)
        return refusal

    async def stopped(self) -> bool:
        """Give the lease back; returns whether another agent may have it now."""

        def work(db: sqlite3.Connection) -> bool:
            self._fence(db)
            now = self._server.clock.now()
            return pair.release(db, tenant=self.tenant, agent_id=self._agent_id, now=now)

        return bool(self.tenant) and await self._server.unit(work)

    def _look_for_pair(self, db: sqlite3.Connection) -> Refused | None:
        """Learn whether the tenant has a pair; returns why this agent can't be in one."""
        agent = enrolment.find_agent(db, self._agent_id)
        if agent is None or not self._server.paired(agent.tenant):
            return None
        self.tenant = agent.tenant
        if caps.LEASE in self._hello.caps:
            return None
        return Refused(
            f"The tenant {agent.tenant} has a pair of agents, and this agent is too old for one.",
            hint="Upgrade the agent, or take pair = true out of relay.toml.",
            code="upgrade",
        )

    def _stand(self, db: sqlite3.Connection, *, joins: bool = True) -> None:
        """Ask for the lease; a new holder gets what nobody has reported about."""
        server = self._server
        self.standing = pair.ask(
            db,
            tenant=self.tenant,
            agent_id=self._agent_id,
            now=server.clock.now(),
            not_before=server.lease_not_before,
            offers=self._hello.streams if joins else None,
        )
        if self.standing.verdict is Verdict.GRANT:
            agents = enrolment.agents(db)
            heir = next(each for each in agents if each.agent_id == self._agent_id)
            count = hand_on(db, server.log, agents, heir)
            server.granted(self._agent_id, self.standing.term, count)

    def _renewed(self, db: sqlite3.Connection) -> None:
        self._server.renewed(db, self._agent_id)
        if self.standing is not None and self.standing.verdict is Verdict.RENEW:
            pair.forget_marks(db, self.tenant)

    def _fence(self, db: sqlite3.Connection) -> None:
        if not enrolment.is_current(db, self._agent_id, self._epoch):
            raise Fenced
