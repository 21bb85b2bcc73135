"""What the merchant does to an order in the admin, as control calls of the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from towline_sandbox.shopify import aftersales, holding, refunding, returning
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.order_work import NotPossible

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["AfterDesk"]


class AfterDesk:
    """``POST /sandbox/order/{number or gid}/{action}``.

    Actions: ``edit``, ``refund``, ``settle``, ``cancel``, ``return``, and of a return, named by
    ``return`` or else the order's last one, ``return_status``, ``return_update`` and ``dispose``;
    the body is what the functions in :mod:`aftersales`, :mod:`refunding` and :mod:`returning`
    take. ``hold`` (with ``reason`` and ``notes``) and ``release`` are about everything that is left
    to ship.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._actions: dict[str, Callable[[int, dict[str, Any]], int | None]] = {
            "edit": lambda order, given: aftersales.edit(shop, order, given),
            "refund": lambda order, given: refunding.refund(shop, order, given),
            "settle": lambda order, given: refunding.settle(shop, order, given),
            "cancel": lambda order, given: aftersales.cancel(
                shop,
                order,
                reason=str(given.get("reason", "CUSTOMER")),
                restock=given.get("restock", True) is True,
            ),
            "hold": lambda order, given: holding.hold_order(
                shop,
                order,
                reason=str(given.get("reason", "OTHER")),
                notes=str(given.get("notes", "")),
            ),
            "release": lambda order, _given: holding.release_order(shop, order),
            "return": lambda order, given: returning.start_return(shop, order, given),
            "return_status": lambda order, given: returning.change_return(
                shop, self._return(order, given), str(given["status"])
            ),
            "return_update": lambda order, given: returning.remove_pieces(
                shop, self._return(order, given), given
            ),
            "dispose": lambda order, given: returning.dispose(
                shop, self._return(order, given), given
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
        except (NotPossible, holding.NotHeld) as refusal:
            return web.json_response({"error": str(refusal), "hint": ""}, status=409)
        kind = {"refund": "Refund", "return": "Return"}.get(request.match_info["action"])
        return web.json_response({"id": gid(kind, made) if kind and made else None})

    def _return(self, order: int, given: dict[str, Any]) -> int:
        if "return" in given:
            return number_of(str(given["return"]), "Return") or 0
        return int(
            self._shop.db.scalar("SELECT max(id) FROM returns WHERE order_id = ?", order) or 0
        )
