"""Bulk operations of the simulated shop: what may be started, and what comes of it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.unit.sandbox.shopify.lab import Lab, receiving, running, settings
from towline_relay.shopify.documents import document as relay_document
from towline_shared.clock import SystemClock

CREATE = relay_document("bulkdoc_create_products").text


async def stage(lab: Lab, **more: Any) -> dict[str, Any]:
    """Ask for an upload target."""
    wanted = {
        "resource": "BULK_MUTATION_VARIABLES", "filename": "x.jsonl", "mimeType": "text/jsonl",
        "httpMethod": "POST", **more,
    }  # fmt: skip
    text = relay_document("staged_uploads_create").text
    answer = await lab.call("", {"input": [wanted]}, text=text)
    payload: dict[str, Any] = answer["data"]["stagedUploadsCreate"]
    return payload


async def upload(lab: Lab, content: bytes, *, first: bool = False) -> tuple[int, str]:
    """Upload a file, as the form's last part or (wrongly) its first; returns status and key."""
    target = (await stage(lab))["stagedTargets"][0]
    form = aiohttp.FormData()
    if first:
        form.add_field("file", content, filename="x")
    for field in target["parameters"]:
        form.add_field(field["name"], field["value"])
    if not first:
        form.add_field("file", content, filename="x")
    key = {field["name"]: field["value"] for field in target["parameters"]}["key"]
    async with lab.client.post("/staged-uploads", data=form) as answer:
        return answer.status, key


async def start(lab: Lab, text: str, key: str, **more: Any) -> dict[str, Any]:
    """Start a bulk mutation."""
    variables = {"mutation": text, "path": key, "client": "towline-test", **more}
    run = relay_document("bulk_run_mutation").text
    answer = await lab.call("", variables, text=run)
    payload: dict[str, Any] = answer["data"]["bulkOperationRunMutation"]
    return payload


async def ended(lab: Lab) -> None:
    """Wait, bounded, until no operation is at work."""
    sql = "SELECT count(*) FROM bulk_operations WHERE status IN ('CREATED','RUNNING','CANCELING')"
    async with asyncio.timeout(20):
        while lab.shop.db.scalar(sql):  # noqa: ASYNC110 - a condition in the state file
            await asyncio.sleep(0.01)


def one(number: int) -> bytes:
    """Return a line that makes a product."""
    given = {"title": f"T {number}", "handle": f"t-{number}", "status": "DRAFT"}
    return json.dumps({"input": given}).encode() + b"\n"


def codes(payload: dict[str, Any]) -> list[str]:
    """Return the codes of user errors."""
    return [error["code"] for error in payload["userErrors"]]


def test_the_file_is_the_last_part(tmp_path: Path) -> None:
    """A form in another order is refused, as by the real file store."""

    async def work() -> None:
        async with running(settings(tmp_path / "shop.db")) as lab:
            assert (await upload(lab, one(1), first=True))[0] == 400
            assert (await upload(lab, one(1)))[0] == 201

    asyncio.run(work())


@pytest.mark.parametrize(
    "more", [{"resource": "IMAGE"}, {"mimeType": "text/csv"}, {"httpMethod": "PUT"}]
)
def test_only_variables_of_bulk_mutations_are_taken(tmp_path: Path, more: dict[str, Any]) -> None:
    """What the stand-in does not have it says."""

    async def work() -> None:
        async with running(settings(tmp_path / "shop.db")) as lab:
            payload = await stage(lab, **more)
            assert payload["stagedTargets"] is None
            assert payload["userErrors"]

    asyncio.run(work())


