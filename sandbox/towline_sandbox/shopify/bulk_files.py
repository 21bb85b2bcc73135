"""Where bulk operations' files go in and come out: staged uploads and results, over HTTP.

An upload is a multipart form whose file is the last part, after all parameters as they were handed
out, and at most 100 MB (``upload_bytes``):
https://shopify.dev/docs/api/usage/bulk-operations/imports. A result stays seven days:
https://shopify.dev/docs/api/usage/bulk-operations/queries.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from aiohttp import BodyPartReader, web

from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.shop import Shop

__all__ = ["BulkFiles", "result_path", "stage"]

RESULT_LIFE_S = 7 * 24 * 3600.0
# Shopify names no life for an upload that nobody used; its bucket's policies end after a day.
UPLOAD_LIFE_S = 24 * 3600.0
_CHUNK = 500  # result lines of one write


def stage(shop: Shop, *, filename: str, mime_type: str) -> dict[str, Any]:
    """Make a place for one upload; returns its url and the parameters the form must repeat."""
    key = f"tmp/{secrets.token_hex(6)}/bulk/{secrets.token_hex(12)}/{filename}"
    policy = secrets.token_urlsafe(24)
    shop.db.insert(
        "staged_uploads",
        key=key,
        policy=policy,
        mime_type=mime_type,
        at_s=shop.clock.now().timestamp(),
    )
    given = {
        "Content-Type": mime_type,
        "success_action_status": "201",
        "acl": "private",
        "key": key,
        "policy": policy,
    }
    return {
        "url": f"{shop.base_url}/staged-uploads",
        "resourceUrl": None,
        "parameters": [{"name": name, "value": value} for name, value in given.items()],
    }


def result_path(operation: int, secret: str) -> str:
    """Return the path of an operation's result; whoever has it may read it, as with Shopify's."""
    return f"/bulk-results/{operation}/{secret}.jsonl"


class BulkFiles:
    """The bucket."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to add to an application."""
        return [
            web.post("/staged-uploads", self.upload),
            web.get("/bulk-results/{operation}/{secret}.jsonl", self.result),
        ]

    async def upload(self, request: web.Request) -> web.Response:
        """Take one file."""
        if self._shop.faults.take("upload_rejected"):
            return _refused(503, "SlowDown")
        given: dict[str, str] = {}
        body: bytes | None = None
        async for part in await request.multipart():
            if body is not None or not isinstance(part, BodyPartReader):
                return _refused(400, "InvalidArgument: the file must be the last part")
            if part.name == "file":
                body = await _read(part, most=self._shop.settings.upload_bytes)
                if body is None:
                    return _refused(400, "EntityTooLarge")
            else:
                given[part.name or ""] = (await part.read()).decode()
        return self._keep(given, body)

    def _keep(self, given: dict[str, str], body: bytes | None) -> web.Response:
        db = self._shop.db
        row = db.one('SELECT * FROM staged_uploads WHERE "key" = ?', given.get("key", ""))
        if row is None or not hmac.compare_digest(row["policy"], given.get("policy", "")):
            return _refused(403, "AccessDenied")
        if row["at_s"] + UPLOAD_LIFE_S < self._shop.clock.now().timestamp():
            return _refused(400, "ExpiredToken")
        if body is None or given.get("Content-Type") != row["mime_type"]:
            return _refused(400, "InvalidPolicyDocument")
        db.run('UPDATE staged_uploads SET body = ? WHERE "key" = ?', body, row["key"])
        return web.Response(status=201, text="<PostResponse/>", content_type="application/xml")

    async def result(self, request: web.Request) -> web.StreamResponse:
        """Send a result, line by line as it was written."""
        db, secret = self._shop.db, request.match_info["secret"]
        text = request.match_info["operation"]
        number = int(text) if text.isdecimal() else 0
        row = db.one("SELECT * FROM bulk_operations WHERE id = ?", number)
        if row is None or not hmac.compare_digest(row["secret"], secret):
            return _refused(403, "AccessDenied")
        expires_s = (row["completed_s"] or 0) + RESULT_LIFE_S
        if expires_s < self._shop.clock.now().timestamp() or self._shop.faults.take("result_gone"):
            return _refused(400, f"ExpiredToken for {gid('BulkOperation', number)}")
        response = web.StreamResponse(headers={"Content-Type": "application/jsonl"})
        await response.prepare(request)
        cut = self._shop.faults.take("result_cut")
        after = -1
        while True:
            rows = db.all(
                "SELECT seq, body FROM bulk_results WHERE operation_id = ? AND seq > ?"
                " ORDER BY seq LIMIT ?",
                number,
                after,
                _CHUNK,
            )
            if not rows:
                break
            after = rows[-1]["seq"]
            data = "".join(one["body"] + "\n" for one in rows).encode()
            if cut:
                await response.write(data[: len(data) // 2])
                assert request.transport is not None
                request.transport.abort()
                return response
            await response.write(data)
        await response.write_eof()
        return response


async def _read(part: BodyPartReader, *, most: int) -> bytes | None:
    """Read a part; None when it is longer than ``most`` bytes."""
    chunks, size = [], 0
    while chunk := await part.read_chunk(1 << 18):
        chunks.append(chunk)
        size += len(chunk)
        if size > most:
            return None
    return b"".join(chunks)


def _refused(status: int, code: str) -> web.Response:
    return web.Response(
        status=status, text=f"<Error><Code>{code}</Code></Error>", content_type="application/xml"
    )
