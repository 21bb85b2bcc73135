"""The endpoint keeps what is signed, answers at once, and lets nothing else in."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from towline_relay.webhooks.delivery import Delivery, PutResult
from towline_relay.webhooks.receive import MOST_BYTES, ShopDoor, WebhookReceiver
from towline_relay.webhooks.signature import sign
from towline_shared.clock import ManualClock
from towline_shared.errors import Retryable
from towline_shared.health import Status

SHOP = "nordwind-demo.myshopify.com"
PATH = f"/webhooks/{SHOP}/orders/create"
BODY = b'{"id": 1, "email": "anna@example.com"}'


class Inbox:
    """Keeps deliveries in a list; may be told to be slow or full."""

    def __init__(self) -> None:
        self.kept: list[Delivery] = []
        self.full = False
        self.slow = False

    async def put(self, delivery: Delivery) -> PutResult:
        if self.slow:
            await asyncio.Event().wait()
        if self.full:
            raise Retryable("The disk is full.")
        seen = {kept.webhook_id for kept in self.kept} | {kept.body_hash for kept in self.kept}
        if delivery.webhook_id in seen or delivery.body_hash in seen:
            return PutResult.DUPLICATE
        self.kept.append(delivery)
        return PutResult.NEW


class Door:
    """The endpoint with an inbox behind it."""

    def __init__(self, client: TestClient[Any, Any], receiver: WebhookReceiver) -> None:
        self.client = client
        self.receiver = receiver
        self.inbox: Inbox = receiver._inbox  # type: ignore[assignment]

    async def post(
        self,
        path: str = PATH,
        body: bytes | Any = BODY,
        *,
        secret: str = "s-1",
        family: str = "X-Shopify",
        **headers: str,
    ) -> int:
        """Deliver; header names with underscores are added to the family's."""
        named = {
            "Hmac-Sha256": sign(body, secret) if isinstance(body, bytes) else "",
            "Topic": "orders/create",
            "Shop-Domain": SHOP,
            "Webhook-Id": "w-1",
            "Event-Id": "e-1",
            "Triggered-At": "2026-11-23T09:00:00.123456789Z",
            "API-Version": "2026-10",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        sent = {f"{family}-{name}": value for name, value in named.items() if value}
        sending = io.BytesIO(body) if isinstance(body, bytes) else body
        async with self.client.post(path, data=sending, headers=sent) as response:
            return response.status


@contextlib.asynccontextmanager
async def door(*, budget_s: float = 30, version: str = "") -> AsyncIterator[Door]:
    """Open the endpoint on loopback."""
    receiver = WebhookReceiver(
        inbox=Inbox(),
        shops={SHOP: ShopDoor("nordwind", SHOP, ("s-1", "s-0"), api_version=version)},
        clock=ManualClock(),
        budget_s=budget_s,
    )
    app = web.Application()
    app.router.add_post("/webhooks/{shop}/{topic:.+}", receiver.handle)
    async with TestClient(TestServer(app)) as client:
        yield Door(client, receiver)


@pytest.mark.parametrize("family", ["X-Shopify", "Shopify", "x-shopify"])
def test_a_signed_delivery_is_kept_with_all_it_says(family: str) -> None:
    """Both header families of Shopify are understood, in any case."""

    async def run() -> None:
        async with door() as at:
            assert await at.post(family=family) == 200
            (kept,) = at.inbox.kept
            assert (kept.tenant, kept.shop, kept.topic) == ("nordwind", SHOP, "orders/create")
            assert (kept.webhook_id, kept.event_id) == ("w-1", "e-1")
            assert kept.triggered_at == "2026-11-23T09:00:00.123456789Z"
            assert (kept.api_version, kept.body) == ("2026-10", BODY)
            assert kept.received_at == ManualClock().now()

    asyncio.run(run())


def test_a_duplicate_is_a_success() -> None:
    """Shopify delivers twice and must hear 200 both times; it is kept once."""

    async def run() -> None:
        async with door() as at:
            assert [await at.post(), await at.post()] == [200, 200]
            assert await at.post(Webhook_Id="replayed-with-another-id") == 200
            assert len(at.inbox.kept) == 1
            assert at.receiver.counts == {"new": 1, "duplicate": 2}

    asyncio.run(run())


def test_the_old_secret_still_opens() -> None:
    """While a secret is rotated Shopify signs with the old one for up to an hour."""

    async def run() -> None:
        async with door() as at:
            assert await at.post(secret="s-0") == 200

    asyncio.run(run())


def test_a_body_in_another_version_is_an_alarm_until_they_come_as_asked_for() -> None:
    """An ended version falls forward in silence, in webhooks too; a stranger's word counts not."""

    async def run() -> None:
        async with door(version="2026-10") as at:

            async def said(version: str, webhook: str, secret: str = "s-1") -> tuple[Status, str]:
                await at.post(API_Version=version, Webhook_Id=webhook, secret=secret)
                check = at.receiver.checks()[1]
                return check.status, check.detail

            status, words = await said("2027-01", "w-1")
            assert status is Status.WARNING
            assert "2027-01" in words
            assert "2026-10" in words
            assert (await said("2026-10", "w-2", secret="a stranger's"))[0] is Status.WARNING
            assert (await said("2026-10", "w-3"))[0] is Status.OK

    asyncio.run(run())


def test_a_wrong_signature_is_refused_and_a_run_of_them_is_an_alarm() -> None:
    """One is a stranger; three in a row is a changed secret; a right one ends the alarm."""

    async def run() -> None:
        async with door() as at:
            for _ in range(2):
                assert await at.post(secret="wrong") == 401
            assert at.receiver.checks()[0].status is Status.OK
            assert await at.post(Hmac_Sha256="") == 401
            alarm = at.receiver.checks()[0]
            assert alarm.status is Status.FAILED
            assert "secret" in alarm.hint
            assert await at.post() == 200
            assert at.receiver.checks()[0].status is Status.OK
            assert len(at.inbox.kept) == 1

    asyncio.run(run())


def test_odd_bytes_in_the_signature_are_a_401() -> None:
    """A header outside ASCII must not become a 500 that Shopify counts against us."""

    async def run() -> None:
        async with door() as at:
            assert await at.post(Hmac_Sha256="äöü") == 401

    asyncio.run(run())


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/other.myshopify.com/orders/create",
        f"/webhooks/{SHOP}/checkouts/create",
        f"/webhooks/{SHOP}/orders",
    ],
)
def test_an_unknown_shop_or_topic_is_not_found(path: str) -> None:
    """Nothing is read, nothing is kept."""

    async def run() -> None:
        async with door() as at:
            assert await at.post(path) == 404
            assert at.inbox.kept == []

    asyncio.run(run())


