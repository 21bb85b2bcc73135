"""The files of bulk operations: a form with JSONL up, a stream of JSONL down.

They live in Shopify's file store and not behind the Admin API: no token goes along, no points are
taken. Nothing of a file is logged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp

from towline_relay.shopify.bulk import Target
from towline_shared.errors import Permanent, Retryable

__all__ = ["BulkFiles", "ResultGone"]

# A hundred megabytes over a slow line; a file store that is silent for a minute is dead.
_UPLOAD = aiohttp.ClientTimeout(total=1800, sock_connect=10, sock_read=60)
_DOWNLOAD = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)
_GONE = frozenset({400, 403, 404, 410})
_LONGEST_LINE = 16 << 20  # a result line answers one mutation; more than that is no line of ours


class ResultGone(Permanent):
    """The result's address has expired (after seven days) or was never right."""


class BulkFiles:
    """Sends and fetches the files of one relay; the session's owner closes it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def upload(self, target: Target, content: bytes) -> None:
        """Upload a file; repeating it writes the same again.

        The file must be the form's last part:
        https://shopify.dev/docs/api/usage/bulk-operations/imports

        Raises:
            Retryable: the file store failed, or wants a new target.
        """
        form = aiohttp.FormData()
        for name, value in target.fields:
            form.add_field(name, value)
        form.add_field("file", content, filename="variables.jsonl", content_type="text/jsonl")
        try:
            async with self._session.post(
                target.url, data=form, timeout=_UPLOAD, allow_redirects=False
            ) as response:
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Retryable(f"The bulk upload broke off ({type(error).__name__}).") from None
        if not 200 <= status < 300:
            raise Retryable(f"Shopify's file store refused the bulk upload (HTTP {status}).")

    async def lines(self, url: str) -> AsyncIterator[bytes]:
        """Stream a result line by line; a blank line is none.

        Raises:
            ResultGone: it can't be had any more.
            Retryable: the stream broke off; begin again, what was read stays true.
        """
        rest = b""
        try:
            async with self._session.get(url, timeout=_DOWNLOAD) as response:
                if response.status in _GONE:
                    raise ResultGone(
                        f"The result of the bulk operation is gone (HTTP {response.status})."
                    )
                if response.status != 200:
                    raise Retryable(
                        f"Shopify's file store can't give the result (HTTP {response.status})."
                    )
                async for chunk in response.content.iter_chunked(1 << 18):
                    *whole, rest = (rest + chunk).split(b"\n")
                    if len(rest) > _LONGEST_LINE:
                        raise Permanent("A line of the bulk result has no end.")
                    for line in whole:
                        if line.strip():
                            yield line
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Retryable(f"The bulk result broke off ({type(error).__name__}).") from None
        if rest.strip():
            yield rest
