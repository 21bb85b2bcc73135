"""The routes: who is let in, what is escaped, what a header says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

from tests.unit.relay.admin.fakes import (
    NASTY,
    NOW,
    TOKEN,
    event,
    sample_agents,
    sample_store,
    served,
)
from towline_shared.clock import ManualClock

Client = TestClient[web.Request, web.Application]
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def run(test: Callable[[Client], Awaitable[None]]) -> None:
    """Run a test against served pages."""

    async def inside() -> None:
        async with served() as client:
            await test(client)

    asyncio.run(inside())


async def sign_in(
    client: Client, token: str = TOKEN, next_: str = "/admin/events"
) -> ClientResponse:
    """Fill in the sign-in form as a browser does; redirects are followed."""
    page = await (await client.get("/admin/sign-in", params={"next": next_})).text()
    form_token = _form_token(page)
    return await client.post(
        "/admin/sign-in", data={"token": token, "form_token": form_token, "next": next_}
    )


def _form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "path",
    ["/admin/agents", "/admin/events", "/admin/events/x", "/admin/conflicts", "/admin/checks"],
)
def test_a_stranger_sees_the_sign_in_page_and_nothing_else(path: str) -> None:
    """Pages redirect, their twins answer 401."""

    async def test(client: Client) -> None:
        page = await client.get(path)
        assert page.url.path == "/admin/sign-in"
        assert (await client.get(f"{path}.json")).status == 401

    run(test)


def test_the_token_opens_the_pages_and_sign_out_closes_them() -> None:
    """After signing in one is where one wanted to go; after signing out one is a stranger."""

    async def test(client: Client) -> None:
        answer = await sign_in(client)
        assert (answer.status, answer.url.path) == (200, "/admin/events")
        token = _form_token(await answer.text())
        await client.post("/admin/sign-out", data={"form_token": token})
        assert (await client.get("/admin/agents.json")).status == 401

    run(test)


def test_a_wrong_token_is_refused_and_soon_not_even_looked_at() -> None:
    """Five failures close the door for a minute, even for the right token."""

    async def test(client: Client) -> None:
        for _ in range(5):
            assert (await sign_in(client, "wrong")).status == 401
        answer = await sign_in(client)
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "60"

    run(test)


def test_bearer_guesses_are_limited_too() -> None:
    """The twins are no second door for guessing."""

    async def test(client: Client) -> None:
        wrong = {"Authorization": "Bearer wrong"}
        for _ in range(5):
            assert (await client.get("/admin/agents.json", headers=wrong)).status == 401
        assert (await client.get("/admin/agents.json", headers=BEARER)).status == 429

    run(test)


def test_a_post_without_our_form_token_does_nothing() -> None:
    """Another site's page can't sign anybody out, retry anything or sign anybody in."""

    async def test(client: Client) -> None:
        answer = await client.post("/admin/sign-in", data={"token": TOKEN})
        assert answer.status == 403
        await sign_in(client)
        assert (await client.post("/admin/sign-out")).status == 403
        assert (await client.post(f"/admin/events/{event(4).event_id}/retry")).status == 403
        assert (await client.post("/admin/agents/a1/shut-out")).status == 403
        assert (await client.get("/admin/agents.json")).status == 200

    run(test)


def test_the_session_cookie_is_kept_from_scripts_and_other_sites() -> None:
    """HttpOnly, SameSite=Strict, and Secure when the proxy in front speaks TLS."""

    async def test(client: Client) -> None:
        page = await (await client.get("/admin/sign-in")).text()
        answer = await client.post(
            "/admin/sign-in",
            data={"token": TOKEN, "form_token": _form_token(page)},
            headers={"X-Forwarded-Proto": "https"},
            allow_redirects=False,
        )
        cookie = answer.cookies["towline_session"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        assert cookie["secure"]
        assert cookie["path"] == "/admin"

    run(test)


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example/", "/webhooks/x", "/admin/\\evil"]
)
def test_sign_in_never_leads_elsewhere(path: str) -> None:
    """The page one wanted to see is one of ours or it is the first page."""

    async def test(client: Client) -> None:
        answer = await sign_in(client, next_=path)
        assert answer.url.path == "/admin/agents"

    run(test)


@pytest.mark.parametrize(
    "path", ["/admin/sign-in", "/admin/agents.json", "/admin/static/admin.css", "/admin"]
)
def test_every_answer_carries_the_policy(path: str) -> None:
    """No inline script or style, no framing, no sniffing, no caching."""

    async def test(client: Client) -> None:
        answer = await client.get(path, allow_redirects=False)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cache-Control"] == "no-store"

    run(test)


def test_a_reason_is_text_whatever_it_holds() -> None:
    """A script in a reason is shown, not run; its twin carries it unchanged."""

    async def test(client: Client) -> None:
        page = await (await sign_in(client)).text()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
        data = await (await client.get("/admin/events.json")).json()
        assert NASTY in [row["reason"] for row in data["events"]]

    run(test)


def test_pages_hold_no_inline_script_or_style() -> None:
    """The policy would block them; the templates must not try."""

    async def test(client: Client) -> None:
        await sign_in(client)
        one = f"/admin/events/{event(4).event_id}"
        for path in ("/admin/agents", "/admin/events", one, "/admin/conflicts", "/admin/checks"):
            page = await (await client.get(path)).text()
            assert not re.search(r"<style|<script(?![^>]*src=)|\sstyle=|\son\w+=", page), path

    run(test)


def test_events_are_filtered_by_what_the_address_says() -> None:
    """State, entity, key and text each narrow the list."""

    async def test(client: Client) -> None:
        for query, serials in (
            ("state=parked&state=skipped", [4, 3]),
            ("entity=order", [6]),
            ("key=FA-10002", [2]),
            ("text=budget", [5]),
            ("before=3", [2, 1]),
            ("limit=1", [6]),
        ):
            answer = await client.get(f"/admin/events.json?{query}", headers=BEARER)
            rows = (await answer.json())["events"]
            assert [row["serial"] for row in rows] == serials, query

    run(test)


@pytest.mark.parametrize(
    "query", ["state=gone", "before=x", "before=-1", "limit=0", "limit=501", "limit=x", "before=٣"]
)
def test_a_filter_that_can_not_be_is_a_sentence_not_a_crash(query: str) -> None:
    """A wrong address gets 400 and says what would be accepted."""

    async def test(client: Client) -> None:
        answer = await client.get(f"/admin/events.json?{query}", headers=BEARER)
        assert answer.status == 400
        assert (await answer.json())["error"]

    run(test)


def test_an_event_shows_its_story_and_no_personal_data() -> None:
    """The page says why and what to do; the buyer's name and address stay out."""

    async def test(client: Client) -> None:
        await sign_in(client)
        order = await (await client.get(f"/admin/events/{event(6).event_id}")).text()
        assert "#1001" in order
        assert "ada@" not in order.lower()  # "ada" alone may stand in the form's token
        assert "lovelace" not in order.lower()
        twin = await client.get(f"/admin/events/{event(4).event_id}.json")
        data = await twin.json()
        assert data["todo"] == "Then change the price once more."
        assert data["history"][0]["what"] == "parked"
        assert (await client.get("/admin/events/nothing")).status == 404

    run(test)


