"""What the operator asks of a running relay about its agents and its own key."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web

from towline_relay.admin.facts import AgentFacts
from towline_relay.admin.pages import agents_page
from towline_relay.link.relay_identity import RelayIdentity
from towline_relay.link.server import LinkServer
from towline_shared.errors import Misconfigured

__all__ = ["LinkApi"]


class LinkApi:
    """``/admin/api/agents...`` and ``/admin/api/key...``."""

    def __init__(
        self,
        *,
        link: LinkServer,
        agents: Callable[[], Awaitable[Sequence[AgentFacts]]],
        roll: Callable[[], RelayIdentity],
        is_operator: Callable[[web.Request], bool],
    ) -> None:
        """Build it; ``roll`` changes the relay's keys on disk and returns what holds then."""
        self._link = link
        self._agents = agents
        self._roll = roll
        self._is_operator = is_operator
        self._rolling = asyncio.Lock()

    def add_routes(self, app: web.Application) -> None:
        """Mount the handlers."""
        app.router.add_get("/admin/api/agents", self._guarded(self.agents))
        app.router.add_post("/admin/api/agents/{agent_id}/approve", self._guarded(self.approve))
        app.router.add_post("/admin/api/agents/{agent_id}/shut-out", self._guarded(self.shut_out))
        app.router.add_post("/admin/api/agents/{agent_id}/hand-over", self._guarded(self.hand_over))
        app.router.add_get("/admin/api/key", self._guarded(self.key))
        app.router.add_post("/admin/api/key/roll", self._guarded(self.roll))

    async def agents(self, request: web.Request) -> web.Response:
        """List the agents, as the agents page does."""
        found = agents_page(await self._agents(), now=self._link.clock.now())
        return web.json_response(found)

    async def approve(self, request: web.Request) -> web.Response:
        """Let a waiting agent in: ``{changed}`` is false when it was not waiting."""
        return await self._decided(request, self._link.approve)

    async def shut_out(self, request: web.Request) -> web.Response:
        """Revoke an agent: ``{changed}`` is false when it was revoked before."""
        return await self._decided(request, self._link.revoke)

    async def hand_over(self, request: web.Request) -> web.Response:
        """Make a connected standby the active one: ``{changed}`` is false when it is none."""
        return await self._decided(request, self._link.hand_over)

    async def key(self, request: web.Request) -> web.Response:
        """Show the relay's keys as words, and which agents do not know the next one yet."""
        return web.json_response(await self._shown())

    async def roll(self, request: web.Request) -> web.Response:
        """Make the next key the current one: ``{leave_behind}`` yes although agents are behind."""
        try:
            body = await request.json()
            leave = body.get("leave_behind") == "yes"
        except (ValueError, AttributeError):
            return _error(400, "Rolling the key needs a JSON object.")
        async with self._rolling:
            behind = await self._link.behind()
            if behind and not leave:
                return web.json_response(await self._shown() | {"rolled": False}, status=200)
            try:
                identity = await asyncio.to_thread(self._roll)
            except Misconfigured as error:
                return _error(503, error.what)
            await self._link.adopt(identity)
        return web.json_response(await self._shown() | {"rolled": True, "left": behind})

    async def _decided(
        self, request: web.Request, decide: Callable[[str], Awaitable[bool]]
    ) -> web.Response:
        agent_id = request.match_info["agent_id"]
        if agent_id not in {agent.agent_id for agent in await self._agents()}:
            return _error(404, f"There is no agent {agent_id[:40]!r}.")
        return web.json_response({"agent_id": agent_id, "changed": await decide(agent_id)})

    async def _shown(self) -> dict[str, Any]:
        identity = self._link.identity
        current, following = identity.words
        shown: dict[str, Any] = {
            "current": current,
            "next": following,
            "behind": await self._link.behind(),
        }
        if identity.p256 is not None:
            shown["p256"] = dict(zip(("current", "next"), identity.p256.words, strict=True))
        return shown

    def _guarded(
        self, handler: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            if not self._is_operator(request):
                return _error(401, "The operator's token is missing or wrong.")
            return await handler(request)

        return answer


def _error(status: int, said: str) -> web.Response:
    return web.json_response({"error": said}, status=status)
