"""The stage's eye and hand on the simulated shop: its control API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from aiohttp import ClientError, ClientSession

from towline_sandbox.stage.world import ShopOrder, ShopProduct, ShopView, Tracking
from towline_shared.errors import Refused, Retryable

__all__ = ["ShopEye"]

_SHOWN = 12
_EAGER = 3  # how many of the most wanted products are looked up every time
_IN_TURN = 2  # and how many of the others, one after the other
_REST_EVERY = 10  # looks between two readings of the catalogue's first page

ClassOf = Callable[[str], str]


class ShopEye:
    """Looks at what the window shows; the catalogue is large, so products are read in turn."""

    def __init__(self, session: ClientSession, url: str, *, class_of: ClassOf) -> None:
        """Look at the shop at ``url``; ``class_of`` tells an item's class by its SKU."""
        self._session = session
        self._url = url.rstrip("/")
        self._class_of = class_of
        self._known: dict[str, ShopProduct | None] = {}
        self._rest: list[ShopProduct] = []
        self._turn = 0
        self._looks = 0
        self._odds_before: Mapping[str, Any] = {}

    async def view(self, watched: Sequence[str]) -> ShopView | None:
        """Look at the shop; None when it does not answer."""
        try:
            state = await self._get("/sandbox/state")
            orders = await self._get("/sandbox/orders?first=12")
            products = await self._products(watched)
        except (Retryable, Refused):
            return None
        bucket, webhooks = state["bucket"], state["webhooks"]
        return ShopView(
            name=state["name"],
            products=products,
            orders=tuple(_order(row) for row in orders["orders"]),
            products_total=state["counts"]["products"],
            orders_total=state["counts"]["orders"],
            budget=bucket["available"] / bucket["maximum"],
            webhooks={name: webhooks[name] for name in ("pending", "delivered", "lost", "failed")},
            calls_total=sum(state["calls"].values()),
            throttled=state["faults"]["throttle"],
        )

    async def order(self, *, sku: str, quantity: int) -> str:
        """Place an order as a buyer does; returns its name."""
        body = {"lines": [{"sku": sku, "quantity": quantity}], "shipping": "4.90"}
        return str((await self._post("/sandbox/orders", body))["name"])

    async def publish(self, product_gid: str) -> str:
        """Press publish on a draft; returns its title."""
        number = product_gid.rsplit("/", 1)[-1]
        if not number.isdecimal():
            raise Refused(f"{product_gid} is not a product of this shop.")
        await self._post(f"/sandbox/product/{number}/publish", {})
        shown = [*self._known.values(), *self._rest]
        return next((p.title for p in shown if p and p.gid == product_gid), "The product")

    async def publish_all(self) -> str:
        """Press publish on every draft."""
        published = (await self._post("/sandbox/publish", {"all": True}))["published"]
        return f"{published} drafts are published."

    async def throttle(self, *, on: bool) -> str:
        """Empty the cost bucket and let it fill slowly, or refill it."""
        await self._post("/sandbox/faults", {"throttle": on})
        return "Shopify's budget is empty." if on else "Shopify's budget refills."

    async def lose_webhooks(self, *, on: bool) -> str:
        """Lose every webhook from now on, or go back to what was usual."""
        if on:
            self._odds_before = (await self._get("/sandbox/faults"))["webhooks"]
            await self._post("/sandbox/faults", {"webhooks": {"lost": 1.0}})
            return "Webhooks vanish from now on."
        lost = self._odds_before.get("lost", 0.0)
        await self._post("/sandbox/faults", {"webhooks": {"lost": lost}})
        return "Webhooks are sent again; the sweep finds what was missed."

    async def _products(self, watched: Sequence[str]) -> tuple[ShopProduct, ...]:
        wanted = list(watched[:_SHOWN])
        others = wanted[_EAGER:]
        turn = [others[(self._turn + n) % len(others)] for n in range(_IN_TURN)] if others else []
        self._turn += _IN_TURN
        for sku in dict.fromkeys(
            wanted[:_EAGER] + turn + [s for s in wanted if s not in self._known]
        ):
            self._known[sku] = await self._find(sku)
        if self._looks % _REST_EVERY == 0:
            page = await self._get(f"/sandbox/catalogue?first={_SHOWN}")
            self._rest = [self._product(row) for row in page["products"]]
        self._looks += 1
        shown = [product for sku in wanted if (product := self._known.get(sku))]
        have = {product.gid for product in shown}
        shown += [product for product in self._rest if product.gid not in have]
        self._known = {sku: self._known.get(sku) for sku in wanted}
        return tuple({product.gid: product for product in shown}.values())[:_SHOWN]

    async def _find(self, sku: str) -> ShopProduct | None:
        """Return the product with exactly this SKU; an active one before a draft."""
        page = await self._get("/sandbox/catalogue", first="20", query=sku)
        found = [row for row in page["products"] if row["sku"].strip().lower() == sku.lower()]
        found.sort(key=lambda row: row["status"] != "ACTIVE")
        return self._product(found[0]) if found else None

    def _product(self, row: Mapping[str, Any]) -> ShopProduct:
        return ShopProduct(
            gid=row["id"],
            sku=row["sku"],
            title=row["title"],
            price=Decimal(row["price"]),
            currency=row["currency"],
            available=row["available"],
            status=row["status"],
            hue=row["hue"],
            item_class=self._class_of(row["sku"].strip()),
        )

    async def _get(self, path: str, **query: str) -> Any:
        return await self._ask("GET", path, params=query)

    async def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self._ask("POST", path, json=body)

    async def _ask(self, method: str, path: str, **how: Any) -> Any:
        try:
            async with self._session.request(method, f"{self._url}{path}", **how) as answer:
                said = await answer.json()
        except (ClientError, TimeoutError, ValueError) as error:
            raise Retryable(f"The shop does not answer: {type(error).__name__}.") from None
        if answer.status >= 400:
            raise Refused(said.get("error", f"HTTP {answer.status}"), hint=said.get("hint", ""))
        return said


def _order(row: Mapping[str, Any]) -> ShopOrder:
    tags = tuple(row["tags"])
    number = row["metafields"].get("ibmi.order_number", "")
    if not number:
        number = next((tag[4:] for tag in tags if tag.startswith("ERP ")), "")
    return ShopOrder(
        gid=row["id"],
        name=row["name"],
        total=Decimal(row["total"]),
        currency=row["currency"],
        fulfillment=row["fulfillment_status"] or "",
        erp_order=str(number),
        refused="erp-refused" in tags,
        tracking=tuple(
            Tracking(company=entry.get("company") or "", number=entry.get("number") or "")
            for entry in row["tracking"]
        ),
    )
