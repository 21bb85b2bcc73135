"""Bulk operations: what may be started, and the work done outside the bucket, bit by bit.

At most five operations of each kind run at once; a mutation runs once per line of the file, in no
promised order, and gives one result line each, refusals too; an operation fails for reasons of the
system only. A query's result is flat: one line per object, children with ``__parentId``.
https://shopify.dev/docs/api/usage/bulk-operations/imports and .../queries
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sqlite3
import uuid
from typing import Any

import structlog
from graphql import FieldNode, OperationType, get_named_type, is_composite_type

from towline_sandbox.shopify import outbox
from towline_sandbox.shopify.bulk_limits import query_limits
from towline_sandbox.shopify.bulk_query import pages
from towline_sandbox.shopify.execution import (
    Call,
    Document,
    Documents,
    execute,
    root_fields,
    schema,
)
from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.resolvers.base import Node, Refusal, error
from towline_sandbox.shopify.rules import violation
from towline_sandbox.shopify.shop import Shop
from towline_sandbox.shopify.wire import offset_time

__all__ = ["BulkWorker", "at_work", "begin"]

_log = structlog.get_logger(__name__)

AT_ONCE = 5  # of each type, since 2026-01: https://shopify.dev/changelog/faster-bulk-operations
_CHUNK = 10  # lines between two looks at who else wants to be served
_BULK = frozenset({"bulkOperationRunMutation", "bulkOperationRunQuery", "bulkOperationCancel"})
_LIFE_S = {"MUTATION": 24 * 3600.0, "QUERY": 10 * 24 * 3600.0}
_DOCUMENTS = Documents(most=64)
# How an operation may end half-way, with an error code where Shopify names one:
# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/BulkOperationStatus
_FATES = {
    "fails": ("FAILED", "INTERNAL_SERVER_ERROR"),
    "cancelled": ("CANCELED", None),
    "expires": ("EXPIRED", None),
}


def at_work(shop: Shop, kind: str) -> int:
    """Count the operations of a type that are not over."""
    return int(
        shop.db.scalar(
            "SELECT count(*) FROM bulk_operations WHERE type = ?"
            " AND status IN ('CREATED', 'RUNNING', 'CANCELING')",
            kind,
        )
    )


def begin(
    shop: Shop,
    *,
    kind: str,
    text: str,
    path: str | None = None,
    client: str | None = None,
    grouped: bool = False,
) -> int:
    """Start an operation and return its number.

    Raises:
        Refusal: with the code of the type's user errors.
    """
    _check(shop, text, kind)
    if at_work(shop, kind) >= AT_ONCE:
        message = f"A bulk {kind.lower()} operation is already running; the limit is {AT_ONCE}."
        raise Refusal(error(None, message, "LIMIT_REACHED"))
    lines = _input(shop, path or "") if kind == "MUTATION" else []
    number = shop.db.next_number("BulkOperation")
    now = shop.clock.now()
    shop.db.insert(
        "bulk_operations",
        id=number,
        type=kind,
        status="CREATED",
        document=text,
        staged_key=path,
        client_identifier=client,
        secret=secrets.token_urlsafe(18),
        lines=len(lines),
        fate=shop.faults.next_for_bulk() or "",
        created_at=shop.now(),
        created_s=now.timestamp(),
    )
    if kind == "QUERY":
        shop.db.insert("bulk_queries", operation_id=number, grouped=int(grouped))
    for line, body in enumerate(lines):
        shop.db.insert("bulk_inputs", operation_id=number, line=line, body=body)
    return number


def _check(shop: Shop, text: str, kind: str) -> None:
    """Refuse a document that can't be run in bulk."""
    code = "INVALID_MUTATION" if kind == "MUTATION" else "INVALID"
    document = _DOCUMENTS.read(text)
    wrong = "; ".join(problem.message for problem in document.errors)
    if not wrong and len(document.operations) != 1:
        wrong = "there must be exactly one operation"
    if not wrong:
        operation = document.operation(None)
        wanted = OperationType.MUTATION if kind == "MUTATION" else OperationType.QUERY
        roots = root_fields(operation)
        connections = _connections(operation.selection_set, _root(operation.operation))
        if operation.operation is not wanted or len(roots) != 1:
            wrong = f"it must be a {kind.lower()} of one root field"
        elif roots[0].name.value in _BULK:
            wrong = "bulk operations can't be run in bulk"
        elif kind == "MUTATION" and connections > 1:
            wrong = "at most one connection field is possible"
        elif kind == "QUERY" and (
            limit := query_limits(operation, nodes_only=shop.settings.bulk_nodes_only)
        ):
            wrong = limit
        elif violation(operation, {}) is not None:
            wrong = "a directive is missing"
    if wrong:
        field = ["mutation" if kind == "MUTATION" else "query"]
        raise Refusal(error(field, f"Invalid bulk {kind.lower()}: {wrong}.", code))