@pytest.mark.parametrize(
    ("text", "content", "code"),
    [
        ("query Q { shop { name } }", one(1), "INVALID_MUTATION"),
        ("mutation M($x: ID!) { bulkOperationCancel(id: $x) { userErrors { message } } }",
         one(1), "INVALID_MUTATION"),
        (CREATE.replace("productSet", "nothing"), one(1), "INVALID_MUTATION"),
        (relay_document("bulkdoc_set_quantities").text.replace(
            "@idempotent(key: $idempotencyKey)", ""), one(1), "INVALID_MUTATION"),
        (CREATE, b"no json\n", "INVALID_STAGED_UPLOAD_FILE"),
        (CREATE, b"", "INVALID_STAGED_UPLOAD_FILE"),
    ],
)  # fmt: skip
def test_what_can_not_run_in_bulk_is_refused_at_the_start(
    tmp_path: Path, text: str, content: bytes, code: str
) -> None:
    """Each with the code of its kind."""

    async def work() -> None:
        async with running(settings(tmp_path / "shop.db")) as lab:
            _, key = await upload(lab, content)
            assert codes(await start(lab, text, key)) == [code]

    asyncio.run(work())


def test_an_upload_is_used_once(tmp_path: Path) -> None:
    """A second start over the same path finds no file."""

    async def work() -> None:
        async with running(settings(tmp_path / "shop.db")) as lab:
            _, key = await upload(lab, one(1))
            assert codes(await start(lab, CREATE, key)) == []
            assert codes(await start(lab, CREATE, key)) == ["NO_SUCH_FILE"]

    asyncio.run(work())


def test_a_short_client_identifier_is_refused(tmp_path: Path) -> None:
    """10 to 255 characters, from 2027-01 on; the stand-in is strict early."""

    async def work() -> None:
        async with running(settings(tmp_path / "shop.db")) as lab:
            _, key = await upload(lab, one(1))
            assert codes(await start(lab, CREATE, key, client="short")) == ["INVALID_MUTATION"]

    asyncio.run(work())


def test_an_operation_takes_no_points_of_the_bucket(tmp_path: Path) -> None:
    """A hundred mutations for the price of the calls around them."""

    async def work() -> None:
        async with running(settings(tmp_path / "shop.db")) as lab:
            _, key = await upload(lab, b"".join(one(n) for n in range(100)))
            await start(lab, CREATE, key)
            await ended(lab)
            assert lab.shop.db.scalar("SELECT sum(actual_cost) FROM calls") == 20
            made = lab.shop.db.scalar("SELECT count(*) FROM products WHERE handle LIKE 't-%'")
            assert made == 100

    asyncio.run(work())


def test_the_end_is_told_by_webhook_without_an_address(tmp_path: Path) -> None:
    """{admin_graphql_api_id, status in lower case, type, error_code, completed_at}."""

    async def work() -> None:
        async with receiving() as receiver:
            given = settings(tmp_path / "shop.db", webhook_base=receiver.base)
            async with running(given) as lab:
                _, key = await upload(lab, one(1))
                gid = (await start(lab, CREATE, key))["bulkOperation"]["id"]
                await receiver.until(
                    lambda got: any(w.topic == "bulk_operations/finish" for w in got)
                )
                (told,) = [w for w in receiver.got if w.topic == "bulk_operations/finish"]
                body = json.loads(told.body)
                assert (body["admin_graphql_api_id"], body["status"]) == (gid, "completed")
                assert "url" not in body

    asyncio.run(work())


def test_a_restart_goes_on_with_what_was_running(tmp_path: Path) -> None:
    """The operation is in the file, and so is how far it came."""

    async def work() -> None:
        async with running(settings(tmp_path / "shop.db")) as lab:
            _, key = await upload(lab, b"".join(one(n) for n in range(200)))
            await start(lab, CREATE, key)
        async with running(settings(tmp_path / "shop.db"), clock=SystemClock()) as lab:
            await ended(lab)
            assert lab.shop.db.scalar("SELECT count(*) FROM bulk_results") == 200
            made = lab.shop.db.scalar("SELECT count(*) FROM products WHERE handle LIKE 't-%'")
            assert made == 200

    asyncio.run(work())
