"""What the merchant does to an order in the admin, as control calls of the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from towline_sandbox.shopify import aftersales
from towline_sandbox.shopify.ids import gid, number_of

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["AfterDesk"]


class AfterDesk:
    """``POST /sandbox/order/{number or gid}/{action}``.

    Actions: ``edit``, ``refund``, ``cancel``, ``return`` and ``return_status``; the body is what
    the function of that name in :mod:`aftersales` takes.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._actions: dict[str, Callable[[int, dict[str, Any]], int | None]] = {
            "edit": lambda order, given: aftersales.edit(shop, order, given),
            "refund": lambda order, given: aftersales.refund(shop, order, given),
            "cancel": lambda order, given: aftersales.cancel(
                shop,
                order,
                reason=str(given.get("reason", "CUSTOMER")),
                restock=given.get("restock", True) is True,
            ),
            "return": lambda order, given: aftersales.start_return(shop, order, given),
            "return_status": lambda order, given: aftersales.change_return(
                shop, number_of(str(given["return"]), "Return") or 0, str(given["status"])
            ),
        }

    async def act(self, request: web.Request) -> web.Response:
        """Carry one action out in one unit of work; what the admin would not offer is a 409."""
        text = request.match_info["id"]
        order = int(text) if text.isdecimal() else number_of(text, "Order") or 0
        action = self._actions.get(request.match_info["action"])
        if action is None:
            raise LookupError(f"there is no action {request.match_info['action']}")
        given = json.loads(await request.text() or "{}")
        try:
            with self._shop.unit():
                made = action(order, given)
        except aftersales.NotPossible as refusal:
            return web.json_response({"error": str(refusal), "hint": ""}, status=409)
        kind = {"refund": "Refund", "return": "Return"}.get(request.match_info["action"])
        return web.json_response({"id": gid(kind, made) if kind and made else None})
