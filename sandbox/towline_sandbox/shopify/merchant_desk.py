"""What merchant and buyers do to catalogue and customers, as control calls of the sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from towline_sandbox.shopify import customers
from towline_sandbox.shopify.catalogue import delete_product, delete_variant, touch_product
from towline_sandbox.shopify.company_desk import CompanyDesk
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.resolvers.base import Refusal

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["MerchantDesk"]


class MerchantDesk:
    """``POST /sandbox/merchant/{action}``, with the thing's number or gid as ``id``.

    Actions: ``delete_product``, ``delete_variant``, ``price`` (``{id, price}`` of a variant) and
    ``customer`` (CustomerSetInput; without ``id`` somebody signs up); for companies those of
    :class:`~towline_sandbox.shopify.company_desk.CompanyDesk`.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._actions = {
            "delete_product": self._delete_product,
            "delete_variant": self._delete_variant,
            "price": self._price,
            "customer": self._customer,
            **CompanyDesk(shop).actions,
        }

    async def act(self, request: web.Request) -> web.Response:
        """Carry one action out in one unit of work."""
        action = self._actions.get(request.match_info["action"])
        if action is None:
            raise LookupError(f"there is no action {request.match_info['action']}")
        given = json.loads(await request.text() or "{}")
        try:
            with self._shop.unit():
                made = action(given)
        except customers.Unfit as unfit:
            return web.json_response({"error": unfit.message, "hint": unfit.field}, status=409)
        except Refusal as refused:
            return web.json_response({"error": str(refused), "hint": ""}, status=409)
        return web.json_response({"id": made})

    def _delete_product(self, given: dict[str, Any]) -> str:
        number = self._number(given, "Product", "products")
        delete_product(self._shop, number)
        return gid("Product", number)

    def _delete_variant(self, given: dict[str, Any]) -> str:
        number = self._number(given, "ProductVariant", "variants")
        product = self._shop.db.scalar("SELECT product_id FROM variants WHERE id = ?", number)
        delete_variant(self._shop, number)
        touch_product(self._shop, product)
        return gid("ProductVariant", number)

    def _price(self, given: dict[str, Any]) -> str:
        number = self._number(given, "ProductVariant", "variants")
        product = self._shop.db.scalar("SELECT product_id FROM variants WHERE id = ?", number)
        self._shop.db.update(
            "variants", number, price=str(given["price"]), updated_at=self._shop.now()
        )
        touch_product(self._shop, product)
        return gid("ProductVariant", number)

    def _customer(self, given: dict[str, Any]) -> str:
        values = {name: value for name, value in given.items() if name != "id"}
        if "id" not in given:
            return gid("Customer", customers.create(self._shop, values))
        number = self._number(given, "Customer", "customers")
        customers.write(self._shop, number, values)
        return gid("Customer", number)

    def _number(self, given: dict[str, Any], kind: str, table: str) -> int:
        """Return the number of a thing that must be there."""
        text = str(given.get("id", ""))
        number = int(text) if text.isdecimal() else number_of(text, kind)
        sql = f"SELECT 1 FROM {table} WHERE id = ?"  # noqa: S608 - our own names
        if number is None or not self._shop.db.scalar(sql, number):
            raise LookupError(f"there is no {kind} {text!r}")
        return number