def _root(kind: OperationType) -> Any:
    return schema().mutation_type if kind is OperationType.MUTATION else schema().query_type


def _connections(selection: Any, parent: Any) -> int:
    count = 0
    for node in selection.selections if selection else ():
        if isinstance(node, FieldNode) and node.name.value in getattr(parent, "fields", {}):
            kind = get_named_type(parent.fields[node.name.value].type)
            count += kind.name.endswith("Connection")
            if is_composite_type(kind):
                count += _connections(node.selection_set, kind)
    return count


def _input(shop: Shop, path: str) -> list[str]:
    row = shop.db.one('SELECT * FROM staged_uploads WHERE "key" = ?', path)
    if row is None or row["body"] is None:
        message = "The JSONL file could not be found."
        raise Refusal(error(["stagedUploadPath"], message, "NO_SUCH_FILE"))
    try:
        lines: list[str] = row["body"].decode("utf-8").splitlines()
        if not lines or not all(isinstance(json.loads(line), dict) for line in lines):
            raise ValueError
    except ValueError:
        message = "The JSONL file is invalid."
        raise Refusal(error(["stagedUploadPath"], message, "INVALID_STAGED_UPLOAD_FILE")) from None
    # what was uploaded is taken over by the operation; a second run needs a second upload
    shop.db.run('DELETE FROM staged_uploads WHERE "key" = ?', path)
    return lines