@pytest.mark.parametrize(
    "headers", [{"Topic": "orders/cancelled"}, {"Shop_Domain": "other.myshopify.com"}]
)
def test_headers_that_contradict_the_path_are_refused(headers: dict[str, str]) -> None:
    """Headers are not signed: a body replayed as another topic must not be believed."""

    async def run() -> None:
        async with door() as at:
            assert await at.post(**headers) == 400
            assert at.inbox.kept == []

    asyncio.run(run())


def test_the_case_of_shop_and_topic_does_not_matter() -> None:
    """Domains have no case."""

    async def run() -> None:
        async with door() as at:
            assert await at.post(PATH.upper().replace("/WEBHOOKS", "/webhooks")) == 200
            assert at.inbox.kept[0].shop == SHOP

    asyncio.run(run())


def test_a_signed_body_that_is_not_json_is_kept() -> None:
    """It is somebody's data with a right signature: the inbox parks it where people see it."""

    async def run() -> None:
        async with door() as at:
            assert await at.post(body=b"\xff<not json>") == 200
            assert at.inbox.kept[0].body == b"\xff<not json>"

    asyncio.run(run())


def test_a_missing_delivery_id_is_replaced_by_the_body() -> None:
    """The same body without an id is still the same delivery."""

    async def run() -> None:
        async with door() as at:
            assert [await at.post(Webhook_Id=""), await at.post(Webhook_Id="")] == [200, 200]
            (kept,) = at.inbox.kept
            assert kept.webhook_id == f"body:{kept.body_hash}"

    asyncio.run(run())


def test_unsigned_headers_are_kept_harmless() -> None:
    """They end up on pages and in rows: no control characters, no novels."""

    async def run() -> None:
        async with door() as at:
            assert await at.post(Event_Id="e\t" + "x" * 500) == 200
            assert at.inbox.kept[0].event_id == "e" + "x" * 98

    asyncio.run(run())


def test_too_much_is_refused_with_and_without_a_length() -> None:
    """A declared length is refused unread, an undeclared one at the limit."""

    async def run() -> None:
        async def endless() -> AsyncIterator[bytes]:
            for _ in range(MOST_BYTES // 65536 + 2):
                yield b"x" * 65536

        async with door() as at:
            for body in (b"x" * (MOST_BYTES + 1), endless()):
                with contextlib.suppress(aiohttp.ClientError):  # we may hang up while it sends
                    assert await at.post(body=body) == 413
            assert at.receiver.counts == {"too large": 2}
            assert await at.post(body=b"x" * MOST_BYTES) == 200

    asyncio.run(run())


def test_what_cannot_be_kept_is_not_acknowledged() -> None:
    """A full disk or a stuck store answers 503 in time, so that Shopify delivers again."""

    async def run() -> None:
        async with door(budget_s=0.05) as at:
            at.inbox.full = True
            assert await at.post() == 503
            at.inbox.full, at.inbox.slow = False, True
            assert await at.post() == 503
            at.inbox.slow = False
            assert await at.post() == 200

    asyncio.run(run())


def test_bodies_signatures_and_foreign_paths_are_not_logged() -> None:
    """A log holds no customer and no text a stranger chose."""

    async def run() -> None:
        async with door() as at:
            await at.post()
            await at.post(secret="wrong")
            await at.post("/webhooks/evil.example/secret-topic")
            at.inbox.full = True
            await at.post()

    with capture_logs() as logs:
        asyncio.run(run())
    text = repr(logs)
    assert len(logs) == 5
    for hidden in ("anna", sign(BODY, "s-1"), "evil", "secret-topic"):
        assert hidden not in text
    assert "s-1" not in repr(ShopDoor("t", SHOP, ("s-1",)))
    assert "anna" not in repr(Delivery("t", SHOP, "x", "w", "e", "", "", BODY, ManualClock().now()))
