"""The token endpoint over HTTP: installing, refreshing, losing an answer, revoking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.unit.sandbox.shopify.lab import SECRET, TOKEN, Lab, document, running, settings


def tell(tmp_path: Path, story: Callable[[Lab], Awaitable[None]]) -> None:
    """Run a story against a shop that runs."""

    async def run() -> None:
        async with running(settings(tmp_path / "shop.db")) as lab:
            await story(lab)

    asyncio.run(run())


async def ask(lab: Lab, **form: str) -> tuple[int, dict[str, Any]]:
    """Ask the endpoint as the app does; returns status and answer."""
    client = {"client_id": lab.shop.settings.client_id, "client_secret": SECRET}
    response = await lab.client.post("/admin/oauth/access_token", data={**client, **form})
    return response.status, await response.json()


async def enters(lab: Lab, token: str) -> bool:
    """Tell whether a token opens the Admin API."""
    response = await lab.client.post(
        "/admin/api/2026-10/graphql.json",
        json={"query": document("shop_info")},
        headers={"X-Shopify-Access-Token": token},
    )
    return response.status == 200


async def installed(lab: Lab) -> str:
    """Install the app; returns the refresh token to begin with."""
    given = await (await lab.client.post("/sandbox/install")).json()
    return str(given["refresh_token"])


def test_a_refresh_token_gives_an_access_token_and_its_successor(tmp_path: Path) -> None:
    """As JSON with both lives, in the form Shopify documents."""

    async def story(lab: Lab) -> None:
        first = await installed(lab)
        status, given = await ask(lab, grant_type="refresh_token", refresh_token=first)
        assert status == 200
        assert (given["expires_in"], given["refresh_token_expires_in"]) == (3600, 7_776_000)
        assert given["refresh_token"] != first
        assert await enters(lab, given["access_token"])
        assert not await enters(lab, given["refresh_token"])

    tell(tmp_path, story)


def test_a_lost_answer_leaves_the_tokens_made(tmp_path: Path) -> None:
    """The fault strikes after the grant, as a cut connection would."""

    async def story(lab: Lab) -> None:
        first = await installed(lab)
        await lab.client.post("/sandbox/faults", json={"token_lost": 1})
        assert (await ask(lab, grant_type="refresh_token", refresh_token=first))[0] == 504
        assert (await ask(lab, grant_type="refresh_token", refresh_token=first))[0] == 200
        told = await (await lab.client.get("/sandbox/faults")).json()
        assert told["struck"] == {"token_lost": 1}

    tell(tmp_path, story)


def test_revoking_ends_what_was_given_out_and_nothing_else(tmp_path: Path) -> None:
    """A token of an admin-made app is not the app's to revoke."""

    async def story(lab: Lab) -> None:
        _, daily = await ask(lab, grant_type="client_credentials")
        first = await installed(lab)
        await lab.client.post("/sandbox/revoke")
        assert not await enters(lab, daily["access_token"])
        status, refused = await ask(lab, grant_type="refresh_token", refresh_token=first)
        assert (status, refused["error"]) == (400, "invalid_grant")
        assert await enters(lab, TOKEN)

    tell(tmp_path, story)


def test_an_uninstalled_app_gets_no_token_until_it_is_installed_again(tmp_path: Path) -> None:
    """Neither kind of grant works in between."""

    async def story(lab: Lab) -> None:
        first = await installed(lab)
        await lab.client.post("/sandbox/uninstall")
        assert (await ask(lab, grant_type="refresh_token", refresh_token=first))[0] == 401
        assert (await ask(lab, grant_type="client_credentials"))[0] == 401
        again = await installed(lab)
        assert (await ask(lab, grant_type="refresh_token", refresh_token=first))[0] == 400
        assert (await ask(lab, grant_type="refresh_token", refresh_token=again))[0] == 200

    tell(tmp_path, story)


def test_a_closed_shop_answers_with_a_page_until_it_opens(tmp_path: Path) -> None:
    """Every call, whatever its token."""

    async def story(lab: Lab) -> None:
        await lab.client.post("/sandbox/faults", json={"closed": 423})
        assert not await enters(lab, TOKEN)
        await lab.client.post("/sandbox/faults", json={"closed": 0})
        assert await enters(lab, TOKEN)

    tell(tmp_path, story)