class BulkWorker:
    """Works on the operations that are not over, in turn; a restart goes on where the file says."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            rows = self._shop.db.all(
                "SELECT * FROM bulk_operations WHERE status IN ('CREATED', 'RUNNING', 'CANCELING')"
                " ORDER BY id"
            )
            worked = False
            for row in rows:
                try:
                    worked |= self._bit(row)
                except Exception:  # a fault of the stand-in must not hang its caller
                    _log.exception("bulk operation failed", action="shopify.bulk")
                    self._end(row, "FAILED", "INTERNAL_SERVER_ERROR")
                    worked = True
                await asyncio.sleep(0)
            if rows and not worked:
                await asyncio.sleep(0.01)  # all of them take their time
            if not rows:
                self._shop.bulk_news.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await self._shop.bulk_news.wait()

    def _bit(self, row: sqlite3.Row) -> bool:
        """Do a part of an operation; false when it takes its time.

        How fast Shopify works is not published; ``bulk_line_s`` sets it here.
        """
        shop = self._shop
        soonest_s = row["created_s"] + (row["done"] + 1) * shop.settings.bulk_line_s
        if row["status"] == "CANCELING":
            self._end(row, "CANCELED", None)
        elif shop.clock.now().timestamp() > row["created_s"] + _LIFE_S[row["type"]]:
            self._end(row, "FAILED", "TIMEOUT")
        elif row["status"] == "CREATED":
            shop.db.update("bulk_operations", row["id"], status="RUNNING")
        elif shop.clock.now().timestamp() < soonest_s:
            return False
        elif row["type"] == "MUTATION":
            self._lines(row)
        else:
            self._page(row)
        return True

    def _lines(self, row: sqlite3.Row) -> None:
        """Run the next lines, the last of them first: no order is promised."""
        rows = self._shop.db.all(
            "SELECT * FROM bulk_inputs WHERE operation_id = ? AND line >= ? ORDER BY line LIMIT ?",
            row["id"],
            row["done"],
            _CHUNK,
        )
        document = _DOCUMENTS.read(row["document"])
        done = row["done"] + len(rows)
        with self._shop.unit():
            for line in reversed(rows):
                answer = self._line(document, json.loads(line["body"]))
                self._answer(row, line["line"], {**answer, "__lineNumber": line["line"]})
            self._shop.db.update("bulk_operations", row["id"], done=done, roots=done)
        if row["fate"] in _FATES and done * 2 >= row["lines"]:
            # what ran last has no result line: it happened, and nobody says so
            self._forget(
                row,
                self._shop.db.scalar(
                    "SELECT count(*) FROM bulk_results WHERE operation_id = ?", row["id"]
                )
                // 10,
            )
            self._end(row, *_FATES[row["fate"]])
        elif done >= row["lines"]:
            if row["fate"] == "partial":
                self._forget(row, max(1, row["lines"] // 20))
            self._end(row, "COMPLETED", None)

    def _line(self, document: Document, variables: Node) -> Node:
        operation = document.operation(None)
        broken = violation(operation, variables)
        if broken is not None:
            return {"data": None, "errors": [broken.formatted]}
        call = Call(self._shop, frozenset())
        result = execute(call, document, operation, variables)
        answer: Node = {"data": result.data}
        if result.errors:
            answer["errors"] = [problem.formatted for problem in result.errors]
        return answer

    def _answer(self, row: sqlite3.Row, seq: int, answer: Node) -> None:
        body = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        self._shop.db.insert("bulk_results", operation_id=row["id"], seq=seq, body=body)

    def _forget(self, row: sqlite3.Row, count: int) -> None:
        self._shop.db.run(
            "DELETE FROM bulk_results WHERE operation_id = ? AND seq IN (SELECT seq FROM"
            " bulk_results WHERE operation_id = ? ORDER BY seq DESC LIMIT ?)",
            row["id"],
            row["id"],
            count,
        )

    def _page(self, row: sqlite3.Row) -> None:
        """Run a query over its next page."""
        shop = self._shop
        grouped = shop.db.scalar(
            "SELECT grouped FROM bulk_queries WHERE operation_id = ?", row["id"]
        )
        page = pages(
            Call(shop, frozenset()),
            _DOCUMENTS.read(row["document"]),
            row["cursor"],
            grouped=bool(grouped),
        )
        with shop.db.transaction():
            for offset, line in enumerate(page.lines):
                self._answer(row, row["done"] + offset, line)
            shop.db.update(
                "bulk_operations",
                row["id"],
                done=row["done"] + len(page.lines),
                roots=row["roots"] + page.roots,
                cursor=page.cursor,
            )
        if row["fate"] in _FATES:
            self._end(row, *_FATES[row["fate"]])
        elif page.cursor is None:
            if row["fate"] == "partial":
                self._forget(row, max(1, (row["done"] + len(page.lines)) // 20))
            self._end(row, "COMPLETED", None)

    def _end(self, row: sqlite3.Row, status: str, code: str | None) -> None:
        """Close an operation and tell the webhook, which has no address of the result.

        https://shopify.dev/docs/api/usage/bulk-operations/queries
        """
        shop = self._shop
        with shop.db.transaction():
            shop.db.update(
                "bulk_operations",
                row["id"],
                status=status,
                error_code=code,
                completed_at=shop.now(),
                completed_s=shop.clock.now().timestamp(),
            )
            shop.db.run("DELETE FROM bulk_inputs WHERE operation_id = ?", row["id"])
            body = {
                "admin_graphql_api_id": gid("BulkOperation", row["id"]),
                "completed_at": offset_time(shop.now()),
                "created_at": offset_time(row["created_at"]),
                "error_code": code.lower() if code else None,
                "status": status.lower(),
                "type": row["type"].lower(),
            }
            outbox.queue(shop, "bulk_operations/finish", body, str(uuid.uuid4()))
        shop.on_commit()
