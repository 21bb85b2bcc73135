"""The relay's end of the link: an aiohttp websocket shell around ``towline_shared.link``.

One live session per agent: the newest connection wins by its epoch. What arrives is written by the
stream log and handed to the sink in one commit, and acknowledged after it.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol as TypingProtocol
from typing import TypeVar

import structlog
from aiohttp import web

from towline_relay.link import approval, enrolment, pair, pins
from towline_relay.link.agent_link import AgentLink
from towline_relay.link.lease import LEASE_S
from towline_relay.link.relay_identity import RelayIdentity
from towline_relay.link.session import CALLED, Session
from towline_shared.clock import Clock
from towline_shared.database import Database
from towline_shared.errors import Refused
from towline_shared.events import Heartbeat
from towline_shared.frames import MOST_BYTES, Bye, GoAway
from towline_shared.parts import Shelf
from towline_shared.sealing import algorithm_of, is_public_key
from towline_shared.stream_log import LogRow, StreamLog
from towline_shared.window import WINDOW_ROWS

__all__ = ["SUBPROTOCOL", "AgentLink", "LinkServer", "RelayIdentity", "RelaySink"]

SUBPROTOCOL = "towline.link.v1"
_log = structlog.get_logger(__name__)
T = TypeVar("T")
_ATTEMPTS = 10  # wrong enrolment codes from one address...
_ATTEMPTS_S = 600.0  # ...in this many seconds
_MOST_REQUEST = 4096


class RelaySink(TypingProtocol):
    """Takes what agents send."""

    def received(
        self, db: sqlite3.Connection, agent_id: str, stream: str, rows: Sequence[LogRow]
    ) -> None:
        """Write the rows' effect in the unit that holds them, before they are acknowledged."""
        ...