def test_a_parked_event_can_be_tried_again_with_one_press() -> None:
    """The button posts our form token; the store is asked once, for this tenant and event."""

    async def inside() -> None:
        store = sample_store()
        async with served(store) as client:
            await sign_in(client)
            path = f"/admin/events/{event(4).event_id}"
            token = _form_token(await (await client.get(path)).text())
            answer = await client.post(f"{path}/retry", data={"form_token": token})
            assert answer.url.path == path
            assert store.retried == [("nordwind", event(4).event_id)]

    asyncio.run(inside())


def test_an_agent_is_shut_out_after_a_page_that_asks() -> None:
    """The page names the agent and its key; the press revokes once; a stranger's id is a 404."""

    async def inside() -> None:
        store = sample_store()
        async with served(store) as client:
            agent = sample_agents()[0]
            path = f"/admin/agents/{agent.agent_id}/shut-out"
            before = await client.get(path)
            assert before.url.path == "/admin/sign-in"
            await sign_in(client)
            asked = await (await client.get(path)).text()
            assert f"Shut out {agent.name}?" in asked
            token = _form_token(asked)
            answer = await client.post(path, data={"form_token": token})
            assert answer.url.path == "/admin/agents"
            assert store.revoked == [agent.agent_id]
            stranger = "/admin/agents/nobody/shut-out"
            assert (await client.get(stranger)).status == 404
            assert (await client.post(stranger, data={"form_token": token})).status == 404
            assert store.revoked == [agent.agent_id]

    asyncio.run(inside())


def test_a_waiting_agent_is_approved_after_a_page_that_shows_its_key() -> None:
    """The words stand large; the press lets it in once; without the form's token it does not."""

    async def inside() -> None:
        store = sample_store()
        async with served(store) as client:
            path = "/admin/agents/agent-4/approve"
            await sign_in(client)
            agents = await (await client.get("/admin/agents")).text()
            assert f'href="{path}"' in agents
            assert "waiting for approval" in agents
            assert "lusab-babad, next gutih-tugad" in agents
            asked = await (await client.get(path)).text()
            assert "mudof-sakat-haguz-biram-mabiv" in asked
            assert (await client.post(path, data={})).status == 403
            assert store.approved == []
            answer = await client.post(path, data={"form_token": _form_token(asked)})
            assert answer.url.path == "/admin/agents"
            assert store.approved == ["agent-4"]
            twin = await (await client.get("/admin/agents.json")).json()
            assert [row["agent_id"] for row in twin["agents"] if row["waiting"]] == ["agent-4"]

    asyncio.run(inside())


def test_a_session_does_not_outlive_its_time() -> None:
    """After twelve hours one signs in again."""

    async def inside() -> None:
        clock = ManualClock(NOW)
        async with served(clock=clock) as client:
            await sign_in(client)
            clock.advance(12 * 3600)
            assert (await client.get("/admin/agents.json")).status == 401

    asyncio.run(inside())


def test_what_has_failed_stands_on_every_page_of_who_is_signed_in() -> None:
    """Nobody must look for a shop that is closed to us; a stranger learns nothing of it."""

    async def test(client: Client) -> None:
        assert "uninstalled" not in await (await client.get("/admin/sign-in")).text()
        await sign_in(client)
        for path in ("/admin/agents", "/admin/events", "/admin/checks"):
            page = await (await client.get(path)).text()
            assert "The app was uninstalled" in page
            assert NASTY not in page
        rows = (await (await client.get("/admin/checks.json", headers=BEARER)).json())["checks"]
        assert [row["status"] for row in rows] == ["failed", "ok"]

    run(test)
