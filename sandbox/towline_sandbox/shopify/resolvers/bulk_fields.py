"""Bulk operations and staged uploads."""

from __future__ import annotations

import sqlite3
from typing import Any

from towline_sandbox.shopify import bulk_files, search
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.paging import connection
from towline_sandbox.shopify.resolvers.base import (
    Fields,
    Info,
    Node,
    Refusal,
    error,
    mutation,
    searched,
    shop_of,
)
from towline_sandbox.shopify.shop import Shop

__all__ = ["FIELDS"]

_FIELDS: dict[str, search.Matcher] = {
    "id": lambda row, term: search.number(row["id"], term),
    "created_at": lambda row, term: search.text(row["created_at"], term),
    "operation_type": lambda row, term: search.text(row["type"], term),
    "status": lambda row, term: search.text(row["status"], term),
}
_LEAST_CLIENT, _MOST_CLIENT = 10, 255
_TABLE = "BULK_MUTATION_VARIABLES"


def _operation(shop: Shop, row: sqlite3.Row) -> Node:
    over = row["status"] in ("COMPLETED", "FAILED", "CANCELED", "EXPIRED")
    size = None
    url = None
    if over:
        size = shop.db.scalar(
            "SELECT sum(length(CAST(body AS BLOB)) + 1) FROM bulk_results WHERE operation_id = ?",
            row["id"],
        )
    if size:
        url = f"{shop.base_url}{bulk_files.result_path(row['id'], row['secret'])}"
    done = row["status"] == "COMPLETED"
    return {
        "__typename": "BulkOperation",
        "id": gid("BulkOperation", row["id"]),
        "type": row["type"],
        "status": row["status"],
        "errorCode": row["error_code"],
        "objectCount": str(row["done"]),
        "rootObjectCount": str(row["roots"]),
        "fileSize": str(size) if size and done else None,
        "query": row["document"],
        "url": url if done else None,
        "partialDataUrl": None if done else url,
        "createdAt": row["created_at"],
        "completedAt": row["completed_at"] if done else None,
    }


def _by_id(_root: Any, info: Info, id: str) -> Node | None:
    shop = shop_of(info)
    row = shop.db.one("SELECT * FROM bulk_operations WHERE id = ?", number_of(id, "BulkOperation"))
    return None if row is None else _operation(shop, row)


def _all(_root: Any, info: Info, **arguments: Any) -> Node:
    shop = shop_of(info)
    node = searched(info, arguments.get("query"), _FIELDS)
    rows = [
        row
        for row in shop.db.all("SELECT * FROM bulk_operations")
        if search.matches(node, row, _FIELDS)
    ]
    return connection(
        rows, arguments, key=lambda row: (row["id"],), load=lambda row: _operation(shop, row)
    )


def _run_mutation(
    shop: Shop,
    *,
    mutation: str,
    stagedUploadPath: str,
    clientIdentifier: str | None = None,
    groupObjects: bool = True,
) -> Node:
    # its length is checked from 2027-01 on; a stand-in is strict early
    # https://shopify.dev/docs/api/admin-graphql/2027-01/mutations/bulkOperationRunMutation
    if clientIdentifier is not None and not (
        _LEAST_CLIENT <= len(clientIdentifier) <= _MOST_CLIENT
    ):
        message = "Client identifier must have 10 to 255 characters."
        raise Refusal(error(["clientIdentifier"], message, "INVALID_MUTATION"))
    number = shop.bulk_begin(
        kind="MUTATION", text=mutation, path=stagedUploadPath, client=clientIdentifier
    )
    return _begun(shop, number)


def _run_query(shop: Shop, *, query: str, groupObjects: bool) -> Node:
    return _begun(shop, shop.bulk_begin(kind="QUERY", text=query, grouped=groupObjects))


def _begun(shop: Shop, number: int) -> Node:
    shop.bulk_news.set()
    row = shop.db.one("SELECT * FROM bulk_operations WHERE id = ?", number)
    assert row is not None
    return {"bulkOperation": _operation(shop, row)}


def _cancel(shop: Shop, *, id: str) -> Node:
    number = number_of(id, "BulkOperation")
    row = shop.db.one("SELECT * FROM bulk_operations WHERE id = ?", number)
    if row is None:
        raise Refusal(error(["id"], "Bulk operation does not exist"))
    if row["status"] not in ("CREATED", "RUNNING", "CANCELING"):
        message = f"A bulk operation cannot be canceled when it is {row['status'].lower()}"
        raise Refusal(error(["id"], message))
    shop.db.update("bulk_operations", row["id"], status="CANCELING")
    return _begun(shop, row["id"])


def _stage(shop: Shop, *, input: list[Node]) -> Node:
    targets = []
    for index, wanted in enumerate(input):
        at = ["input", str(index)]
        if wanted["resource"] != _TABLE:
            raise Refusal(error([*at, "resource"], f"Only {_TABLE} is simulated"))
        if wanted.get("httpMethod") != "POST":
            # the guide of bulk imports uploads with a form, which is what POST means here:
            # https://shopify.dev/docs/api/usage/bulk-operations/imports
            raise Refusal(error([*at, "httpMethod"], "Only POST is simulated"))
        if wanted["mimeType"] != "text/jsonl":
            raise Refusal(error([*at, "mimeType"], "Mime type must be text/jsonl"))
        targets.append(
            bulk_files.stage(shop, filename=wanted["filename"], mime_type=wanted["mimeType"])
        )
    return {"stagedTargets": targets}


FIELDS: Fields = {
    "QueryRoot": {"bulkOperation": _by_id, "bulkOperations": _all},
    "Mutation": {
        "bulkOperationRunMutation": mutation(_run_mutation, empty={"bulkOperation": None}),
        "bulkOperationRunQuery": mutation(_run_query, empty={"bulkOperation": None}),
        "bulkOperationCancel": mutation(_cancel, empty={"bulkOperation": None}),
        "stagedUploadsCreate": mutation(_stage, empty={"stagedTargets": None}),
    },
}