class LinkServer:
    """Serves ``GET /link`` and ``POST /link/enrol``."""

    def __init__(
        self,
        *,
        database: Database,
        log: StreamLog,
        sink: RelaySink,
        identity: RelayIdentity,
        clock: Clock,
        ready: Callable[[str, str], bool] = lambda agent_id, stream: True,
        on_received: Callable[[str, str, int], None] = lambda agent_id, stream, rows: None,
        holds: Callable[[str], bool] = lambda tenant: False,
        outstanding: Callable[[sqlite3.Connection, str], bool] = lambda db, event_id: True,
        renewed: Callable[[sqlite3.Connection, str], None] = lambda db, agent_id: None,
        fenced: Callable[[sqlite3.Connection, str, str, Sequence[LogRow]], None] = (
            lambda db, agent_id, stream, rows: None
        ),
        paired: Callable[[str], bool] = lambda tenant: False,
        heartbeat_s: int = 20,
        window_rows: int = WINDOW_ROWS,
    ) -> None:
        """Prepare; the app mounts the handlers.

        Args:
            sink: takes uplink rows inside the commit that holds them.
            ready: tells whether more of a stream may be asked of an agent; False stops granting
                credit.
            on_received: called with the agent's id, the stream and how many rows after a commit.
            holds: tells whether a tenant wants a person to approve its agents first.
            outstanding: tells whether a document, by its event's id, has no report yet.
            renewed: told of an agent whose buffer is a new one, so that its numbers begin anew.
            fenced: takes what came, by agent and stream, without the lease of a pair.
            paired: tells whether a tenant's agents are a pair.
        """
        self.database = database
        self.log = log
        self.sink = sink
        self.identity = identity
        self.clock = clock
        self.ready = ready
        self.on_received = on_received
        self.heartbeat_s = heartbeat_s
        self._holds = holds
        self.outstanding = outstanding
        self.renewed = renewed
        self.fenced = fenced
        self.paired = paired
        self.lease_not_before = clock.now() + timedelta(seconds=LEASE_S)
        self.window_rows = window_rows
        self.rng = random.SystemRandom()
        self.shelf = Shelf()
        self._sessions: dict[str, Session] = {}
        self._links: dict[str, AgentLink] = {}
        self._failures: dict[str, list[float]] = {}

    # -- handlers -------------------------------------------------------------------------------

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one agent's websocket until it ends."""
        socket = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,), compress=False, max_msg_size=MOST_BYTES, autoping=True
        )
        try:
            await socket.prepare(request)
        except ConnectionError:
            _log.info("agent hung up", action="link_hung_up", address=request.remote or "")
            return web.Response(status=400)  # to nobody; aiohttp wants one that it can end
        if socket.ws_protocol != SUBPROTOCOL:
            await socket.close(code=1002, message=b"towline.link.v1 is spoken here")
            return socket
        session = Session(
            self, socket, address=request.remote or "", cut=lambda: _cut(request.transport)
        )
        await session.serve()
        return socket

    async def enrol(self, request: web.Request) -> web.Response:
        """Redeem a one-time code: ``{code, public_key, name}`` -> ``{agent_id, relay_keys}``."""
        address = request.remote or ""
        if self._too_many(address):
            return _error(429, "Too many wrong codes from this address.", "Wait ten minutes.")
        if (request.content_length or 0) > _MOST_REQUEST:
            return _error(413, "An enrolment is a few hundred bytes.", "")
        try:
            body = await request.json()
            code, public_key = str(body["code"]), str(body["public_key"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return _error(400, "An enrolment is JSON with code and public_key.", "")
        if not is_public_key(public_key):
            return _error(400, "public_key is of no kind this relay knows.", "Upgrade the relay.")
        try:
            pinned = self.identity.of(algorithm_of(public_key)).pinned
        except Refused as error:
            return _error(400, error.what, "Enrol with --algorithm ed25519; the code is good yet.")
        try:
            agent = await self.unit(lambda db: self._redeemed(db, code, public_key, pinned))
        except Refused as error:
            self._failures.setdefault(address, []).append(self.clock.monotonic())
            _log.warning("enrolment refused", action="enrol_refused", address=address)
            return _error(403, error.what, error.hint)
        _log.info("agent enrolled", action="enrolled", agent=agent.agent_id, tenant=agent.tenant)
        return web.json_response(
            {
                "agent_id": agent.agent_id,
                "tenant": agent.tenant,
                "name": agent.name,
                "relay_keys": pinned,
                "waiting": agent.waiting,
            }
        )

    def _redeemed(
        self, db: sqlite3.Connection, code: str, public_key: str, pinned: Sequence[str]
    ) -> enrolment.AgentRow:
        agent = enrolment.redeem(
            db, code=code, public_key=public_key, clock=self.clock, holds=self._holds
        )
        pins.note(db, agent.agent_id, pinned[-1])
        return agent

    # -- what the rest of the relay asks ----------------------------------------------------------

    def nudge(self, agent_id: str) -> None:
        """Say that downlink rows were appended for an agent."""
        session = self._sessions.get(agent_id)
        if session is not None:
            session.nudge()

    def granted(self, agent_id: str, term: int, documents: int) -> None:
        """Say in the log that a term of a pair's lease began; called in the unit that grants it."""
        _log.warning(
            "agent active", action="lease_granted", agent=agent_id, term=term, documents=documents
        )

    def call_standbys(self, tenant: str) -> None:
        """Let those who stand by in a tenant's pair come back: the lease is free."""
        for session in self._sessions.values():
            if session.stands_by(tenant):
                session.dismiss(CALLED)

    def ease(self) -> None:
        """Say that more may be ready now: sessions grant credit without waiting for a heartbeat."""
        for session in self._sessions.values():
            session.more_credit()

    def connected(self) -> Mapping[str, AgentLink]:
        """Return the live sessions by agent id."""
        return dict(self._links)

    async def goaway(self, reason: str, *, most_s: int = 30) -> None:
        """Ask every agent to come back later, spread over a while, and end the sessions."""
        sessions = list(self._sessions.values())
        for session in sessions:
            session.dismiss(GoAway(self.rng.randint(1, most_s), reason))
        await asyncio.gather(*(session.gone() for session in sessions))

    async def revoke(self, agent_id: str) -> bool:
        """Shut an agent out at once."""
        done = await self.unit(lambda db: enrolment.revoke(db, agent_id, clock=self.clock))
        session = self._sessions.get(agent_id)
        if session is not None:
            session.dismiss(Bye("revoked", "This agent was revoked at the relay."))
        return done

    async def approve(self, agent_id: str) -> bool:
        """Let a waiting agent in; returns whether it was waiting."""
        done = await self.unit(lambda db: approval.approve(db, agent_id, clock=self.clock))
        if done:
            _log.info("agent approved", action="agent_approved", agent=agent_id)
        return done

    async def hand_over(self, agent_id: str) -> bool:
        """Let a standby of a pair be the active one; returns whether it was a standby."""

        def work(db: sqlite3.Connection) -> bool:
            agent = enrolment.find_agent(db, agent_id)
            if agent is None or agent.revoked_at is not None or agent.waiting:
                return False
            if not self.paired(agent.tenant) or agent_id not in self._sessions:
                return False
            return pair.hand_over(db, tenant=agent.tenant, agent_id=agent_id)

        return await self.unit(work)

    async def behind(self) -> list[str]:
        """Return the ids of agents that do not know the relay's next key yet."""
        return await self.unit(lambda db: pins.behind(db, self.identity.next_keys))

    async def adopt(self, identity: RelayIdentity, *, most_s: int = 30) -> None:
        """Sign with other keys from now on; every agent comes back and is told about them."""
        self.identity = identity
        _log.info("relay key rolled", action="key_rolled", words=identity.words)
        await self.goaway("The relay has a new key.", most_s=most_s)

    # -- what sessions tell -----------------------------------------------------------------------

    def opened(self, agent_id: str, session: Session, link: AgentLink) -> None:
        """Register the newest session; an older one is told that it was taken over."""
        older = self._sessions.get(agent_id)
        self._sessions[agent_id] = session
        self._links[agent_id] = link
        _log.info("agent joined", action="agent_joined", agent=agent_id, epoch=link.epoch)
        if older is not None:
            older.dismiss(Bye("taken_over", "A newer connection of this agent took over."))

    def closed(self, agent_id: str, session: Session) -> None:
        """Forget a session, unless a newer one has taken its place."""
        if self._sessions.get(agent_id) is session:
            del self._sessions[agent_id]
            del self._links[agent_id]
            _log.info("agent left", action="agent_left", agent=agent_id)

    def heard(
        self,
        agent_id: str,
        session: Session,
        heartbeat: Heartbeat | None,
        *,
        clock_gap_s: float | None = None,
    ) -> None:
        """Note a sign of life, and by how much the agent's clock is ahead of ours."""
        if self._sessions.get(agent_id) is session:
            link = self._links[agent_id]
            self._links[agent_id] = replace(
                link,
                last_seen_at=self.clock.now(),
                heartbeat=heartbeat if heartbeat is not None else link.heartbeat,
                clock_gap_s=clock_gap_s,
            )

    # -- inside -----------------------------------------------------------------------------------

    async def unit(self, work: Callable[[sqlite3.Connection], T], *, grows: bool = False) -> T:
        """Run a unit of work and wait for its durable commit; see :meth:`Database.submit`."""
        return await asyncio.wrap_future(self.database.submit(work, grows=grows))

    def _too_many(self, address: str) -> bool:
        since = self.clock.monotonic() - _ATTEMPTS_S
        recent = {
            each: kept
            for each, failures in self._failures.items()
            if (kept := [at for at in failures if at > since])
        }
        self._failures = recent
        return len(recent.get(address, [])) >= _ATTEMPTS


def _cut(transport: asyncio.BaseTransport | None) -> None:
    """End a connection without waiting for what it has not sent."""
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def _error(status: int, sentence: str, hint: str) -> web.Response:
    return web.json_response({"error": sentence, "hint": hint}, status=status)
