"""Bulk operations in verbs: upload, start, find again, look, cancel, read the result.

A run goes past the bucket of points: three cheap calls carry thousands of mutations. The price is
that nobody waits for it, so each verb here must be safe to repeat after a crash, and the one that
is not (starting) can be found again: the operation's name within the document is ours, and
``bulkOperations`` shows every operation's document. Shopify's own ``clientIdentifier`` is sent as
well, but nothing promises that it can be searched for, and bulk queries have none.
https://shopify.dev/docs/api/usage/bulk-operations/imports and .../queries
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import Document, document
from towline_relay.shopify.paging import pages
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import raise_first, read_errors
from towline_shared.clock import parse_utc, utc_text
from towline_shared.errors import Permanent

__all__ = ["MOST_BYTES", "BulkState", "Target", "bulk_state", "cancel", "find", "marked", "stage"]
__all__ += ["start_mutation", "start_query"]

#: Of one upload: https://shopify.dev/docs/api/usage/bulk-operations/imports
MOST_BYTES = 100 * 1000 * 1000

_OVER = frozenset({"COMPLETED", "FAILED", "CANCELED", "EXPIRED"})
_CLOCKS_DIFFER = timedelta(minutes=10)  # between the relay's clock and Shopify's, at the very most


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file may be uploaded to, once.

    Attributes:
        fields: the form's fields in the order they must be sent, before the file.
    """

    url: str
    fields: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        """What the start of the operation calls the file by: the field ``key``."""
        return dict(self.fields)["key"]


@dataclass(frozen=True, slots=True)
class BulkState:
    """An operation as Shopify sees it.

    Attributes:
        status: ``CREATED``, ``RUNNING``, ``COMPLETED``, ``CANCELING``, ``CANCELED``, ``FAILED`` or
            ``EXPIRED``.
        error_code: why it failed; empty otherwise.
        objects: how many lines or objects it has worked on.
        roots: how many of them are no children of others.
        url: of the result, whole or (when it did not complete) in part; empty without any.
        created_at: when it was started, by Shopify's clock.
    """

    gid: str
    status: str
    error_code: str
    objects: int
    roots: int
    url: str
    created_at: datetime | None = None

    @property
    def over(self) -> bool:
        """Nothing more will happen."""
        return self.status in _OVER

    @property
    def completed(self) -> bool:
        """Every line was run; each may still have been refused."""
        return self.status == "COMPLETED"


def marked(wanted: Document, mark: str, *, text: str = "") -> str:
    """Return a bulk document whose operation carries our mark as its name.

    Args:
        wanted: a document that is run in bulk.
        mark: letters, digits and underscores; unique per run.
        text: the document's, when something was put into it.
    """
    return (text or wanted.text).replace(f" {wanted.operation}", f" {mark}", 1)


async def stage(client: Client, filename: str) -> Target:
    """Ask for a place to upload one file of variables to."""
    answer = await client.execute(
        document("staged_uploads_create"),
        {
            "input": [
                {
                    "resource": "BULK_MUTATION_VARIABLES",
                    "filename": filename,
                    "mimeType": "text/jsonl",
                    "httpMethod": "POST",
                }
            ]
        },
        priority=Priority.CATALOGUE,
    )
    payload = answer.data["stagedUploadsCreate"]
    raise_first("stagedUploadsCreate", read_errors(payload))
    target = payload["stagedTargets"][0]
    fields = tuple((each["name"], each["value"]) for each in target["parameters"])
    if "key" not in dict(fields):
        raise Permanent(
            "Shopify's upload target has no key.", hint="Report it; bulk operations need one."
        )
    return Target(target["url"], fields)


async def start_mutation(client: Client, text: str, *, path: str, mark: str) -> str:
    """Start a mutation over an uploaded file; returns the operation's gid.

    NOT idempotent: after :class:`Unsure`, or a crash, look with :func:`find` first.

    Raises:
        Retryable: five run already, or Shopify could not read the file now.
        Stale: the file is not there (any more): upload it again.
        Refused: the mutation is not allowed.
    """
    answer = await client.execute(
        document("bulk_run_mutation"),
        {"mutation": text, "path": path, "client": mark},
        priority=Priority.CATALOGUE,
    )
    payload = answer.data["bulkOperationRunMutation"]
    raise_first("bulkOperationRunMutation", read_errors(payload))
    return str(payload["bulkOperation"]["id"])


async def start_query(client: Client, text: str, *, grouped: bool = False) -> str:
    """Start a query; returns the operation's gid. See :func:`start_mutation`.

    Args:
        grouped: children stand directly below their parents in the result.
    """
    answer = await client.execute(
        document("bulk_run_query"),
        {"query": text, "group": grouped},
        priority=Priority.CATALOGUE,
    )
    payload = answer.data["bulkOperationRunQuery"]
    raise_first("bulkOperationRunQuery", read_errors(payload))
    return str(payload["bulkOperation"]["id"])


async def find(client: Client, mark: str, *, since: datetime) -> str:
    """Return the gid of the operation that carries our mark; empty when there is none.

    Args:
        since: when the run was planned; older operations are not looked at.
    """
    moment = utc_text(since - _CLOCKS_DIFFER)
    nodes = pages(
        client,
        document("bulk_operations"),
        {"first": 50, "after": None, "query": f"created_at:>='{moment}'"},
        pick=lambda data: data["bulkOperations"],
        priority=Priority.CATALOGUE,
    )
    async for node in nodes:
        if f" {mark}" in node["query"]:
            return str(node["id"])
    return ""


async def bulk_state(client: Client, gid: str) -> BulkState | None:
    """Look at an operation; None when Shopify does not know it."""
    answer = await client.execute(
        document("bulk_operation"), {"id": gid}, priority=Priority.CATALOGUE
    )
    node: Mapping[str, Any] | None = answer.data["bulkOperation"]
    if node is None:
        return None
    return BulkState(
        gid=node["id"],
        status=node["status"],
        error_code=node["errorCode"] or "",
        objects=int(node["objectCount"]),
        roots=int(node["rootObjectCount"]),
        url=node["url"] or node["partialDataUrl"] or "",
        created_at=parse_utc(node["createdAt"]),
    )


async def cancel(client: Client, gid: str) -> None:
    """Ask for the end of an operation; what ran until then has happened. Idempotent.

    Raises:
        Refused: it is over already.
    """
    answer = await client.execute(document("bulk_cancel"), {"id": gid}, priority=Priority.CATALOGUE)
    raise_first("bulkOperationCancel", read_errors(answer.data["bulkOperationCancel"]))
