"""Routes of the operator's pages, their guards and headers; what pages say is in ``pages``."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib import resources
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web

from towline_relay.admin import pages
from towline_relay.admin.auth import Attempts, Sessions
from towline_relay.admin.facts import AdminStore, AgentFacts, ConflictFilter, FlowFacts
from towline_relay.admin.forms import Wrong, read_conflict_filter, read_filter, read_form
from towline_relay.admin.rendering import page_templates
from towline_relay.admin.sign_in import SESSION, SignIn
from towline_shared.clock import Clock
from towline_shared.health import Check

__all__ = ["setup_admin"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Agents = Callable[[], Awaitable[Sequence[AgentFacts]]]
Retry = Callable[[str, str], Awaitable[bool]]
Revoke = Callable[[str], Awaitable[bool]]
Checks = Callable[[], Sequence[Check]]
Flows = Callable[[], Sequence[FlowFacts]]

_NEWEST = 5
_STATIC = {"admin.css": "text/css", "admin.js": "text/javascript", "icon.svg": "image/svg+xml"}
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def setup_admin(
    app: web.Application,
    *,
    store: AdminStore,
    agents: Agents,
    token: str,
    clock: Clock,
    retry: Retry | None = None,
    revoke: Revoke | None = None,
    approve: Revoke | None = None,
    relay_keys: Callable[[], Sequence[str]] = tuple,
    checks: Checks = list,
    flows: Flows = list,
) -> None:
    """Add the operator's pages under ``/admin``; nothing else of the app changes.

    Args:
        retry: takes tenant and event id of a parked event and makes it pending again; returns
            whether it was parked. Without it the pages only show.
        revoke: takes the id of an agent and shuts it out at once.
        approve: takes the id of a waiting agent and lets it in.
        relay_keys: the relay's own keys as words.
        checks: how everything is doing; what has failed stands on every page.
        flows: the load that agents bring.
    """
    admin = _Admin(
        store=store,
        agents=agents,
        token=token,
        clock=clock,
        retry=retry,
        revoke=revoke,
        approve=approve,
        relay_keys=relay_keys,
        checks=checks,
        flows=flows,
    )
    get, post = app.router.add_get, app.router.add_post
    get("/admin", admin.open(admin.home))
    get("/admin/", admin.open(admin.home))
    get("/admin/sign-in", admin.open(admin.door.page))
    post("/admin/sign-in", admin.open(admin.door.sign_in))
    post("/admin/sign-out", admin.open(admin.door.sign_out))
    post("/admin/events/{event_id:[^/]+}/retry", admin.open(admin.retry))
    get("/admin/agents/{agent_id}/shut-out", admin.guarded(admin.shut_out_page, as_json=False))
    post("/admin/agents/{agent_id}/shut-out", admin.open(admin.shut_out))
    get("/admin/agents/{agent_id}/approve", admin.guarded(admin.approve_page, as_json=False))
    post("/admin/agents/{agent_id}/approve", admin.open(admin.approve))
    get("/admin/static/{name}", admin.open(admin.static))
    for path, page in (
        ("/admin/agents", admin.agents_page),
        ("/admin/events", admin.events_page),
        ("/admin/conflicts", admin.conflicts_page),
        ("/admin/checks", admin.checks_page),
        ("/admin/events/{event_id:[^/]+}", admin.event_page),
    ):
        get(f"{_twin(path)}.json", admin.guarded(page, as_json=True))
        get(path, admin.guarded(page, as_json=False))


def _twin(path: str) -> str:
    return path.replace("{event_id:[^/]+}", "{event_id:[^/]+?}")


class _Admin:
    def __init__(
        self,
        *,
        store: AdminStore,
        agents: Agents,
        token: str,
        clock: Clock,
        retry: Retry | None,
        revoke: Revoke | None,
        approve: Revoke | None,
        relay_keys: Callable[[], Sequence[str]],
        checks: Checks,
        flows: Flows,
    ) -> None:
        self._flows = flows
        self._store = store
        self._checks = checks
        self._retry = retry
        self._revoke = revoke
        self._approve = approve
        self._relay_keys = relay_keys
        self._agents = agents
        self._clock = clock
        self._sessions = Sessions(token, clock=clock)
        self._attempts = Attempts(clock)
        self._templates = page_templates(clock)
        folder = resources.files("towline_relay.admin") / "static"
        self._files = {name: (folder / name).read_bytes() for name in _STATIC}
        self.door = SignIn(sessions=self._sessions, attempts=self._attempts, render=self._page)

    # -- guards

    def open(self, handler: Handler) -> Handler:
        """Wrap a handler that needs no session."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                response = await handler(request)
            except web.HTTPException as error:
                error.headers.update(_HEADERS)
                raise
            response.headers.update(_HEADERS)
            return response

        return answer

    def guarded(
        self, page: Callable[[web.Request], Awaitable[tuple[str, dict[str, Any]]]], *, as_json: bool
    ) -> Handler:
        """Wrap a page: who is not signed in gets the sign-in page, or 401 from a JSON twin."""

        async def answer(request: web.Request) -> web.StreamResponse:
            if as_json:
                refused = self._refuse_json(request)
                if refused is not None:
                    return refused
            elif not self._has_session(request):
                query = urlencode({"next": request.path_qs})
                raise web.HTTPSeeOther(f"/admin/sign-in?{query}")
            try:
                template, data = await page(request)
            except Wrong as wrong:
                return self._wrong(request, wrong, as_json=as_json)
            if as_json:
                return web.json_response(data)
            return self._page(request, template, data)

        return self.open(answer)

    def _has_session(self, request: web.Request) -> bool:
        return self._sessions.is_valid(request.cookies.get(SESSION, ""))

    def _refuse_json(self, request: web.Request) -> web.Response | None:
        """Let a session or a bearer token through; failed bearer tokens count as attempts."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            if self._has_session(request):
                return None
            return _json_error(401, "Sign in, or send the operator token as a bearer token.")
        address = request.remote or ""
        wait = self._attempts.wait_s(address)
        if wait:
            return _too_many(wait)
        if self._sessions.is_token(given.strip()):
            return None
        self._attempts.failed(address)
        return _json_error(401, "This is not the operator token.")

    def _page(
        self, request: web.Request, template: str, data: Mapping[str, Any], *, status: int = 200
    ) -> web.Response:
        session = request.cookies.get(SESSION, "")
        signed_in = self._sessions.is_valid(session)
        html = self._templates.get_template(template).render(
            **data,
            path=request.path,
            query=request.query_string,
            signed_in=signed_in,
            troubles=pages.troubles(self._checks()) if signed_in else [],
            form_token=self._sessions.form_token(session) if signed_in else "",
        )
        return web.Response(text=html, content_type="text/html", status=status)

    def _wrong(self, request: web.Request, wrong: Wrong, *, as_json: bool) -> web.Response:
        if as_json:
            return _json_error(wrong.status, wrong.what)
        return self._page(request, "wrong.html", {"what": wrong.what}, status=wrong.status)

    # -- pages

    async def home(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPSeeOther("/admin/agents")

    async def agents_page(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        agents, flows, keys = await self._agents(), self._flows(), self._relay_keys()
        data = pages.agents_page(agents, flows, now=self._clock.now(), relay_keys=keys)
        return "agents.html", data

    async def events_page(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        wanted = read_filter(request)
        counts = await self._store.counts(tenant=wanted.tenant)
        events = await self._store.events(wanted)
        data = pages.events_page(counts, events, wanted, now=self._clock.now())
        return "events.html", data

    async def conflicts_page(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        wanted = read_conflict_filter(request)
        conflicts = await self._store.conflicts(wanted)
        return "conflicts.html", pages.conflicts_page(conflicts, wanted, now=self._clock.now())

    async def checks_page(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        return "checks.html", pages.checks_page(self._checks(), now=self._clock.now())

    async def event_page(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        event = await self._store.event(request.match_info["event_id"])
        if event is None:
            raise Wrong(404, "There is no event with this id. It may have been trimmed.")
        history = await self._store.history(event.event_id)
        about = ConflictFilter(tenant=event.tenant, key=event.key, limit=_NEWEST)
        conflicts = await self._store.conflicts(about)
        data = pages.event_page(event, history, conflicts, now=self._clock.now())
        return "event.html", data | {
            "can_retry": self._retry is not None and event.state == "parked"
        }

    async def shut_out_page(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        return "shut_out.html", {"agent": await self._agent(request)}

    async def shut_out(self, request: web.Request) -> web.StreamResponse:
        """Revoke an agent; asking twice changes nothing more."""
        return await self._decided(request, self._revoke)

    async def approve_page(self, request: web.Request) -> tuple[str, dict[str, Any]]:
        return "approve.html", {"agent": await self._agent(request)}

    async def approve(self, request: web.Request) -> web.StreamResponse:
        """Let a waiting agent in; asking twice changes nothing more."""
        return await self._decided(request, self._approve)

    async def _decided(self, request: web.Request, decide: Revoke | None) -> web.StreamResponse:
        if not await self._has_form(request):
            return self._page(request, "wrong.html", {"what": "This form had expired."}, status=403)
        if decide is None:
            return self._page(request, "wrong.html", {"what": "This is not offered."}, status=404)
        try:
            agent = await self._agent(request)
        except Wrong as wrong:
            return self._wrong(request, wrong, as_json=False)
        await decide(agent.agent_id)
        raise web.HTTPSeeOther("/admin/agents")

    async def _agent(self, request: web.Request) -> AgentFacts:
        for agent in await self._agents():
            if agent.agent_id == request.match_info["agent_id"]:
                return agent
        raise Wrong(404, "There is no agent with this id.")

    async def _has_form(self, request: web.Request) -> bool:
        """Tell whether a form was sent from a page of this session."""
        session = request.cookies.get(SESSION, "")
        form = await read_form(request)
        return self._has_session(request) and self._sessions.is_form_token(
            form.get("form_token", ""), bound_to=session
        )

    async def retry(self, request: web.Request) -> web.StreamResponse:
        """Make a parked event pending again; asking twice changes nothing more."""
        if not await self._has_form(request):
            return self._page(request, "wrong.html", {"what": "This form had expired."}, status=403)
        event = await self._store.event(request.match_info["event_id"])
        if event is None or self._retry is None:
            return self._page(request, "wrong.html", {"what": "Nothing to retry."}, status=404)
        await self._retry(event.tenant, event.event_id)
        raise web.HTTPSeeOther(f"/admin/events/{quote(event.event_id, safe='')}")

    async def static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in self._files:
            raise web.HTTPNotFound
        return web.Response(body=self._files[name], content_type=_STATIC[name], charset="utf-8")


def _json_error(status: int, what: str) -> web.Response:
    response = web.json_response({"error": what}, status=status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="towline"'
    return response


def _too_many(wait: float) -> web.Response:
    response = _json_error(429, f"Too many attempts. Try again in {math.ceil(wait)} seconds.")
    response.headers["Retry-After"] = str(math.ceil(wait))
    return response
