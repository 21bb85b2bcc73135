"""Bulk operations in memory over the fake shop, with a script of failures, for tests.

A mutation runs when it is started; what can fail is everything around it: the upload, the answer to
the start, the status, lines of the result. Results come in another order than the input.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.support.fake_shop import FakeShop
from towline_relay.shopify.bulk import BulkState, Target
from towline_relay.shopify.exports import Asked
from towline_relay.shopify.models_prices import ListPrice, Tier
from towline_shared.errors import Retryable


@dataclass
class Operation:
    """One operation: its mark, its result lines, how it stands."""

    mark: str
    kind: str
    results: list[bytes] = field(default_factory=list)
    status: str = "RUNNING"
    error_code: str = ""
    begun_at: datetime | None = None


@dataclass
class FakeBulk:
    """See the module's docstring.

    Attributes:
        before: verb -> what happens before it takes effect (raise something).
        after: verb -> what happens after it took effect and before the caller learns of it.
        looks: how often an operation is still running when it is looked at.
        ends: what becomes of the next operations, as (status, share of the lines that run).
        lose: numbers of lines whose result line is missing.
        cut_after: the next result breaks off after so many lines.
        refuse: SKU -> user error of its creation.
        limit: operations that may run at once.
        shorten: so many lines are missing at the end of the next result that is read.
        exported: what an export of a kind finds, as lines.
        asked: what exports asked for.
        export_ends: as ``ends``, of the next exports.
        sought: from when on operations were looked for.
        clock: Shopify's.
    """

    shop: FakeShop
    files: dict[str, bytes] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    before: dict[str, Callable[[], None]] = field(default_factory=dict)
    after: dict[str, Callable[[], None]] = field(default_factory=dict)
    looks: int = 0
    ends: list[tuple[str, float]] = field(default_factory=list)
    lose: set[int] = field(default_factory=set)
    cut_after: int | None = None
    refuse: dict[str, dict[str, Any]] = field(default_factory=dict)
    limit: int = 5
    shorten: int = 0
    exported: dict[str, list[bytes]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    export_ends: list[tuple[str, float]] = field(default_factory=list)
    sought: list[datetime] = field(default_factory=list)
    clock: Callable[[], datetime | None] = lambda: None

    def count(self, verb: str) -> int:
        """Return how often a verb was called."""
        return self.calls.count(verb)

    def _enter(self, verb: str) -> None:
        self.calls.append(verb)
        self.before.get(verb, lambda: None)()

    def _leave(self, verb: str) -> None:
        self.after.get(verb, lambda: None)()

    # -- the port

    async def stage(self, mark: str) -> Target:
        self._enter("stage")
        return Target("https://files.example/", (("key", f"tmp/{mark}/{len(self.calls)}"),))

    async def upload(self, target: Target, content: bytes) -> None:
        self._enter("upload")
        self.files[target.path] = content
        self._leave("upload")

    async def start(self, kind: str, *, path: str, mark: str) -> str:
        self._enter("start")
        running = [op for op in self.operations.values() if op.status == "RUNNING"]
        if len(running) >= self.limit:
            raise Retryable("Five run already.")
        gid = f"gid://shopify/BulkOperation/{len(self.operations) + 1}"
        operation = self.operations[gid] = Operation(mark, kind)
        await self._run(operation, self.files.pop(path))
        self._leave("start")
        return gid

    async def export(self, asked: Asked, *, mark: str) -> str:
        self._enter("export")
        running = [op for op in self.operations.values() if op.status == "RUNNING"]
        if len(running) >= self.limit:
            raise Retryable("Five run already.")
        gid = f"gid://shopify/BulkOperation/{len(self.operations) + 1}"
        operation = self.operations[gid] = Operation(mark, asked.what, begun_at=self.clock())
        self.asked.append(asked)
        seen = [variant_line(ref) for ref in self.shop.catalogue.values()]
        operation.results = list(
            self.exported.get(asked.what, seen if asked.what == "prices" else ())
        )
        if self.export_ends:
            operation.status, share = self.export_ends.pop(0)
            operation.error_code = "INTERNAL_SERVER_ERROR" if operation.status == "FAILED" else ""
            operation.results = operation.results[: int(len(operation.results) * share)]
        self._leave("export")
        return gid

    async def find(self, mark: str, *, since: datetime) -> str:
        self.sought.append(since)
        self._enter("find")
        return next((gid for gid, op in self.operations.items() if op.mark == mark), "")

    async def state(self, gid: str) -> BulkState | None:
        self._enter("state")
        operation = self.operations.get(gid)
        if operation is None:
            return None
        if operation.status == "RUNNING" and self.looks <= 0:
            operation.status = "COMPLETED"
        self.looks -= 1
        url = gid if operation.status != "RUNNING" and operation.results else ""
        return BulkState(
            gid,
            operation.status,
            operation.error_code,
            len(operation.results),
            sum(b"__parentId" not in line for line in operation.results),
            url,
            operation.begun_at,
        )

    async def cancel(self, gid: str) -> None:
        self._enter("cancel")
        self.operations[gid].status = "CANCELED"

    def lines(self, url: str) -> AsyncIterator[bytes]:
        self._enter("lines")
        cut, self.cut_after = self.cut_after, None
        lines = list(self.operations[url].results)
        lines, self.shorten = lines[: len(lines) - self.shorten], 0
        return _Lines(lines, cut)

    # -- the work

    async def _run(self, operation: Operation, content: bytes) -> None:
        lines = content.decode().splitlines()
        if self.ends:
            operation.status, share = self.ends.pop(0)
            operation.error_code = "INTERNAL_SERVER_ERROR" if operation.status == "FAILED" else ""
            lines = lines[: int(len(lines) * share)]
        work = {
            "create": self._create,
            "price": self._price,
            "stock": self._stock,
            "list_price": self._list_price,
            "volume_price": self._volume_price,
            "status": self._status,
            "publish": self._publish,
        }[operation.kind]
        for number, line in reversed(list(enumerate(lines))):
            payload = await work(json.loads(line))
            if number not in self.lose:
                answer = {"data": {"m": payload}, "__lineNumber": number}
                operation.results.append(json.dumps(answer).encode())

    async def _create(self, given: dict[str, Any]) -> dict[str, Any]:
        wanted = given["input"]
        variants = wanted["variants"]
        taken = f"gid://shopify/Product/{wanted['handle']}"
        if taken in {ref.product_gid for ref in self.shop.catalogue.values()}:
            error = {"field": ["input", "handle"], "message": "Taken", "code": "HANDLE_NOT_UNIQUE"}
            return {"product": None, "userErrors": [error]}
        errors = [
            {**self.refuse[sku], "field": ["input", "variants", str(index)]}
            for index, variant in enumerate(variants)
            if (sku := variant["inventoryItem"]["sku"]) in self.refuse
        ]
        if errors:
            return {"product": None, "userErrors": errors}
        about = {"id": taken, "status": wanted["status"]}
        if names := [option["name"] for option in wanted["productOptions"]]:
            self.shop.options.setdefault(taken, tuple(names))
        edges = []
        for variant in variants:
            ref = replace(
                self.shop.add_variant(variant["inventoryItem"]["sku"], variant["price"]),
                product_gid=taken,
                product_status=wanted["status"],
            )
            self.shop.catalogue[ref.variant_gid] = ref
            node = json.loads(variant_line(ref))
            edges.append({"node": {k: v for k, v in node.items() if k != "product"}})
        return {"product": {**about, "variants": {"edges": edges}}, "userErrors": []}

    async def _status(self, given: dict[str, Any]) -> dict[str, Any]:
        wanted = given["product"]
        return self._seen("product", wanted["id"], wanted["status"], None)

    async def _publish(self, given: dict[str, Any]) -> dict[str, Any]:
        channels = tuple(one["publicationId"] for one in given["input"])
        return self._seen("publishable", given["id"], "", channels)

    def _seen(
        self, name: str, gid: str, status: str, channels: tuple[str, ...] | None
    ) -> dict[str, Any]:
        """Write what buyers see of a product; its status, or its channels."""
        mine = [ref for ref in self.shop.catalogue.values() if ref.product_gid == gid]
        if any(ref.sku in self.refuse for ref in mine):
            return {name: None, "userErrors": [{"field": ["id"], "message": "Not this one"}]}
        for ref in mine:
            held = replace(ref, product_status=status or ref.product_status)
            self.shop.catalogue[ref.variant_gid] = held
            before = self.shop.statuses.get(gid, ("", ()))
            now = channels if channels is not None else before[1]
            self.shop.statuses[gid] = (held.product_status, now)
        return {name: {"id": gid, "status": held.product_status}, "userErrors": []}

    async def _price(self, given: dict[str, Any]) -> dict[str, Any]:
        written, errors = [], []
        for index, line in enumerate(given["variants"]):
            ref = self.shop.catalogue.get(line["id"])
            if ref is None or ref.sku in self.refuse:
                where = ["variants", str(index)]
                known = self.refuse.get(ref.sku) if ref else None
                code = known["code"] if known else "PRODUCT_VARIANT_DOES_NOT_EXIST"
                errors.append({"field": where, "message": "No", "code": code})
                continue
            self.shop.catalogue[line["id"]] = replace(ref, price=Decimal(line["price"]))
            written.append({"id": line["id"]})
        return {"productVariants": written, "userErrors": errors}

    async def _stock(self, given: dict[str, Any]) -> dict[str, Any]:
        lines, key = given["input"]["quantities"], given["idempotencyKey"]
        by_item = {ref.inventory_item_gid: ref.sku for ref in self.shop.catalogue.values()}
        errors = [
            {**self.refuse[sku], "field": ["input", "quantities", str(index)]}
            for index, line in enumerate(lines)
            if (sku := by_item[line["inventoryItemId"]]) in self.refuse
        ]
        if not errors and key not in self.shop.keys:
            self.shop.keys[key] = []
            for line in lines:
                target = line["inventoryItemId"], line["locationId"], given["input"]["name"]
                self.shop.quantities[target] = line["quantity"]
        return {"inventoryAdjustmentGroup": None, "userErrors": errors}

    async def _list_price(self, given: dict[str, Any]) -> dict[str, Any]:
        return self._listed(given, given, gone="variantIdsToDelete", breaks=())

    async def _volume_price(self, given: dict[str, Any]) -> dict[str, Any]:
        lists = given["input"]
        breaks = lists["quantityPriceBreaksToAdd"]
        return self._listed(given, lists, gone="pricesToDeleteByVariantId", breaks=breaks)

    def _listed(
        self, given: dict[str, Any], lists: dict[str, Any], *, gone: str, breaks: Any
    ) -> dict[str, Any]:
        """Write prices of one list; one bad one fails the whole line."""
        (ref,) = [one for one in self.shop.lists if one.gid == given["priceListId"]]
        errors = [
            {**self.refuse[sku], "field": ["input", "pricesToAdd", str(index)]}
            for index, line in enumerate(lists["pricesToAdd"])
            if (sku := self.shop.catalogue[line["variantId"]].sku) in self.refuse
        ] + [
            {"message": "Only fixed prices go", "code": "PRICE_NOT_FIXED",
             "field": [gone, str(index)]}
            for index, gid in enumerate(lists[gone])
            if (ref.name, gid) not in self.shop.list_prices
        ]  # fmt: skip
        if errors:
            return {"userErrors": errors}
        for gid in lists[gone]:
            del self.shop.list_prices[ref.name, gid]
        for line in lists["pricesToAdd"]:
            gid = line["variantId"]
            tiers = [
                Tier(one["minimumQuantity"], Decimal(one["price"]["amount"]))
                for one in breaks
                if one["variantId"] == gid
            ]
            price = ListPrice(gid, Decimal(line["price"]["amount"]), None, tuple(tiers))
            self.shop.list_prices[ref.name, gid] = price
        return {"userErrors": []}


class _Lines:
    """A result that breaks off where it is told to; lives over several event loops."""

    def __init__(self, lines: list[bytes], cut: int | None) -> None:
        self._lines = lines
        self._cut = cut
        self._at = 0

    def __aiter__(self) -> _Lines:
        return self

    async def __anext__(self) -> bytes:
        if self._cut is not None and self._at >= self._cut:
            raise Retryable("The bulk result broke off.")
        if self._at >= len(self._lines):
            raise StopAsyncIteration
        self._at += 1
        return self._lines[self._at - 1]

    async def aclose(self) -> None:
        """End early, as whoever has met a fault does."""
        self._at = len(self._lines)


def variant_line(ref: Any) -> bytes:
    """Return the line of a variant, as a bulk query gives it."""
    node = {
        "id": ref.variant_gid,
        "sku": ref.sku,
        "price": str(ref.price),
        "compareAtPrice": None,
        "product": {"id": ref.product_gid, "status": ref.product_status},
        "inventoryItem": {"id": ref.inventory_item_gid, "tracked": ref.tracked},
    }
    return json.dumps(node).encode()
