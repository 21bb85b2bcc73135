"""The one door repeats what is harmless and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from tests.unit.relay.shopify.scripted import SHOP, Step, World, cost, data, error, world
from towline_relay.shopify.client import Client, admin_url
from towline_relay.shopify.documents import Document, document
from towline_relay.shopify.replies import (
    Answer,
    NotRun,
    RateLimited,
    ShopUnavailable,
    Throttled,
    Unsure,
)
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.tokens import StaticToken
from towline_shared.clock import ManualClock
from towline_shared.errors import Misuse, Permanent, Retryable
from towline_shared.health import Status

READ, WRITE, KEYED = document("order"), document("fulfillment_create"), document("inventory_set")
EMPTY = error("THROTTLED", cost=cost(0, requested=50, actual=None))


async def ask(it: World, wanted: Document = READ, **more: Any) -> Answer:
    """Run a document with one variable."""
    return await it.client.execute(wanted, {"id": "gid"}, priority=Priority.ORDERS, **more)


def test_a_call_goes_to_the_pinned_version_with_the_token() -> None:
    """URL, token, operation name and variables are what Shopify expects."""

    async def run() -> None:
        async with world(data(order={"id": "gid"})) as it:
            answer = await ask(it)
            assert answer.data == {"order": {"id": "gid"}}
            (call,) = it.script.calls
            assert call.path == "/admin/api/2026-10/graphql.json"
            assert call.token == "shpat_test"
            assert (call.operation, call.variables) == ("Order", {"id": "gid"})
            assert "query Order(" in call.query

    asyncio.run(run())


def test_an_empty_bucket_is_waited_for() -> None:
    """THROTTLED is repeated when the points are back, for writes too: it did not run."""

    async def run() -> None:
        async with world(EMPTY, EMPTY, data(ok=1)) as it:
            assert (await ask(it, WRITE)).data == {"ok": 1}
            assert len(it.script.calls) == 3
            assert it.clock.monotonic() >= 2.0

    asyncio.run(run())


def test_a_bucket_that_never_fills_is_given_up_for_now() -> None:
    """The event waits in its lane then, not inside a call for ever."""

    async def run() -> None:
        async with world(*[EMPTY] * 20) as it:
            with pytest.raises(Throttled):
                await ask(it)
            assert len(it.script.calls) == 8

    asyncio.run(run())


def test_retry_after_is_obeyed() -> None:
    """A 429 silences the shop for as long as Shopify says; the demand survives the call."""

    async def run() -> None:
        busy = Step(b"", status=429, headers={"Retry-After": "7.5"})
        async with world(busy, data(ok=1), busy, busy, busy) as it:
            await ask(it, WRITE)
            assert it.clock.monotonic() == 7.5
            with pytest.raises(RateLimited) as caught:
                await ask(it)
            assert caught.value.retry_after_s == 7.5

    asyncio.run(run())


def test_a_read_is_repeated_after_a_server_error() -> None:
    """Two 5xx and a good answer look like one good answer."""

    async def run() -> None:
        bad = Step(b"oops", status=502)
        async with world(bad, Step(hang=True), data(ok=1), bad, bad, bad) as it:
            assert (await ask(it)).data == {"ok": 1}
            assert len(it.paused) == 2
            with pytest.raises(Retryable, match="HTTP 502"):
                await ask(it)

    asyncio.run(run())


@pytest.mark.parametrize("bad", [Step(b"", status=504), Step(hang=True)])
def test_a_write_without_an_answer_is_never_repeated_here(bad: Step) -> None:
    """Whoever wrote the intent decides, after reading back."""

    async def run() -> None:
        async with world(bad, data(ok=1)) as it:
            with pytest.raises(Unsure) as caught:
                await ask(it, WRITE)
            assert not caught.value.repeatable
            assert len(it.script.calls) == 1

    asyncio.run(run())


def test_a_shop_that_cannot_be_reached_did_not_run_anything() -> None:
    """A refused connection is repeated a little and then reported by health."""

    async def run() -> None:
        paused: list[float] = []

        async def pause(seconds: float) -> None:
            paused.append(seconds)

        async with aiohttp.ClientSession() as session:
            client = Client(
                session=session,
                shop=SHOP,
                api_version="2026-10",
                tokens=StaticToken("t"),
                clock=ManualClock(),
                url="http://127.0.0.1:1",
                pause=pause,
            )
            with pytest.raises(NotRun, match="can't be reached"):
                await client.execute(WRITE, {}, priority=Priority.ORDERS)
            assert len(paused) == 2
            assert client.health.checks()[0].status is Status.FAILED

    asyncio.run(run())


def test_a_closed_shop_is_not_hammered() -> None:
    """One call, a long wait, a failed check with a hint, and well again after a good answer."""

    async def run() -> None:
        async with world(Step(b"", status=402), data(ok=1)) as it:
            with pytest.raises(ShopUnavailable) as caught:
                await ask(it)
            assert caught.value.retry_after_s == 300
            check = it.client.health.checks()[0]
            assert check.status is Status.FAILED
            assert "bill" in check.hint
            it.clock.advance(60)
            await ask(it)
            assert it.client.health.checks()[0].status is Status.OK

    asyncio.run(run())


class Renewing:
    """A token provider whose first token is out of date."""

    def __init__(self) -> None:
        self.tokens = ["old", "new"]

    async def token(self) -> str:
        return self.tokens[0]

    async def refused(self, token: str) -> bool:
        assert token == "old"
        self.tokens.pop(0)
        return True


def test_a_refused_token_is_renewed_once() -> None:
    """A 401 asks for a new token and goes on; with a fixed token the shop is closed to us."""

    async def run() -> None:
        no = Step(b'{"errors":"[API] Invalid API key or access token"}', status=401)
        async with world(no, data(ok=1), tokens=Renewing()) as it:
            await ask(it)
            assert [call.token for call in it.script.calls] == ["old", "new"]
        async with world(no) as it:
            with pytest.raises(Retryable) as caught:
                await ask(it)
            assert caught.value.retry_after_s == 300
            assert len(it.script.calls) == 1
            assert it.client.health.checks()[0].status is Status.FAILED

    asyncio.run(run())


def test_the_idempotency_key_travels_as_a_variable() -> None:
    """Documents with @idempotent must have a key, others must not."""

    async def run() -> None:
        async with world(data(ok=1)) as it:
            await ask(it, KEYED, idempotency_key="k-1")
            assert it.script.calls[0].variables == {"id": "gid", "idempotencyKey": "k-1"}
            with pytest.raises(Misuse):
                await ask(it, KEYED)
            with pytest.raises(Misuse):
                await ask(it, READ, idempotency_key="k-1")

    asyncio.run(run())


def test_another_api_version_raises_an_alarm() -> None:
    """Shopify answers an ended version with a later one in silence; the header tells."""

    async def run() -> None:
        later = Step({"data": {}}, headers={"X-Shopify-API-Version": "2027-01"})
        async with world(data(), later) as it:
            await ask(it)
            assert [c.status for c in it.client.health.checks()] == [Status.OK, Status.OK]
            it.clock.advance(60)
            await ask(it)
            check = it.client.health.checks()[1]
            assert check.status is Status.FAILED
            assert "2027-01" in check.detail
            assert check.since == it.clock.now()
            assert it.client.health.api_version == "2027-01"

    asyncio.run(run())


def test_neither_token_nor_data_is_logged() -> None:
    """Logs name document, cost and request id only, in good days and bad."""

    async def run() -> None:
        answers = [data(order={"email": "anna@example.com"}), Step(b"anna", status=402)]
        async with world(*answers) as it:
            await ask(it)
            with pytest.raises(ShopUnavailable):
                await ask(it)

    with capture_logs() as logs:
        asyncio.run(run())
    text = repr(logs)
    assert "shopify.call" in text
    assert "shopify.put_off" in text
    for secret in ("shpat_test", "anna", "gid"):
        assert secret not in text


def test_a_rejected_document_is_permanent_and_sent_once() -> None:
    """Repeating a document that Shopify does not understand would change nothing."""

    async def run() -> None:
        async with world(error("undefinedField"), data()) as it:
            with pytest.raises(Permanent):
                await ask(it)
            assert len(it.script.calls) == 1

    asyncio.run(run())


def test_the_address_of_a_shop_may_be_overridden() -> None:
    """A simulated shop has a URL of its own; the real one follows from its domain."""
    assert admin_url(SHOP) == f"https://{SHOP}"
    assert admin_url(SHOP, "http://127.0.0.1:9480/") == "http://127.0.0.1:9480"
