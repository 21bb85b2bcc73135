"""The stage's backend over the real programs of a running sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal

from aiohttp import ClientSession, ClientTimeout

from towline_sandbox.stage.erp_eye import ErpEye
from towline_sandbox.stage.faults import CATALOGUE
from towline_sandbox.stage.product_eye import ProductEye
from towline_sandbox.stage.settings import StageSettings
from towline_sandbox.stage.shop_eye import ShopEye
from towline_sandbox.stage.world import ErpItem, PriceChange, ShopView, WebOrder, World
from towline_shared.clock import Clock, SystemClock
from towline_shared.errors import Refused, TowlineError

__all__ = ["RealBackend"]

_ANSWER_S = 2.0
_CLASSES_PER_LOOK = 2


class RealBackend:
    """Implements :class:`~towline_sandbox.stage.world.StageBackend`; make it inside the loop."""

    def __init__(self, settings: StageSettings, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._actions = settings.actions
        self._session = ClientSession(timeout=ClientTimeout(total=_ANSWER_S))
        self._classes: dict[str, str] = {}
        self._top: str | None = None
        self._erp = ErpEye(settings.ibmi_address)
        self._shop = ShopEye(
            self._session, settings.shop_url, class_of=lambda sku: self._classes.get(sku, "")
        )
        self._product = ProductEye(
            self._session,
            relay_url=settings.relay_url,
            relay_token=settings.relay_token,
            agent_url=settings.agent_url,
        )
        self._own: Mapping[str, Callable[[bool], Awaitable[str]]] = {
            "throttle": lambda on: self._shop.throttle(on=on),
            "lose_webhooks": lambda on: self._shop.lose_webhooks(on=on),
            "lock_record": self._lock,
            "stop_erp": lambda on: self._erp.restrict(on=on),
        }

    async def world(self, *, watched: Sequence[str]) -> World:
        """Look at all parts at once; one that does not answer is None."""
        self._top = watched[0] if watched else None
        ibmi, agent, relay, shop = await asyncio.gather(
            self._erp.view(), self._product.agent(), self._product.relay(), self._shop.view(watched)
        )
        await self._learn_classes(shop)
        return World(at=self._clock.now(), ibmi=ibmi, agent=agent, relay=relay, shop=shop)

    async def items(self, *, position: str, count: int) -> Sequence[ErpItem]:
        """Return items from ``position`` on, ascending."""
        return self._learned(await self._erp.items(position=position, count=count))

    async def items_before(self, *, position: str, count: int) -> Sequence[ErpItem]:
        """Return the items before ``position``, ascending."""
        return self._learned(await self._erp.items_before(position=position, count=count))

    async def web_orders(self, *, count: int) -> Sequence[WebOrder]:
        """Return the newest staged orders."""
        return await self._erp.web_orders(count=count)

    async def change_price(self, *, item: str, price: Decimal) -> PriceChange:
        """Change a price through the ERP's own program."""
        return await self._erp.change_price(item=item, price=price)

    async def order(self, *, sku: str, quantity: int) -> str:
        """Place an order in the shop."""
        return await self._shop.order(sku=sku, quantity=quantity)

    async def publish(self, *, product_gid: str) -> str:
        """Make a draft product active."""
        return await self._shop.publish(product_gid)

    async def publish_all(self) -> str:
        """Make every draft product active."""
        return await self._shop.publish_all()

    async def fault(self, *, name: str, on: bool) -> str:
        """Start or heal a fault; an action without a ``heal_`` twin ends by itself."""
        own = self._own.get(name)
        if own is not None:
            return await own(on)
        action = self._actions.get(name if on else f"heal_{name}")
        if action is not None:
            return await action()
        if on:
            raise Refused(f"This sandbox can't make the fault {name}.")
        return ""

    def faults(self) -> Sequence[str]:
        """Name the faults, in the order of the catalogue, unknown ones last."""
        known = [*self._own, *(n for n in self._actions if not n.startswith("heal_"))]
        return [
            *(name for name in CATALOGUE if name in known),
            *(name for name in known if name not in CATALOGUE),
        ]

    async def close(self) -> None:
        """Let go of connections."""
        await self._erp.close()
        await self._session.close()

    async def _lock(self, on: bool) -> str:
        return await self._erp.lock(self._top) if on else await self._erp.unlock()

    def _learned(self, items: Sequence[ErpItem]) -> Sequence[ErpItem]:
        self._classes.update((item.number, item.item_class) for item in items)
        return items

    async def _learn_classes(self, shop: ShopView | None) -> None:
        """Look up the class of a few items nobody has listed yet; pictures depend on it."""
        unknown = [
            product.sku.strip()
            for product in (shop.products if shop else ())
            if product.sku.strip() and product.sku.strip() not in self._classes
        ]
        for sku in unknown[:_CLASSES_PER_LOOK]:
            try:
                found = await self._erp.items(position=sku, count=1)
            except TowlineError:
                return
            same = found and found[0].number == sku
            self._classes[sku] = found[0].item_class if same else ""
