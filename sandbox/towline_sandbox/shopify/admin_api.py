"""POST /admin/api/{version}/graphql.json and the token endpoint."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from aiohttp import web
from graphql import GraphQLError, OperationDefinitionNode, OperationType

from towline_sandbox.shopify.cost import MAX_QUERY_COST
from towline_sandbox.shopify.execution import Call, Document, Documents, model, root_fields, run
from towline_sandbox.shopify.faults import CallFault
from towline_sandbox.shopify.rules import idempotency_keys, violation
from towline_sandbox.shopify.shop import Shop
from towline_sandbox.shopify.token_desk import TokenDesk
from towline_sandbox.shopify.versions import SPOKEN
from towline_shared.clock import utc_text

__all__ = ["AdminApi"]

_log = structlog.get_logger(__name__)

_PRODUCTION = {"X-Shopify-API-Version": SPOKEN}

Answer = tuple[int, dict[str, Any]]


class AdminApi:
    """The shop's front door for apps."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._documents = Documents()
        self.tokens = TokenDesk(shop)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to add to an application."""
        return [
            web.post("/admin/api/{version}/graphql.json", self.graphql),
            web.post("/admin/oauth/access_token", self.access_token),
        ]

    async def access_token(self, request: web.Request) -> web.Response:
        """Grant a token for client credentials, or for a refresh token."""
        given: Mapping[str, Any]
        if request.content_type == "application/json":
            given = await request.json()
        else:
            given = await request.post()
        status, body = self.tokens.grant(given)
        if self._shop.faults.next_for_token():
            return web.json_response({"error": "Gateway Timeout"}, status=504)  # the answer is lost
        return web.json_response(body, status=status)

    async def graphql(self, request: web.Request) -> web.Response:
        """Answer one GraphQL call."""
        if not self.tokens.may_enter(request.headers.get("X-Shopify-Access-Token", "")):
            return self._refused(401, "[API] Invalid API key or access token")
        self._shop.base_url = str(request.url.origin())
        if self._shop.faults.closed:
            self._log_call("", (), self._shop.faults.closed, "closed")
            page = "<html><body>This shop is unavailable</body></html>"
            return web.Response(
                status=self._shop.faults.closed, text=page, content_type="text/html"
            )
        fault = self._shop.faults.next_for_call()
        if fault is CallFault.TOO_MANY:
            self._log_call("", (), 429, "http_429")
            body = {"errors": "Exceeded calls per second; slow down"}
            headers = {**_PRODUCTION, "Retry-After": "1.0"}
            return web.json_response(body, status=429, headers=headers)
        if fault is CallFault.SERVER_ERROR:
            self._log_call("", (), 500, "http_500")
            return self._refused(500, "Internal Server Error")
        try:
            given = await request.json()
            text, variables = given["query"], given.get("variables") or {}
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._refused(400, "the body must be JSON with a query")
        if not isinstance(text, str) or not isinstance(variables, dict):
            return self._refused(400, "query must be a text and variables an object")
        status, answer = await self.answer(text, variables, given.get("operationName"))
        return web.json_response(answer, status=status, headers=_PRODUCTION, dumps=_dumps)

    async def answer(self, text: str, variables: dict[str, Any], name: str | None) -> Answer:
        """Answer a document behind the door, where no fault of the wire strikes."""
        document = self._documents.read(text)
        if document.errors:
            return 200, {"errors": [error.formatted for error in document.errors]}
        try:
            operation = document.operation(name)
        except GraphQLError as unclear:
            return 200, {"errors": [unclear.formatted]}
        broken = violation(operation, variables)
        if broken is not None:
            self._log_operation(operation, 200, "rule")
            return 200, {"errors": [broken.formatted], "extensions": self._cost(0, 0)}
        requested = model(document, operation).requested(variables)
        if requested > MAX_QUERY_COST:
            message = f"Query cost is {requested}, which exceeds the single query max cost limit."
            error = GraphQLError(message, extensions={"code": "MAX_COST_EXCEEDED"})
            return 200, {"errors": [error.formatted], "extensions": self._cost(requested, None)}
        if not self._shop.bucket.take(requested):
            self._log_operation(operation, 200, "THROTTLED", requested)
            error = GraphQLError("Throttled", extensions={"code": "THROTTLED"})
            return 200, {"errors": [error.formatted], "extensions": self._cost(requested, None)}
        return await self._worked(document, operation, variables, requested)

    async def _worked(
        self,
        document: Document,
        operation: OperationDefinitionNode,
        variables: dict[str, Any],
        requested: int,
    ) -> Answer:
        with self._in_flight(idempotency_keys(operation, variables)) as contested:
            call = Call(self._shop, contested)
            if self._shop.settings.latency_s:
                await asyncio.sleep(self._shop.settings.latency_s)
            result = run(call, document, operation, variables)
        actual = model(document, operation).actual(result.data, variables)
        self._shop.bucket.refund(requested - actual)
        errors = [_formatted(error) for error in result.errors or ()]
        outcome = "errors" if errors else "ok"
        if operation.operation is OperationType.MUTATION:
            fault = self._shop.faults.next_after_write()
            if fault is not None:
                self._log_operation(operation, 504, fault.value, requested, actual)
                return 504, {"errors": "Gateway Timeout"}
        self._log_operation(operation, 200, outcome, requested, actual)
        answer: dict[str, Any] = {"data": result.data}
        if errors:
            answer["errors"] = errors
        answer["extensions"] = self._cost(requested, actual)
        if call.search:
            answer["extensions"]["search"] = call.search
        return 200, answer

    @contextmanager
    def _in_flight(self, keys: list[str]) -> Iterator[frozenset[str]]:
        """Hold the keys of a call; yields those that another call holds already."""
        contested = self._shop.in_flight.intersection(keys)
        mine = set(keys) - contested
        self._shop.in_flight |= mine
        try:
            yield frozenset(contested)
        finally:
            self._shop.in_flight -= mine

    def _cost(self, requested: int, actual: int | None) -> dict[str, Any]:
        bucket = self._shop.bucket
        return {
            "cost": {
                "requestedQueryCost": requested,
                "actualQueryCost": actual,
                "throttleStatus": {
                    "maximumAvailable": float(bucket.maximum),
                    "currentlyAvailable": int(bucket.available),
                    "restoreRate": bucket.restore_rate,
                },
            }
        }

    def _refused(self, status: int, message: str) -> web.Response:
        return web.json_response({"errors": message}, status=status, headers=_PRODUCTION)

    def _log_operation(
        self,
        operation: OperationDefinitionNode,
        status: int,
        outcome: str,
        requested: int | None = None,
        actual: int | None = None,
    ) -> None:
        name = operation.name.value if operation.name else ""
        roots = tuple(field.name.value for field in root_fields(operation))
        self._log_call(name, roots, status, outcome, requested, actual)

    def _log_call(
        self,
        operation: str,
        roots: tuple[str, ...],
        status: int,
        outcome: str,
        requested: int | None = None,
        actual: int | None = None,
    ) -> None:
        self._shop.db.insert(
            "calls",
            at=utc_text(self._shop.clock.now()),
            operation=operation,
            root_fields=",".join(roots),
            http_status=status,
            outcome=outcome,
            requested_cost=requested,
            actual_cost=actual,
        )


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _formatted(error: GraphQLError) -> dict[str, Any]:
    original = error.original_error
    if original is not None and not isinstance(original, GraphQLError):
        # A bug of the stand-in: shown as the real one would show its own, and logged in full.
        _log.error("resolver failed", action="shopify.resolver", exc_info=original)
        return {
            "message": f"Internal error in the simulated shop: {type(original).__name__}",
            "path": error.path,
            "extensions": {"code": "INTERNAL_SERVER_ERROR"},
        }
    return dict(error.formatted)
